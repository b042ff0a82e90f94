"""Route and encode for both transports: the control endpoints or the API."""

import json
import time
from collections.abc import Iterator

from assignments.sandbox import api, control
from assignments.sandbox.call import ApiRequest, ApiResponse
from assignments.sandbox.fake_smartlead import FakeSmartlead

DRIP_CHUNKS = 20


def respond(sandbox: FakeSmartlead, request: ApiRequest, *, caller: str) -> ApiResponse:
    if request.path.startswith(control.PREFIX):
        return control.respond(sandbox, request, caller=caller)
    return api.respond(sandbox, request)


def encode_body(answer: ApiResponse) -> bytes:
    if answer.text is not None:
        return answer.text.encode()
    return json.dumps(answer.payload, separators=(",", ":")).encode()


def response_headers(answer: ApiResponse, body: bytes) -> dict[str, str]:
    return {
        "x-powered-by": "Express",
        **answer.headers,
        "content-type": answer.content_type,
        "content-length": str(len(body)),
    }


def drip_chunks(data: bytes, *, over: float) -> Iterator[bytes]:
    """Yield the data in one piece if `over` is 0; otherwise in up to DRIP_CHUNKS equal
    pieces, after a sleep of `over / DRIP_CHUNKS` seconds before each.
    """
    if not over:
        yield data
        return
    size = max(1, -(-len(data) // DRIP_CHUNKS))
    for at in range(0, len(data), size):
        time.sleep(over / DRIP_CHUNKS)
        yield data[at : at + size]


def end_log_entry(sandbox: FakeSmartlead, answer: ApiResponse) -> None:
    if answer.entry is not None:
        sandbox.call_log.mark_ended(answer.entry)
