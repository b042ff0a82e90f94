"""What the end of an assignment means for the holds of its lead (rules 8, 14 to 21).

Called by the ledger, in the transaction that gives the row its final state, under the
lock on the lead. Nothing else changes a hold when something has come true.
"""

import re
from collections.abc import Sequence
from datetime import datetime

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet

from assignments.models import (
    Assignment,
    Coverage,
    CoveredLead,
    Hold,
    Lead,
    Member,
    Note,
)
from assignments.models.assignment import FINAL, PERSONAL, Cause, State
from assignments.services.absence_wording import first_day_away, last_day_away
from assignments.services.ledger.notes import LONGEST, attach_note

LIVE, TAKING, ENDED = Hold.State.LIVE, Hold.State.TAKING, Hold.State.ENDED
Outcome = Hold.Outcome


def settle(row: Assignment, *, at: datetime) -> None:
    """An assignment has got its final state, or was born with it."""
    if row.state == State.DONE and row.is_of_coverage:
        _came_true(row, at)
    elif row.state == State.DONE or _keeps_it(row):
        _somebody_decided(row, at)
    elif row.state != State.REFUSED:
        _end(_standing(row).filter(move=row, state=TAKING), Outcome.NOT_TAKEN, None, at)
        _standing(row).filter(move=row).update(move=None)
    _complete(row.lead_id, at)


def forget(rows: Sequence[int], *, at: datetime) -> None:
    """These plans were cancelled unsent, many at once."""
    moved = Hold.objects.standing().filter(move__in=rows)
    _end(moved.filter(state=TAKING), Outcome.NOT_TAKEN, None, at)
    moved.update(move=None)


def end_of_gone_lead(lead: Lead, *, at: datetime) -> None:
    """Smartlead no longer has it: there is nothing to give back."""
    standing = Hold.objects.standing().filter(lead=lead)
    _end(standing.filter(state=TAKING), Outcome.NOT_TAKEN, None, at)
    _end(standing, Outcome.GONE, None, at)
    _complete(lead.pk, at)


def carry_on_with_found_lead(lead: Lead) -> None:
    """Smartlead has it after all: whoever held it when it was lost holds it still."""
    ended = Hold.objects.filter(
        lead=lead,
        outcome=Outcome.GONE,
        ended_at=lead.gone_at,
        taken_at__isnull=False,
    ).order_by("pk")
    top = ended.last()
    if top is None or top.to_id != lead.owner_id:
        return
    completed = Coverage.objects.filter(
        state=Coverage.State.COMPLETED, holds__in=list(ended)
    )
    completed.update(state=Coverage.State.RETURNING, completed_at=None)
    ended.update(state=LIVE, outcome="", ended_at=None, move=None)


def why_not_undo(row: Assignment) -> str | None:
    """Why an undo of this row could not put the lead back into its coverages."""
    if row.is_of_coverage:
        return (
            "A coverage did this. Hand the lead back on the page of the coverage, or "
            "assign it to somebody."
        )
    return over_since(Assignment.objects.filter(pk=row.pk)).get(row.pk)


def over_since(rows: QuerySet[Assignment]) -> dict[int, str]:
    """Rows that took a lead out of a coverage which has ended since, in words."""
    ended = Hold.objects.filter(
        ended_by__in=rows.order_by().values("pk"), coverage__in=Coverage.objects.over()
    )
    return {
        hold.ended_by_id: (
            f"It was covered for {hold.coverage.member}, and that is over by now. "
            "Assign it to somebody."
        )
        for hold in ended.select_related("coverage__member").order_by("-pk")
        if hold.ended_by_id is not None
    }


def carry_on(*, refused: Assignment, retry: Assignment) -> None:
    """A person tries a coverage's refused move again: it stays the coverage's own."""
    Hold.objects.standing().filter(move=refused).update(move=retry)


# ── A coverage's own move ───────────────────────────────────────────────────────
def _came_true(row: Assignment, at: datetime) -> None:
    moved = list(_standing(row).filter(move=row).select_related("coverage__member"))
    taking = next((hold for hold in moved if hold.state == TAKING), None)
    changed = next((hold for hold in moved if hold.state == LIVE), None)
    if taking:
        Hold.objects.filter(pk=taking.pk).update(
            state=LIVE, to=row.to, taken_by=row, taken_at=at, move=None
        )
    if changed and row.cause == Cause.COVERAGE_RETURN:
        _returned(changed, row, at)
    elif changed:
        _changed(changed, row, at, is_carried=taking is not None)
    if (hold := taking or changed) is not None:
        _write_note(hold, row, at)


