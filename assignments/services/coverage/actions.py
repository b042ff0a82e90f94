"""What people do to a coverage. Each checks the right, writes an event, plans at once."""

from datetime import date, datetime, time

from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from assignments.models import Coverage, CoverageEvent, Member, User
from assignments.services import access, periods
from assignments.services.absence_wording import last_day_away
from assignments.services.coverage import drafts, save, tick
from assignments.services.coverage.drafts import Draft
from assignments.services.coverage.handover import change_coverer, hand_back
from assignments.services.coverage.save import DraftRefused
from assignments.services.errors import AssignmentRefused, Stale
from assignments.services.ledger import preconditions

STATE = Coverage.State
MEND_PROPOSAL = "Change the proposal first, or decline it."
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
    "last_change",
    "propose",
    "schedule",
    "shorten",
    "start_now",
]


@transaction.atomic
def schedule(*, draft: Draft, actor: User, at: datetime) -> Coverage:
    """Plan a coverage that needs nobody's word any more.

    Raises NotAllowed, or DraftRefused with what is wrong.
    """
    access.check_lead_of(actor, draft.member)
    coverage = save.save_new(draft, actor, at, state=STATE.SCHEDULED)
    coverage.confirmed_by = actor
    coverage.save(update_fields=["confirmed_by"])
    _tell(coverage, actor, at, f"{actor} scheduled it.")
    tick.plan_now(coverage, at)
    return coverage


@transaction.atomic
def propose(*, draft: Draft, actor: User, at: datetime) -> Coverage:
    """A member asks for cover of an own absence; a team lead confirms."""
    coverage = save.save_new(draft, actor, at, state=STATE.PROPOSED)
    _tell(coverage, actor, at, f"{actor} proposed it.")
    return coverage


@transaction.atomic
def change_scheduled(
    *,
    coverage: Coverage,
    draft: Draft,
    actor: User,
    at: datetime,
    seen: int | None = None,
) -> Coverage:
    """Plan it anew before it starts: everything as in the draft, checked like a new one.

    `seen`: its last change that the page showed; left out, whatever it is now. Raises
    NotAllowed, Stale once it has started or was changed, or DraftRefused with what is
    wrong.
    """
    coverage = _locked(coverage)
    _check_may_change(coverage, actor)
    _check_seen(coverage, seen, "Save again to put yours in its place.")
    if changes := save.save_changes(coverage, draft, actor, at):
        _tell(coverage, actor, at, f"{actor} changed {changes}.")
    if coverage.state == STATE.SCHEDULED:
        tick.plan_now(coverage, at)
    return coverage


@transaction.atomic
def confirm(
    *, coverage: Coverage, actor: User, at: datetime, seen: int | None = None
) -> Coverage:
    """Agree to a proposal, as it was `seen` (like in `change_scheduled`)."""
    coverage = _locked(coverage)
    access.check_lead_of(actor, coverage.member)
    _expect(coverage, STATE.PROPOSED)
    _check_seen(coverage, seen, "Look at it again before you confirm it.")
    if coverage.ends_at <= at:
        raise AssignmentRefused("Its last day has passed. Decline it.")
    _check_still_sound(coverage, actor, at)
    coverage.state, coverage.confirmed_by = STATE.SCHEDULED, actor
    coverage.save(update_fields=["state", "confirmed_by"])
    _tell(coverage, actor, at, f"{actor} confirmed it.")
    tick.plan_now(coverage, at)
    return coverage


@transaction.atomic
def decline(
    *, coverage: Coverage, actor: User, at: datetime, why: str = ""
) -> Coverage:
    """Say no to a proposal, with a word."""
    coverage = _locked(coverage)
    access.check_lead_of(actor, coverage.member)
    _expect(coverage, STATE.PROPOSED)
    reason = f"{actor} declined it: {why.strip()}" if why.strip() else ""
    return _cancel(coverage, actor, at, reason or f"{actor} declined it.")


