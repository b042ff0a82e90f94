"""Serve the sandbox in process: `httpx.WSGITransport(app=application(sandbox))`.

The app raises ConnectionError for a lost answer, and sleeps for one that hangs.
"""

import time
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from assignments.sandbox import router
from assignments.sandbox.call import ApiRequest, ApiResponse
from assignments.sandbox.fake_smartlead import FakeSmartlead

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def application(sandbox: FakeSmartlead) -> "WSGIApplication":
    def app(
        environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        caller = environ.get("REMOTE_ADDR", "127.0.0.1")
        answer = router.respond(sandbox, _request(environ), caller=caller)
        if answer.is_lost:
            router.end_log_entry(sandbox, answer)
            raise ConnectionError("The connection was closed without an answer.")
        time.sleep(answer.drip_head)
        status = f"{answer.status} {HTTPStatus(answer.status).phrase}"
        body = router.encode_body(answer)
        start_response(status, list(router.response_headers(answer, body).items()))
        return _chunks(sandbox, answer, body)

    return app


def _request(environ: "WSGIEnvironment") -> ApiRequest:
    return ApiRequest(
        method=environ["REQUEST_METHOD"],
        path=environ["PATH_INFO"],
        query=dict(parse_qsl(environ["QUERY_STRING"], keep_blank_values=True)),
        body=environ["wsgi.input"].read(),
        content_type=environ.get("CONTENT_TYPE")
        # httpx's WSGI transport uses the wrong name.
        or environ.get("HTTP_CONTENT_TYPE", ""),
    )


def _chunks(
    sandbox: FakeSmartlead, answer: ApiResponse, body: bytes
) -> Iterator[bytes]:
    try:
        yield from router.drip_chunks(body, over=answer.drip_body)
    finally:
        router.end_log_entry(sandbox, answer)
