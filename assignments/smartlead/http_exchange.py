"""One request and its answer, or one of our errors in place of whatever went wrong.

Nothing of httpx leaves this module: its errors carry requests, and are not chained.
"""

from collections.abc import Mapping
from contextlib import closing
from typing import Any

import httpcore
import httpx

from assignments.smartlead.api_key import ApiKey
from assignments.smartlead.errors import ServiceTrouble
from assignments.smartlead.responses import Response, garbled
from assignments.smartlead.transport import (
    EXTENSION,
    AddressUnknown,
    CallTiming,
    NotSecure,
)

LONGEST_ANSWER = 20 * 1024 * 1024

TIMED_OUT = (httpx.TimeoutException, httpcore.TimeoutException, TimeoutError)
NOT_REACHED = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
)
NO_ADDRESS = (
    AddressUnknown,
    httpx.InvalidURL,
    httpx.UnsupportedProtocol,
    httpcore.UnsupportedProtocol,
)
BROKEN_OFF = (
    httpx.TransportError,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    OSError,
)


def exchange(
    http: httpx.Client,
    *,
    method: str,
    url: str,
    params: Mapping[str, Any],
    body: Mapping[str, Any] | None,
    call: CallTiming,
    key: ApiKey,
) -> Response:
    """Send, and read the whole answer before the deadline, or raise AboutUs."""
    error: ServiceTrouble
    try:
        request = http.build_request(
            method, url, params=params, json=body, extensions={EXTENSION: call}
        )
        return _answer(http.send(request, stream=True), call=call, key=key)
    except NO_ADDRESS:
        error = _no_address()
    except NotSecure:
        error = _not_secure()
    except NOT_REACHED:
        error = _not_reached()
    except TIMED_OUT:
        error = ServiceTrouble("Smartlead did not answer in time.", kind="timeout")
    except httpx.DecodingError:
        error = garbled("Smartlead's answer could not be unpacked.")
    except BROKEN_OFF:
        sentence = "The connection to Smartlead broke off before its answer was there."
        error = ServiceTrouble(sentence, kind="unavailable")
    # Raised out here, so that it carries no context: httpx' errors hold requests.
    raise error


def _answer(response: httpx.Response, *, call: CallTiming, key: ApiKey) -> Response:
    with closing(response):
        body = _body(response, call)
    text = key.blot_out(body.decode("utf-8-sig", "replace"))
    return Response.read(
        status=response.status_code, headers=response.headers, text=text
    )


def _body(response: httpx.Response, call: CallTiming) -> bytes:
    body = bytearray()
    call.left(httpcore.ReadTimeout)
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > LONGEST_ANSWER:
            raise garbled("Smartlead's answer is longer than any it should give.")
        # Transports without sockets (the sandbox in process) keep no deadline.
        call.left(httpcore.ReadTimeout)
    return bytes(body)


def _not_reached() -> ServiceTrouble:
    return ServiceTrouble(
        "Nothing answers at the address in SMARTLEAD_BASE_URL. Check it and this "
        "machine's network; what waits goes out by itself.",
        kind="unavailable",
        surely_not_applied=True,
    )


def _not_secure() -> ServiceTrouble:
    return ServiceTrouble(
        "There is no secure connection to the address in SMARTLEAD_BASE_URL (no TLS, or "
        "a certificate that is not right). Check the address and this machine's network.",
        kind="address",
        surely_not_applied=True,
    )


def _no_address() -> ServiceTrouble:
    return ServiceTrouble(
        "The address in SMARTLEAD_BASE_URL leads nowhere. Check it and this machine's "
        "network.",
        kind="address",
        surely_not_applied=True,
    )
