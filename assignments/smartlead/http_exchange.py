"""Send one request and read its response; turn every failure into one of our errors.

The kinds of ServiceTrouble: `address` for a bad URL, an unknown host or no valid TLS;
`unavailable` if there is no connection or it breaks; `timeout` if the response is not
complete by the deadline; `garbled` if it cannot be unpacked or is longer than
LONGEST_ANSWER.

Errors of httpx are neither passed on nor chained: they hold the request with the key.
"""

from collections.abc import Mapping
from contextlib import closing
from typing import Any

import httpcore
import httpx

from assignments.smartlead.api_key import ApiKey
from assignments.smartlead.errors import ServiceTrouble
from assignments.smartlead.responses import Response, garbled_error
from assignments.smartlead.transport import (
    TIMING_EXTENSION,
    AddressUnknown,
    CallTiming,
    NotSecure,
)

LONGEST_ANSWER = 20 * 1024 * 1024

TIMEOUT_ERRORS = (httpx.TimeoutException, httpcore.TimeoutException, TimeoutError)
UNREACHABLE_ERRORS = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpcore.ConnectError,
    httpcore.ConnectTimeout,
    httpcore.PoolTimeout,
)
BAD_ADDRESS_ERRORS = (
    AddressUnknown,
    httpx.InvalidURL,
    httpx.UnsupportedProtocol,
    httpcore.UnsupportedProtocol,
)
CONNECTION_ERRORS = (
    httpx.TransportError,
    httpcore.NetworkError,
    httpcore.ProtocolError,
    OSError,
)


def send_request(
    http: httpx.Client,
    *,
    method: str,
    url: str,
    params: Mapping[str, Any],
    body: Mapping[str, Any] | None,
    call: CallTiming,
    key: ApiKey,
) -> Response:
    """Return the complete response of any status, its text with the API key as `***`.
    Raise ServiceTrouble on failure, NotSent if `call.start_by` passed before sending.
    """
    error: ServiceTrouble
    try:
        request = http.build_request(
            method, url, params=params, json=body, extensions={TIMING_EXTENSION: call}
        )
        return _read_response(http.send(request, stream=True), call=call, key=key)
    except BAD_ADDRESS_ERRORS:
        error = _bad_address_error()
    except NotSecure:
        error = _insecure_error()
    except UNREACHABLE_ERRORS:
        error = _unreachable_error()
    except TIMEOUT_ERRORS:
        error = ServiceTrouble("Smartlead did not answer in time.", kind="timeout")
    except httpx.DecodingError:
        error = garbled_error("Smartlead's answer could not be unpacked.")
    except CONNECTION_ERRORS:
        sentence = "The connection to Smartlead broke off before its answer was there."
        error = ServiceTrouble(sentence, kind="unavailable")
    # Raised outside of the handlers, so that it has no httpx error as its context.
    raise error


def _read_response(
    response: httpx.Response, *, call: CallTiming, key: ApiKey
) -> Response:
    with closing(response):
        body = _read_body(response, call)
    text = key.redact(body.decode("utf-8-sig", "replace"))
    return Response.read(
        status=response.status_code, headers=response.headers, text=text
    )


def _read_body(response: httpx.Response, call: CallTiming) -> bytes:
    body = bytearray()
    call.seconds_left(httpcore.ReadTimeout)
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > LONGEST_ANSWER:
            raise garbled_error("Smartlead's answer is longer than any it should give.")
        # Transports without sockets (the sandbox in process) do not check the deadline.
        call.seconds_left(httpcore.ReadTimeout)
    return bytes(body)


def _unreachable_error() -> ServiceTrouble:
    return ServiceTrouble(
        "Nothing answers at the address in SMARTLEAD_BASE_URL. Check it and this "
        "machine's network; what waits goes out by itself.",
        kind="unavailable",
        surely_not_applied=True,
    )


def _insecure_error() -> ServiceTrouble:
    return ServiceTrouble(
        "There is no secure connection to the address in SMARTLEAD_BASE_URL (no TLS, or "
        "a certificate that is not right). Check the address and this machine's network.",
        kind="address",
        surely_not_applied=True,
    )


def _bad_address_error() -> ServiceTrouble:
    return ServiceTrouble(
        "The address in SMARTLEAD_BASE_URL leads nowhere. Check it and this machine's "
        "network.",
        kind="address",
        surely_not_applied=True,
    )
