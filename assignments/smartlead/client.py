"""The calls that Handoff makes, with typed results.

Every call needs a slot of the budget (`use_slot`). Nothing is retried in here: row
state and the dispatcher decide that.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import Any

import httpx
from django.conf import settings

from assignments.smartlead.api_key import ApiKey
from assignments.smartlead.budget import CallBudget, CallKind, Slot, account_budget
from assignments.smartlead.errors import (
    EmptyAnswer,
    NotesUnreadable,
    Refused,
    ServiceTrouble,
)
from assignments.smartlead.list_parsing import (
    ListPage,
    find_rows,
    has_nothing,
    parse_page,
)
from assignments.smartlead.metered_call import MeteredCalls
from assignments.smartlead.payload_values import Payload, as_dicts, as_id
from assignments.smartlead.records import (
    CampaignLeadRow,
    CampaignRow,
    CategoryRow,
    HistoryEntry,
    LeadRow,
    MemberRow,
    NoteRow,
)
from assignments.smartlead.responses import (
    Response,
    error_from,
    garbled_error,
    payload_of_read,
    payload_of_write,
)
from assignments.smartlead.transport import KeyTransport, SocketTransport

# These lists take one value where the others take an array.
SINGLE_VALUE_LISTS = {"assigned-me", "views"}
TEAM_BOARD_DAYS = 365  # how far back the team board is asked for

# Tests and in-process runs set this; `connect` then opens it in place of a socket.
default_transport: Callable[[], httpx.BaseTransport] | None = None


@contextmanager
def connect(
    *, transport: httpx.BaseTransport | None = None, budget: CallBudget | None = None
) -> Iterator["Client"]:
    """Yield a client for the account in the settings, and close its connections at the
    end. Nothing is sent. Without `transport` it is what `default_transport` returns,
    or sockets if that is None; without `budget` it is `account_budget()`.
    """
    key = ApiKey(settings.SMARTLEAD_API_KEY)
    inner = transport or _new_transport()
    with httpx.Client(transport=KeyTransport(inner, key=key), trust_env=False) as http:
        yield Client(
            MeteredCalls(
                http,
                address=settings.SMARTLEAD_BASE_URL,
                key=key,
                deadline=settings.CALL_DEADLINE,
                budget=budget or account_budget(),
            )
        )


def _new_transport() -> httpx.BaseTransport:
    if default_transport is not None:
        return default_transport()
    return SocketTransport(connect_timeout=settings.CONNECT_TIMEOUT)


class Client:
    """A client for one account. Not thread-safe.

    Every call raises ServiceTrouble if Smartlead cannot answer, Refused if it refuses
    this call, NotSent if the call was given up before it was sent, RuntimeError without
    an unused slot (`use_slot`). Writes also raise AmbiguousWrite if the answer does not
    confirm the change.
    """

    def __init__(self, calls: MeteredCalls) -> None:
        self._calls = calls

    @property
    def budget(self) -> CallBudget:
        return self._calls.budget

    @property
    def server_time(self) -> datetime | None:
        """Return the time in the Date header of the last response (whole seconds,
        aware). None if there was no response yet or the last one had no readable
        Date.
        """
        return self._calls.server_time

    def use_slot(self, slot: Slot) -> AbstractContextManager[None]:
        """Return a context in which one call may be made; once it was sent, a second
        one raises RuntimeError. At its end the slot is recorded as used, or given
        back if nothing was sent. Entering it while another slot is in use raises
        RuntimeError.
        """
        return self._calls.use_slot(slot)

    def wait_for_slot(
        self,
        kind: CallKind,
        *,
        until: float,
        sleep: Callable[[float], None] = time.sleep,
    ) -> Slot | None:
        """Sleep until there is a slot and return it, or None if there is none by
        `until` (seconds of the budget's clock).

        After a 429, one read (`probe`) first finds out whether Smartlead takes calls
        again. If it is answered with 429 again, the wait goes on; its other errors are
        raised.
        """
        return self.budget.wait(kind, until=until, sleep=sleep, probe=self._send_probe)

    def _send_probe(self, slot: Slot) -> None:
        with self.use_slot(slot):
            try:
                self.probe()
            except ServiceTrouble as trouble:
                if trouble.kind != "rate_limit":  # the budget has noted that one
                    raise

    # ── The inbox ───────────────────────────────────────────────────────────────
    def inbox(
        self,
        source: str,
        *,
        offset: int = 0,
        limit: int = 20,
        sort: str = "REPLY_TIME_DESC",
        member_id: int | None = None,
        reply_between: tuple[datetime, datetime] | None = None,
        with_history: bool = False,
    ) -> ListPage[LeadRow]:
        """Return one page of a list of the inbox (`inbox-replies`, `assigned-me`, …).
        `member_id` and `reply_between` (first and last moment) are filters of
        Smartlead; None leaves one out. Rows without a usable map id are in the
        page's `unreadable`.

        Raises ServiceTrouble if the answer has no list. An empty answer counts as an
        empty page only with an offset above 0 or with `reply_between`.
        """
        filters: dict[str, Any] = {}
        if member_id is not None:
            is_single = source in SINGLE_VALUE_LISTS
            filters["campaignTeamMemberId"] = member_id if is_single else [member_id]
        if reply_between is not None:
            filters["replyTimeBetween"] = [_iso_utc(moment) for moment in reply_between]
        body: dict[str, Any] = {"offset": offset, "limit": limit, "sortBy": sort}
        payload = self._read(
            "POST",
            f"master-inbox/{source}",
            params={"fetch_message_history": "true"} if with_history else {},
            body=body | ({"filters": filters} if filters else {}),
        )
        is_later = offset > 0 or reply_between is not None
        return parse_page(payload, LeadRow.from_payload, limit=limit, is_later=is_later)

    def lead(self, map_id: int) -> LeadRow | None:
        """Return one lead as it is now; None if Smartlead has none of this map id, by a
        404 of its own, null or an empty list.

        Raises EmptyAnswer if the body is empty, `{}` or `{"ok": true}`, which does not
        prove that the lead is gone; ServiceTrouble if the row is unreadable or another
        lead's.
        """
        try:
            response = self._answer("GET", f"master-inbox/{map_id}")
        except Refused as refusal:
            if refusal.status != HTTPStatus.NOT_FOUND:
                raise
            return None
        if response.is_empty:
            raise EmptyAnswer
        row = _find_lead_row(payload_of_read(response))
        return None if row is None else _parse_lead(row, map_id)

    def set_owner(
        self, *, map_id: int, member_id: int, start_by: float | None = None
    ) -> None:
        """Set the owner without a comparison: the last write wins.

        Raises NotSent if `start_by` (monotonic seconds; None is no limit) passes before
        the request is written to the socket, AmbiguousWrite if the answer does not
        confirm the change.
        """
        self._write(
            "master-inbox/update-team-member",
            body={"email_lead_map_id": map_id, "team_member_id": member_id},
            start_by=start_by,
        )

    def create_note(
        self, *, map_id: int, text: str, start_by: float | None = None
    ) -> int | None:
        """Add a note to a lead; return the note's id, or None if the answer has none.

        `start_by` and the errors are those of `set_owner`.
        """
        payload = self._write(
            "master-inbox/create-note",
            body={"email_lead_map_id": map_id, "note_message": text},
            start_by=start_by,
        )
        return _note_id(payload.get("data"))

    def set_read(self, *, map_id: int, is_read: bool) -> None:
        """Mark a lead as read or unread. The errors are those of `set_owner`."""
        body = {"email_lead_map_id": map_id, "read_status": is_read}
        self._write("master-inbox/change-read-status", method="PATCH", body=body)

    # ── One lead ────────────────────────────────────────────────────────────────
    def notes(self, lead_id: int) -> list[NoteRow]:
        """Return the notes on a person (by lead id, not map id), in the order of the
        answer. An answer without any is an empty list; items that are no objects are
        left out.

        Raises NotesUnreadable on any 404, as then the account cannot read notes, and
        ServiceTrouble if the answer has no list.
        """
        response = self._calls.make("GET", f"crm/leads/notes/{lead_id}")
        if response.status == HTTPStatus.NOT_FOUND:
            raise NotesUnreadable(
                "Smartlead does not let this account read notes back."
            )
        payload = payload_of_read(_raise_for_error(response))
        rows = [] if has_nothing(payload) else find_rows(payload)
        return [NoteRow.from_payload(raw) for raw in as_dicts(rows)]

    def history(self, *, campaign_id: int, lead_id: int) -> list[HistoryEntry]:
        """Return the mails between a campaign and a person (by lead id, not map id), in
        the order of the answer; items that are no objects are left out. `{}`, null
        or an empty list is an empty list: no mails, or no such lead. Raises
        ServiceTrouble if there is no list.
        """
        payload = self._read(
            "GET", f"campaigns/{campaign_id}/leads/{lead_id}/message-history"
        )
        # An empty object means that there is no such lead.
        if payload == {} or has_nothing(payload):
            return []
        return [HistoryEntry.from_payload(raw) for raw in as_dicts(find_rows(payload))]

    # ── Reference data ──────────────────────────────────────────────────────────
    def members(self) -> ListPage[MemberRow]:
        """Return all members on the team board of the last TEAM_BOARD_DAYS days as one
        page without a limit; others may own leads, too. Rows without a usable id are
        in `unreadable`. Raises ServiceTrouble if the answer has no list.
        """
        today = datetime.now(UTC).date()
        payload = self._read(
            "GET",
            "analytics/team-board/overall-stats",
            params={
                "start_date": str(today - timedelta(days=TEAM_BOARD_DAYS)),
                "end_date": str(today),
                "timezone": "UTC",
                "full_data": "true",
            },
        )
        return parse_page(payload, MemberRow.from_payload)

    def categories(self) -> ListPage[CategoryRow]:
        payload = self._read("GET", "leads/fetch-categories")
        return parse_page(payload, CategoryRow.from_payload)

    def campaigns(self) -> ListPage[CampaignRow]:
        return parse_page(self._read("GET", "campaigns"), CampaignRow.from_payload)

    def campaign_leads(
        self, campaign_id: int, *, offset: int = 0, limit: int = 100
    ) -> ListPage[CampaignLeadRow]:
        payload = self._read(
            "GET",
            f"campaigns/{campaign_id}/leads",
            params={"offset": offset, "limit": limit},
        )
        return parse_page(
            payload, CampaignLeadRow.from_payload, limit=limit, is_later=offset > 0
        )

    def probe(self) -> None:
        """Read the categories, which is the cheapest read, and discard them: only the
        errors matter, which are raised as by every read.
        """
        self._read("GET", "leads/fetch-categories")

    # ── Calls ───────────────────────────────────────────────────────────────────
    def _read(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Any:
        return payload_of_read(self._answer(method, path, params=params, body=body))

    def _write(
        self,
        path: str,
        *,
        body: Mapping[str, Any],
        start_by: float | None = None,
        method: str = "POST",
    ) -> dict[str, Any]:
        response = self._calls.make(method, path, body=body, start_by=start_by)
        return payload_of_write(_raise_for_error(response))

    def _answer(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> Response:
        return _raise_for_error(
            self._calls.make(method, path, params=params, body=body)
        )


def _raise_for_error(response: Response) -> Response:
    if error := error_from(response):
        raise error
    return response


def _find_lead_row(payload: Any) -> Payload | None:
    """Return the object in `data`, or the bare payload, or the first of a list in
    either; None for null or an empty list.

    Raises EmptyAnswer for `{}` and `{"ok": true}`, ServiceTrouble for anything else
    that is no object.
    """
    inner = payload.get("data", payload) if isinstance(payload, dict) else payload
    if isinstance(inner, list):
        inner = inner[0] if inner else None
    if inner is None:
        return None
    if inner in ({}, {"ok": True}):
        raise EmptyAnswer
    if not isinstance(inner, dict):
        raise garbled_error("Smartlead's answer holds no lead where one was expected.")
    return inner


def _parse_lead(raw: Payload, map_id: int) -> LeadRow:
    try:
        row = LeadRow.from_payload(raw)
    except ValueError as problem:
        raise garbled_error(
            f"Smartlead's answer for one lead is unreadable: {problem}"
        ) from None
    if row.map_id != map_id:
        raise garbled_error(
            "Smartlead answered with another lead than the one asked for."
        )
    return row


def _note_id(data: Any) -> int | None:
    """Return the id from `{note: [{id}]}` (seen live) or `{id}` (documented), or None
    if there is no usable one.
    """
    if not isinstance(data, dict):
        return None
    note = data.get("note", data)
    if isinstance(note, list):
        note = note[0] if note else None
    return as_id(note.get("id")) if isinstance(note, dict) else None


def _iso_utc(moment: datetime) -> str:
    in_utc = moment.astimezone(UTC)
    return in_utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")