def _returned(hold: Hold, row: Assignment, at: datetime) -> None:
    _end_above(hold, row, at)
    _end(_one(hold), Outcome.RETURNED, row, at)
    if not row.is_plan:
        _pin([hold.coverage_id], row, at)


def _changed(hold: Hold, row: Assignment, at: datetime, *, is_carried: bool) -> None:
    """Dealt again to somebody else, or taken over by a later coverage."""
    _end_above(hold, row, at, but=row)
    if is_carried:
        _end(_one(hold), Outcome.CARRIED_OVER, row, at)
    else:
        _one(hold).update(to=row.to, move=None, change_to=None)


def _write_note(hold: Hold, row: Assignment, at: datetime) -> None:
    """Each note once for the coverage, the lead and the direction (rule 33)."""
    is_return = row.cause == Cause.COVERAGE_RETURN
    coverage = hold.coverage
    template = coverage.return_note if is_return else coverage.start_note
    covered, _ = CoveredLead.objects.get_or_create(coverage=coverage, lead=row.lead)
    written = "return_noted_at" if is_return else "start_noted_at"
    if getattr(covered, written) or not template.strip():
        return
    covering = hold.to if is_return else row.to
    assert covering is not None  # noqa: S101  a coverage's rows go to somebody
    text = note(template, coverage=coverage, lead=row.lead, covering=covering)
    kind = Note.Kind.RETURN if is_return else Note.Kind.START
    attach_note(row, text=text, at=at, kind=kind)
    setattr(covered, written, at)
    covered.save(update_fields=[written])


# ── Somebody else's decision ────────────────────────────────────────────────────
def _keeps_it(row: Assignment) -> bool:
    """A person named the present holder against a change that waited (rule 18)."""
    return (
        row.state == State.SKIPPED
        and row.cause in PERSONAL
        and row.to_id == row.lead.owner_id
    )


def _somebody_decided(row: Assignment, at: datetime) -> None:
    if row.cause == Cause.UNDO and _revive(row):
        return
    _drop_taking(row, at)
    chain = list(_standing(row).filter(state=LIVE))
    origins = [hold.origin_id for hold in chain]
    if chain and row.to_id in origins:
        _put_back(chain[origins.index(row.to_id)], row, at)
    elif chain and row.until_back:
        Hold.objects.filter(pk=chain[-1].pk).update(to=row.to, change_to=None)
    else:
        _pin([hold.coverage_id for hold in chain], row, at)
        _end(_standing(row).filter(state=LIVE), Outcome.MOVED, row, at)
    _pin_there(row, at)


def _drop_taking(row: Assignment, at: datetime) -> None:
    """What was planned and is over comes to nothing, and is not planned again.

    One whose own row still waits is left to the end of that row.
    """
    taking = _standing(row).filter(state=TAKING)
    given_up = list(taking)
    if row.state == State.SKIPPED:
        # The plan against which the present holder was named.
        given_up += Hold.objects.filter(
            lead=row.lead_id, outcome=Outcome.NOT_TAKEN, ended_at=at
        )
    _pin([hold.coverage_id for hold in given_up], row, at)
    _end(taking.filter(move__state__in=FINAL), Outcome.NOT_TAKEN, row, at)


def _put_back(hold: Hold, row: Assignment, at: datetime) -> None:
    """With somebody it was taken from; what was taken from those beneath lives on."""
    _end_above(hold, row, at)
    _end(_one(hold), Outcome.BACK, row, at)
    _pin([hold.coverage_id], row, at)


def _revive(row: Assignment) -> bool:
    """An undo puts the lead back into the holds that the undone move had ended."""
    if row.reverses is None:
        return False
    CoveredLead.objects.filter(lead=row.lead_id, pinned_by=row.reverses).update(
        pinned_by=None, pinned_at=None
    )
    ended = Hold.objects.filter(
        ended_by=row.reverses,
        outcome__in=(Outcome.MOVED, Outcome.BACK, Outcome.SUPERSEDED),
        taken_at__isnull=False,
    ).order_by("pk")
    taken_again = Hold.objects.standing().filter(
        lead=row.lead_id, coverage__in=ended.values("coverage")
    )
    last = ended.last()
    if last is None or last.to_id != row.to_id or taken_again.exists():
        return False
    ended.update(state=LIVE, outcome="", ended_at=None, ended_by=None, move=None)
    return True


