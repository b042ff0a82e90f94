"""Functions that make one valid row each; pass what the test is about."""

import itertools
from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.utils import timezone

from assignments.models import (
    Account,
    Assignment,
    Batch,
    CalendarFeed,
    Campaign,
    Category,
    ChatChannel,
    Coverage,
    CoveringMember,
    Hold,
    Lead,
    LookupTable,
    Mail,
    Member,
    Message,
    Notification,
    OutgoingDelivery,
    OutgoingEndpoint,
    OutgoingEvent,
    RoutingRule,
    SavedPlan,
    SlaTarget,
    Suggestion,
    Team,
    User,
)
from assignments.models.assignment import Cause
from assignments.models.outgoing_webhook import OutgoingKind
from assignments.models.plan import StrategyKind
from assignments.services.bulk import plans
from assignments.services.bulk.allocation import AllocationRequest, PlanPart
from assignments.services.bulk.table_keys import normalized_key
from assignments.services.ledger.batch import AutomaticPlan, Proposal
from assignments.services.mail_content.parsed_mail import parsed_columns
from assignments.services.mail_content.search_text import search_text_of
from assignments.services.outgoing_webhooks.signing_secrets import (
    encrypted,
    new_secret,
)

MONDAY = datetime(2026, 5, 11, 9, 0, tzinfo=UTC)
_numbers = itertools.count(1000)


def make_user(name: str = "Uma User", **fields: Any) -> User:
    first, _, last = name.partition(" ")
    username = fields.pop("username", f"{first.lower()}{next(_numbers)}")
    password = fields.pop("password", "correct horse")
    return User.objects.create_user(
        username, password=password, first_name=first, last_name=last, **fields
    )


def make_manager(name: str = "Sara Klein", **fields: Any) -> User:
    return make_user(name, is_sales_manager=True, **fields)


def make_member(name: str = "Ana Sousa", **fields: Any) -> Member:
    fields.setdefault("source", Member.Source.BOARD)
    return Member.objects.create(
        id=fields.pop("id", next(_numbers)), name=name, **fields
    )


def make_team(name: str = "EMEA", *, leads: tuple[User, ...] = ()) -> Team:
    team = Team.objects.create(name=f"{name} {next(_numbers)}")
    team.team_leads.set(leads)
    return team


def make_campaign(name: str = "Cold storage DACH", **fields: Any) -> Campaign:
    return Campaign.objects.create(
        id=fields.pop("id", next(_numbers)), name=name, **fields
    )


def make_category(name: str = "Interested", **fields: Any) -> Category:
    return Category.objects.create(
        id=fields.pop("id", next(_numbers)), name=name, **fields
    )


def make_lead(
    name: str = "Lena Lead", *, owner: Member | None = None, **fields: Any
) -> Lead:
    """Make a lead last known a second before MONDAY, which replied an hour before
    MONDAY.
    """
    number = next(_numbers)
    first, _, last = name.partition(" ")
    values: dict[str, Any] = {
        "map_id": number,
        "person_id": number + 100_000,
        "email": f"lead-{number}@example.com",
        "first_name": first,
        "last_name": last,
        "owner": owner,
        "owner_known_at": MONDAY - timedelta(seconds=1),
        "last_reply_at": MONDAY - timedelta(hours=1),
        "last_sent_at": MONDAY - timedelta(hours=5),
        "first_seen_at": MONDAY - timedelta(days=1),
        "seen_at": MONDAY,
    }
    lead = Lead(**(values | fields))
    lead.search_text = fields.get("search_text") or search_text_of(lead, lead.campaign)
    lead.save(force_insert=True)
    return lead


def make_assignment(lead: Lead, to: Member | None, **fields: Any) -> Assignment:
    """Make a waiting assignment by a sales manager."""
    values: dict[str, Any] = {
        "expected": lead.owner,
        "cause": "manual",
        "reason": "By hand.",
        "created_at": MONDAY,
    }
    if "actor" not in fields:
        values["actor"] = make_manager()
    return Assignment.objects.create(lead=lead, to=to, **(values | fields))


def make_drift(lead: Lead, ours: Member, *, at: datetime | None = None) -> Lead:
    """Give the lead to `ours` in Handoff, then to its present owner in Smartlead."""
    at = at or timezone.now()
    before = at - timedelta(days=1)
    make_assignment(
        lead, ours, state="done", expected=None, created_at=before, finished_at=before
    )
    make_assignment(
        lead, lead.owner, state="done", cause="outside", actor=None, expected=ours,
        created_at=at, finished_at=at,
    )  # fmt: skip
    return lead


