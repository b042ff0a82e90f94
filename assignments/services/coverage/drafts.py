"""A coverage as somebody plans it, and everything that is wrong with it, in sentences."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from django.db.models import Manager
from django.utils import timezone

from assignments.models import Coverage, Member, User
from assignments.services import absences, access, periods
from assignments.services.absence_wording import first_day_away, last_day_away

PLACEHOLDERS = ("away", "covering", "first_day", "last_day", "lead", "campaign")
LONGEST_NOTE = 4_000  # characters, before names are filled in
FAR_AHEAD = timedelta(days=730)
FAR_BACK = timedelta(days=31)
LONGEST = timedelta(days=366)
TOO_LONG = "A coverage lasts a year at the most. Choose an earlier last day."
MOST_SHARE = Decimal(1000)
FINEST_SHARE = Decimal("0.01")

type Problems = dict[str, list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftCoverer:
    """One covering member; campaigns and categories are ids, and beat the shares."""

    member: Member
    share: Decimal = Decimal(1)
    campaigns: tuple[int, ...] = ()
    categories: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    member: Member
    first_day: date
    last_day: date
    first_time: time | None = None
    last_time: time | None = None
    zone: str
    scope: Coverage.Scope = Coverage.Scope.ACTIVE
    campaigns: tuple[int, ...] = ()
    categories: tuple[int, ...] = ()
    coverers: tuple[DraftCoverer, ...]
    arrivals: Coverage.Arrivals = Coverage.Arrivals.COVER
    on_return: Coverage.OnReturn = Coverage.OnReturn.RETURN
    fallback: Member | None = None
    start_note: str = ""
    return_note: str = ""
    comment: str = ""
    # Away since this moment, whatever the first day says.
    from_now: bool = False

    def window(self, at: datetime) -> tuple[datetime, datetime]:
        # From now on, whatever day it says: that one may not even be a day of ours.
        first_day = self.last_day if self.from_now else self.first_day
        starts_at, ends_at = periods.window(
            first_day, self.last_day, self.first_time, self.last_time, self.zone
        )
        return (at, ends_at) if self.from_now else (starts_at, ends_at)


def draft_of(coverage: Coverage) -> Draft:
    """As it was typed, for one more look at it. Reads what was prefetched."""
    coverers = [one for one in coverage.coverers.all() if one.replaced_at is None]
    return Draft(
        member=coverage.member,
        first_day=coverage.first_day, last_day=coverage.last_day,
        first_time=coverage.first_time, last_time=coverage.last_time,
        zone=coverage.zone, scope=Coverage.Scope(coverage.scope),
        campaigns=_ids(coverage.campaigns), categories=_ids(coverage.categories),
        coverers=tuple(
            DraftCoverer(
                member=one.member, share=one.share,
                campaigns=_ids(one.campaigns), categories=_ids(one.categories),
            )
            for one in coverers
        ),
        arrivals=Coverage.Arrivals(coverage.arrivals),
        on_return=Coverage.OnReturn(coverage.on_return), fallback=coverage.fallback,
        start_note=coverage.start_note, return_note=coverage.return_note,
        comment=coverage.comment,
    )  # fmt: skip


def _ids(named: Manager[Any]) -> tuple[int, ...]:
    return tuple(sorted(one.pk for one in named.all()))


def problems(
    draft: Draft, at: datetime, actor: User, *, existing: Coverage | None = None
) -> Problems:
    """What stands in the way, by field; empty if it can be scheduled.

    `existing`: the coverage that is being confirmed or changed, which does not overlap
    with itself.
    """
    found: Problems = {}
    for field, sentence in _found(draft, at, actor, existing):
        found.setdefault(field, []).append(sentence)
    return found


def cannot_be_reckoned(draft: Draft, at: datetime) -> bool:
    """Days beyond every calendar, or shares that are none: no preview can be made."""
    return bool(dict(_days(draft, at)) or dict(_wrong_shares(draft)))


def overlap(
    member: Member,
    starts_at: datetime,
    ends_at: datetime,
    *,
    existing: Coverage | None = None,
) -> Coverage | None:
    """Another absence of this member that touches the time, for a link to it."""
    others = Coverage.objects.overlapping(starts_at, ends_at).filter(member=member)
    return others.exclude(pk=existing.pk if existing else 0).first()


def overlap_sentence(other: Coverage) -> str:
    reader = timezone.get_current_timezone()
    return (
        f"{other.member} is already away from {first_day_away(other, reader)} to "
        f"{last_day_away(other, reader)} (coverage {other.pk}). Open that one and extend "
        "it, or choose other days."
    )


type _Found = Iterator[tuple[str, str]]


def _found(
    draft: Draft, at: datetime, actor: User, existing: Coverage | None
) -> _Found:
    if why_not := access.why_not_cover(actor, draft.member):
        yield "member", why_not
    if not draft.member.is_active:
        yield "member", f"{draft.member} has been deactivated. Choose somebody else."
    yield from _covering(draft)
    yield from _strangers(draft, actor, existing)
    yield from _shares(draft)
    yield from _notes(draft)
    if wrong := dict(_days(draft, at)):
        yield from wrong.items()
        return
    yield from _calendar(draft, at, existing)


def _days(draft: Draft, at: datetime) -> _Found:
    if draft.zone not in available_timezones():
        yield "zone", f"“{draft.zone[:60]}” is no time zone. Choose one of the list."
        return
    today = at.astimezone(ZoneInfo(draft.zone)).date()
    first_day = today if draft.from_now else draft.first_day
    if first_day < today - FAR_BACK:
        yield "first_day", "The first day is long past. Choose a day from today on."
    elif first_day > today + FAR_AHEAD:
        yield "first_day", "The first day is years away. Choose one within two years."
    elif draft.last_day > today + FAR_AHEAD + LONGEST:
        yield "last_day", "The last day is years away. Choose one within two years."
    elif draft.last_day < first_day:
        yield "last_day", "It ends before it starts. Choose a later last day."
    elif draft.last_day - first_day > LONGEST:
        yield "last_day", TOO_LONG
    else:
        yield from _moments(draft, at)


def _moments(draft: Draft, at: datetime) -> _Found:
    starts_at, ends_at = draft.window(at)
    field = "last_time" if draft.last_time else "last_day"
    if ends_at <= at:
        yield field, "It is already over. Choose a later last day."
    elif ends_at <= starts_at:
        yield field, "It ends before it starts. Choose a later end."


def _calendar(draft: Draft, at: datetime, existing: Coverage | None) -> _Found:
    starts_at, ends_at = draft.window(at)
    if other := overlap(draft.member, starts_at, ends_at, existing=existing):
        yield "first_day", overlap_sentence(other)
    yield from _away_throughout(draft, max(starts_at, at), ends_at)


def _covering(draft: Draft) -> _Found:
    members = [coverer.member for coverer in draft.coverers]
    if not members and draft.fallback is None:
        yield "covering", "Nobody covers. Choose at least one covering member."
    if draft.member in members:
        yield (
            "covering",
            (f"{draft.member} cannot cover for themselves. Choose somebody else."),
        )
    if draft.fallback == draft.member:
        yield (
            "fallback",
            (f"{draft.member} cannot cover for themselves. Choose another fallback."),
        )
    if len({member.pk for member in members}) < len(members):
        yield "covering", "Somebody covers twice. Name each covering member once."
    for member in members:
        if not member.is_active:
            yield "covering", f"{member} has been deactivated. Choose somebody else."
    if draft.fallback and not draft.fallback.is_active:
        yield (
            "fallback",
            f"{draft.fallback} has been deactivated. Choose somebody else.",
        )


def _strangers(draft: Draft, actor: User, existing: Coverage | None) -> _Found:
    """Whom this user may not give leads to; who covers already may go on."""
    named = {one.member.pk: ("covering", one.member) for one in draft.coverers}
    if draft.fallback:
        named.setdefault(draft.fallback.pk, ("fallback", draft.fallback))
    known = set(access.members_to_choose(actor).values_list("pk", flat=True))
    if existing:
        known |= {existing.fallback_id or 0}
        known |= set(existing.coverers.values_list("member", flat=True))
    for pk, (field, member) in named.items():
        if pk not in known and member.is_active and member != draft.member:
            yield field, access.not_in_team(member)


def _wrong_shares(draft: Draft) -> _Found:
    for coverer in draft.coverers:
        name = f"share_{coverer.member.pk}"
        if not 0 <= coverer.share <= MOST_SHARE:
            yield name, f"A share is a number from 0 to {MOST_SHARE}."
        elif coverer.share != coverer.share.quantize(FINEST_SHARE):
            yield name, "A share has two decimals at the most, as in 0.25."


def _shares(draft: Draft) -> _Found:
    yield from _wrong_shares(draft)
    general = [one for one in draft.coverers if not (one.campaigns or one.categories)]
    if general and all(one.share <= 0 for one in general):
        yield "covering", "The shares add up to nothing. Give somebody more than 0."


def _notes(draft: Draft) -> _Found:
    for field in ("start_note", "return_note"):
        text = getattr(draft, field)
        if len(text) > LONGEST_NOTE:
            yield (
                field,
                (
                    f"The note has {len(text):,} characters; {LONGEST_NOTE:,} is the most. "
                    "Shorten it."
                ),
            )
        for word in _unknown_words(text):
            yield (
                field,
                (
                    f"“{{{word}}}” is no placeholder. Use {_listed(PLACEHOLDERS)}, or "
                    "leave the braces out."
                ),
            )


def _unknown_words(text: str) -> list[str]:
    words = re.findall(r"\{([^{}]{0,40})\}", text)
    return sorted({word for word in words if word not in PLACEHOLDERS})


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"{{{word}}}" for word in words)


def _away_throughout(draft: Draft, starts_at: datetime, ends_at: datetime) -> _Found:
    """Covering members who are away for the whole of it, with nobody to step in."""
    ids = [coverer.member.pk for coverer in draft.coverers]
    if draft.fallback:
        ids.append(draft.fallback.pk)
    found = absences.next_absences(ids, starts_at, ends_at)
    gone = {pk for pk in ids if _is_covered(found.get(pk, []), starts_at, ends_at)}
    if draft.fallback and draft.fallback.pk in gone:
        yield (
            "fallback",
            (f"{draft.fallback} is away the whole time too. Choose another fallback."),
        )
    if draft.fallback and draft.fallback.pk not in gone:
        return
    for coverer in draft.coverers:
        if coverer.member.pk in gone:
            yield (
                "covering",
                (
                    f"{coverer.member} is away the whole time too. Choose somebody "
                    "else, or a fallback."
                ),
            )


def _is_covered(
    coverages: Iterable[Coverage], starts_at: datetime, ends_at: datetime
) -> bool:
    """Whether the absences, soonest first, leave no moment of the time free."""
    reached = starts_at
    for coverage in coverages:
        if coverage.starts_at > reached:
            break
        reached = max(reached, coverage.ends_at)
    return reached >= ends_at
