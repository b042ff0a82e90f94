"""Warnings about routing rules: unreachable, contradictory, without a member.

Only certain problems are reported: not a rule that several others shadow together.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone

from assignments.models import Campaign, Category, Coverage, Lead, Member
from assignments.services.absence_wording import first_day_away, last_day_away
from assignments.services.bulk.table_keys import lead_keys, normalized_key
from assignments.services.routing.data import (
    Attribute,
    ConditionData,
    LeadAttribute,
    Mode,
    RuleData,
    Whose,
)
from assignments.services.routing.match import attribute_name, has_category_condition

ENDING = LeadAttribute(attribute=Attribute.TOP_LEVEL_DOMAIN)
AHEAD = timedelta(weeks=4)
NEWEST = 500  # leads whose custom fields are looked at


@dataclass(frozen=True, slots=True, kw_only=True)
class LintContext:
    """The members, absences and values that rules refer to, as they are now."""

    members: Mapping[int, Member]
    # Absences of now and of the next AHEAD by member, the soonest first.
    absences: Mapping[int, Sequence[Coverage]]
    # Client by campaign, both as the text of their id ("" without a client).
    campaigns: Mapping[str, str]
    categories: Set[str]
    closing: Set[str]
    clients: Set[str]
    # Keys of the custom fields of the newest leads; None: nothing to compare with.
    fields: Set[str] | None
    at: datetime


def lint_context(at: datetime, rules: list[RuleData]) -> LintContext:
    """Return what these rules refer to, read from the database.

    `fields` is None unless a rule uses custom fields and some lead has one.
    """
    campaigns = {
        str(pk): str(client or "")
        for pk, client in Campaign.objects.order_by().values_list("pk", "client_id")
    }
    known = Category.objects.order_by().values_list("pk", "is_closing")
    categories = {str(pk): is_closing for pk, is_closing in known}
    return LintContext(
        members={member.pk: member for member in Member.objects.all()},
        absences=_absences(at),
        campaigns=campaigns,
        categories=categories.keys(),
        closing={pk for pk, is_closing in categories.items() if is_closing},
        clients=_clients(campaigns, rules),
        fields=_custom_fields() if _uses_custom_fields(rules) else None,
        at=at,
    )


def lint_rules(rules: Sequence[RuleData], context: LintContext) -> dict[int, list[str]]:
    """Return the warnings, as sentences, about each rule that is not off, by its id.

    A rule without warnings has an empty list. `rules` are in their order: one is
    unreachable only because of a rule before it.
    """
    active = [rule for rule in rules if rule.mode != Mode.OFF]
    return {
        rule.pk: [
            *_unreachable(rule, active[:place], context),
            *_contradictions(rule, context),
            *_unknown_values(rule, context),
            *_unavailable_members(rule, context),
            *_leads_passed_on(rule, active, context),
        ]
        for place, rule in enumerate(active)
    }


# ── Unreachable ─────────────────────────────────────────────────────────────────
def _unreachable(
    rule: RuleData, before: Sequence[RuleData], context: LintContext
) -> Iterator[str]:
    for other in before:
        if shadows(other, rule, context.closing):
            yield (
                f"It is never reached: “{other.name}” stands before it and "
                "matches everything that it matches. Move it up, or narrow the other "
                "one."
            )
            return


def shadows(first: RuleData, second: RuleData, closing: Set[str]) -> bool:
    """Return whether the first rule certainly matches every lead that the second
    matches.

    False if that is not certain from the two rules' owner states, `since`, conditions
    and tables alone. `closing`: ids of closing categories, as text.
    """
    return (
        first.whose in {second.whose, Whose.EITHER}
        and _applies_as_early(first, second)
        and not (first.table and not first.pool)
        and (has_category_condition(first) or not _wants_closed(second, closing))
        and all(_implied(asked, second) for asked in first.conditions)
    )


def _applies_as_early(first: RuleData, second: RuleData) -> bool:
    if first.since is None:
        return True
    return second.since is not None and first.since <= second.since


def _wants_closed(rule: RuleData, closing: Set[str]) -> bool:
    """Return whether a condition of the rule names a category whose id is in `closing`."""
    return any(
        condition.source.attribute == Attribute.CATEGORY
        and not closing.isdisjoint(condition.values)
        for condition in rule.conditions
    )


def _implied(asked: ConditionData, rule: RuleData) -> bool:
    """Return whether one of the rule's conditions, by itself, implies `asked`."""
    return any(_narrows(known, asked) for known in rule.conditions)


