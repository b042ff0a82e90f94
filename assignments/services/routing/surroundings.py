"""What the rules refer to, read for the page that points their flaws out."""

from collections import defaultdict
from datetime import datetime, timedelta

from assignments.models import Campaign, Category, Coverage, Lead, Member
from assignments.services.bulk.table_keys import key_of
from assignments.services.routing.data import Attribute, RuleFacts
from assignments.services.routing.lint import Surroundings

AHEAD = timedelta(weeks=4)
NEWEST = 500  # leads whose custom fields are looked at


def surroundings_at(at: datetime, rules: list[RuleFacts]) -> Surroundings:
    campaigns = {
        str(pk): str(client or "")
        for pk, client in Campaign.objects.order_by().values_list("pk", "client_id")
    }
    known = Category.objects.order_by().values_list("pk", "is_closing")
    categories = {str(pk): is_closing for pk, is_closing in known}
    return Surroundings(
        members={member.pk: member for member in Member.objects.all()},
        absences=_absences(at),
        campaigns=campaigns,
        categories=categories.keys(),
        closing={pk for pk, is_closing in categories.items() if is_closing},
        clients=_clients(campaigns, rules),
        fields=_fields() if _asks_for_fields(rules) else None,
        at=at,
    )


def _absences(at: datetime) -> dict[int, list[Coverage]]:
    found: dict[int, list[Coverage]] = defaultdict(list)
    touching = Coverage.objects.overlapping(at, at + AHEAD)
    for coverage in touching.order_by("starts_at", "pk"):
        found[coverage.member_id].append(coverage)
    return found


def _clients(campaigns: dict[str, str], rules: list[RuleFacts]) -> set[str]:
    """Clients of campaigns, and those asked for that a lead has without one."""
    asked = {
        key
        for rule in rules
        for condition in rule.conditions
        if condition.looked.attribute == Attribute.CLIENT
        for key in condition.values
        if key.isdecimal()
    }
    open_question = asked - set(campaigns.values())
    if not open_question:
        return set(campaigns.values())
    leads = Lead.objects.filter(client_id__in=open_question).order_by()
    found = leads.values_list("client_id", flat=True).distinct()
    return {*campaigns.values(), *(str(one) for one in found)}


def _asks_for_fields(rules: list[RuleFacts]) -> bool:
    looked = [one.looked for rule in rules for one in rule.conditions]
    looked += [rule.table.looked for rule in rules if rule.table]
    return any(one.attribute == Attribute.CUSTOM for one in looked)


def _fields() -> set[str] | None:
    newest = Lead.objects.present().exclude(custom_fields={})
    some = newest.order_by("-reply_order").values_list("custom_fields", flat=True)
    names = {str(name) for fields in some[:NEWEST] for name in fields}
    return {key_of(name) for name in names} or None
