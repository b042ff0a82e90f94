"""What is wrong with a set of rules: unreachable, contradictory, without anybody. Pure.

Only what is certain is said: a rule that several others cover together is not found.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from assignments.models import Campaign, Category, Coverage, Lead, Member
from assignments.services.absence_wording import first_day_away, last_day_away
from assignments.services.bulk.table_keys import key_of, keys_of
from assignments.services.routing.data import (
    Attribute,
    ConditionFacts,
    Looked,
    Mode,
    RuleFacts,
    Whose,
)
from assignments.services.routing.match import asks_category, name_of

ENDING = Looked(attribute=Attribute.TOP_LEVEL_DOMAIN)
AHEAD = timedelta(weeks=4)
NEWEST = 500  # leads whose custom fields are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What rules refer to, as it is known now."""

    members: Mapping[int, Member]
    # Absences of now and of the next weeks, the soonest first.
    absences: Mapping[int, Sequence[Coverage]]
    # Each campaign with its client.
    campaigns: Mapping[str, str]
    categories: Set[str]
    closing: Set[str]
    clients: Set[str]
    # Names of custom fields of the newest leads; None: there are none to compare with.
    fields: Set[str] | None
    at: datetime


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


def flaws_of(rules: Sequence[RuleFacts], about: Surroundings) -> dict[int, list[str]]:
    """Sentences about each rule that is not off, by its key."""
    active = [rule for rule in rules if rule.mode != Mode.OFF]
    return {
        rule.pk: [
            *_unreachable(rule, active[:place], about),
            *_contradicting(rule, about),
            *_lost_values(rule, about),
            *_nobody_there(rule, about),
            *_looping(rule, active, about),
        ]
        for place, rule in enumerate(active)
    }


# ── Behind another one ──────────────────────────────────────────────────────────
def _unreachable(
    rule: RuleFacts, before: Sequence[RuleFacts], about: Surroundings
) -> Iterator[str]:
    for other in before:
        if covers(other, rule, about.closing):
            yield (
                f"It is never reached: “{other.name}” stands before it and "
                "matches everything that it matches. Move it up, or narrow the other "
                "one."
            )
            return


def covers(first: RuleFacts, second: RuleFacts, closing: Set[str]) -> bool:
    """Whether every lead that the second matches is matched by the first."""
    return (
        first.whose in {second.whose, Whose.EITHER}
        and _begins_no_later(first, second)
        and not (first.table and not first.pool)
        and (asks_category(first) or not _asks_closed(second, closing))
        and all(_implied(asked, second) for asked in first.conditions)
    )


def _begins_no_later(first: RuleFacts, second: RuleFacts) -> bool:
    if first.since is None:
        return True
    return second.since is not None and first.since <= second.since


def _asks_closed(rule: RuleFacts, closing: Set[str]) -> bool:
    return any(
        condition.looked.attribute == Attribute.CATEGORY
        and not closing.isdisjoint(condition.values)
        for condition in rule.conditions
    )


def _implied(asked: ConditionFacts, rule: RuleFacts) -> bool:
    """Whether whatever the rule matches has what is asked for."""
    return any(_narrows(known, asked) for known in rule.conditions)


def _narrows(known: ConditionFacts, asked: ConditionFacts) -> bool:
    wanted = asked.values.keys()
    if asked.looked == ENDING and known.looked.attribute == Attribute.EMAIL_DOMAIN:
        return all(_ends_in(domain, wanted) for domain in known.values)
    if asked.looked != known.looked:
        return False
    if asked.looked == ENDING:
        return all(_ends_in(f"any.{end}", wanted) for end in known.values)
    return known.values.keys() <= wanted


def _ends_in(domain: str, endings: Set[str]) -> bool:
    return not endings.isdisjoint(keys_of(ENDING, f"x@{domain}"))


def _any_ends_in(domains: Iterable[str], endings: Mapping[str, str]) -> bool:
    return any(_ends_in(domain, endings.keys()) for domain in domains)


