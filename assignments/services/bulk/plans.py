"""A plan made, looked at, and confirmed: the run follows the preview to the letter."""

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from assignments.models import Batch, Lead, Member, Rotation, SavedPlan, Turn, User
from assignments.models.assignment import Cause
from assignments.models.plan import Entry, StrategyKind
from assignments.services import access, note_templates
from assignments.services.bulk import write_plan
from assignments.services.bulk.allocation import (
    Part,
    Scene,
    Wish,
    load_turns,
    propose,
    scene_for,
)
from assignments.services.bulk.revalidation import PlanChanged, changes_since
from assignments.services.errors import AssignmentRefused, NotAllowed, Stale
from assignments.services.ledger.notes import LONGEST
from assignments.task_queue import nudge_dispatch, nudge_plans

GOOD_FOR = timedelta(days=1)  # how old a preview may be when it is confirmed
KEPT_FOR = timedelta(days=2)
MOST_REASONS = 40  # different sentences that the summary tells of those who stay
EXAMPLES = 3


def make_plan(
    *,
    parts: Sequence[Part],
    actor: User,
    at: datetime,
    reason: str = "",
    note: str = "",
    wish: dict[str, Any] | None = None,
    leaver: Member | None = None,
    cause: Cause = Cause.BULK,
) -> SavedPlan:
    """Decide lead by lead, and keep it for the preview. Moves nothing.

    Raises NotAllowed, or AssignmentRefused where a part names nobody who can be chosen.
    """
    access.check_assign_many(actor)
    for part in parts:
        _check_members(part.wish, actor)
    _check_note(note)
    scene = scene_for(actor, reason=reason, at=at)
    scene.leaver_id = leaver.pk if leaver else None
    before = dict(scene.tally.loads)
    entries = [entry for part in parts for entry in propose(part, scene)]
    plan = SavedPlan(actor=actor, created_at=at, cause=cause, note=note.strip())
    plan.leaver, plan.wish = leaver, wish or {}
    plan.pack(sorted(_once_per_lead(entries), key=_owner_shown))
    plan.reason = (reason or _default_reason(parts, plan, actor))[:500]
    plan.summary = _summary(scene, before, entries)
    plan.turns = _turns_taken(scene)
    plan.save()
    return plan


def confirm_plan(
    *, plan: SavedPlan, actor: User, at: datetime, seen: str | None = None
) -> Batch:
    """Make the plan happen. Confirmed twice, it is the same batch.

    `seen`: the stamp of the changes that the page showed, empty for none; None where
    nobody looked at a preview. Raises NotAllowed, PlanChanged when other changes came
    since, or Stale when the preview is too old or turns were taken.
    """
    if seen is not None:
        _check_seen(plan, actor, seen, at)
    with transaction.atomic():
        plan = SavedPlan.objects.select_for_update(of=("self",)).get(pk=plan.pk)
        _check_own(plan, actor)
        if plan.batch is not None:
            return plan.batch
        _check_confirmable(plan, actor, at)
        _take_turns(plan)
        batch = Batch.objects.create(
            cause=plan.cause,
            actor=actor,
            reason=plan.reason,
            created_at=at,
            reverses=plan.about if plan.cause == Cause.UNDO else None,
        )
        plan.batch, plan.confirmed_at = batch, at
        plan.save(update_fields=["batch", "confirmed_at"])
        nudge_dispatch()
    write_plan.write_chunk(plan=plan, at=at)
    if not plan.is_written:
        nudge_plans()
    return batch


def forget_old_previews(*, at: datetime) -> int:
    """Previews that nobody confirmed. Not history: nothing came of them."""
    old = SavedPlan.objects.filter(confirmed_at=None, created_at__lt=at - KEPT_FOR)
    count, _ = old.delete()
    return count


def _check_members(wish: Wish, actor: User) -> None:
    choosable = access.members_to_choose(actor)
    if wish.table is not None and not access.is_manager(actor):
        named = wish.table.lines.values("member")
        strangers = Member.objects.filter(pk__in=named).exclude(pk__in=choosable)
        _check_known(strangers.filter(is_active=True), wish)
    ids = [member.pk for member in wish.members]
    if wish.strategy == StrategyKind.MEMBER and len(ids) != 1:
        raise AssignmentRefused("Choose the one member who should have them.")
    inactive = [member for member in wish.members if not member.is_active]
    if inactive and len(inactive) == len(ids):
        raise AssignmentRefused(
            f"{inactive[0]} has been deactivated. Choose somebody else."
        )
    mine = Member.objects.filter(pk__in=ids, is_active=True).exclude(pk__in=choosable)
    _check_known(mine, wish)


def _check_known(strangers: Iterable[Member], wish: Wish) -> None:
    for stranger in strangers:
        raise NotAllowed(
            f"{stranger} is not in your team. Ask a sales manager to assign "
            f"{'by this table' if wish.table else 'to them'}."
        )


def _check_note(note: str) -> None:
    if len(note) > LONGEST:
        raise AssignmentRefused(
            f"The note has {len(note):,} characters; {LONGEST:,} is the most. "
            "Shorten it."
        )
    if problem := note_templates.problem(note):
        raise AssignmentRefused(problem)


def _check_confirmable(plan: SavedPlan, actor: User, at: datetime) -> None:
    access.check_assign_many(actor)
    if at - plan.created_at > GOOD_FOR:
        raise Stale("This preview is more than a day old. Look at a new one first.")
    if not plan.moving:
        raise AssignmentRefused("There is nothing in this plan to assign.")


