"""Apply a fault to a call: instead of it, to its answer, or to the listed leads."""

from collections.abc import Callable
from typing import Any

from assignments.sandbox.call import ApiResponse, Call
from assignments.sandbox.faults import Fault, FaultKind
from assignments.sandbox.records import FakeLead

UNLISTED_MEMBER_ID = 9_911
GATEWAY_PAGE = (
    "<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
    "<center><h1>{title}</h1></center>\r\n<hr><center>nginx</center>\r\n"
    "</body>\r\n</html>\r\n"
)


def too_many_requests(seconds: int, *, has_retry_after: bool) -> ApiResponse:
    if not has_retry_after:
        message = "Too many requests. Please slow down and retry later."
        return ApiResponse(status=429, payload={"message": message})
    message = f"Rate limit exceeded. Please retry after {seconds} seconds."
    error = {"code": "RATE_LIMIT_EXCEEDED", "message": message, "retry_after": seconds}
    answer = ApiResponse(status=429, payload={"error": error})
    answer.headers["retry-after"] = str(seconds)
    return answer


def gateway_page(status: int, title: str) -> ApiResponse:
    text = GATEWAY_PAGE.format(title=f"{status} {title}")
    return ApiResponse(status=status, text=text, content_type="text/html")


def replacement_response(call: Call, fault: Fault) -> ApiResponse | None:
    """Return the response of a fault that keeps the call from taking effect, or None
    for any other fault. HANG_THEN_DROP sleeps for `fault.seconds` first.
    """
    if fault.kind == FaultKind.HANG_THEN_DROP:
        call.sandbox.sleep(fault.seconds)
    makers: dict[FaultKind, Callable[[], ApiResponse]] = {
        FaultKind.TOO_MANY: lambda: too_many_requests(
            max(1, round(fault.seconds)), has_retry_after=True
        ),
        FaultKind.TOO_MANY_BARE: lambda: too_many_requests(0, has_retry_after=False),
        FaultKind.ERROR: internal_error,
        FaultKind.BAD_GATEWAY: lambda: gateway_page(502, "Bad Gateway"),
        FaultKind.UNAVAILABLE: lambda: gateway_page(
            503, "Service Temporarily Unavailable"
        ),
        FaultKind.HANG_THEN_DROP: lambda: ApiResponse(is_lost=True),
        FaultKind.ERROR_INSIDE: lambda: ApiResponse(
            payload={"ok": False, "message": "Something went wrong, please try again"}
        ),
        FaultKind.EMPTY_UNAPPLIED: lambda: ApiResponse(text=""),
    }
    make = makers.get(fault.kind)
    return make() if make else None


def internal_error() -> ApiResponse:
    return ApiResponse(status=500, payload={"error": "Internal server error occurred"})


def altered_response(call: Call, fault: Fault, answer: ApiResponse) -> ApiResponse:
    """Return the answer as the fault changes it; the call has taken effect.

    It is the same object, changed or not, except that APPLIED_ERROR, PLAIN_TEXT and
    EMPTY return a new one. APPLY_THEN_HANG sleeps for `fault.seconds` first.
    """
    if fault.kind == FaultKind.APPLY_THEN_HANG:
        call.sandbox.sleep(fault.seconds)
    if fault.kind == FaultKind.LOST_ANSWER:
        answer.is_lost = True
    if fault.kind == FaultKind.DRIP_BODY:
        answer.drip_body = fault.seconds
    if fault.kind == FaultKind.DRIP_HEADERS:
        answer.drip_head = fault.seconds
    if fault.kind in ROW_CHANGES:
        _change_rows(answer, ROW_CHANGES[fault.kind])
    replace = REPLACEMENTS.get(fault.kind)
    return replace() if replace else answer


REPLACEMENTS: dict[FaultKind, Callable[[], ApiResponse]] = {
    FaultKind.APPLIED_ERROR: internal_error,
    FaultKind.PLAIN_TEXT: lambda: ApiResponse(
        text="success", content_type="text/plain"
    ),
    FaultKind.EMPTY: lambda: ApiResponse(text=""),
}


def _change_rows(answer: ApiResponse, change: Callable[[list[Any]], list[Any]]) -> None:
    for wrapper in ("data", "messages"):
        if isinstance(answer.payload, dict) and wrapper in answer.payload:
            answer.payload[wrapper] = change(answer.payload[wrapper])


def _without_owner(rows: list[Any]) -> list[Any]:
    hidden = {"team_member_id", "assigned_to"}
    return [
        {name: value for name, value in row.items() if name not in hidden}
        for row in rows
    ]


def _unreadable_id(row: dict[str, Any], value: object) -> dict[str, Any]:
    name = "email_lead_map_id"
    return {**row, name if name in row else "campaign_lead_map_id": value}


ROW_MALFORMATIONS: tuple[Callable[[dict[str, Any]], Any], ...] = (
    # These four cannot be read.
    lambda row: {name: row[name] for name in row if not name.endswith("lead_map_id")},
    lambda row: _unreadable_id(row, None),
    lambda row: _unreadable_id(row, "abc"),
    lambda row: None,
    # These can: null, a number where a string was, a string for a number, a new key.
    lambda row: {name: row[name] if name.endswith("_id") else None for name in row},
    lambda row: {name: _swap_number_and_text(value) for name, value in row.items()},
    lambda row: {**row, "brand_new_field": {"nested": [1, 2, 3]}},
)
# Every third row: the others must still be readable.
MALFORMED_EVERY = 3


def _swap_number_and_text(value: object) -> object:
    if isinstance(value, str) and value.isdecimal():
        return int(value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return str(value) if is_number else value


def _with_malformed_rows(rows: list[Any]) -> list[Any]:
    def malformed(at: int, row: dict[str, Any]) -> Any:
        if at % MALFORMED_EVERY:
            return row
        return ROW_MALFORMATIONS[at // MALFORMED_EVERY % len(ROW_MALFORMATIONS)](row)

    return [malformed(at, row) for at, row in enumerate(rows)]


ROW_CHANGES = {
    FaultKind.ABSENT_OWNER: _without_owner,
    FaultKind.MALFORMED: _with_malformed_rows,
}


def change_following_rows(
    call: Call, shown: list[FakeLead], *, after: list[FakeLead]
) -> None:
    """Change a lead after a page was read, by the call's fault: MOVING adds a reply to
    the first of `after`; of `shown`, LEAVING archives the first, VANISHING deletes
    the last, UNKNOWN_MEMBER gives the first to an unlisted member. Any other fault,
    no fault, or an empty list change nothing.

    `shown` are the leads of the page, `after` those of the following pages.
    """
    if call.fault is None:
        return
    sandbox, kind = call.sandbox, call.fault.kind
    if kind == FaultKind.MOVING and after:
        # The reader then gets the last row of this page again and never this lead.
        sandbox.add_reply(after[0].map_id)
    if not shown:
        return
    if kind == FaultKind.LEAVING:
        sandbox.archive_lead(shown[0].map_id)
    if kind == FaultKind.VANISHING:
        sandbox.delete_lead(shown[-1].map_id)
    if kind == FaultKind.UNKNOWN_MEMBER:
        sandbox.assign_outside(shown[0].map_id, UNLISTED_MEMBER_ID)
