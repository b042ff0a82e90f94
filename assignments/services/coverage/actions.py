"""Actions of people on a coverage. Each checks the right and writes an event.

Those that change a coverage that is not over plan its leads in the same transaction.
"""

from collections.abc import Iterable
from datetime import date, datetime, time

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from assignments.models import Coverage, CoverageEvent, Member, User
from assignments.services import access, periods
from assignments.services.absence_wording import last_day_away
from assignments.services.coverage import drafts, proposal_messages, save, tick
from assignments.services.coverage.drafts import CoverageDraft
from assignments.services.coverage.handover import change_coverer, hand_back
from assignments.services.coverage.save import DraftRefused
from assignments.services.errors import AssignmentRefused, Stale
from assignments.services.ledger import preconditions

STATE = Coverage.State
CHANGE_PROPOSAL = "Change the proposal first, or decline it."
__all__ = [
    "DraftRefused",
    "acknowledge",
    "cancel",
    "change_coverer",
    "change_scheduled",
    "confirm",
    "decline",
    "end_early",
    "extend",
    "hand_back",
    "last_event_id",
    "last_event_ids",
    "propose",
    "schedule",
    "shorten",
    "start_now",
]


@transaction.atomic
def schedule(*, draft: CoverageDraft, actor: User, at: datetime) -> Coverage:
    """Create a scheduled coverage from the draft, confirmed by `actor`, and return it.

    An event is written and its leads are planned as in a tick: it begins now if its
    start has come. Raises NotAllowed unless `actor` may decide about the member's
    absences, or DraftRefused with the problems of the draft.
    """
    access.check_decides_absences(actor, draft.member)
    coverage = save.save_new_coverage(draft, actor, at, state=STATE.SCHEDULED)
    coverage.confirmed_by = actor
    coverage.save(update_fields=["confirmed_by"])
    _add_event(coverage, actor, at, f"{actor} scheduled it.")
    tick.plan_coverage(coverage, at)
    return coverage


@transaction.atomic
def propose(*, draft: CoverageDraft, actor: User, at: datetime) -> Coverage:
    """Create a proposed coverage from the draft, with an event, and return it.

    Those who may confirm it are told; no lead is planned. Raises DraftRefused with the
    problems of the draft, a missing right of `actor` among them.
    """
    coverage = save.save_new_coverage(draft, actor, at, state=STATE.PROPOSED)
    _add_event(coverage, actor, at, f"{actor} proposed it.")
    proposal_messages.notify_deciders(coverage, actor=actor, at=at)
    return coverage


@transaction.atomic
def change_scheduled(
    *,
    coverage: Coverage,
    draft: CoverageDraft,
    actor: User,
    at: datetime,
    seen: int | None = None,
) -> Coverage:
    """Replace all of a proposed or scheduled coverage by the draft; return it.

    An event names what changed, if anything did, and those who may confirm a proposal
    are told; a scheduled one is planned again anyway. `seen` is the id of its last
    event that the page showed; None skips the comparison. Raises NotAllowed unless
    `actor` may decide about the absence or is the member of a proposal; Stale if it has
    begun, is over, or has an event newer than `seen`; DraftRefused with the problems of
    the draft, another member being one.
    """
    coverage = _lock(coverage)
    _check_may_change(coverage, actor)
    _check_seen(coverage, seen, "Save again to put yours in its place.")
    if changes := save.save_changes(coverage, draft, actor, at):
        _add_event(coverage, actor, at, f"{actor} changed {changes}.")
        if coverage.state == STATE.PROPOSED:
            proposal_messages.notify_deciders(
                coverage, actor=actor, at=at, changes=changes
            )
    if coverage.state == STATE.SCHEDULED:
        tick.plan_coverage(coverage, at)
    return coverage


