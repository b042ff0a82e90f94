"""The endpoints of the master inbox: its lists and the single lead."""

from collections.abc import Callable
from typing import Any

from assignments.sandbox import serializers
from assignments.sandbox.call import ApiResponse, Call, rejection
from assignments.sandbox.fault_effects import change_following_rows
from assignments.sandbox.records import FakeLead
from assignments.sandbox.validation import (
    FLAG,
    Schema,
    SchemaField,
    Validator,
    boolean,
    integer,
    list_of,
    nullable,
    object_of,
    one_of,
    one_or_list_of,
    optional,
    single_value,
    text,
    timestamp,
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
MAX_ROWS = 20
MAX_SEARCH_LENGTH = 30
# Their documentation has no `fetch_message_history`.
LISTS_WITHOUT_HISTORY = {"sent", "reminders"}
SINGLE_VALUE_LISTS = {"assigned-me", "views"}

LIST_CONDITIONS: dict[str, Callable[[FakeLead], bool]] = {
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
LISTS = tuple(LIST_CONDITIONS)

STATUS_CONDITIONS: dict[str, Callable[[FakeLead], bool]] = {
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
    many_or_one = single_value if name in SINGLE_VALUE_LISTS else _up_to(most)
    return optional(nullable(many_or_one(check)))


def _up_to(most: int | None) -> Callable[[Validator], Validator]:
    return lambda item: one_or_list_of(item, most=most)


def _filters(name: str, *, takes_window: bool) -> Schema:
    status = one_of(*STATUSES)
    is_sent, is_inbox = name == "sent", name == "inbox-replies"
    groups = None if is_sent else 10
    filters = {
        "search": optional(nullable(text(most=MAX_SEARCH_LENGTH, can_be_empty=True))),
        "leadCategories": optional(nullable(object_of(CATEGORY_FILTER))),
        "emailStatus": optional(
            nullable(
                single_value(status)
                if name in SINGLE_VALUE_LISTS
                else one_or_list_of(status)
            )
        ),
        "campaignId": _ids(name, most=15 if is_sent else 5),
        "emailAccountId": _ids(name, most=20 if is_inbox else 10),
        "campaignTeamMemberId": _ids(name, most=groups),
        "campaignTagId": _ids(name, most=groups),
        "campaignClientId": _ids(name, most=groups),
    }
    if is_sent:
        filters["emailAccountId"] = _ids(name, most=None)
    if takes_window:
        filters["replyTimeBetween"] = optional(nullable(list_of(timestamp, exactly=2)))
    if name == "views":
        filters["subSequenceId"] = optional(nullable(integer(least=1)))
    return filters


CATEGORY_FILTER: Schema = {
    "unassigned": optional(nullable(boolean)),
    "isAssigned": optional(nullable(boolean)),
    "categoryIdsIn": optional(nullable(list_of(integer(), most=10))),
    "categoryIdsNotIn": optional(nullable(list_of(integer(), most=10))),
}


def body_schema(name: str, *, takes_window: bool = True) -> Schema:
    sorts = _sorts(name)
    filters = _filters(name, takes_window=takes_window)
    return {
        "offset": optional(integer(least=0), default=0),
        "limit": optional(integer(least=1, most=MAX_ROWS), default=DEFAULT_LIMIT),
        "sortBy": optional(nullable(one_of(*sorts)), default=sorts[0]),
        "filters": optional(nullable(object_of(filters))),
    }


def _query_schema(name: str) -> Schema:
    if name in LISTS_WITHOUT_HISTORY:
        return {}
    return {"fetch_message_history": FLAG}


def list_endpoint(name: str) -> Callable[[Call], ApiResponse]:
    def answer(call: Call) -> ApiResponse:
        query = call.query(_query_schema(name))
        takes_window = call.sandbox.behaviour.takes_window_filter
        body = call.body(body_schema(name, takes_window=takes_window))
        if name == "assigned-me" and call.sandbox.behaviour.assigned_me == "broken":
            raise rejection(500, {"error": 'column "undefined" does not exist'})
        has_history = bool(query.get("fetch_message_history"))
        return _page(call, name, body, has_history=has_history)

    return answer


def _page(
    call: Call, name: str, body: dict[str, Any], *, has_history: bool
) -> ApiResponse:
    offset, limit = body["offset"], body["limit"]
    leads = _matching_leads(call, name, body["filters"] or {})
    leads.sort(**_sort_options(body["sortBy"] or _sorts(name)[0]))
    page = leads[offset : offset + limit]
    rows = [_row(call, lead, has_history=has_history) for lead in page]
    change_following_rows(call, page, after=leads[offset + limit :])
    if call.sandbox.behaviour.shape == "documented":
        return ApiResponse(
            payload={
                "messages": rows,
                "total_count": len(leads),
                "offset": offset,
                "limit": limit,
            }
        )
    return ApiResponse(
        payload={"ok": True, "data": rows, "offset": offset, "limit": limit}
    )


def _matching_leads(call: Call, name: str, filters: dict[str, Any]) -> list[FakeLead]:
    tests = [LIST_CONDITIONS[name], *_filter_conditions(call, name, filters)]
    if not call.sandbox.behaviour.lists_archived and name != "archived":
        tests.append(lambda lead: not lead.is_archived)
    leads = call.sandbox.store.leads.values()
    return [lead for lead in leads if all(test(lead) for test in tests)]


def _filter_conditions(
    call: Call, name: str, filters: dict[str, Any]
) -> list[Callable[[FakeLead], bool]]:
    tests = [*_member_conditions(call, name, filters.get("campaignTeamMemberId"))]
    campaigns = call.sandbox.store.campaigns
    makers: dict[str, Callable[[Any], Callable[[FakeLead], bool]]] = {
        "search": _search_condition,
        "leadCategories": _category_condition,
        "emailStatus": lambda names: (
            lambda lead: any(STATUS_CONDITIONS[status](lead) for status in names)
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
        "subSequenceId": lambda wanted_id: (
            lambda lead: lead.sub_sequence_id == wanted_id
        ),
    }
    for field, make in makers.items():
        if (value := filters.get(field)) is not None:
            tests.append(make(value))
    return tests


def _member_conditions(
    call: Call, name: str, members: list[int] | None
) -> list[Callable[[FakeLead], bool]]:
    """Return the conditions of the member filter: none or one.

    `assigned-me` takes the leads whose shown owner is in `members`, or is the key's
    member if that is None; with the behaviour `self` only the key's member counts.
    Other lists take all leads if `members` is None, else those whose shown owner or
    whose campaign's owner is among them, by the behaviour `member_filter`.
    """
    switches, me = call.sandbox.behaviour, call.member_id
    if name == "assigned-me":
        member_ids = {me} if members is None else set(members)
        if switches.assigned_me == "self":
            member_ids &= {me}
        return [lambda lead: call.sandbox.shown_owner(call, lead) in member_ids]
    if members is None:
        return []
    if switches.member_filter == "assignee":
        return [lambda lead: call.sandbox.shown_owner(call, lead) in members]
    campaigns = call.sandbox.store.campaigns
    return [lambda lead: campaigns[lead.campaign_id].owner_id in members]


def _search_condition(search: str) -> Callable[[FakeLead], bool]:
    words = search.lower()
    return lambda lead: (
        words in f"{lead.email} {lead.first_name} {lead.last_name}".lower()
    )


def _category_condition(filters: dict[str, Any]) -> Callable[[FakeLead], bool]:
    def test(lead: FakeLead) -> bool:
        category = lead.category_id
        if filters["unassigned"] and category is not None:
            return False
        if filters["isAssigned"] and category is None:
            return False
        if filters["categoryIdsIn"] and category not in filters["categoryIdsIn"]:
            return False
        return category not in (filters["categoryIdsNotIn"] or ())

    return test


def _sort_options(sort: str) -> dict[str, Any]:
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
        serializers.nested_row
        if call.sandbox.behaviour.shape == "documented"
        else serializers.flat_row
    )
    owner_id = call.sandbox.shown_owner(call, lead)
    return shape(call.sandbox.store, lead, owner_id=owner_id, has_history=has_history)


def thread(call: Call) -> ApiResponse:
    """Return the response with one lead as it is now; unlike lists, it never lags.
    Raises Rejected for a bad query or map id.

    In the flat shape the lead is in a list, which is empty for an unknown one, with its
    mails if asked for. In the documented shape it is bare and always has its mails; an
    unknown lead raises Rejected (404).
    """
    query = call.query({"fetch_message_history": FLAG})
    map_id = call.param({"email_lead_map_id": optional(integer())})["email_lead_map_id"]
    is_documented = call.sandbox.behaviour.shape == "documented"
    has_history = is_documented or bool(query["fetch_message_history"])
    lead = call.sandbox.store.leads.get(map_id)
    row = lead and _row(call, lead, has_history=has_history)
    if not is_documented:
        return ApiResponse(payload={"ok": True, "data": [row] if row else []})
    if row is None:
        raise rejection(404, {"error": f"Inbox item not found with ID {map_id}"})
    return ApiResponse(payload=row)
