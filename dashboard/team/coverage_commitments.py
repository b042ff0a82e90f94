"""Coverages of somebody who leaves: their own, and those they cover in."""

from dataclasses import dataclass

from django.db.models import Count, Q

from assignments.models import Coverage, Member
from assignments.models.coverage import OVER
from assignments.services.sight import Sight


@dataclass(frozen=True, slots=True, kw_only=True)
class Ties:
    # Coverages with leads that lie with this member, each with `held`.
    covering: list[Coverage]
    # Those in which they are to cover, and hold nothing yet.
    promised: list[Coverage]
    # Absences of their own that are not over, each with `held`: leads that come back.
    own: list[Coverage]

    def __bool__(self) -> bool:
        return bool(self.covering or self.promised or self.own)


def ties_of(member: Member, sight: Sight) -> Ties:
    live = Q(holds__state="live") & sight.leads("holds__lead__")
    open_ones = Coverage.objects.exclude(state="proposed").unfinished()
    known = open_ones.select_related("member").order_by("starts_at", "pk")
    covering = list(
        known.annotate(held=Count("holds", filter=live & Q(holds__to=member))).filter(
            held__gt=0
        )
    )
    is_asked = Q(coverers__member=member, coverers__replaced_at=None)
    promised = known.filter(is_asked | Q(fallback=member)).exclude(state__in=OVER)
    own = known.filter(member=member).annotate(held=Count("holds", filter=live))
    busy = {one.pk for one in covering}
    return Ties(
        covering=covering,
        promised=[one for one in promised.distinct() if one.pk not in busy],
        own=list(own),
    )