def _check_own(plan: SavedPlan, actor: User) -> None:
    if plan.actor_id != actor.pk:
        raise NotAllowed("Somebody else made this preview. Make your own.")


def _check_seen(plan: SavedPlan, actor: User, seen: str, at: datetime) -> None:
    """Outside the transaction: what changes while this reads becomes a skipped row."""
    _check_own(plan, actor)
    if _is_confirmed(plan):
        return
    _check_confirmable(plan, actor, at)
    changes = changes_since(plan, at=at)
    if not changes.count and not seen:
        return
    if _is_confirmed(plan):  # by the other of two clicks: these changes are its own
        return
    if changes.count == plan.moving:
        raise Stale("Every lead of this preview has changed since. Look at a new one.")
    if changes.stamp != seen:
        raise PlanChanged(changes)


def _is_confirmed(plan: SavedPlan) -> bool:
    return SavedPlan.objects.filter(pk=plan.pk, confirmed_at__isnull=False).exists()


def _once_per_lead(entries: Iterable[Entry]) -> Iterable[Entry]:
    kept: dict[int, Entry] = {}
    for entry in entries:
        kept.setdefault(entry.lead_id, entry)
    return kept.values()


def _owner_shown(entry: Entry) -> int:
    """Sent owner by owner, newest reply first, leads share the pages of their lists."""
    return entry.shown_id or 0


def _default_reason(parts: Sequence[Part], plan: SavedPlan, actor: User) -> str:
    count = f"{plan.total:,} lead{'' if plan.total == 1 else 's'}"
    wishes = [part.wish for part in parts]
    if plan.cause == Cause.REBALANCE:
        return f"{actor} levelled the load of the team: {count}."
    if len(wishes) == 1 and wishes[0].strategy == StrategyKind.MEMBER:
        return f"{actor} chose {wishes[0].members[0]} for {count}."
    if plan.leaver:
        return f"{plan.leaver} is leaving: {actor} gave {count} away."
    return f"{actor} spread {count}: {StrategyKind(wishes[0].strategy).label.lower()}."


def _summary(
    scene: Scene, before: dict[int, int], entries: Sequence[Entry]
) -> dict[str, Any]:
    gains = Counter(entry.to_id for entry in entries if entry.to_id is not None)
    losses = Counter(
        entry.shown_id
        for entry in entries
        if entry.to_id is not None and entry.shown_id
    )
    touched = sorted(gains.keys() | losses.keys(), key=lambda pk: (-gains[pk], pk))
    return {
        "members": [
            {
                "id": pk,
                "gains": gains[pk],
                "loses": losses[pk],
                "before": before.get(pk, 0),
                "after": scene.tally.load(pk),
            }
            for pk in touched
        ],
        "stays": grouped(
            (one.lead_id, one.reason) for one in entries if one.to_id is None
        ),
        "open": scene.open,
        "held": scene.held_moving,
        "uncounted": scene.uncounted,
        # Chosen by hand although away: the page warns, the run does as it was told.
        "away": [pk for pk in touched if gains[pk] and pk in scene.away],
        "caps": [
            [pk, scene.caps[pk]]
            for pk in touched
            if gains[pk] and pk in scene.caps and pk not in scene.chosen
        ],
    }


def grouped(whys: Iterable[tuple[int, str]]) -> list[dict[str, Any]]:
    """Leads by their reason: the most frequent first, each with a few of its leads."""
    groups: dict[str, list[int]] = {}
    for lead_id, why in whys:
        groups.setdefault(why, []).append(lead_id)
    ranked = sorted(groups.items(), key=lambda group: -len(group[1]))
    told = [
        {"why": why, "count": len(leads), "leads": leads[:EXAMPLES]}
        for why, leads in ranked[:MOST_REASONS]
    ]
    if rest := ranked[MOST_REASONS:]:
        count = sum(len(leads) for _, leads in rest)
        told.append({"why": "For other reasons.", "count": count, "leads": []})
    return told


def _turns_taken(scene: Scene) -> dict[str, dict[str, list[list[int]]]]:
    """Rotations that were used: as they were found, and as they are left."""
    return {
        name: {
            "before": [list(pair) for pair in load_turns(name).items()],
            "after": [list(pair) for pair in turns.ahead.items()],
        }
        for name, turns in scene.turns.items()
        if turns.given
    }


def _take_turns(plan: SavedPlan) -> None:
    """Move the rotations as the preview did, if nobody else moved them since."""
    for name, taken in sorted(plan.turns.items()):
        Rotation.objects.get_or_create(pk=name)
        Rotation.objects.select_for_update().get(pk=name)
        before, after = dict(taken["before"]), dict(taken["after"])
        now = load_turns(name)
        if any(now.get(pk) != before.get(pk) for pk in after):
            raise Stale(
                "Since this preview, leads were assigned in turn: others are next now. "
                "Look at it again."
            )
        Turn.objects.bulk_create(
            [Turn(rotation_id=name, member_id=pk, ahead=n) for pk, n in after.items()],
            update_conflicts=True,
            unique_fields=["rotation", "member"],
            update_fields=["ahead"],
        )


def leads_of(
    plan: SavedPlan, *, start: int, count: int, without: Container[int] = ()
) -> list[tuple[Entry, Lead]]:
    """Entries of a plan that move a lead, with their leads, for a page of the preview."""
    moving = [
        entry
        for entry in plan.entries()
        if entry.to_id is not None and entry.lead_id not in without
    ]
    some = moving[start : start + count]
    known = Lead.objects.in_bulk([entry.lead_id for entry in some])
    return [(entry, known[entry.lead_id]) for entry in some if entry.lead_id in known]
