"""Values of the coverage form before anybody has typed: enough to schedule as it is."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.http import QueryDict
from django.utils import timezone

from assignments.models import Coverage, Member, User
from assignments.services import periods
from assignments.services.absences import absences_by_member
from assignments.services.access import may_read_comment
from dashboard.coverage.form import members_to_plan, typed_time

START_NOTE = "{away} is away until {last_day}. {covering} answers until then."
RETURN_NOTE = "{away} is back and has this lead again. Thanks, {covering}."
WEEKS_TO_TRY = 13
MOST_COVERING = 5  # of a larger team nobody wants everybody


def defaults(
    user: User, *, at: datetime, mates: Iterable[Member], asked: QueryDict
) -> QueryDict:
    """Return the data of a new coverage form, where each field of `asked` but `member`
    replaces its default.

    The away member is the one whose id `asked` has under `member`, if the user may plan
    for them; else the user's own member; else the first whom the user may plan for.
    Defaults are START_NOTE, RETURN_NOTE, scope active, arrivals cover, on_return
    return, and `member_defaults` if there is a member. A true `from_now` in `asked`
    makes both days today.
    """
    data = QueryDict(mutable=True)
    data.update({"scope": "active", "arrivals": "cover", "on_return": "return"})
    data.update({"start_note": START_NOTE, "return_note": RETURN_NOTE})
    if from_now := bool(asked.get("from_now")):
        today = timezone.localdate(at).isoformat()
        data["from_now"], data["first_day"], data["last_day"] = "1", today, today
    member = _member(user, asked.get("member", ""))
    if member:
        _fill(data, member_defaults(member, at=at, mates=mates, from_now=from_now))
        data["member"] = data["drawn_for"] = str(member.pk)
    _fill(data, asked)
    if member:
        data["member"] = str(member.pk)
    return data


def _fill(data: QueryDict, other: QueryDict) -> None:
    for name in other:
        data.setlist(name, other.getlist(name))


def away_throughout(
    members: Iterable[Member], first: date, last: date, zone: str
) -> set[int]:
    """Return ids of members with one agreed absence that spans all days from `first` to
    `last` in `zone`. Several absences that do so only together do not count.
    """
    starts_at, ends_at = periods.absence_window(first, last, None, None, zone)
    found = absences_by_member([one.pk for one in members], starts_at, ends_at)
    return {
        pk
        for pk, absences in found.items()
        if any(
            one.starts_at <= starts_at and ends_at <= one.ends_at for one in absences
        )
    }


def member_defaults(
    member: Member, *, at: datetime, mates: Iterable[Member], from_now: bool
) -> QueryDict:
    """Return the fields `zone`, `first_day`, `last_day` and `covering` for this away
    member.

    The zone is the member's, else the current one. Both days are today (there) if
    `from_now`, else Monday and Friday of the next week without an absence of theirs, or
    of next week if WEEKS_TO_TRY weeks have none. Covering are the first MOST_COVERING
    of their team among `mates` who are not away throughout these days.
    """
    zone = member.time_zone or timezone.get_current_timezone_name()
    data = QueryDict(mutable=True)
    today = at.astimezone(ZoneInfo(zone)).date()
    first, last = (today, today) if from_now else _free_week(member, today, zone)
    data["zone"] = zone
    data["first_day"], data["last_day"] = first.isoformat(), last.isoformat()
    able = team_mates(member, mates)
    away = away_throughout(able, first, last, zone)
    covering = [str(one.pk) for one in able if one.pk not in away]
    data.setlist("covering", covering[:MOST_COVERING])
    return data


def _free_week(member: Member, today: date, zone: str) -> tuple[date, date]:
    monday = next_monday(today)
    weeks = [monday + timedelta(weeks=number) for number in range(WEEKS_TO_TRY)]
    last_friday = weeks[-1] + timedelta(days=4)
    starts_at, ends_at = periods.absence_window(monday, last_friday, None, None, zone)
    absences = absences_by_member([member.pk], starts_at, ends_at).get(member.pk, [])
    for first in weeks:
        last = first + timedelta(days=4)
        begins, ends = periods.absence_window(first, last, None, None, zone)
        if not any(one.starts_at < ends and begins < one.ends_at for one in absences):
            return first, last
    return monday, monday + timedelta(days=4)


def redrawn(data: QueryDict, member: Member, *, mates: Iterable[Member]) -> QueryDict:
    """Return a copy of `data` drawn for `member`, who was chosen to be away instead.

    Covering are the first MOST_COVERING of their team among `mates`, without a look at
    absences. Shares, campaigns and categories of single coverers are removed,
    `fallback` is emptied. `zone` is the member's, else settings.TIME_ZONE; `drawn_for`
    is the member's id. All else stays as it was typed.
    """
    data = data.copy()
    covering = team_mates(member, mates)[:MOST_COVERING]
    data.setlist("covering", [str(one.pk) for one in covering])
    for name in list(data):
        if name.startswith(("share_", "campaign_", "category_")):
            del data[name]
    data["fallback"] = ""
    data["zone"] = member.time_zone or settings.TIME_ZONE
    data["drawn_for"] = str(member.pk)
    return data


def with_later_end(data: QueryDict) -> QueryDict:
    """Return `data`, with a later last day if only the first day was moved past it.

    That is the Friday of the first day's week, or the first day at a weekend. Nothing
    changes if either day is none, or the first day is the one that was drawn.
    """
    drawn = data.get("drawn_first", "")
    try:
        first = date.fromisoformat(data.get("first_day", ""))
        last = date.fromisoformat(data.get("last_day", ""))
    except ValueError:
        return data
    if not drawn or first.isoformat() == drawn or first <= last:
        return data
    data = data.copy()
    friday = first + timedelta(days=max(0, 4 - first.weekday()))
    data["last_day"] = friday.isoformat()
    return data


def like(coverage: Coverage, user: User) -> QueryDict:
    """Return form data that repeats `coverage`: member, zone, days, times, choices,
    notes, fallback, and who covers with share and scope.

    Coverers who have been replaced are left out. The comment is empty if `user` may not
    read it.
    """
    data = QueryDict(mutable=True)
    for name in ("zone", "scope", "arrivals", "on_return"):
        data[name] = getattr(coverage, name)
    for name in ("start_note", "return_note"):
        data[name] = getattr(coverage, name)
    data["comment"] = coverage.comment if may_read_comment(user, coverage) else ""
    data["member"] = data["drawn_for"] = str(coverage.member_id)
    data["first_day"] = coverage.first_day.isoformat()
    data["last_day"] = coverage.last_day.isoformat()
    data["first_time"] = typed_time(coverage.first_time)
    data["last_time"] = typed_time(coverage.last_time)
    data["fallback"] = str(coverage.fallback_id or "")
    data.setlist("campaign", [str(one.pk) for one in coverage.campaigns.all()])
    data.setlist("category", [str(one.pk) for one in coverage.categories.all()])
    coverers = [one for one in coverage.coverers.all() if one.replaced_at is None]
    data.setlist("covering", [str(one.member_id) for one in coverers])
    for one in coverers:
        data[f"share_{one.member_id}"] = f"{one.share.normalize():f}"
        for name in ("campaign", "category"):
            wanted = one.campaigns if name == "campaign" else one.categories
            ids = [str(each.pk) for each in wanted.all()]
            data.setlist(f"{name}_{one.member_id}", ids)
    return data


def team_mates(member: Member, choosable: Iterable[Member]) -> list[Member]:
    """Return those of `choosable` who are in the team of `member`, without `member`, in
    the same order. For a member without a team: those who have no team either.
    """
    others = [one for one in choosable if one.pk != member.pk]
    return [one for one in others if one.team_id == member.team_id]


def next_monday(today: date) -> date:
    return today + timedelta(days=7 - today.weekday())


def _member(user: User, asked: str) -> Member | None:
    members: Sequence[Member] = list(members_to_plan(user))
    if asked:
        wanted = next((one for one in members if str(one.pk) == asked), None)
        if wanted:
            return wanted
    mine = next((one for one in members if one.user_id == user.pk), None)
    return mine or next(iter(members), None)
