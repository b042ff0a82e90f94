"""The lists of the master inbox and its single thread."""

from collections.abc import Callable
from typing import Any

from assignments.sandbox import serializers
from assignments.sandbox.call import ApiResponse, Call, rejected
from assignments.sandbox.fault_effects import disturb
from assignments.sandbox.records import FakeLead
from assignments.sandbox.validation import (
    FLAG,
    Schema,
    SchemaField,
    Validator,
    boolean,
    integer,
    just_one,
    keys,
    many,
    moment,
    nullable,
    one_of,
    one_or_many,
    optional,
    text,
)

STATUSES = (
    "Opened",
    "Clicked",
    "Replied",
    "Unsubscribed",
    "Bounced",
    "Accepted",
    "Not Replied",
)
USUAL_SORTS = ("REPLY_TIME_DESC", "SENT_TIME_DESC")
DEFAULT_LIMIT = 20
MOST_ROWS = 20
SEARCH_LENGTH = 30
# Their pages list no `fetch_message_history`.
WITHOUT_HISTORY = {"sent", "reminders"}
SINGLE_VALUED = {"assigned-me", "views"}

IS_LISTED: dict[str, Callable[[FakeLead], bool]] = {
    "inbox-replies": lambda lead: lead.last_reply_at is not None,
    "unread-replies": lambda lead: lead.is_unread,
    "important": lambda lead: lead.is_important,
    "snoozed": lambda lead: lead.is_snoozed,
    "archived": lambda lead: lead.is_archived,
    "scheduled": lambda lead: lead.next_send_at is not None,
    "reminders": lambda lead: lead.reminder_at is not None,
    "sent": lambda lead: lead.last_sent_at is not None,
    "assigned-me": lambda lead: True,
    "views": lambda lead: True,
}
LISTS = tuple(IS_LISTED)

HAS_STATUS: dict[str, Callable[[FakeLead], bool]] = {
    "Opened": lambda lead: any(message.opens for message in lead.messages),
    "Clicked": lambda lead: any(message.clicks for message in lead.messages),
    "Replied": lambda lead: lead.last_reply_at is not None,
    "Unsubscribed": lambda lead: lead.is_unsubscribed,
    "Bounced": lambda lead: lead.is_bounced,
    "Accepted": lambda lead: lead.last_sent_at is not None and not lead.is_bounced,
    "Not Replied": lambda lead: lead.last_reply_at is None,
}


def _sorts(name: str) -> tuple[str, ...]:
    special = {"scheduled": "SCHEDULED_TIME", "reminders": "REMINDER_TIME"}
    if name in special:
        return f"{special[name]}_DESC", f"{special[name]}_ASC"
    return USUAL_SORTS


def _ids(name: str, *, most: int | None) -> SchemaField:
    check: Validator = integer(least=1)
    many_or_one = just_one if name in SINGLE_VALUED else _up_to(most)
    return optional(nullable(many_or_one(check)))


def _up_to(most: int | None) -> Callable[[Validator], Validator]:
    return lambda item: one_or_many(item, most=most)


def _filters(name: str, *, takes_window: bool) -> Schema:
    status = one_of(*STATUSES)
    is_sent, is_inbox = name == "sent", name == "inbox-replies"
    groups = None if is_sent else 10
    found = {
        "search": optional(nullable(text(most=SEARCH_LENGTH, can_be_empty=True))),
        "leadCategories": optional(nullable(keys(CATEGORY_FILTER))),
        "emailStatus": optional(
            nullable(just_one(status) if name in SINGLE_VALUED else one_or_many(status))
        ),
        "campaignId": _ids(name, most=15 if is_sent else 5),
        "emailAccountId": _ids(name, most=20 if is_inbox else 10),
        "campaignTeamMemberId": _ids(name, most=groups),
        "campaignTagId": _ids(name, most=groups),
        "campaignClientId": _ids(name, most=groups),
    }
    if is_sent:
        found["emailAccountId"] = _ids(name, most=None)
    if takes_window:
        found["replyTimeBetween"] = optional(nullable(many(moment, exactly=2)))
    if name == "views":
        found["subSequenceId"] = optional(nullable(integer(least=1)))
    return found


CATEGORY_FILTER: Schema = {
    "unassigned": optional(nullable(boolean)),
    "isAssigned": optional(nullable(boolean)),
    "categoryIdsIn": optional(nullable(many(integer(), most=10))),
    "categoryIdsNotIn": optional(nullable(many(integer(), most=10))),
}


def body_schema(name: str, *, takes_window: bool = True) -> Schema:
    sorts = _sorts(name)
    filters = _filters(name, takes_window=takes_window)
    return {
        "offset": optional(integer(least=0), default=0),
        "limit": optional(integer(least=1, most=MOST_ROWS), default=DEFAULT_LIMIT),
        "sortBy": optional(nullable(one_of(*sorts)), default=sorts[0]),
        "filters": optional(nullable(keys(filters))),
    }


def _query_schema(name: str) -> Schema:
    if name in WITHOUT_HISTORY:
        return {}
    return {"fetch_message_history": FLAG}


def listing(name: str) -> Callable[[Call], ApiResponse]:
    def answer(call: Call) -> ApiResponse:
        query = call.query(_query_schema(name))
        takes_window = call.world.switches.takes_window_filter
        body = call.body(body_schema(name, takes_window=takes_window))
        if name == "assigned-me" and call.world.switches.assigned_me == "broken":
            raise rejected(500, {"error": 'column "undefined" does not exist'})
        has_history = bool(query.get("fetch_message_history"))
        return _page(call, name, body, has_history=has_history)

    return answer


