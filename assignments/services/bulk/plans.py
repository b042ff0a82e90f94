"""Plans of a person: made, looked at as a preview, and confirmed.

What is confirmed is what the preview showed.
"""

from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from assignments.models import (
    Assignment,
    Batch,
    Lead,
    Member,
    Rotation,
    RotationTurn,
    SavedPlan,
    User,
)
from assignments.models.assignment import Cause
from assignments.models.plan import PlanEntry, StrategyKind
from assignments.services import access, note_templates
from assignments.services.bulk import plan_wording, write_plan
from assignments.services.bulk.allocation import (
    AllocationRequest,
    PlanContext,
    PlanPart,
    allocate,
    plan_context,
    saved_turns,
)
from assignments.services.bulk.revalidation import PlanChanged, changes_since
from assignments.services.errors import AssignmentRefused, NotAllowed, Stale
from assignments.services.ledger.notes import LONGEST_NOTE
from assignments.services.people import members
from assignments.services.sight import Sight, visible_leads
from assignments.task_queue import nudge_dispatch, nudge_plans

PREVIEW_VALID_FOR = timedelta(days=1)  # how old a preview may be when it is confirmed
PREVIEW_KEPT_FOR = timedelta(days=2)
MOST_REASONS = 40  # different sentences that the summary tells of those who stay
EXAMPLES = 3


def make_plan(
    *,
    parts: Sequence[PlanPart],
    actor: User,
    at: datetime,
    reason: str = "",
    note: str = "",
    wish: dict[str, Any] | None = None,
    leaver: Member | None = None,
    deactivates_leaver: bool = False,
    cause: Cause = Cause.BULK,
) -> SavedPlan:
    """Decide lead by lead to whom they go; save that as a preview and return it.

    `wish`: what the form said, kept to show it again. `leaver`: the member whose leads
    are given away and who gets none; `deactivates_leaver`: the confirmation also
    deactivates them, which is for managers. A lead in several parts goes by the first;
    one that `actor` does not see is in none. No lead is moved. Raises NotAllowed if
    `actor` leads no team or may not choose a member; AssignmentRefused if the members
    cannot be chosen, or the note is too long or has a wrong placeholder.
    """
    _check_request(parts, actor, note, deactivates_leaver=deactivates_leaver)
    context = plan_context(actor, reason=reason, at=at)
    context.leaver_id = leaver.pk if leaver else None
    before = dict(context.tally.loads)
    entries = _allocated(parts, context)
    plan = SavedPlan(actor=actor, created_at=at, cause=cause, note=note.strip())
    plan.leaver, plan.deactivates_leaver = leaver, deactivates_leaver
    plan.wish = wish or {}
    plan.pack(sorted(_first_per_lead(entries), key=_owner_shown))
    plan.reason = (reason or plan_wording.default_reason(parts, plan, actor))[:500]
    plan.summary = _summary(context, before, entries)
    plan.turns = _turns_taken(context)
    plan.save()
    return plan


def _allocated(parts: Sequence[PlanPart], context: PlanContext) -> list[PlanEntry]:
    """Return the entries of the leads that the actor sees, part by part."""
    seen = Sight.of(context.actor).leads()
    shown = [replace(part, leads=part.leads.filter(seen)) for part in parts]
    return [entry for part in shown for entry in allocate(part, context)]


def confirm_plan(
    *, plan: SavedPlan, actor: User, at: datetime, seen: str | None = None
) -> Batch:
    """Create a batch for a plan, write the first CHUNK rows, have the rest written.

    Deactivates the leaver if the plan says so. Returns the batch; twice, the same one.
    `seen`: the stamp of the changes that the page showed, "" for none; None: they are not
    checked. Raises NotAllowed for another's preview or an actor who leads no team,
    PlanChanged for changes not in `seen`, AssignmentRefused if nothing would move, Stale
    if it is over a day old, rotations moved on, leads are on the way to a leaver whom it
    deactivates, or (with `seen`) all its leads changed.
    """
    changed: Container[int] = ()
    if seen is not None:
        changed = _check_changes_seen(plan, actor, seen, at)
    with transaction.atomic():
        plan = SavedPlan.objects.select_for_update(of=("self",)).get(pk=plan.pk)
        _check_own(plan, actor)
        if plan.batch is not None:
            return plan.batch
        _check_confirmable(plan, actor, at)
        _take_turns(plan)
        batch = _create_batch(plan, actor, at, without=changed)
        plan.batch, plan.confirmed_at = batch, at
        plan.save(update_fields=["batch", "confirmed_at"])
        _deactivate_leaver(plan, actor, at)
        nudge_dispatch()
    write_plan.write_chunk(plan=plan, at=at)
    if not plan.is_written:
        nudge_plans()
    return batch


