"""Rules and tables that name a member: where routing would give them leads."""

from dataclasses import dataclass

from django.db.models import Count, Q

from assignments.models import LookupTable, Member, RoutingRule, Team


@dataclass(frozen=True, slots=True, kw_only=True)
class RoutingPlaces:
    # Rules with the member in their pool, each with `others`: active members beside them.
    rules: list[RoutingRule]
    # Tables that name the member, each with `named`: in how many lines.
    tables: list[LookupTable]
    # Teams that the member's login leads.
    led: list[Team]

    def __bool__(self) -> bool:
        return bool(self.rules or self.tables or self.led)


def routing_places_of(member: Member) -> RoutingPlaces:
    """Return the kept rules and the tables that name the member, and the teams they
    lead.
    """
    active = Q(pool__member__is_active=True) & ~Q(pool__member=member)
    rules = RoutingRule.objects.kept().annotate(
        others=Count("pool", filter=active),
        own=Count("pool", filter=Q(pool__member=member)),
    )
    named = Count("lines", filter=Q(lines__member=member))
    tables = LookupTable.objects.annotate(named=named).filter(named__gt=0)
    led = Team.objects.filter(team_leads=member.user) if member.user else ()
    return RoutingPlaces(
        rules=list(rules.filter(own__gt=0)), tables=list(tables), led=list(led)
    )