# ── Never true ──────────────────────────────────────────────────────────────────
def _contradicting(rule: RuleFacts, about: Surroundings) -> Iterator[str]:
    asked = {one.looked: one for one in rule.conditions}
    domains = asked.get(Looked(attribute=Attribute.EMAIL_DOMAIN))
    endings = asked.get(ENDING)
    if domains and endings and not _any_ends_in(domains.values, endings.values):
        yield "It matches nothing: none of its e-mail domains has one of its endings."
    campaigns = asked.get(Looked(attribute=Attribute.CAMPAIGN))
    clients = asked.get(Looked(attribute=Attribute.CLIENT))
    if campaigns and clients:
        theirs = {about.campaigns.get(one) for one in campaigns.values}
        if None not in theirs and theirs.isdisjoint(clients.values):
            yield "It matches nothing: none of its campaigns belongs to its clients."


# ── Values that are gone ────────────────────────────────────────────────────────
def _lost_values(rule: RuleFacts, about: Surroundings) -> Iterator[str]:
    known: dict[str, Set[str]] = {
        Attribute.CAMPAIGN: about.campaigns.keys(),
        Attribute.CATEGORY: about.categories,
        Attribute.CLIENT: about.clients,
    }
    for condition in rule.conditions:
        attribute = condition.looked.attribute
        if attribute in known:
            word = name_of(condition.looked)
            for key in condition.values.keys() - known[attribute]:
                yield f"There is no {word} {condition.values[key]} (any more)."
        elif attribute == Attribute.CUSTOM:
            yield from _lost_field(condition.looked, about)
    if rule.table and rule.table.looked.attribute == Attribute.CUSTOM:
        yield from _lost_field(rule.table.looked, about)
    if rule.table and not rule.table.lines:
        yield f"The table “{rule.table.name}” has no line yet."


def _lost_field(looked: Looked, about: Surroundings) -> Iterator[str]:
    wanted = key_of(looked.custom_field)
    if about.fields is not None and wanted not in about.fields:
        yield f"None of the newest leads has a field “{looked.custom_field}”."


# ── Nobody to give to, and leads that would wander ──────────────────────────────
def _nobody_there(rule: RuleFacts, about: Surroundings) -> Iterator[str]:
    members = [about.members[pk] for pk in sorted(rule.members)]
    active = [member for member in members if member.is_active]
    if members and not active:
        yield "Nobody in its pool is active: its leads stay where they are."
        return
    gone = [f"{member}" for member in members if not member.is_active]
    if gone:
        yield f"Deactivated, and passed over: {', '.join(gone)}."
    known = [_present_absence(member.pk, about) for member in active]
    absences = [absence for absence in known if absence is not None]
    if active and len(absences) == len(active):
        first_back = min(absences, key=_end)
        until = last_day_away(first_back, timezone.get_current_timezone())
        yield f"Everybody in its pool is away until {until}: its leads wait."


def _looping(
    rule: RuleFacts, active: Sequence[RuleFacts], about: Surroundings
) -> Iterator[str]:
    """Leads given to somebody who goes away soon are taken from them again."""
    takers = [
        one for one in active if one.whose != Whose.NOBODYS and one.mode == Mode.ON
    ]
    if not takers or rule.mode != Mode.ON:
        return
    for pk in sorted(rule.members):
        coming = [one for one in about.absences.get(pk, ()) if one.starts_at > about.at]
        if not coming or not about.members[pk].is_active:
            continue
        by = "this rule itself" if rule in takers else f"“{takers[0].name}”"
        first, reader = coming[0], timezone.get_current_timezone()
        yield (
            f"{about.members[pk]} is away from {first_day_away(first, reader)} to "
            f"{last_day_away(first, reader)}: what it gives them until then and their "
            f"coverage does not take is given on by {by}, and does not come back."
        )


def _end(absence: Coverage) -> datetime:
    return absence.ends_at


def _present_absence(member_id: int, about: Surroundings) -> Coverage | None:
    """Return the coverage for which the member is away now and that ends last."""
    now = [
        one for one in about.absences.get(member_id, ()) if one.starts_at <= about.at
    ]
    return max(now, key=_end, default=None)


# ── What the rules refer to, read from the database ─────────────────────────────
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
