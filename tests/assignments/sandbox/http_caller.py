"""A caller of the sandbox in this process, and a clock that only sleep moves."""

from typing import Any

import httpx

from assignments.sandbox.fake_smartlead import DEFAULT_KEY, FakeSmartlead
from assignments.sandbox.wsgi import application

NOW = 1_795_000_000.0
ADDRESS = "http://sandbox.test/api/v1/"


class Clock:
    def __init__(self) -> None:
        self.at = NOW
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        if seconds:
            self.slept.append(seconds)
        self.at += seconds


class HttpCaller:
    def __init__(
        self, sandbox: FakeSmartlead, *, key: str | None = DEFAULT_KEY
    ) -> None:
        self.http = httpx.Client(
            transport=httpx.WSGITransport(app=application(sandbox)),
            base_url=ADDRESS,
            trust_env=False,
            params={"api_key": key} if key is not None else {},
        )

    def get(self, path: str, **query: Any) -> httpx.Response:
        return self.http.get(path, params=query)

    def post(self, path: str, body: Any = None, **query: Any) -> httpx.Response:
        return self.http.post(path, json={} if body is None else body, params=query)

    def patch(self, path: str, body: Any) -> httpx.Response:
        return self.http.patch(path, json=body)

    def rows(self, name: str, *, limit: int = 20, **body: Any) -> list[dict[str, Any]]:
        answer = self.post(f"master-inbox/{name}", {"limit": limit, **body})
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    def all_rows(self, name: str, **filters: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        while page := self.rows(name, offset=len(found), filters=filters or None):
            found += page
        return found

    def ids(self, name: str, **filters: Any) -> set[int]:
        return {int(row["email_lead_map_id"]) for row in self.all_rows(name, **filters)}

    def assign(self, map_id: int, member_id: Any) -> httpx.Response:
        body = {"email_lead_map_id": map_id, "team_member_id": member_id}
        return self.post("master-inbox/update-team-member", body)

    def note(self, map_id: int, text: str) -> httpx.Response:
        body = {"email_lead_map_id": map_id, "note_message": text}
        return self.post("master-inbox/create-note", body)

    def thread(self, map_id: int, **query: Any) -> Any:
        return self.get(f"master-inbox/{map_id}", **query).json()["data"]


def owned_lead_with_reply(sandbox: FakeSmartlead) -> Any:
    """One that has replied, and is owned."""
    return next(
        lead
        for lead in sandbox.store.leads.values()
        if lead.last_reply_at and lead.owner_id
    )


def other_member(sandbox: FakeSmartlead, lead: Any) -> int:
    return next(member for member in sandbox.store.members if member != lead.owner_id)
