"""Sentences about covering members who are limited to some leads, beside shares."""

from collections.abc import Iterable, Sequence

from django.db.models import Count

from assignments.models import Coverage, CoveringMember, Member
from assignments.services.absence_wording import has_own_scope, scope_in_words
from assignments.services.coverage.preview import CoveragePreview, CovererPreview
from assignments.services.sight import Sight


def limits_ahead(found: CoveragePreview) -> str:
    """Return who takes which leads, and what is left for the shares.

    `Ngozi takes all 8 of Nordics; the shares divide the other 22.` Empty if nobody is
    limited.
    """
    limited = [part for part in found.parts if part.own_scope]
    others = [part.member for part in found.parts if not part.own_scope]
    rest = found.placed - sum(part.leads for part in limited)
    return _sentence(
        [_limit_ahead(part) for part in limited],
        f"{_rest_taker(others)} the other {rest}" if others else "",
    )


def limits_so_far(coverage: Coverage, sight: Sight) -> str:
    """Return how many leads each limited member took so far, and the shares.

    `Ngozi takes the leads of Nordics, 8 so far; the shares divide the rest, 22 so far.`
    Empty if nobody is limited.
    """
    coverers = [one for one in coverage.coverers.all() if one.replaced_at is None]
    limited = [one for one in coverers if has_own_scope(one)]
    if not limited:
        return ""
    others = [one.member for one in coverers if not has_own_scope(one)]
    if coverage.fallback:
        others.append(coverage.fallback)
    seen = coverage.holds.filter(sight.leads("lead__"))
    taken = seen.filter(taken_at__isnull=False).order_by()
    counts = dict(taken.values_list("to").annotate(leads=Count("pk")))
    rest = sum(counts.values()) - sum(counts.get(one.member_id, 0) for one in limited)
    return _sentence(
        [_limit_so_far(one, counts.get(one.member_id, 0)) for one in limited],
        f"{_rest_taker(others)} the rest, {rest} so far" if others else "",
    )


def _rest_taker(others: Sequence[Member]) -> str:
    return f"{others[0]} takes" if len(others) == 1 else "the shares divide"


def _sentence(limits: Sequence[str], rest: str) -> str:
    parts: Iterable[str] = [*limits, rest] if rest else limits
    said = "; ".join(parts)
    return f"{said}." if limits else ""


def _limit_ahead(part: CovererPreview) -> str:
    leads, total, scope = part.leads, part.in_scope, part.own_scope
    if not total:
        return f"{part.member} takes only leads of {scope}, none today"
    if leads < total:
        return f"{part.member} takes {leads} of the {total} of {scope}"
    count = "the 1" if total == 1 else f"all {total}"
    return f"{part.member} takes {count} of {scope}"


def _limit_so_far(coverer: CoveringMember, count: int) -> str:
    scope = scope_in_words(
        [f"{one}" for one in coverer.campaigns.all()],
        [f"{one}" for one in coverer.categories.all()],
    )
    return f"{coverer.member} takes the leads of {scope}, {count} so far"
