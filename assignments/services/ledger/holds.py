"""Holds of leads in coverages, and what the end of an assignment does to them.

Called in the transaction that gives a row its final state, under the lock on the lead.
Nothing else changes a hold when a move has come true.

See docs/design/coverage-rules.md, rules 8 and 14 to 21.
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
from assignments.services.ledger.notes import LONGEST_NOTE, attach_note

LIVE, TAKING, ENDED = Hold.State.LIVE, Hold.State.TAKING, Hold.State.ENDED
Outcome = Hold.Outcome
MADE_BY_COVERAGE = (
    "A coverage did this. Hand the lead back on the page of the coverage, or assign it "
    "to somebody."
)


def apply_final_state(row: Assignment, *, at: datetime) -> None:
    """Update the lead's holds for a row that has just become final.

    DONE: a coverage's own row starts, moves or ends its hold; any other ends, moves or
    revives holds. REFUSED: holds go on waiting for it. Not sent for another reason:
    planned holds end as not taken, live ones drop the move; but a person's SKIPPED row
    to the present owner counts as done. Then returning coverages without holds are
    completed.
    """
    if row.state == State.DONE and row.is_of_coverage:
        _apply_coverage_move(row, at)
    elif row.state == State.DONE or _keeps_present_owner(row):
        _apply_decision(row, at)
    elif row.state != State.REFUSED:
        _end(_standing(row).filter(move=row, state=TAKING), Outcome.NOT_TAKEN, None, at)
        _standing(row).filter(move=row).update(move=None)
    _complete(row.lead_id, at)


def drop_planned(rows: Sequence[int], *, at: datetime) -> None:
    """End the planned holds that wait for these rows (ids) as not taken.

    Live holds that wait for them stay live without a move. No coverage is completed.
    """
    moved = Hold.objects.standing().filter(move__in=rows)
    _end(moved.filter(state=TAKING), Outcome.NOT_TAKEN, None, at)
    moved.update(move=None)


def end_holds_of_gone_lead(lead: Lead, *, at: datetime) -> None:
    """End the planned holds of a lead as not taken and the live ones as gone.

    Returning coverages that have no standing hold left are completed.
    """
    standing = Hold.objects.standing().filter(lead=lead)
    _end(standing.filter(state=TAKING), Outcome.NOT_TAKEN, None, at)
    _end(standing, Outcome.GONE, None, at)
    _complete(lead.pk, at)


def revive_holds_of_found_lead(lead: Lead) -> None:
    """Make the taken holds live again that ended as gone at `lead.gone_at`.

    Call it before `gone_at` is cleared. Their completed coverages return to RETURNING.
    Does nothing if the last of these holds (by id) was with somebody else than the
    present owner.
    """
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


def ended_coverage_reasons(rows: QuerySet[Assignment]) -> dict[int, str]:
    """Return, by row id, a sentence for rows that ended a hold of a coverage now over.

    Over is a returning, completed or cancelled coverage. Other rows are left out.
    """
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


def adopt_retry(*, refused: Assignment, retry: Assignment) -> None:
    """Replace `refused` by `retry` as the move that standing holds wait for."""
    Hold.objects.standing().filter(move=refused).update(move=retry)


# ── A coverage's own move ───────────────────────────────────────────────────────
def _apply_coverage_move(row: Assignment, at: datetime) -> None:
    """Update the holds that wait for a coverage's done row, and queue its note.

    A planned hold becomes live with the row's target. A live one ends as returned by a
    return; by another row it goes to the new target, or ends as carried over if a
    planned one of another coverage waited too. Without such holds nothing happens.
    """
    moved = list(_standing(row).filter(move=row).select_related("coverage__member"))
    taking = next((hold for hold in moved if hold.state == TAKING), None)
    changed = next((hold for hold in moved if hold.state == LIVE), None)
    if taking:
        Hold.objects.filter(pk=taking.pk).update(
            state=LIVE, to=row.to, taken_by=row, taken_at=at, move=None
        )
    if changed and row.cause == Cause.COVERAGE_RETURN:
        _end_returned(changed, row, at)
    elif changed:
        _change_holder(changed, row, at, is_carried=taking is not None)
    if (hold := taking or changed) is not None:
        _write_note(hold, row, at)


def _end_returned(hold: Hold, row: Assignment, at: datetime) -> None:
    _end_above(hold, row, at)
    _end(_only(hold), Outcome.RETURNED, row, at)
    # By hand: the coverage is to leave the lead alone.
    if not row.is_plan:
        _pin([hold.coverage_id], row, at)


def _change_holder(
    hold: Hold, row: Assignment, at: datetime, *, is_carried: bool
) -> None:
    _end_above(hold, row, at, but=row)
    if is_carried:
        _end(_only(hold), Outcome.CARRIED_OVER, row, at)
    else:
        _only(hold).update(to=row.to, move=None, change_to=None)


def _write_note(hold: Hold, row: Assignment, at: datetime) -> None:
    """Queue the coverage's start or return note, once per coverage, lead and kind.

    Nothing is queued for a blank text. See docs/design/coverage-rules.md, rule 33.
    """
    is_return = row.cause == Cause.COVERAGE_RETURN
    coverage = hold.coverage
    template = coverage.return_note if is_return else coverage.start_note
    covered, _ = CoveredLead.objects.get_or_create(coverage=coverage, lead=row.lead)
    written = "return_noted_at" if is_return else "start_noted_at"
    if getattr(covered, written) or not template.strip():
        return
    covering = hold.to if is_return else row.to
    assert covering is not None  # noqa: S101  a coverage's rows go to somebody
    text = hold_note_text(template, coverage=coverage, lead=row.lead, covering=covering)
    kind = Note.Kind.RETURN if is_return else Note.Kind.START
    attach_note(row, text=text, at=at, kind=kind)
    setattr(covered, written, at)
    covered.save(update_fields=[written])


# ── Somebody else's decision ────────────────────────────────────────────────────
def _keeps_present_owner(row: Assignment) -> bool:
    """Return whether the row is a person's, SKIPPED, and to the lead's present owner.

    See docs/design/coverage-rules.md, rule 18.
    """
    return (
        row.state == State.SKIPPED
        and row.cause in PERSONAL
        and row.to_id == row.lead.owner_id
    )


def _apply_decision(row: Assignment, at: datetime) -> None:
    """Update the holds after a change that no coverage made.

    If an undo revives holds, nothing else happens. Otherwise planned holds end; a live
    hold whose origin gets the lead ends as back; with `until_back` the newest live hold
    goes to the row's target; else all live holds end as moved and their coverages leave
    the lead alone. Last comes `_pin_where_given`.
    """
    if row.cause == Cause.UNDO and _revive(row):
        return
    _drop_planned(row, at)
    chain = list(_standing(row).filter(state=LIVE))
    origins = [hold.origin_id for hold in chain]
    if chain and row.to_id in origins:
        _end_as_back(chain[origins.index(row.to_id)], row, at)
    elif chain and row.until_back:
        Hold.objects.filter(pk=chain[-1].pk).update(to=row.to, change_to=None)
    else:
        _pin([hold.coverage_id for hold in chain], row, at)
        _end(_standing(row).filter(state=LIVE), Outcome.MOVED, row, at)
    _pin_where_given(row, at)


def _drop_planned(row: Assignment, at: datetime) -> None:
    """End the lead's planned holds whose move is final as not taken, and pin the lead.

    Pinned are all its planned holds; for a SKIPPED row those too that ended as not
    taken at `at`. A hold whose move is still pending ends with that row.
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


