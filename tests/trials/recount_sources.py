"""Readers of Smartlead's API and Handoff's exports, for the recount."""

import csv
import html
import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from io import StringIO
from typing import Any

import httpx

PAGE = 20
COVERAGE = {"Coverage start", "Coverage return"}


@dataclass(slots=True)
class RecountedChange:
    """A done row of the ledger."""

    at: datetime
    before: int | None
    to: int | None
    home: int | None  # whose lead it was, where a coverer had it
    is_for_good: bool


@dataclass(slots=True)
class RecountedLead:
    id: int
    owner: int | None = None
    mails: list[tuple[datetime, str]] = field(default_factory=list)
    last_sent: datetime | None = None
    last_reply: datetime | None = None
    category: int | None = None
    first_seen: datetime | None = None
    gone: datetime | None = None
    due: datetime | None = None
    changes: list[RecountedChange] = field(default_factory=list)


@dataclass(slots=True)
class RecountData:
    leads: dict[int, RecountedLead]
    interested: set[int]
    closing: set[int]
    owing_none: set[int]
    # What was promised for an answer: lead and moment of the answer.
    due: dict[tuple[int, datetime], datetime | None]
    coming: Counter[int]


class SmartleadReader:
    def __init__(self, http: httpx.Client, key: str) -> None:
        self.http, self.key = http, key

    def leads(self, wanted: set[int]) -> Iterator[dict[str, Any]]:
        """Yield rows of all leads with a reply, by list, then of the rest of `wanted`."""
        seen: set[int] = set()
        offset = 0
        while page := self._page(offset):
            for row in page:
                seen.add(int(row["email_lead_map_id"]))
                yield row
            offset += len(page)
        for pk in sorted(wanted - seen):
            yield from self._ask("GET", f"master-inbox/{pk}")["data"]

    def categories(self) -> dict[str, int]:
        found = self._ask("GET", "leads/fetch-categories")
        rows = found if isinstance(found, list) else found["data"]
        return {row["name"]: int(row["id"]) for row in rows}

    def _page(self, offset: int) -> list[dict[str, Any]]:
        body = {"offset": offset, "limit": PAGE}
        rows: list[dict[str, Any]] = self._ask(
            "POST", "master-inbox/inbox-replies", json=body
        )["data"]
        return rows

    def _ask(self, method: str, path: str, **said: Any) -> Any:
        query = {"api_key": self.key}
        if "master-inbox" in path:
            query["fetch_message_history"] = "true"
        while True:
            answer = self.http.request(method, path, params=query, **said)
            if answer.status_code != 429:
                return answer.raise_for_status().json()
            time.sleep(1)


class HandoffReader:
    """A session of a user who may export."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http

    def sign_in(self, username: str, password: str) -> None:
        page = self.http.get("/accounts/login/").text
        found = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page)
        token = html.unescape(found[1]) if found else ""
        said = {"username": username, "password": password}
        answer = self.http.post(
            "/accounts/login/", data=said | {"csrfmiddlewaretoken": token}
        )
        if answer.status_code != 302:
            raise SystemExit(f"{username} cannot sign in.")

    def page(self, path: str) -> str:
        return self.http.get(path).raise_for_status().text

    def rows(self, path: str) -> list[dict[str, str]]:
        text = self.http.get(path).raise_for_status().content.decode("utf-8-sig")
        return list(csv.DictReader(StringIO(text, newline="")))


def read_data(smartlead: SmartleadReader, handoff: HandoffReader) -> RecountData:
    exported = handoff.rows("/team/performance/leads.csv")
    leads = {int(row["Lead id"]): _lead(row) for row in exported}
    for row in smartlead.leads({pk for pk in leads if not leads[pk].gone}):
        _add_smartlead_row(leads[int(row["email_lead_map_id"])], row)
    history = handoff.rows("/history/export.csv?state=done")
    for row in sorted(history, key=lambda row: (row["Finished"], int(row["Row"]))):
        leads[int(row["Lead id"])].changes.append(_change(row))
    ids = smartlead.categories()
    answers = handoff.rows(
        "/team/performance/answers.csv?from=2000-01-01&to=2099-12-31"
    )
    return RecountData(
        leads=leads,
        interested=_category_ids("Means interest", exported, ids),
        closing=(closing := _category_ids("Closes the conversation", exported, ids)),
        owing_none=closing | _category_ids("Automatic answer", exported, ids),
        due={
            (int(row["Lead id"]), _moment(row["Answered"])): _optional_moment(
                row["Due"]
            )
            for row in answers
        },
        coming=Counter(_pending_targets(handoff).values()),
    )


def _pending_targets(handoff: HandoffReader) -> dict[int, int]:
    """Return the member to whom each pending lead will come in the end."""
    rows = [
        row
        for state in ("waiting", "sending")
        for row in handoff.rows(f"/history/export.csv?state={state}")
    ]
    rows.sort(key=lambda row: int(row["Row"]))
    return {int(row["Lead id"]): int(row["To id"]) for row in rows}


def _lead(row: dict[str, str]) -> RecountedLead:
    return RecountedLead(
        id=int(row["Lead id"]),
        owner=_optional_id(row["Owner id"]),
        first_seen=_moment(row["First seen"]),
        gone=_optional_moment(row["Gone"]),
        due=_optional_moment(row["Answer due"]),
    )


def _add_smartlead_row(lead: RecountedLead, row: dict[str, Any]) -> None:
    owner, category = row["team_member_id"], row["lead_category_id"]
    lead.owner = int(owner) if owner else None
    lead.category = int(category) if category else None
    lead.last_sent = _optional_moment(row["last_sent_time"] or "")
    lead.last_reply = _optional_moment(row["last_reply_time"] or "")
    for mail in row["email_history"]:
        kind = "reply" if mail["type"] == "REPLY" else "sent"
        if "mailer-daemon" not in mail["from"] and "postmaster" not in mail["from"]:
            lead.mails.append((_moment(mail["time"]), kind))


def _change(row: dict[str, str]) -> RecountedChange:
    return RecountedChange(
        at=_moment(row["Finished"]),
        before=_optional_id(row["From id"]),
        to=_optional_id(row["To id"]),
        home=_optional_id(row["Covered for id"]),
        is_for_good=row["Cause"] not in COVERAGE and not row["Until back"],
    )


def _category_ids(
    column: str, exported: list[dict[str, str]], ids: dict[str, int]
) -> set[int]:
    named = {row["Category"] for row in exported if row[column]}
    return {ids[name] for name in named if name in ids}


def _optional_id(said: str) -> int | None:
    return int(said) if said else None


def _moment(said: str) -> datetime:
    return datetime.fromisoformat(said)


def _optional_moment(said: str) -> datetime | None:
    return _moment(said) if said else None
