"""Coverages as people plan them, and the problems of such a draft in sentences."""

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
LONGEST_COVERAGE = timedelta(days=366)
TOO_LONG = "A coverage lasts a year at the most. Choose an earlier last day."
MOST_SHARE = Decimal(1000)
FINEST_SHARE = Decimal("0.01")

type Problems = dict[str, list[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftCoverer:
    """One covering member. With campaigns or categories (ids) the share is unused."""

    member: Member
    share: Decimal = Decimal(1)
    campaigns: tuple[int, ...] = ()
    categories: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CoverageDraft:
    """A coverage as it was typed; campaigns and categories are ids, empty for all.

    `from_now`: the absence starts at once, whatever the first day says.
    """

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
    from_now: bool = False

    def window(self, at: datetime) -> tuple[datetime, datetime]:
        """Return start and end in UTC, half open, by `periods.absence_window`.

        With `from_now` the start is `at` as it is given.
        """
        # From now on, the first day may be one that no calendar has.
        first_day = self.last_day if self.from_now else self.first_day
        starts_at, ends_at = periods.absence_window(
            first_day, self.last_day, self.first_time, self.last_time, self.zone
        )
        return (at, ends_at) if self.from_now else (starts_at, ends_at)


def draft_from(coverage: Coverage) -> CoverageDraft:
    """Return a saved coverage as a draft, without replaced coverers.

    Ids of campaigns and categories are ascending; `from_now` is False.
    """
    coverers = [
        coverer for coverer in coverage.coverers.all() if coverer.replaced_at is None
    ]
    return CoverageDraft(
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


def _ids(items: Manager[Any]) -> tuple[int, ...]:
    return tuple(sorted(item.pk for item in items.all()))


def draft_problems(
    draft: CoverageDraft, at: datetime, actor: User, *, existing: Coverage | None = None
) -> Problems:
    """Return the problems by field, as sentences; empty if it can be saved.

    They are about rights of `actor`, members, shares, notes and days; overlaps with
    other agreed absences, and coverers away the whole time, are looked for only if the
    days are sound. With `existing`, the coverage to be confirmed or changed, its own
    time is no overlap, and its present coverers and fallback may stay.
    """
    sentences_by_field: Problems = {}
    for field, sentence in _all_problems(draft, at, actor, existing):
        sentences_by_field.setdefault(field, []).append(sentence)
    return sentences_by_field


def cannot_be_previewed(draft: CoverageDraft, at: datetime) -> bool:
    """Return whether its zone, days, times or shares have problems."""
    return bool(dict(_day_problems(draft, at)) or dict(_share_problems(draft)))


def overlapping_coverage(
    member: Member,
    starts_at: datetime,
    ends_at: datetime,
    *,
    existing: Coverage | None = None,
) -> Coverage | None:
    """Return the soonest agreed coverage of the member in that time, or None.

    Proposed and cancelled ones do not count, nor does `existing`.
    """
    others = Coverage.objects.overlapping(starts_at, ends_at).filter(member=member)
    return others.exclude(pk=existing.pk if existing else 0).first()


def overlap_sentence(other: Coverage) -> str:
    """Return a sentence that the member of `other` is away then.

    It names the first and last day and the id of `other`, and says what to do.
    """
    reader = timezone.get_current_timezone()
    return (
        f"{other.member} is already away from {first_day_away(other, reader)} to "
        f"{last_day_away(other, reader)} (coverage {other.pk}). Open that one and extend "
        "it, or choose other days."
    )


type _FieldProblems = Iterator[tuple[str, str]]


def _all_problems(
    draft: CoverageDraft, at: datetime, actor: User, existing: Coverage | None
) -> _FieldProblems:
    if why_not := access.why_not_cover(actor, draft.member):
        yield "member", why_not
    if not draft.member.is_active:
        yield "member", f"{draft.member} has been deactivated. Choose somebody else."
    yield from _coverer_problems(draft)
    yield from _right_problems(draft, actor, existing)
    yield from _weight_problems(draft)
    yield from _note_problems(draft)
    if day_problems := dict(_day_problems(draft, at)):
        yield from day_problems.items()
        return
    yield from _calendar_problems(draft, at, existing)


def _day_problems(draft: CoverageDraft, at: datetime) -> _FieldProblems:
    if draft.zone not in available_timezones():
        yield "zone", f"“{draft.zone[:60]}” is no time zone. Choose one of the list."
        return
    today = at.astimezone(ZoneInfo(draft.zone)).date()
    first_day = today if draft.from_now else draft.first_day
    if first_day < today - FAR_BACK:
        yield "first_day", "The first day is long past. Choose a day from today on."
    elif first_day > today + FAR_AHEAD:
        yield "first_day", "The first day is years away. Choose one within two years."
    elif draft.last_day > today + FAR_AHEAD + LONGEST_COVERAGE:
        yield "last_day", "The last day is years away. Choose one within two years."
    elif draft.last_day < first_day:
        yield "last_day", "It ends before it starts. Choose a later last day."
    elif draft.last_day - first_day > LONGEST_COVERAGE:
        yield "last_day", TOO_LONG
    else:
        yield from _moment_problems(draft, at)


def _moment_problems(draft: CoverageDraft, at: datetime) -> _FieldProblems:
    starts_at, ends_at = draft.window(at)
    field = "last_time" if draft.last_time else "last_day"
    if ends_at <= at:
        yield field, "It is already over. Choose a later last day."
    elif ends_at <= starts_at:
        yield field, "It ends before it starts. Choose a later end."


def _calendar_problems(
    draft: CoverageDraft, at: datetime, existing: Coverage | None
) -> _FieldProblems:
    starts_at, ends_at = draft.window(at)
    if other := overlapping_coverage(
        draft.member, starts_at, ends_at, existing=existing
    ):
        yield "first_day", overlap_sentence(other)
    yield from _absence_problems(draft, max(starts_at, at), ends_at)


def _coverer_problems(draft: CoverageDraft) -> _FieldProblems:
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


def _right_problems(
    draft: CoverageDraft, actor: User, existing: Coverage | None
) -> _FieldProblems:
    """Yield a problem for each coverer or fallback to whom `actor` may not give leads.

    Skipped are present coverers and fallback of `existing`, inactive members and the
    absent one.
    """
    named = {one.member.pk: ("covering", one.member) for one in draft.coverers}
    if draft.fallback:
        named.setdefault(draft.fallback.pk, ("fallback", draft.fallback))
    allowed = set(access.choosable_members(actor).values_list("pk", flat=True))
    if existing:
        allowed |= {existing.fallback_id or 0}
        allowed |= set(existing.coverers.values_list("member", flat=True))
    for pk, (field, member) in named.items():
        if pk not in allowed and member.is_active and member != draft.member:
            yield field, access.not_in_team_sentence(member)


def _share_problems(draft: CoverageDraft) -> _FieldProblems:
    for coverer in draft.coverers:
        name = f"share_{coverer.member.pk}"
        if not 0 <= coverer.share <= MOST_SHARE:
            yield name, f"A share is a number from 0 to {MOST_SHARE}."
        elif coverer.share != coverer.share.quantize(FINEST_SHARE):
            yield name, "A share has two decimals at the most, as in 0.25."


def _weight_problems(draft: CoverageDraft) -> _FieldProblems:
    yield from _share_problems(draft)
    general = [one for one in draft.coverers if not (one.campaigns or one.categories)]
    if general and all(one.share <= 0 for one in general):
        yield "covering", "The shares add up to nothing. Give somebody more than 0."


def _note_problems(draft: CoverageDraft) -> _FieldProblems:
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
                    f"“{{{word}}}” is no placeholder. Use {_in_braces(PLACEHOLDERS)}, or "
                    "leave the braces out."
                ),
            )


def _unknown_words(text: str) -> list[str]:
    words = re.findall(r"\{([^{}]{0,40})\}", text)
    return sorted({word for word in words if word not in PLACEHOLDERS})


def _in_braces(words: Iterable[str]) -> str:
    return ", ".join(f"{{{word}}}" for word in words)


def _absence_problems(
    draft: CoverageDraft, starts_at: datetime, ends_at: datetime
) -> _FieldProblems:
    """Yield a problem for each coverer, and for the fallback, away the whole time.

    Coverers are skipped if there is a fallback who is not away the whole time.
    """
    ids = [coverer.member.pk for coverer in draft.coverers]
    if draft.fallback:
        ids.append(draft.fallback.pk)
    member_absences = absences.absences_by_member(ids, starts_at, ends_at)
    away_ids = {
        pk for pk in ids if _cover_all(member_absences.get(pk, []), starts_at, ends_at)
    }
    if draft.fallback and draft.fallback.pk in away_ids:
        yield (
            "fallback",
            (f"{draft.fallback} is away the whole time too. Choose another fallback."),
        )
    if draft.fallback and draft.fallback.pk not in away_ids:
        return
    for coverer in draft.coverers:
        if coverer.member.pk in away_ids:
            yield (
                "covering",
                (
                    f"{coverer.member} is away the whole time too. Choose somebody "
                    "else, or a fallback."
                ),
            )


def _cover_all(
    coverages: Iterable[Coverage], starts_at: datetime, ends_at: datetime
) -> bool:
    """Return whether the absences, soonest first, together cover the whole time."""
    away_until = starts_at
    for coverage in coverages:
        if coverage.starts_at > away_until:
            break
        away_until = max(away_until, coverage.ends_at)
    return away_until >= ends_at