def _end_as_back(hold: Hold, row: Assignment, at: datetime) -> None:
    _end_above(hold, row, at)
    _end(_only(hold), Outcome.BACK, row, at)
    _pin([hold.coverage_id], row, at)


def _revive(row: Assignment) -> bool:
    """Make the holds live that `row.reverses` ended, and delete the pins that it set.

    Returns whether holds became live: not if there are none, if the last was with
    another member than the row's target, or if one of their coverages holds the lead
    again. Without `row.reverses` nothing happens.
    """
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


def _pin_where_given(row: Assignment, at: datetime) -> None:
    """Pin the lead in coverages of its new owner's absence if it was given on purpose.

    That is a personal decision since the absence began; or a change seen in Smartlead,
    if that coverage had held the lead. See docs/design/coverage-rules.md, rule 19.
    """
    for coverage in Coverage.objects.away_at(at).filter(member=row.to_id):
        if row.cause == Cause.OUTSIDE:
            earlier = Hold.objects.filter(coverage=coverage, lead=row.lead_id)
            is_meant = earlier.exclude(outcome=Outcome.NOT_TAKEN).exists()
        else:
            is_meant = row.cause in PERSONAL and _decided_at(row) >= coverage.starts_at
        if is_meant:
            _pin([coverage.pk], row, at)