@transaction.atomic
def cancel(*, coverage: Coverage, actor: User, at: datetime) -> Coverage:
    """Call it off before it starts; a proposal may be taken back by its member."""
    coverage = _locked(coverage)
    _check_may_change(coverage, actor)
    return _cancel(coverage, actor, at, f"{actor} cancelled it.")


@transaction.atomic
def start_now(*, coverage: Coverage, actor: User, at: datetime) -> Coverage:
    """Begin at this moment, not on the first day."""
    coverage = _locked(coverage)
    access.check_lead_of(actor, coverage.member)
    _expect(coverage, STATE.SCHEDULED)
    if coverage.ends_at <= at:
        raise AssignmentRefused("Its last day has passed. Plan a new one.")
    _check_overlap(coverage, at, coverage.ends_at)
    if coverage.starts_at > at:
        _start_at(coverage, at)
    _tell(coverage, actor, at, f"{actor} started it.")
    tick.plan_now(coverage, at)
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
    """Let it end later. Refused once leads are being given back."""
    coverage = _running_or_planned(coverage, actor)
    ends_at = _end_of(coverage, last_day, last_time, at)
    if ends_at <= coverage.ends_at:
        reader = timezone.get_current_timezone()
        raise AssignmentRefused(
            f"It already lasts until {last_day_away(coverage, reader)}. Choose a later day."
        )
    if ends_at <= at:
        raise AssignmentRefused("That is already over. Choose a later day.")
    _check_overlap(coverage, coverage.starts_at, ends_at)
    _end_at(coverage, ends_at, last_day, last_time)
    _tell(coverage, actor, at, f"{actor} extended it until {last_day_away(coverage)}.")
    tick.plan_now(coverage, at)
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
    """Let it end earlier; at a moment that has passed, it ends now."""
    coverage = _running_or_planned(coverage, actor)
    ends_at = _end_of(coverage, last_day, last_time, at)
    if ends_at >= coverage.ends_at:
        raise AssignmentRefused("That is not earlier. Choose an earlier last day.")
    if coverage.began_at and ends_at <= at:
        return end_early(coverage=coverage, actor=actor, at=at)
    if ends_at <= max(coverage.starts_at, at):
        raise AssignmentRefused("Nothing would be left of it. Cancel it instead.")
    _end_at(coverage, ends_at, last_day, last_time)
    _tell(coverage, actor, at, f"{actor} shortened it to {last_day_away(coverage)}.")
    tick.plan_now(coverage, at)
    return coverage


@transaction.atomic
def end_early(*, coverage: Coverage, actor: User, at: datetime) -> Coverage:
    """The member is back: give the leads back now."""
    coverage = _locked(coverage)
    access.check_lead_of(actor, coverage.member)
    if coverage.state not in {STATE.STARTING, STATE.ACTIVE}:
        raise Stale("It is not running. Reload to see how it stands.")
    at = preconditions.latest(at)
    here = periods.local(at, coverage.zone)
    coverage.state, coverage.returning_at = STATE.RETURNING, at
    coverage.save(update_fields=["state", "returning_at"])
    if at < coverage.ends_at:
        _end_at(coverage, at, here.date(), _minute(here))
    _tell(coverage, actor, at, f"{actor} ended it.")
    tick.plan_now(coverage, at, actor=actor)
    return coverage


@transaction.atomic
def acknowledge(*, coverage: Coverage, actor: User, at: datetime) -> Coverage:
    """What went wrong with it has been read: it needs no more attention."""
    coverage = _locked(coverage)
    if not access.is_own(actor, coverage.member):
        access.check_lead_of(actor, coverage.member)
    if coverage.state not in {STATE.CANCELLED, STATE.COMPLETED}:
        raise Stale("It is not over, so what may still go wrong cannot have been read.")
    if coverage.acknowledged_at:
        return coverage
    coverage.acknowledged_at = at
    coverage.save(update_fields=["acknowledged_at"])
    _tell(coverage, actor, at, f"{actor} has read what went wrong.")
    return coverage