@transaction.atomic
def confirm(
    *, coverage: Coverage, actor: User, at: datetime, seen: int | None = None
) -> Coverage:
    """Make a proposal scheduled, write an event, plan it as in a tick and return it.

    Who proposed it is told. Raises NotAllowed unless `actor` may decide about the
    member's absences; Stale if it is no proposal or has an event newer than `seen`
    (None: not compared); AssignmentRefused if its end has passed or its draft has
    problems by now.
    """
    coverage = _lock(coverage)
    access.check_decides_absences(actor, coverage.member)
    _check_state(coverage, STATE.PROPOSED)
    _check_seen(coverage, seen, "Look at it again before you confirm it.")
    if coverage.ends_at <= at:
        raise AssignmentRefused("Its last day has passed. Decline it.")
    _check_still_sound(coverage, actor, at)
    coverage.state, coverage.confirmed_by = STATE.SCHEDULED, actor
    coverage.save(update_fields=["state", "confirmed_by"])
    _add_event(coverage, actor, at, f"{actor} confirmed it.")
    proposal_messages.notify_decided(coverage, actor=actor, at=at, verb="confirmed")
    tick.plan_coverage(coverage, at)
    return coverage


@transaction.atomic
def decline(
    *, coverage: Coverage, actor: User, at: datetime, why: str = ""
) -> Coverage:
    """Cancel a proposal, with an event, and return it. Member and proposer are told.

    A `why` that is not blank is added to the stored reason. Raises NotAllowed unless
    `actor` may decide about the member's absences, or Stale if it is no proposal.
    """
    coverage = _lock(coverage)
    access.check_decides_absences(actor, coverage.member)
    _check_state(coverage, STATE.PROPOSED)
    return _cancel(coverage, actor, at, verb="declined", why=why)


@transaction.atomic
def cancel(*, coverage: Coverage, actor: User, at: datetime, why: str = "") -> Coverage:
    """Cancel a proposed or scheduled coverage, with an event, and return it.

    Telling and `why` are as in `decline`. Raises NotAllowed unless `actor` may decide
    about the member's absences, or is the member of a proposal; Stale if it has begun,
    is over or is cancelled.
    """
    coverage = _lock(coverage)
    _check_may_change(coverage, actor)
    return _cancel(coverage, actor, at, verb="cancelled", why=why)


@transaction.atomic
def start_now(*, coverage: Coverage, actor: User, at: datetime) -> Coverage:
    """Start a scheduled coverage now and return it.

    A later start is moved to `at`; an event is written and its leads are planned.
    Raises NotAllowed unless `actor` may decide about the absence, Stale if it is not
    scheduled, AssignmentRefused if its end has passed or another agreed absence
    overlaps.
    """
    coverage = _lock(coverage)
    access.check_decides_absences(actor, coverage.member)
    _check_state(coverage, STATE.SCHEDULED)
    if coverage.ends_at <= at:
        raise AssignmentRefused("Its last day has passed. Plan a new one.")
    _check_overlap(coverage, at, coverage.ends_at)
    if coverage.starts_at > at:
        save.set_start(coverage, at)
    _add_event(coverage, actor, at, f"{actor} started it.")
    tick.plan_coverage(coverage, at)
    return coverage


@transaction.atomic
def extend(
    *,
    coverage: Coverage,
    last_day: date,
    last_time: time | None = None,
    actor: User,
    at: datetime,
) -> Coverage:
    """Move the end of a scheduled, starting or active coverage further; return it.

    It ends on `last_day` at `last_time` (None: at the end of that day), in its own
    zone. An event is written and its leads are planned. Raises NotAllowed; Stale in
    other states; AssignmentRefused if the new end is not later or not after `at`, is
    over two years ahead or over a year after the first day, or if another agreed
    absence overlaps.
    """
    coverage = _lock_extendable(coverage, actor)
    ends_at = _new_end(coverage, last_day, last_time, at)
    if ends_at <= coverage.ends_at:
        reader = timezone.get_current_timezone()
        raise AssignmentRefused(
            f"It already lasts until {last_day_away(coverage, reader)}. Choose a later day."
        )
    if ends_at <= at:
        raise AssignmentRefused("That is already over. Choose a later day.")
    _check_overlap(coverage, coverage.starts_at, ends_at)
    save.set_end(coverage, ends_at, last_day, last_time)
    _add_event(
        coverage, actor, at, f"{actor} extended it until {last_day_away(coverage)}."
    )
    tick.plan_coverage(coverage, at)
    return coverage