def _narrows(known: ConditionData, asked: ConditionData) -> bool:
    """Return True if every lead that meets `known` certainly meets `asked`.

    False for two different attributes, except an e-mail domain and its ending.
    """
    wanted = asked.values.keys()
    if asked.source == ENDING and known.source.attribute == Attribute.EMAIL_DOMAIN:
        return all(_ends_in(domain, wanted) for domain in known.values)
    if asked.source != known.source:
        return False
    if asked.source == ENDING:
        return all(_ends_in(f"any.{end}", wanted) for end in known.values)
    return known.values.keys() <= wanted


def _ends_in(domain: str, endings: Set[str]) -> bool:
    """Return whether a domain has one of the endings (both as keys).

    A domain is no ending of itself: of a.co.uk these are co.uk and uk.
    """
    return not endings.isdisjoint(lead_keys(ENDING, f"x@{domain}"))


# ── Never true ──────────────────────────────────────────────────────────────────
def _contradictions(rule: RuleData, context: LintContext) -> Iterator[str]:
    asked = {condition.source: condition for condition in rule.conditions}
    domains = asked.get(LeadAttribute(attribute=Attribute.EMAIL_DOMAIN))
    endings = asked.get(ENDING)
    if (
        domains
        and endings
        and not any(_ends_in(d, endings.values.keys()) for d in domains.values)
    ):
        yield "It matches nothing: none of its e-mail domains has one of its endings."
    campaigns = asked.get(LeadAttribute(attribute=Attribute.CAMPAIGN))
    clients = asked.get(LeadAttribute(attribute=Attribute.CLIENT))
    if campaigns and clients:
        theirs = {context.campaigns.get(campaign) for campaign in campaigns.values}
        if None not in theirs and theirs.isdisjoint(clients.values):
            yield "It matches nothing: none of its campaigns belongs to its clients."


# ── Unknown values ──────────────────────────────────────────────────────────────
def _unknown_values(rule: RuleData, context: LintContext) -> Iterator[str]:
    known: dict[str, Set[str]] = {
        Attribute.CAMPAIGN: context.campaigns.keys(),
        Attribute.CATEGORY: context.categories,
        Attribute.CLIENT: context.clients,
    }
    for condition in rule.conditions:
        attribute = condition.source.attribute
        if attribute in known:
            word = attribute_name(condition.source)
            for key in condition.values.keys() - known[attribute]:
                yield f"There is no {word} {condition.values[key]} (any more)."
        elif attribute == Attribute.CUSTOM:
            yield from _unknown_field(condition.source, context)
    if rule.table and rule.table.source.attribute == Attribute.CUSTOM:
        yield from _unknown_field(rule.table.source, context)
    if rule.table and not rule.table.lines:
        yield f"The table “{rule.table.name}” has no line yet."


def _unknown_field(source: LeadAttribute, context: LintContext) -> Iterator[str]:
    wanted = normalized_key(source.custom_field)
    if context.fields is not None and wanted not in context.fields:
        yield f"None of the newest leads has a field “{source.custom_field}”."


