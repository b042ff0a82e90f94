"""Changes within a running coverage: another covering member, one lead handed back."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.utils import timezone

from assignments.models import (
    Assignment,
    Coverage,
    CoverageEvent,
    CoveringMember,
    Hold,
    Lead,
    Member,
    User,
)
from assignments.models.assignment import PERSONAL, Cause, State, Urgency
from assignments.services import absences, access
from assignments.services.absence_wording import has_own_scope, last_day_away
from assignments.services.coverage import tick
from assignments.services.coverage.snapshot import leads_to_decide, take_snapshot
from assignments.services.errors import AssignmentRefused, NotAllowed, Stale
from assignments.services.ledger import preconditions
from assignments.services.ledger.transitions import finalize
from assignments.services.locks import lock_lead
from assignments.services.sight import check_sees
from assignments.task_queue import nudge_dispatch

STATE = Coverage.State
DEFAULT_SHARE = Decimal(1)
HANDED_BACK_INSTEAD = "The lead was handed back before it was sent."


@transaction.atomic
def change_coverer(
    *, coverage: Coverage, old: Member, new: Member, actor: User, at: datetime
) -> Coverage:
    """Let `new` cover instead of `old`, a coverer or the fallback; return the coverage.

    `new` gets share, scope and held leads, added to any of their own. Writes an event
    and plans it. Raises NotAllowed unless `actor` may decide about the absence and give
    leads to `new`; Stale unless it is scheduled or running and `old` covers;
    AssignmentRefused if `new` is `old`, away, inactive or the absent member.
    """
    rows = Coverage.objects.select_for_update(no_key=True, of=("self",))
    coverage = rows.select_related("member__team").get(pk=coverage.pk)
    access.check_decides_absences(actor, coverage.member)
    if coverage.state not in {STATE.SCHEDULED, STATE.STARTING, STATE.ACTIVE}:
        raise Stale("Its leads are being given back already, or it is over.")
    leaving = coverage.coverers.filter(member=old, replaced_at=None).first()
    if leaving is None and old.pk != coverage.fallback_id:
        raise Stale(f"{old} does not cover here by now. Reload to see who does.")
    _check_new_coverer(coverage, old, new, at)
    access.check_may_receive(actor, new)
    _lock_leads(coverage, at)
    if leaving:
        _transfer_share(leaving, new, at)
    if old.pk == coverage.fallback_id:
        coverage.fallback = new
        coverage.save(update_fields=["fallback"])
    _name_new_coverer(coverage, old, new, at)
    sentence = f"{actor} let {new} cover instead of {old}."
    CoverageEvent.objects.create(
        coverage=coverage, at=at, actor=actor, sentence=sentence[:500]
    )
    tick.plan_coverage(coverage, at, actor=actor)
    return coverage


@transaction.atomic
def hand_back(
    *, coverage: Coverage, lead: Lead, actor: User, at: datetime
) -> Assignment:
    """Write, with an event, and return the row that gives one held lead back to its
    origin; return the old row if such a return is pending. Plans are cancelled.
    Raises Stale if not held, NotAllowed unless `may_hand_back`, AssignmentRefused if
    the origin is inactive or a change that must stay is pending.
    """
    check_sees(actor, lead.pk)
    lead = lock_lead(lead.pk)
    holds = Hold.objects.live().filter(coverage=coverage, lead=lead)
    hold = holds.select_related("origin__team", "to__team", "move", "coverage").first()
    if hold is None:
        raise Stale(f"{lead} is not held in this coverage by now.")
    _check_hand_back(hold, actor)
    if (pending := _pending_hand_back(hold)) is not None:
        return pending
    _cancel_plans(lead, at)
    row = Assignment.objects.create(
        lead=lead,
        to=hold.origin,
        expected=lead.owner,
        cause=Cause.COVERAGE_RETURN,
        actor=actor,
        reason=f"{actor} handed it back to {hold.origin}.",
        urgency=Urgency.CLICK,
        created_at=at,
    )
    Hold.objects.filter(pk=hold.pk).update(move=row)
    sentence = f"{actor} handed {lead} back to {hold.origin}."
    CoverageEvent.objects.create(
        coverage=hold.coverage, at=at, actor=actor, sentence=sentence[:500]
    )
    nudge_dispatch()
    return row


def may_hand_back(hold: Hold, user: User) -> bool:
    """Return whether `user` is the hold's `to` or `origin`, or decides about one's
    absences.
    """
    return (
        access.is_own_member(user, hold.to)
        or access.is_own_member(user, hold.origin)
        or access.why_not_decide_absences(user, hold.origin) is None
        or access.why_not_decide_absences(user, hold.to) is None
    )


def _check_new_coverer(
    coverage: Coverage, old: Member, new: Member, at: datetime
) -> None:
    if new.pk == coverage.member_id:
        raise AssignmentRefused(f"{new} cannot cover for themselves.")
    if new.pk == old.pk:
        raise AssignmentRefused(f"{new} covers already. Choose somebody else.")
    if not new.is_active:
        raise AssignmentRefused(f"{new} has been deactivated. Choose somebody else.")
    if absence := absences.absences_at(at).get(new.pk):
        until = last_day_away(absence, timezone.get_current_timezone())
        raise AssignmentRefused(f"{new} is away until {until}. Choose somebody else.")


def _transfer_share(leaving: CoveringMember, new: Member, at: datetime) -> None:
    coverage = leaving.coverage
    coverer, is_new = CoveringMember.objects.get_or_create(
        coverage=coverage,
        member=new,
        defaults={"position": leaving.position, "share": 0, "credit": leaving.credit},
    )
    was_narrow = has_own_scope(coverer) or has_own_scope(leaving)
    _transfer_scope(coverer, leaving, is_new=is_new or coverer.replaced_at is not None)
    if coverer.replaced_at:
        coverer.share, coverer.replaced_at = leaving.share, None
    else:
        coverer.share += leaving.share
    if was_narrow and not (has_own_scope(coverer) or coverer.share):
        coverer.share = (
            DEFAULT_SHARE  # they took leads without one, and go on taking them
        )
    coverer.save(update_fields=["share", "replaced_at"])
    leaving.replaced_at = at
    leaving.save(update_fields=["replaced_at"])


def _transfer_scope(
    coverer: CoveringMember, leaving: CoveringMember, *, is_new: bool
) -> None:
    """Give `coverer` the campaigns and categories of `leaving`.

    Unless `is_new`, they are added to those of `coverer`. If one of the two has no
    campaigns, `coverer` gets none, which stands for all; so with categories.
    """
    for name in ("campaigns", "categories"):
        own = set(getattr(coverer, name).all())
        added = set(getattr(leaving, name).all())
        if is_new:
            getattr(coverer, name).set(added)
        elif not (own and added):
            getattr(coverer, name).clear()
        else:
            getattr(coverer, name).set(own | added)


def _lock_leads(coverage: Coverage, at: datetime) -> None:
    """Lock the leads that the coverage may plan, by map id."""
    office = take_snapshot(preconditions.coverage_time(at))
    leads = leads_to_decide(office, coverage_id=coverage.pk).select_for_update(
        of=("self",)
    )
    list(leads.order_by("map_id").values_list("pk", flat=True))


def _name_new_coverer(
    coverage: Coverage, old: Member, new: Member, at: datetime
) -> None:
    """Set `change_to` of the coverage's standing holds with `old` to `new`.

    Where Smartlead refused their move, live holds drop it and planned ones end as not
    taken.
    """
    held = Hold.objects.standing().filter(coverage=coverage, to=old)
    held.update(change_to=new)
    refused = held.filter(move__state=State.REFUSED)
    refused.filter(state=Hold.State.LIVE).update(move=None)
    refused.filter(state=Hold.State.TAKING).update(
        state=Hold.State.ENDED,
        outcome=Hold.Outcome.NOT_TAKEN,
        ended_at=at,
        change_to=None,
    )


def _check_hand_back(hold: Hold, actor: User) -> None:
    if not may_hand_back(hold, actor):
        raise NotAllowed(
            f"Only {hold.to}, {hold.origin} or a team lead of theirs can hand it back."
        )
    if not hold.origin.is_active:
        raise AssignmentRefused(
            f"{hold.origin} has been deactivated. Assign it to somebody."
        )


def _pending_hand_back(hold: Hold) -> Assignment | None:
    """Return the hold's move if a person asked for it as a return and it is pending.

    Else return None.
    """
    move = hold.move
    if move is None or not move.is_pending or move.is_plan:
        return None
    return move if move.cause == Cause.COVERAGE_RETURN else None


def _cancel_plans(lead: Lead, at: datetime) -> None:
    """Cancel the pending rows of the lead, unless one must stay.

    Raises AssignmentRefused if one of them is being sent or was decided by a person.
    """
    for row in Assignment.objects.pending().filter(lead=lead).select_related("to"):
        if row.state == State.SENDING or row.cause in PERSONAL:
            raise AssignmentRefused(
                f"{lead} is on its way to {row.to}. Wait until that is done."
            )
        finalize(row, state=State.CANCELLED, outcome=HANDED_BACK_INSTEAD, at=at)