@transaction.atomic
def shorten(
    *,
    coverage: Coverage,
    last_day: date,
    last_time: time | None = None,
    actor: User,
    at: datetime,
) -> Coverage:
    """Move the end of a scheduled, starting or active coverage back; return it.

    The end is as in `extend`; an event is written and its leads are planned. If it has
    begun and the new end is not after `at`, `end_early` is called instead. Raises
    NotAllowed; Stale in other states; AssignmentRefused if the new end is not earlier,
    lies before the first day, or would leave nothing of one that has not begun.
    """
    coverage = _lock_extendable(coverage, actor)
    ends_at = _new_end(coverage, last_day, last_time, at)
    if ends_at >= coverage.ends_at:
        raise AssignmentRefused("That is not earlier. Choose an earlier last day.")
    if coverage.began_at and ends_at <= at:
        return end_early(coverage=coverage, actor=actor, at=at)
    if ends_at <= max(coverage.starts_at, at):
        raise AssignmentRefused("Nothing would be left of it. Cancel it instead.")
    save.set_end(coverage, ends_at, last_day, last_time)
    _add_event(
        coverage, actor, at, f"{actor} shortened it to {last_day_away(coverage)}."
    )
    tick.plan_coverage(coverage, at)
    return coverage


@transaction.atomic
def end_early(*, coverage: Coverage, actor: User, at: datetime) -> Coverage:
    """End a starting or active coverage now, so that its leads go back; return it.

    Now is `at`, or the last tick's time if later. Its state becomes returning, a later
    end is moved to now, an event is written and its leads are planned. Raises
    NotAllowed unless `actor` may decide about the absence, or Stale in other states.
    """
    coverage = _lock(coverage)
    access.check_decides_absences(actor, coverage.member)
    if coverage.state not in {STATE.STARTING, STATE.ACTIVE}:
        raise Stale("It is not running. Reload to see how it stands.")
    at = preconditions.coverage_time(at)
    local_now = periods.in_zone(at, coverage.zone)
    coverage.state, coverage.returning_at = STATE.RETURNING, at
    coverage.save(update_fields=["state", "returning_at"])
    if at < coverage.ends_at:
        save.set_end(coverage, at, local_now.date(), periods.minute_of(local_now))
    _add_event(coverage, actor, at, f"{actor} ended it.")
    tick.plan_coverage(coverage, at, actor=actor)
    return coverage


@transaction.atomic
def acknowledge(*, coverage: Coverage, actor: User, at: datetime) -> Coverage:
    """Record that the problems of a coverage that is over were read; return it.

    It must be completed or cancelled. An event is written; a second time changes
    nothing. Raises NotAllowed unless `actor` is its member or may decide about their
    absences, or Stale in other states.
    """
    coverage = _lock(coverage)
    if not access.is_own_member(actor, coverage.member):
        access.check_decides_absences(actor, coverage.member)
    if coverage.state not in {STATE.CANCELLED, STATE.COMPLETED}:
        raise Stale("It is not over, so what may still go wrong cannot have been read.")
    if coverage.acknowledged_at:
        return coverage
    coverage.acknowledged_at = at
    coverage.save(update_fields=["acknowledged_at"])
    _add_event(coverage, actor, at, f"{actor} has read what went wrong.")
    return coverage


def last_event_id(coverage_id: int) -> int:
    """Return the id of the coverage's newest event, for `seen`; 0 if it has none."""
    known = Coverage.objects.filter(pk=coverage_id)
    return known.aggregate(last=Max("events"))["last"] or 0


def last_event_ids(coverage_ids: Iterable[int]) -> dict[int, int]:
    """Return the id of the newest event by coverage id; left out if there is none."""
    known = CoverageEvent.objects.filter(coverage__in=list(coverage_ids)).order_by()
    return dict(known.values_list("coverage").annotate(last=Max("pk")))


