"""One call of the sandbox's API: its request, its response and its log entry."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from assignments.sandbox.call_log import CallLogEntry
from assignments.sandbox.faults import Fault
from assignments.sandbox.validation import InvalidValue, Schema, validate

if TYPE_CHECKING:
    from assignments.sandbox.fake_smartlead import FakeSmartlead


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiRequest:
    """A request as a transport hands it over: decoded path, one value per query key."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    content_type: str = "application/json"


@dataclass(slots=True, kw_only=True)
class ApiResponse:
    """A response: `payload` is sent as JSON, or `text` as it is.

    If `is_lost`, the connection is closed instead of answered. `drip_head` and
    `drip_body` are the seconds over which the headers and the body are sent. `entry`
    is marked as ended once the last byte has left.
    """

    status: int = 200
    payload: Any = None
    text: str | None = None
    content_type: str = "application/json; charset=utf-8"
    headers: dict[str, str] = field(default_factory=dict)
    is_lost: bool = False
    drip_head: float = 0.0
    drip_body: float = 0.0
    entry: CallLogEntry | None = None


class Rejected(Exception):
    """An endpoint refuses the call with `answer`, having changed nothing."""

    def __init__(self, answer: ApiResponse) -> None:
        super().__init__(answer.status)
        self.answer = answer


def rejection(status: int, payload: Any) -> Rejected:
    return Rejected(ApiResponse(status=status, payload=payload))


@dataclass(slots=True, kw_only=True)
class Call:
    sandbox: "FakeSmartlead"
    request: ApiRequest
    params: Mapping[str, str]
    raw_body: Any
    entry: CallLogEntry
    member_id: int
    fault: Fault | None = None

    def body(self, schema: Schema) -> dict[str, Any]:
        if not isinstance(self.raw_body, dict):
            raise self._invalid(InvalidValue("value", "must be of type object"), "body")
        return self._checked(schema, self.raw_body, "body")

    def query(self, schema: Schema) -> dict[str, Any]:
        raw = {
            name: value
            for name, value in self.request.query.items()
            if name != "api_key"
        }
        return self._checked(schema, raw, "query")

    def param(self, schema: Schema) -> dict[str, Any]:
        return self._checked(schema, self.params, "params")

    def _checked(
        self, schema: Schema, raw: Mapping[str, Any], source: str
    ) -> dict[str, Any]:
        try:
            return validate(schema, raw)
        except InvalidValue as exc:
            raise self._invalid(exc, source) from exc

    def _invalid(self, exc: InvalidValue, source: str) -> Rejected:
        if self.sandbox.behaviour.errors == "documented":
            error = {"error": str(exc).replace('"', ""), "field": exc.path}
            return rejection(422, error)
        body = {
            "statusCode": 400,
            "error": "Bad Request",
            "message": str(exc),
            "validation": {"source": source, "keys": [exc.path]},
        }
        return rejection(400, body)