def _page(
    call: Call, name: str, body: dict[str, Any], *, has_history: bool
) -> ApiResponse:
    offset, limit = body["offset"], body["limit"]
    found = _found(call, name, body["filters"] or {})
    found.sort(**_order(body["sortBy"] or _sorts(name)[0]))
    page = found[offset : offset + limit]
    rows = [_row(call, lead, has_history=has_history) for lead in page]
    disturb(call, page, after=found[offset + limit :])
    if call.world.switches.shape == "documented":
        return ApiResponse(
            payload={
                "messages": rows,
                "total_count": len(found),
                "offset": offset,
                "limit": limit,
            }
        )
    return ApiResponse(
        payload={"ok": True, "data": rows, "offset": offset, "limit": limit}
    )


def _found(call: Call, name: str, filters: dict[str, Any]) -> list[FakeLead]:
    tests = [IS_LISTED[name], *_tests(call, name, filters)]
    if not call.world.switches.lists_archived and name != "archived":
        tests.append(lambda lead: not lead.is_archived)
    leads = call.world.account.leads.values()
    return [lead for lead in leads if all(test(lead) for test in tests)]


def _tests(
    call: Call, name: str, filters: dict[str, Any]
) -> list[Callable[[FakeLead], bool]]:
    tests = [*_member_tests(call, name, filters.get("campaignTeamMemberId"))]
    campaigns = call.world.account.campaigns
    makers: dict[str, Callable[[Any], Callable[[FakeLead], bool]]] = {
        "search": _search_test,
        "leadCategories": _category_test,
        "emailStatus": lambda names: (
            lambda lead: any(HAS_STATUS[status](lead) for status in names)
        ),
        "campaignId": lambda ids: lambda lead: lead.campaign_id in ids,
        "emailAccountId": lambda ids: lambda lead: lead.account_id in ids,
        "campaignTagId": lambda ids: (
            lambda lead: bool(set(ids) & set(campaigns[lead.campaign_id].tag_ids))
        ),
        "campaignClientId": lambda ids: (
            lambda lead: campaigns[lead.campaign_id].client_id in ids
        ),
        "replyTimeBetween": lambda span: (
            lambda lead: (
                lead.last_reply_at is not None
                and span[0] <= lead.last_reply_at <= span[1]
            )
        ),
        "subSequenceId": lambda wanted: lambda lead: lead.sub_sequence_id == wanted,
    }
    for field, make in makers.items():
        if (value := filters.get(field)) is not None:
            tests.append(make(value))
    return tests


def _member_tests(
    call: Call, name: str, members: list[int] | None
) -> list[Callable[[FakeLead], bool]]:
    """Who may be meant by a member: the assignee, or the owner of the campaign."""
    switches, me = call.world.switches, call.member_id
    if name == "assigned-me":
        wanted = {me} if members is None else set(members)
        if switches.assigned_me == "self":
            wanted &= {me}
        return [lambda lead: call.world.shown_owner(call, lead) in wanted]
    if members is None:
        return []
    if switches.member_filter == "assignee":
        return [lambda lead: call.world.shown_owner(call, lead) in members]
    campaigns = call.world.account.campaigns
    return [lambda lead: campaigns[lead.campaign_id].owner_id in members]


def _search_test(wanted: str) -> Callable[[FakeLead], bool]:
    words = wanted.lower()
    return lambda lead: (
        words in f"{lead.email} {lead.first_name} {lead.last_name}".lower()
    )


def _category_test(wanted: dict[str, Any]) -> Callable[[FakeLead], bool]:
    def test(lead: FakeLead) -> bool:
        category = lead.category_id
        if wanted["unassigned"] and category is not None:
            return False
        if wanted["isAssigned"] and category is None:
            return False
        if wanted["categoryIdsIn"] and category not in wanted["categoryIdsIn"]:
            return False
        return category not in (wanted["categoryIdsNotIn"] or ())

    return test


def _order(sort: str) -> dict[str, Any]:
    field = {
        "REPLY_TIME": "last_reply_at",
        "SENT_TIME": "last_sent_at",
        "SCHEDULED_TIME": "next_send_at",
        "REMINDER_TIME": "reminder_at",
    }[sort.rpartition("_")[0]]

    def key(lead: FakeLead) -> tuple[float, int]:
        return getattr(lead, field) or 0.0, lead.map_id

    return {"key": key, "reverse": sort.endswith("_DESC")}


def _row(call: Call, lead: FakeLead, *, has_history: bool) -> dict[str, Any]:
    shape = (
        serializers.nested
        if call.world.switches.shape == "documented"
        else serializers.flat
    )
    owner_id = call.world.shown_owner(call, lead)
    return shape(call.world.account, lead, owner_id=owner_id, has_history=has_history)


def thread(call: Call) -> ApiResponse:
    """One lead as it is now: this read does not lag."""
    query = call.query({"fetch_message_history": FLAG})
    map_id = call.param({"email_lead_map_id": optional(integer())})["email_lead_map_id"]
    is_documented = call.world.switches.shape == "documented"
    has_history = is_documented or bool(query["fetch_message_history"])
    lead = call.world.account.leads.get(map_id)
    row = lead and _row(call, lead, has_history=has_history)
    if not is_documented:
        return ApiResponse(payload={"ok": True, "data": [row] if row else []})
    if row is None:
        raise rejected(404, {"error": f"Inbox item not found with ID {map_id}"})
    return ApiResponse(payload=row)
