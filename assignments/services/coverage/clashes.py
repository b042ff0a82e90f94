"""Clashes of proposed absences with agreed ones, in words for whoever confirms them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date

from assignments.models import Coverage, CoveringMember, Member
from assignments.services.absence_wording import (
    coverage_zone,
    day_runs_in_words,
    join_names,
)
from assignments.services.coverage.calendar import (
    TimeWindow,
    absences_between,
    common_absences,
    days_touched,
)


def clash_sentences(coverages: Iterable[Coverage], *, today: date) -> dict[int, str]:
    """Return one line by coverage id: what to know before it is confirmed.

    The away member covers for somebody else on the same days; or one who is to cover is
    away then, or deactivated. Coverages without any of it are left out. `coverages` are
    from `coverages_with_coverers`; two queries, however many they are.
    """
    known = list(coverages)
    if not known:
        return {}
    starts_at = min(coverage.starts_at for coverage in known)
    ends_at = max(coverage.ends_at for coverage in known)
    absences = absences_between(starts_at, ends_at)
    commitments = _commitments(known, (starts_at, ends_at))
    lines = {
        coverage.pk: " ".join(
            [
                *_covers_for(coverage, commitments),
                *_missing_coverers(coverage, absences, today),
            ]
        )
        for coverage in known
    }
    return {pk: line for pk, line in lines.items() if line}


def _commitments(
    coverages: Sequence[Coverage], window: TimeWindow
) -> list[CoveringMember]:
    """Return where the away members cover in agreed coverages, the soonest first."""
    agreed = Coverage.objects.overlapping(*window)
    rows = CoveringMember.objects.filter(
        coverage__in=agreed.exclude(state=Coverage.State.COMPLETED),
        member__in={coverage.member_id for coverage in coverages},
        replaced_at=None,
    )
    return list(
        rows.select_related("coverage__member").order_by("coverage__starts_at", "pk")
    )


def _covers_for(
    coverage: Coverage, commitments: Sequence[CoveringMember]
) -> Iterable[str]:
    names = [
        f"{one.coverage.member}"
        for one in commitments
        if one.member_id == coverage.member_id
        and one.coverage.starts_at < coverage.ends_at
        and one.coverage.ends_at > coverage.starts_at
    ]
    if names:
        who = join_names([*dict.fromkeys(names)])
        # docs/design/coverage-rules.md, rule 28
        yield (
            f"{coverage.member} covers for {who} on these days; once {coverage.member} "
            "is away, those leads go to others who cover, if anybody is free."
        )


def _missing_coverers(
    coverage: Coverage, absences: Mapping[int, list[TimeWindow]], today: date
) -> Iterable[str]:
    for member in _covering(coverage):
        if not member.is_active:
            yield (
                f"{member} is to cover and has been deactivated: change the proposal "
                "before you confirm it."
            )
            continue
        window = (coverage.starts_at, coverage.ends_at)
        away = common_absences(window, [absences.get(member.pk, [])])
        if days := days_touched(away, coverage_zone(coverage)):
            words = day_runs_in_words(days, today=today)
            yield f"{member} is away on {words} and does not cover then."


def _covering(coverage: Coverage) -> list[Member]:
    rows = [one for one in coverage.coverers.all() if one.replaced_at is None]
    members = [one.member for one in rows]
    if coverage.fallback and coverage.fallback not in members:
        members.append(coverage.fallback)
    return members