def last_change(coverage_id: int) -> int:
    """The last entry of its history, for a page that is to change it later."""
    known = Coverage.objects.filter(pk=coverage_id)
    last: int | None = known.aggregate(last=Max("events"))["last"]
    return last or 0


def _check_seen(coverage: Coverage, seen: int | None, advice: str) -> None:
    if seen is None:
        return
    newer = coverage.events.filter(pk__gt=seen).order_by("pk").last()
    if newer:
        raise Stale(f"Meanwhile: {newer.sentence} {advice}")


def _check_may_change(coverage: Coverage, actor: User) -> None:
    """Before it starts; a proposal is still its member's own."""
    if not (coverage.state == STATE.PROPOSED and access.is_own(actor, coverage.member)):
        access.check_lead_of(actor, coverage.member)
    if coverage.state in {STATE.STARTING, STATE.ACTIVE}:
        raise Stale("It has started. Extend it, shorten it or end it instead.")
    if coverage.state not in {STATE.PROPOSED, STATE.SCHEDULED}:
        _expect(coverage, STATE.SCHEDULED)


def _locked(coverage: Coverage) -> Coverage:
    rows = Coverage.objects.select_for_update(no_key=True, of=("self",))
    return rows.select_related("member__team").get(pk=coverage.pk)


def _expect(coverage: Coverage, state: Coverage.State) -> None:
    if coverage.state != state:
        raise Stale(
            f"It is {coverage.get_state_display().lower()} by now. Reload to see it."
        )


def _check_still_sound(coverage: Coverage, actor: User, at: datetime) -> None:
    """What was right when it was proposed need not be so any more."""
    draft = drafts.draft_of(coverage)
    try:
        save.check(draft, actor, at, existing=coverage)
    except DraftRefused as refused:
        raise AssignmentRefused(f"{refused} {MEND_PROPOSAL}") from refused


def _running_or_planned(coverage: Coverage, actor: User) -> Coverage:
    coverage = _locked(coverage)
    access.check_lead_of(actor, coverage.member)
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
    other = drafts.overlap(coverage.member, starts_at, ends_at, existing=coverage)
    if other:
        raise AssignmentRefused(drafts.overlap_sentence(other))


def _end_of(
    coverage: Coverage, last_day: date, last_time: time | None, at: datetime
) -> datetime:
    if last_day > periods.local(at, coverage.zone).date() + drafts.FAR_AHEAD:
        raise AssignmentRefused("That is years away. Choose a day within two years.")
    if last_day - coverage.first_day > drafts.LONGEST:
        raise AssignmentRefused(drafts.TOO_LONG)
    if last_day < coverage.first_day:
        raise AssignmentRefused("It ends before it starts. Choose a later last day.")
    _, ends_at = periods.window(
        coverage.first_day, last_day, coverage.first_time, last_time, coverage.zone
    )
    return ends_at


def _minute(moment: datetime) -> time:
    return moment.time().replace(second=0, microsecond=0)


def _start_at(coverage: Coverage, at: datetime) -> None:
    here = periods.local(at, coverage.zone)
    coverage.starts_at = at
    coverage.first_day, coverage.first_time = here.date(), _minute(here)
    coverage.save(update_fields=["starts_at", "first_day", "first_time"])


def _end_at(
    coverage: Coverage, ends_at: datetime, last_day: date, last_time: time | None
) -> None:
    coverage.ends_at = ends_at
    coverage.last_day, coverage.last_time = last_day, last_time
    coverage.save(update_fields=["ends_at", "last_day", "last_time"])


def _cancel(coverage: Coverage, actor: User, at: datetime, why: str) -> Coverage:
    coverage.state, coverage.cancelled_at = STATE.CANCELLED, at
    coverage.cancelled_why = why[:300]
    coverage.save(update_fields=["state", "cancelled_at", "cancelled_why"])
    _tell(coverage, actor, at, why)
    return coverage


def _tell(coverage: Coverage, actor: User, at: datetime, sentence: str) -> None:
    CoverageEvent.objects.create(
        coverage=coverage, at=at, actor=actor, sentence=sentence[:500]
    )