def make_coverage(member: Member, *covering: Member, **fields: Any) -> Coverage:
    """Make a coverage of MONDAY's week, Monday to Friday in UTC, in even shares."""
    first = fields.setdefault("first_day", MONDAY.date())
    last = fields.setdefault("last_day", first + timedelta(days=4))
    zone = ZoneInfo(fields.setdefault("zone", "UTC"))
    midnight = time(tzinfo=zone)
    values: dict[str, Any] = {
        "starts_at": datetime.combine(first, midnight),
        "ends_at": datetime.combine(last + timedelta(days=1), midnight),
        "created_at": MONDAY - timedelta(days=7),
    }
    if fields.get("state") == "completed":
        values["completed_at"] = values["ends_at"]
    if "created_by" not in fields:
        values["created_by"] = make_manager()
    coverage = Coverage.objects.create(member=member, **(values | fields))
    for position, one in enumerate(covering):
        CoveringMember.objects.create(coverage=coverage, member=one, position=position)
    return coverage


def make_hold(coverage: Coverage, lead: Lead, **fields: Any) -> Hold:
    """Make a live hold of a lead of the absent member; with an outcome, an ended one."""
    values: dict[str, Any] = {
        "origin": coverage.member,
        "to": fields.pop("to", None) or coverage.coverers.all()[0].member,
        "state": "live",
        "created_at": coverage.starts_at,
        "taken_at": coverage.starts_at,
    }
    if fields.get("outcome"):
        values |= {"state": "ended", "ended_at": coverage.ends_at}
    return Hold.objects.create(coverage=coverage, lead=lead, **(values | fields))


def make_feed(team: Team | None = None, *, token: str = "secret") -> CalendarFeed:
    return CalendarFeed.objects.create(
        team=team or make_team(),
        token=token,
        created_by=make_manager(),
        created_at=MONDAY,
    )


def make_account(**fields: Any) -> Account:
    account, _ = Account.objects.update_or_create(pk=1, defaults=fields)
    return account


def make_target(minutes: int = 24 * 60, **fields: Any) -> SlaTarget:
    """Set the target of all leads, around the clock, by default."""
    which = {name: fields.pop(name, None) for name in ("campaign", "category")}
    values = {"minutes": minutes, "in_working_hours": False} | fields
    # A migration makes the one for all leads.
    target, _ = SlaTarget.objects.update_or_create(**which, defaults=values)
    return target


def make_absence(member: Member, *, days: int = 3, at: datetime = MONDAY) -> Coverage:
    """Make an active coverage whose last day is that many days from `at`."""
    return Coverage.objects.create(
        member=member,
        first_day=at.date(),
        last_day=at.date() + timedelta(days=days),
        zone="UTC",
        starts_at=at - timedelta(hours=1),
        ends_at=at + timedelta(days=days + 1),
        state=Coverage.State.ACTIVE,
        created_by=make_manager(),
        created_at=at - timedelta(days=1),
    )


def make_plan(leads: Iterable[Lead], *members: Member, **said: Any) -> SavedPlan:
    """Make a preview for these leads; by default everything to the first member."""
    chosen = [lead.pk for lead in leads]
    wish = AllocationRequest(
        strategy=StrategyKind(said.pop("strategy", "member")),
        members=members,
        weights=said.pop("weights", {}),
        table=said.pop("table", None),
    )
    part = PlanPart(leads=Lead.objects.filter(pk__in=chosen), wish=wish)
    said.setdefault("at", MONDAY)
    said["actor"] = said.get("actor") or make_manager()
    return plans.make_plan(parts=[part], **said)


def make_batch(leads: Iterable[Lead], *members: Member, **said: Any) -> Batch:
    """Make a plan and confirm it at once."""
    plan = make_plan(leads, *members, **said)
    return plans.confirm_plan(plan=plan, actor=plan.actor, at=plan.created_at)


def automatic_plan(
    leads: Iterable[Lead], to: Member, *, reason: str = "Rule 1."
) -> AutomaticPlan:
    """A rule's plan that gives all these leads to one member."""
    proposals = tuple(Proposal(lead.pk, to.pk, reason) for lead in leads)
    return AutomaticPlan(cause=Cause.ROUTING, reason=reason, proposals=proposals)


def make_table(lines: dict[str, Member], **fields: Any) -> LookupTable:
    """Make a table by the top-level domain of leads' e-mails, by default."""
    values = {
        "name": f"Table {next(_numbers)}",
        "kind": "territory",
        "attribute": "top_level_domain",
    }
    table = LookupTable.objects.create(**(values | fields))
    for value, member in lines.items():
        table.lines.create(value=value, key=normalized_key(value), member=member)
    return table