def _decided_at(row: Assignment) -> datetime:
    return row.reverses.created_at if row.reverses else row.created_at


# ── The holds themselves ────────────────────────────────────────────────────────
def _standing(row: Assignment) -> QuerySet[Hold]:
    return Hold.objects.standing().filter(lead=row.lead_id).order_by("pk")


def _only(hold: Hold) -> QuerySet[Hold]:
    return Hold.objects.filter(pk=hold.pk)


def _end_above(
    hold: Hold, row: Assignment, at: datetime, *, but: Assignment | None = None
) -> None:
    above = Hold.objects.standing().filter(lead=hold.lead_id, pk__gt=hold.pk)
    # A planned one whose row is pending ends with that row.
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
    """Pin the lead of `row` in these coverages (ids), if it is not pinned there yet."""
    for coverage_id in coverages:
        covered, _ = CoveredLead.objects.get_or_create(
            coverage_id=coverage_id, lead_id=row.lead_id
        )
        if covered.pinned_by_id is None:
            covered.pinned_by, covered.pinned_at = row, at
            covered.save(update_fields=["pinned_by", "pinned_at"])


def _complete(lead_id: int, at: datetime) -> None:
    """Complete RETURNING coverages whose last hold ended at `at` and is of this lead."""
    left = Hold.objects.standing().filter(coverage=OuterRef("pk"))
    ended = Hold.objects.filter(lead=lead_id, ended_at=at).values("coverage")
    # A locked one is left to the next tick: this lead may be waited for under the lock.
    skip = connection.features.has_select_for_update_skip_locked
    complete = Coverage.objects.select_for_update(no_key=True, skip_locked=skip).filter(
        ~Exists(left), state=Coverage.State.RETURNING, pk__in=ended
    )
    Coverage.objects.filter(pk__in=[coverage.pk for coverage in complete]).update(
        state=Coverage.State.COMPLETED, completed_at=at
    )


# ── Sentences and notes ─────────────────────────────────────────────────────────
def hold_note_text(
    template: str, *, coverage: Coverage, lead: Lead, covering: Member
) -> str:
    """Return the template filled in for one lead, cut to LONGEST_NOTE characters.

    Known are {away}, {covering}, {first_day}, {last_day}, {lead} and {campaign} ("no
    campaign" without one). Other placeholders stay; a name is not filled in again.
    """
    words = {
        "away": str(coverage.member),
        "covering": str(covering),
        "first_day": first_day_away(coverage),
        "last_day": last_day_away(coverage),
        "lead": str(lead),
        "campaign": str(lead.campaign) if lead.campaign else "no campaign",
    }
    filled = re.sub(r"\{(\w+)\}", lambda found: words.get(found[1], found[0]), template)
    return filled[:LONGEST_NOTE]


def coverage_start_reason(coverage: Coverage, to: Member, why: str) -> str:
    """Return e.g. "Maya is away until Fri 15 May; Luca covers half of the leads.".

    `why` is the part after the name of `to`, without a full stop.
    """
    return f"{coverage.member} is away until {last_day_away(coverage)}; {to} {why}."


def coverage_start_summary(coverage: Coverage) -> str:
    """Return e.g. "Maya is away until Fri 15 May.", the reason of a starting batch."""
    return f"{coverage.member} is away until {last_day_away(coverage)}."


def coverage_return_reason(coverage: Coverage) -> str:
    """Return "<member> is back and gets back what was covered.", for rows and batch."""
    return f"{coverage.member} is back and gets back what was covered."