def _pin_there(row: Assignment, at: datetime) -> None:
    """Given to somebody away, and meant: their coverage leaves it there (rule 19)."""
    for coverage in Coverage.objects.away_at(at).filter(member=row.to_id):
        if row.cause == Cause.OUTSIDE:
            earlier = Hold.objects.filter(coverage=coverage, lead=row.lead_id)
            is_meant = earlier.exclude(outcome=Outcome.NOT_TAKEN).exists()
        else:
            is_meant = row.cause in PERSONAL and _decided_at(row) >= coverage.starts_at
        if is_meant:
            _pin([coverage.pk], row, at)


def _decided_at(row: Assignment) -> datetime:
    """Return when a person last decided that the lead belongs where the row puts it.

    An undo decides nothing new: what it restores was so before the undone row.
    """
    return row.reverses.created_at if row.reverses else row.created_at


# ── The holds themselves ────────────────────────────────────────────────────────
def _standing(row: Assignment) -> QuerySet[Hold]:
    return Hold.objects.standing().filter(lead=row.lead_id).order_by("pk")


def _one(hold: Hold) -> QuerySet[Hold]:
    return Hold.objects.filter(pk=hold.pk)


def _end_above(
    hold: Hold, row: Assignment, at: datetime, *, but: Assignment | None = None
) -> None:
    """The steps above are void; not the one that `but` has just taken.

    Nor one that is planned: the end of its own row ends it.
    """
    above = Hold.objects.standing().filter(lead=hold.lead_id, pk__gt=hold.pk)
    given_up = above.filter(state=TAKING, move__state__in=FINAL)
    _end(given_up, Outcome.NOT_TAKEN, row, at)
    live = above.filter(state=LIVE)
    if but is not None:
        live = live.exclude(taken_by=but)
    _end(live, Outcome.SUPERSEDED, row, at)


def _end(
    holds: QuerySet[Hold], outcome: Hold.Outcome, row: Assignment | None, at: datetime
) -> None:
    holds.order_by().update(
        state=ENDED, outcome=outcome, ended_by=row, ended_at=at, change_to=None
    )


def _pin(coverages: Sequence[int], row: Assignment, at: datetime) -> None:
    for coverage_id in coverages:
        covered, _ = CoveredLead.objects.get_or_create(
            coverage_id=coverage_id, lead_id=row.lead_id
        )
        if covered.pinned_by_id is None:
            covered.pinned_by, covered.pinned_at = row, at
            covered.save(update_fields=["pinned_by", "pinned_at"])


def _complete(lead_id: int, at: datetime) -> None:
    """A coverage whose last hold has just ended is complete.

    Whoever has locked the coverage may be waiting for this lead: then it is left to the
    next tick.
    """
    left = Hold.objects.standing().filter(coverage=OuterRef("pk"))
    ended = Hold.objects.filter(lead=lead_id, ended_at=at).values("coverage")
    skip = connection.features.has_select_for_update_skip_locked
    complete = Coverage.objects.select_for_update(no_key=True, skip_locked=skip).filter(
        ~Exists(left), state=Coverage.State.RETURNING, pk__in=ended
    )
    Coverage.objects.filter(pk__in=[coverage.pk for coverage in complete]).update(
        state=Coverage.State.COMPLETED, completed_at=at
    )


def note(template: str, *, coverage: Coverage, lead: Lead, covering: Member) -> str:
    """The note for one lead. What is filled in is never looked through again."""
    words = {
        "away": str(coverage.member),
        "covering": str(covering),
        "first_day": first_day_away(coverage),
        "last_day": last_day_away(coverage),
        "lead": str(lead),
        "campaign": str(lead.campaign) if lead.campaign else "no campaign",
    }
    filled = re.sub(r"\{(\w+)\}", lambda found: words.get(found[1], found[0]), template)
    return filled[:LONGEST]


def start_reason(coverage: Coverage, to: Member, why: str) -> str:
    """Maya is away until Fri 15 May; Luca covers half of the leads."""
    return f"{coverage.member} is away until {last_day_away(coverage)}; {to} {why}."


def summary(coverage: Coverage) -> str:
    """What a whole batch is for."""
    return f"{coverage.member} is away until {last_day_away(coverage)}."


def return_reason(coverage: Coverage) -> str:
    return f"{coverage.member} is back and gets back what was covered."