def make_rule(*members: Member, **fields: Any) -> RoutingRule:
    """Make an active rule that gives any lead without an owner to its pool, in turn.

    `campaign`, `category`, `client`, `location`, `email_domain`, `top_level_domain`:
    the values of a condition; `custom`: a mapping of fields to theirs.
    """
    number = next(_numbers)
    actor = fields.pop("actor", None) or make_manager()
    asked = {name: fields.pop(name, None) for name in LookupTable.Attribute.values}
    weights, caps = fields.pop("weights", {}), fields.pop("caps", {})
    values: dict[str, Any] = {
        "name": f"Rule {number}",
        "position": number,
        "mode": "on",
        "strategy": "round_robin",
        "created_by": actor,
        "changed_by": actor,
        "changed_at": MONDAY - timedelta(hours=1),
    }
    rule = RoutingRule.objects.create(**(values | fields))
    for field_name, wanted in (asked.pop("custom") or {}).items():
        rule.conditions.create(
            attribute="custom", custom_field=field_name, values=wanted
        )
    for name, wanted in asked.items():
        if wanted:
            said = [str(getattr(one, "pk", one)) for one in wanted]
            rule.conditions.create(attribute=name, values=said)
    for member in members:
        weight, cap = weights.get(member.pk, 1), caps.get(member.pk)
        rule.pool.create(member=member, weight=weight, cap=cap)
    return rule


def make_suggestion(lead: Lead, member: Member, **fields: Any) -> Suggestion:
    values: dict[str, Any] = {
        "owner": lead.owner,
        "reason": f"Rule “R” suggests {member}: the only one free.",
        "created_at": MONDAY,
    }
    rule = fields.pop("rule", None) or make_rule(member, mode="suggest")
    return Suggestion.objects.create(
        lead=lead, member=member, rule=rule, **(values | fields)
    )


def make_notification(
    user: User, subject: str = "3 leads are yours", **fields: Any
) -> Notification:
    values: dict[str, Any] = {
        "kind": "assigned",
        "key": f"key-{next(_numbers)}",
        "path": "/inbox/",
        "created_at": MONDAY,
    }
    return Notification.objects.create(user=user, subject=subject, **(values | fields))


def make_channel(user: User | None = None, **fields: Any) -> ChatChannel:
    """Make a channel of Slack whose address was never one."""
    values: dict[str, Any] = {
        "service": "slack",
        "secret": "never one",
        "created_at": MONDAY,
        "created_by": user,
    }
    return ChatChannel.objects.create(user=user, **(values | fields))


def make_team_channel(team: Team, **fields: Any) -> ChatChannel:
    """Make a channel that a sales manager added to the team."""
    if "created_by" not in fields:
        fields["created_by"] = make_manager()
    return make_channel(team=team, **fields)


def make_message(lead: Lead, body: str = "<p>Hello</p>", **fields: Any) -> Message:
    """Make a mail of the lead's conversation, parsed as the worker leaves it."""
    values: dict[str, Any] = {
        "key": f"key-{next(_numbers)}",
        "direction": "reply",
        "body_html": body,
        **parsed_columns(body, body_cut=0, name="A mail"),
    }
    return Message.objects.create(lead=lead, **(values | fields))


def make_mail(address: str = "ana@example.com", **fields: Any) -> Mail:
    """Make a waiting mail; with an outcome, a refused one."""
    number = next(_numbers)
    values: dict[str, Any] = {
        "message_id": f"<{number}@example.com>",
        "subject": "3 leads are yours",
        "created_at": MONDAY,
    }
    if fields.get("outcome"):
        values |= {"state": "refused", "finished_at": MONDAY}
    return Mail.objects.create(address=address, **(values | fields))


def make_endpoint(**fields: Any) -> OutgoingEndpoint:
    """Make an endpoint that takes all kinds; with `disabled_why`, a disabled one."""
    values: dict[str, Any] = {
        "url": "https://93.184.216.34/hook",  # a number: nothing to look up
        "description": "Board",
        "kinds": OutgoingKind.values,
        "secret": encrypted(new_secret()),
        "created_at": MONDAY,
    }
    if fields.get("disabled_why"):
        values |= {"is_active": False, "disabled_at": MONDAY, "was_stopped": True}
    return OutgoingEndpoint.objects.create(**(values | fields))


def make_delivery(
    endpoint: OutgoingEndpoint | None = None, *, data: Any = None, **fields: Any
) -> OutgoingDelivery:
    """Make a waiting delivery of an event; with an outcome, a failed one."""
    event = OutgoingEvent.objects.create(
        message_id=f"msg_{next(_numbers)}",
        kind="owner.changed",
        data=data or {"lead_id": 7},
        created_at=MONDAY,
    )
    values: dict[str, Any] = {"created_at": MONDAY, "next_attempt_at": MONDAY}
    if fields.get("outcome"):
        values |= {"state": "failed", "finished_at": MONDAY, "attempts": 10}
    return OutgoingDelivery.objects.create(
        event=event, endpoint=endpoint or make_endpoint(), **(values | fields)
    )