def _check_seen(coverage: Coverage, seen: int | None, advice: str) -> None:
    if seen is None:
        return
    newer = coverage.events.filter(pk__gt=seen).order_by("pk").last()
    if newer:
        raise Stale(f"Meanwhile: {newer.sentence} {advice}")


def _check_may_change(coverage: Coverage, actor: User) -> None:
    if not (
        coverage.state == STATE.PROPOSED
        and access.is_own_member(actor, coverage.member)
    ):
        access.check_decides_absences(actor, coverage.member)
    if coverage.state in {STATE.STARTING, STATE.ACTIVE}:
        raise Stale("It has started. Extend it, shorten it or end it instead.")
    if coverage.state not in {STATE.PROPOSED, STATE.SCHEDULED}:
        _check_state(coverage, STATE.SCHEDULED)


def _lock(coverage: Coverage) -> Coverage:
    rows = Coverage.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("member__team").get(pk=coverage.pk)


def _check_state(coverage: Coverage, state: Coverage.State) -> None:
    if coverage.state != state:
        raise Stale(
            f"It is {coverage.get_state_display().lower()} by now. Reload to see it."
        )


def _check_still_sound(coverage: Coverage, actor: User, at: datetime) -> None:
    draft = drafts.draft_from(coverage)
    try:
        save.check_draft(draft, actor, at, existing=coverage)
    except DraftRefused as refused:
        raise AssignmentRefused(f"{refused} {CHANGE_PROPOSAL}") from refused


def _lock_extendable(coverage: Coverage, actor: User) -> Coverage:
    coverage = _lock(coverage)
    access.check_decides_absences(actor, coverage.member)
    if coverage.state not in {STATE.SCHEDULED, STATE.STARTING, STATE.ACTIVE}:
        raise Stale(
            "Its leads are being given back already, or it is over. Plan a new coverage "
            "from now: leads that are not back yet carry over to it."
        )
    return coverage


def _check_overlap(coverage: Coverage, starts_at: datetime, ends_at: datetime) -> None:
    Member.objects.select_for_update(no_key=True, of=("self",)).get(
        pk=coverage.member_id
    )
    other = drafts.overlapping_coverage(
        coverage.member, starts_at, ends_at, existing=coverage
    )
    if other:
        raise AssignmentRefused(drafts.overlap_sentence(other))


def _new_end(
    coverage: Coverage, last_day: date, last_time: time | None, at: datetime
) -> datetime:
    if last_day > periods.in_zone(at, coverage.zone).date() + drafts.FAR_AHEAD:
        raise AssignmentRefused("That is years away. Choose a day within two years.")
    if last_day - coverage.first_day > drafts.LONGEST_COVERAGE:
        raise AssignmentRefused(drafts.TOO_LONG)
    if last_day < coverage.first_day:
        raise AssignmentRefused("It ends before it starts. Choose a later last day.")
    _, ends_at = periods.absence_window(
        coverage.first_day, last_day, coverage.first_time, last_time, coverage.zone
    )
    return ends_at


def _cancel(
    coverage: Coverage, actor: User, at: datetime, *, verb: str, why: str
) -> Coverage:
    why = why.strip()
    proposal_messages.notify_decided(coverage, actor=actor, at=at, verb=verb, why=why)
    coverage.state, coverage.cancelled_at = STATE.CANCELLED, at
    said = f"{actor} {verb} it: {why}" if why else f"{actor} {verb} it"
    said = said if why.endswith((".", "!", "?")) else f"{said}."
    coverage.cancelled_why = said[:300]
    coverage.save(update_fields=["state", "cancelled_at", "cancelled_why"])
    _add_event(coverage, actor, at, said)
    return coverage


def _add_event(coverage: Coverage, actor: User, at: datetime, sentence: str) -> None:
    CoverageEvent.objects.create(
        coverage=coverage, at=at, actor=actor, sentence=sentence[:500]
    )