# ── Members who are inactive or away ────────────────────────────────────────────
def _unavailable_members(rule: RuleData, context: LintContext) -> Iterator[str]:
    members = [context.members[pk] for pk in sorted(rule.members)]
    active = [member for member in members if member.is_active]
    if members and not active:
        yield "Nobody in its pool is active: its leads stay where they are."
        return
    gone = [f"{member}" for member in members if not member.is_active]
    if gone:
        yield f"Deactivated, and passed over: {', '.join(gone)}."
    known = [_present_absence(member.pk, context) for member in active]
    absences = [absence for absence in known if absence is not None]
    if active and len(absences) == len(active):
        first_back = min(absences, key=_end)
        until = last_day_away(first_back, timezone.get_current_timezone())
        yield f"Everybody in its pool is away until {until}: its leads wait."


def _leads_passed_on(
    rule: RuleData, active: Sequence[RuleData], context: LintContext
) -> Iterator[str]:
    """Yield a warning for each active member of the rule who goes away within AHEAD.

    Only if the rule is on, and some rule that is on takes leads of absent owners: it
    would pass on what this rule gives them. Ordered by member id.
    """
    takers = [
        other
        for other in active
        if other.whose != Whose.NOBODYS and other.mode == Mode.ON
    ]
    if not takers or rule.mode != Mode.ON:
        return
    for pk in sorted(rule.members):
        absences = context.absences.get(pk, ())
        coming = [absence for absence in absences if absence.starts_at > context.at]
        if not coming or not context.members[pk].is_active:
            continue
        by = "this rule itself" if rule in takers else f"“{takers[0].name}”"
        first = coming[0]
        reader = timezone.get_current_timezone()
        yield (
            f"{context.members[pk]} is away from {first_day_away(first, reader)} to "
            f"{last_day_away(first, reader)}: what it gives them until then and their "
            f"coverage does not take is given on by {by}, and does not come back."
        )


def _end(absence: Coverage) -> datetime:
    return absence.ends_at


def _present_absence(member_id: int, context: LintContext) -> Coverage | None:
    """Return the member's absence that has begun by `context.at`, of several the one
    that ends last; None if they are not away.
    """
    absences = context.absences.get(member_id, ())
    now = [absence for absence in absences if absence.starts_at <= context.at]
    return max(now, key=_end, default=None)


# ── What the rules refer to, read from the database ─────────────────────────────
def _absences(at: datetime) -> dict[int, list[Coverage]]:
    """Return the agreed coverages that overlap [at, at + AHEAD), by member id, the
    soonest start first.
    """
    by_member: dict[int, list[Coverage]] = defaultdict(list)
    touching = Coverage.objects.overlapping(at, at + AHEAD)
    for coverage in touching.order_by("starts_at", "pk"):
        by_member[coverage.member_id].append(coverage)
    return by_member


def _clients(campaigns: dict[str, str], rules: list[RuleData]) -> set[str]:
    """Return client ids as text: those of all campaigns, and of those named in
    conditions of the rules the ones that some lead has.
    """
    asked = {
        key
        for rule in rules
        for condition in rule.conditions
        if condition.source.attribute == Attribute.CLIENT
        for key in condition.values
        if key.isdecimal()
    }
    unknown = asked - set(campaigns.values())
    if not unknown:
        return set(campaigns.values())
    leads = Lead.objects.filter(client_id__in=unknown).order_by()
    clients = leads.values_list("client_id", flat=True).distinct()
    return {*campaigns.values(), *(str(client) for client in clients)}


def _uses_custom_fields(rules: list[RuleData]) -> bool:
    """Return whether a condition or the table of one of the rules looks at a custom
    field.
    """
    attributes = [c.source.attribute for rule in rules for c in rule.conditions]
    attributes += [rule.table.source.attribute for rule in rules if rule.table]
    return Attribute.CUSTOM in attributes


def _custom_fields() -> set[str] | None:
    """Return the keys of the custom fields of the NEWEST present leads, by reply, that
    have any; None if no lead has one.
    """
    newest = Lead.objects.present().exclude(custom_fields={})
    rows = newest.order_by("-reply_order").values_list("custom_fields", flat=True)
    names = {str(name) for fields in rows[:NEWEST] for name in fields}
    return {normalized_key(name) for name in names} or None