def _deactivate_leaver(plan: SavedPlan, actor: User, at: datetime) -> None:
    """Deactivate the member who leaves, if the plan says so, else do nothing.

    At once, before their leads have moved: no rule or colleague gives them another one
    meanwhile. Raises NotAllowed unless `actor` is a manager.
    """
    if plan.deactivates_leaver and plan.leaver is not None:
        members.deactivate_member(actor=actor, member=plan.leaver, at=at)


def delete_old_previews(*, at: datetime) -> int:
    """Delete plans not confirmed within PREVIEW_KEPT_FOR; return how many rows."""
    old = SavedPlan.objects.filter(
        confirmed_at=None, created_at__lt=at - PREVIEW_KEPT_FOR
    )
    count, _ = old.delete()
    return count


def _check_request(
    parts: Sequence[PlanPart], actor: User, note: str, *, deactivates_leaver: bool
) -> None:
    """Raise NotAllowed or AssignmentRefused as `make_plan` says."""
    access.check_assign_many(actor)
    if deactivates_leaver:
        access.require_manager(actor, "deactivate members")
    for part in parts:
        _check_members(part.wish, actor)
    _check_note(note)


def _check_members(wish: AllocationRequest, actor: User) -> None:
    """Raise NotAllowed or AssignmentRefused if `actor` may not choose these members.

    Refused: not exactly one for MEMBER, or all deactivated. Not allowed: an active one
    whom `actor` may not choose, in the wish or (unless a manager) in its table.
    """
    choosable = access.choosable_members(actor)
    if wish.table is not None and not access.is_manager(actor):
        named = wish.table.lines.values("member")
        outsiders = Member.objects.filter(pk__in=named).exclude(pk__in=choosable)
        _refuse_strangers(outsiders.filter(is_active=True), wish)
    ids = [member.pk for member in wish.members]
    if wish.strategy == StrategyKind.MEMBER and len(ids) != 1:
        raise AssignmentRefused("Choose the one member who should have them.")
    inactive = [member for member in wish.members if not member.is_active]
    if inactive and len(inactive) == len(ids):
        raise AssignmentRefused(
            f"{inactive[0]} has been deactivated. Choose somebody else."
        )
    strangers = Member.objects.filter(pk__in=ids, is_active=True).exclude(
        pk__in=choosable
    )
    _refuse_strangers(strangers, wish)


def _refuse_strangers(strangers: Iterable[Member], wish: AllocationRequest) -> None:
    """Raise NotAllowed about the first of these members; without any do nothing."""
    for stranger in strangers:
        raise NotAllowed(
            f"{stranger} is not in your team. Ask a sales manager to assign "
            f"{'by this table' if wish.table else 'to them'}."
        )


def _check_note(note: str) -> None:
    """Raise AssignmentRefused if the note is too long or its placeholders are wrong."""
    if len(note) > LONGEST_NOTE:
        raise AssignmentRefused(
            f"The note has {len(note):,} characters; {LONGEST_NOTE:,} is the most. "
            "Shorten it."
        )
    if problem := note_templates.placeholder_problem(note):
        raise AssignmentRefused(problem)


def _check_confirmable(plan: SavedPlan, actor: User, at: datetime) -> None:
    access.check_assign_many(actor)
    if at - plan.created_at > PREVIEW_VALID_FOR:
        raise Stale("This preview is more than a day old. Look at a new one first.")
    if not plan.moving:
        raise AssignmentRefused("There is nothing in this plan to assign.")
    if plan.deactivates_leaver and plan.leaver is not None:
        _check_nothing_comes(plan.leaver)


def _check_nothing_comes(leaver: Member) -> None:
    """Raise Stale if leads are on the way to the leaver: they would be refused."""
    count = Assignment.objects.coming_to(leaver).count()
    if count:
        leads = "1 lead is" if count == 1 else f"{count:,} leads are"
        raise Stale(
            f"Since this preview, {leads} on the way to {leaver}. Look at a new preview."
        )


def _check_own(plan: SavedPlan, actor: User) -> None:
    if plan.actor_id != actor.pk:
        raise NotAllowed("Somebody else made this preview. Make your own.")


def _check_changes_seen(
    plan: SavedPlan, actor: User, seen: str, at: datetime
) -> Container[int]:
    """Return the ids of the leads that changed, as the page with the stamp `seen` said.

    Empty if it is confirmed by now. Raises PlanChanged if other changes came, Stale if
    all leads that would move changed or the preview is too old; NotAllowed and
    AssignmentRefused as `confirm_plan`.
    """
    _check_own(plan, actor)
    if _is_confirmed(plan):
        return ()
    _check_confirmable(plan, actor, at)
    changes = changes_since(plan, at=at)
    if not changes.count and not seen:
        return ()
    if _is_confirmed(plan):  # by the other of two clicks: these changes are its own
        return ()
    if changes.count == plan.moving:
        raise Stale("Every lead of this preview has changed since. Look at a new one.")
    if changes.stamp != seen:
        raise PlanChanged(changes)
    return changes.why


def _is_confirmed(plan: SavedPlan) -> bool:
    return SavedPlan.objects.filter(pk=plan.pk, confirmed_at__isnull=False).exists()


def _first_per_lead(entries: Iterable[PlanEntry]) -> Iterable[PlanEntry]:
    kept: dict[int, PlanEntry] = {}
    for entry in entries:
        kept.setdefault(entry.lead_id, entry)
    return kept.values()


def _owner_shown(entry: PlanEntry) -> int:
    """Return the sort key of entries: the owner's id, 0 for nobody or unknown.

    Sent owner by owner, leads share the pages of their owners' lists.
    """
    return entry.shown_id or 0


def _create_batch(
    plan: SavedPlan, actor: User, at: datetime, *, without: Container[int]
) -> Batch:
    """Create the plan's batch, named for the leads that move: not those `without`."""
    return Batch.objects.create(
        cause=plan.cause,
        actor=actor,
        name=plan_wording.name_of_batch(plan, without=without),
        reason=plan.reason,
        created_at=at,
        reverses=plan.about if plan.cause == Cause.UNDO else None,
    )


def _summary(
    context: PlanContext, before: dict[int, int], entries: Sequence[PlanEntry]
) -> dict[str, Any]:
    gains = Counter(entry.to_id for entry in entries if entry.to_id is not None)
    moving = [entry for entry in entries if entry.to_id is not None]
    losses = Counter(entry.shown_id for entry in moving if entry.shown_id)
    touched = sorted(gains.keys() | losses.keys(), key=lambda pk: (-gains[pk], pk))
    return {
        "members": [
            {
                "id": pk,
                "gains": gains[pk],
                "loses": losses[pk],
                "before": before.get(pk, 0),
                "after": context.tally.load(pk),
            }
            for pk in touched
        ],
        "quiet": len(moving) - context.gained.total(),  # they are no open work
        "stays": group_by_reason(
            (entry.lead_id, entry.reason) for entry in entries if entry.to_id is None
        ),
        "open": context.open,
        "held": context.held_moving,
        "uncounted": context.uncounted,
        # Chosen by hand although away: the page warns, the run does as it was told.
        "away": [pk for pk in touched if gains[pk] and pk in context.away],
        "caps": [
            [pk, context.caps[pk]]
            for pk in touched
            if gains[pk] and pk in context.caps and pk not in context.chosen
        ],
    }


def group_by_reason(whys: Iterable[tuple[int, str]]) -> list[dict[str, Any]]:
    """Return a dict with `why`, `count` and `leads` per reason, most frequent first.

    `leads` are its first EXAMPLES lead ids. Reasons beyond MOST_REASONS are one group
    "For other reasons." without ids.
    """
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


def _turns_taken(context: PlanContext) -> dict[str, dict[str, list[list[int]]]]:
    """Return the rotations that the plan moves, by name.

    Each has `before` and `after`: pairs of a member's id and how far ahead they are.
    """
    return {
        name: {
            "before": [list(pair) for pair in saved_turns(name).items()],
            "after": [list(pair) for pair in turns.ahead.items()],
        }
        for name, turns in context.turns.items()
        if turns.given
    }


def _take_turns(plan: SavedPlan) -> None:
    """Save the rotations as the plan leaves them, each under a lock.

    Raises Stale if a member's turn is not as the preview found it.
    """
    for name, taken in sorted(plan.turns.items()):
        Rotation.objects.get_or_create(pk=name)
        Rotation.objects.select_for_update().get(pk=name)
        before, after = dict(taken["before"]), dict(taken["after"])
        now = saved_turns(name)
        if any(now.get(pk) != before.get(pk) for pk in after):
            raise Stale(
                "Since this preview, leads were assigned in turn: others are next now. "
                "Look at it again."
            )
        RotationTurn.objects.bulk_create(
            [
                RotationTurn(rotation_id=name, member_id=pk, ahead=n)
                for pk, n in after.items()
            ],
            update_conflicts=True,
            unique_fields=["rotation", "member"],
            update_fields=["ahead"],
        )


def moving_leads(
    plan: SavedPlan, *, start: int, count: int, without: Container[int] = ()
) -> list[tuple[PlanEntry, Lead]]:
    """Return one page of the entries that move a lead, in order, with their leads.

    Leads (ids) in `without` are left out before `start` and `count` are applied; leads
    that the plan's actor does not see after that, so that a page may be shorter.
    """
    moving = [
        entry
        for entry in plan.entries()
        if entry.to_id is not None and entry.lead_id not in without
    ]
    page = moving[start : start + count]
    leads = visible_leads(plan.actor).in_bulk([entry.lead_id for entry in page])
    return [(entry, leads[entry.lead_id]) for entry in page if entry.lead_id in leads]
