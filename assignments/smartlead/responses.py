"""Read what a response of Smartlead means: a payload, or one of our errors.

Smartlead has no single form for errors; all known ones are read in one order.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any, Self

from assignments.smartlead.errors import (
    AmbiguousWrite,
    Refused,
    ServiceTrouble,
    SmartleadError,
)

LONGEST_SENTENCE = 300
# What gateways and frameworks answer in JSON for an unknown path.
UNKNOWN_PATH_SENTENCES = {
    "not found",
    "no route matched with those values",
    "route not found",
}
# Joi puts one of these into `error`, and the reason into `message`.
STATUS_PHRASES = {"Bad Request", "Not Found", "Unprocessable Entity"}
RATE_LIMIT_SENTENCE = "Smartlead asks us to slow down. What waits goes out by itself."


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """A response that was read completely; its text no longer contains the API key."""

    status: int
    headers: Mapping[str, str]
    text: str
    payload: Any  # None where the text is not JSON
    is_json: bool

    @classmethod
    def read(cls, *, status: int, headers: Mapping[str, str], text: str) -> Self:
        try:
            payload, is_json = json.loads(text), True
        except (ValueError, RecursionError):
            payload, is_json = None, False
        return cls(
            status=status,
            headers=headers,
            text=text,
            payload=payload,
            is_json=is_json,
        )

    @property
    def is_success(self) -> bool:
        return HTTPStatus(200) <= self.status < HTTPStatus(300)

    @property
    def is_empty(self) -> bool:
        return not self.text.strip()

    @property
    def says_no(self) -> bool:
        """Return True if `ok` or `success` of the payload is false, as a boolean or a
        text, which happens with status 200, too; False for any other payload.
        """
        return _says_no(self.payload)

    @property
    def sentence(self) -> str:
        """Return Smartlead's own message, or an empty text: on one line of at most
        LONGEST_SENTENCE the first text among `error`, `error.message`, `message` and
        `err`, but `message` first in Joi's form. Of a payload that is a text, return
        its first 200 characters.
        """
        return _sentence(self.payload) if self.is_json else ""

    @property
    def server_time(self) -> datetime | None:
        """Return the Date header as an aware datetime (whole seconds, UTC), or None if
        it is missing or unreadable.
        """
        return _parse_http_date(self.headers.get("date", ""))

    @property
    def retry_after(self) -> float | None:
        """Return the seconds to wait, never below 0, or None.

        The first usable one counts: the Retry-After header as a number or a date, then
        `retry_after` or `error.retry_after` of the body.
        """
        header = self.headers.get("retry-after", "")
        waits = (
            _parse_seconds(header),
            _seconds_until(header),
            _retry_after_in_body(self.payload),
        )
        return next((wait for wait in waits if wait is not None), None)


def error_from(response: Response) -> SmartleadError | None:
    """Return (do not raise) the error that this response means, or None for any 2xx.

    Refused: 400, 404 or 422 with a message. All else is ServiceTrouble: `rate_limit`
    for 429; `key`, `plan` or `unavailable` for 401, 403 or a key that Joi rejects;
    `address` for an unknown path, a 405 or a redirect; `timeout` for 408; `plan` for
    402; `unavailable` for 5xx; `garbled` for the rest.
    """
    if response.is_success:
        return None
    if response.status == HTTPStatus.TOO_MANY_REQUESTS:
        return ServiceTrouble(
            RATE_LIMIT_SENTENCE,
            kind="rate_limit",
            surely_not_applied=True,
            retry_after=response.retry_after,
        )
    if response.status in {401, 403} or _is_key_rejected(response.payload):
        return _access_error(response)
    if error := _address_error(response):
        return error
    if response.status in {400, 404, 422} and response.sentence:
        return Refused(response.sentence, status=response.status)
    return _other_error(response)


def payload_of_read(response: Response) -> Any:
    """Return the JSON payload of a 2xx to a read, which may be null or empty. The
    status is not checked.

    Raises ServiceTrouble (kind `garbled`) if it is not JSON or `ok` or `success` is
    false.
    """
    if not response.is_json:
        raise garbled_error(
            "What answers at SMARTLEAD_BASE_URL does not speak as Smartlead's API does "
            "(no JSON). If it stays so, check the address."
        )
    if response.says_no:
        sentence = response.sentence or "it gave no reason"
        raise garbled_error(
            f"Smartlead answered, but not with what was asked: {sentence}"
        )
    return response.payload


def payload_of_write(response: Response) -> dict[str, Any]:
    """Return the payload of a 2xx to a write. The status is not checked.

    Raises AmbiguousWrite unless it is an object that is not empty, has no false `ok` or
    `success` (nor has its `data`), and has no `error` without `ok` or `success`.
    """
    payload = response.payload
    if not isinstance(payload, dict) or not payload:
        raise AmbiguousWrite(
            "Smartlead's answer does not say whether it made the change."
        )
    data = payload.get("data")
    if response.says_no or _says_no(data) or _is_bare_error(payload):
        sentence = (
            response.sentence or _sentence(data) or "it says no, without a reason"
        )
        raise AmbiguousWrite(f"Smartlead's answer leaves open what it did: {sentence}")
    return payload


def garbled_error(sentence: str) -> ServiceTrouble:
    return ServiceTrouble(sentence, kind="garbled")


def _access_error(response: Response) -> ServiceTrouble:
    sentence = response.sentence
    if "plan expired" in (sentence or response.text).lower():
        return ServiceTrouble(
            "The Smartlead plan has expired. Renew it in Smartlead; what waits goes "
            "out by itself afterwards.",
            kind="plan",
            surely_not_applied=True,
        )
    if not response.is_json:
        return ServiceTrouble(
            f"Something in front of Smartlead turns our calls away ({response.status}): "
            "a proxy, a firewall or the network. Ask whoever runs it.",
            kind="unavailable",
            surely_not_applied=True,
        )
    reason = _without_full_stop(sentence) or response.status
    return ServiceTrouble(
        f"Smartlead does not accept our API key ({reason}). Check SMARTLEAD_API_KEY.",
        kind="key",
        surely_not_applied=True,
    )


def _address_error(response: Response) -> ServiceTrouble | None:
    """Return a ServiceTrouble (kind `address`) for an unknown path, a 405 or a
    redirect, else None. A path is unknown by Express' own page, or by a 404 without
    JSON or with one of UNKNOWN_PATH_SENTENCES. Only Express' page and a 405 are
    `surely_not_applied`.
    """
    # Express' own page for an unknown path or method.
    cannot = re.search(r"\bCannot (GET|POST|PUT|PATCH|DELETE) /", response.text)
    is_unrouted = response.status == HTTPStatus.NOT_FOUND and (
        not response.is_json
        or _without_full_stop(response.sentence).lower() in UNKNOWN_PATH_SENTENCES
    )
    is_method = response.status == HTTPStatus.METHOD_NOT_ALLOWED
    is_redirect = HTTPStatus(300) <= response.status < HTTPStatus(400)
    if not (cannot or is_unrouted or is_method or is_redirect):
        return None
    return ServiceTrouble(
        f"The address in SMARTLEAD_BASE_URL does not lead to Smartlead's API "
        f"({response.status}). Check it.",
        kind="address",
        surely_not_applied=bool(cannot) or is_method,
    )


def _other_error(response: Response) -> ServiceTrouble:
    status, sentence = response.status, response.sentence
    reason = f"{status}: {_without_full_stop(sentence)}" if sentence else str(status)
    if status == HTTPStatus.REQUEST_TIMEOUT:
        return ServiceTrouble("Smartlead gave up waiting for our call.", kind="timeout")
    if status == HTTPStatus.PAYMENT_REQUIRED:
        return ServiceTrouble(
            f"The Smartlead plan does not allow this ({reason}).", kind="plan"
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ServiceTrouble(
            f"Smartlead is out of order ({reason}). What waits goes out by itself.",
            kind="unavailable",
            retry_after=response.retry_after,
        )
    return garbled_error(
        f"Smartlead turned the call away without a clear reason ({reason})."
    )


def _says_no(payload: Any) -> bool:
    if not isinstance(payload, dict):
        return False
    flags = (payload.get("ok"), payload.get("success"))
    return any(str(flag).lower() == "false" for flag in flags)


def _is_bare_error(payload: dict[str, Any]) -> bool:
    is_agreed = "ok" in payload or "success" in payload
    return bool(payload.get("error")) and not is_agreed


def _is_key_rejected(payload: Any) -> bool:
    validation = payload.get("validation") if isinstance(payload, dict) else None
    keys = validation.get("keys") if isinstance(validation, dict) else None
    return isinstance(keys, list) and "api_key" in keys


def _sentence(payload: Any) -> str:
    """Return the first text among `error`, `error.message`, `message` and `err`, or an
    empty one; `message` comes first with `validation` or if `error` is one of
    STATUS_PHRASES. Blanks are collapsed and LONGEST_SENTENCE is the limit. Of a
    payload that is a text, return its first 200 characters.
    """
    if not isinstance(payload, dict):
        return payload.strip()[:200] if isinstance(payload, str) else ""
    error, message = payload.get("error"), payload.get("message")
    inner = error.get("message") if isinstance(error, dict) else None
    tries = [error, inner, message, payload.get("err")]
    if payload.get("validation") or str(error) in STATUS_PHRASES:
        tries.insert(0, message)
    sentence = next(
        (text for text in tries if isinstance(text, str) and text.strip()), ""
    )
    return " ".join(sentence.split())[:LONGEST_SENTENCE]


def _without_full_stop(sentence: str) -> str:
    return sentence.rstrip(".! ")


def _parse_seconds(value: Any) -> float | None:
    try:
        seconds = float(value)
    except (TypeError, ValueError):
        return None
    return seconds if 0 <= seconds < float("inf") else None


def _seconds_until(http_date: str) -> float | None:
    moment = _parse_http_date(http_date)
    if moment is None:
        return None
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _parse_http_date(http_date: str) -> datetime | None:
    try:
        moment = parsedate_to_datetime(http_date)
    except (TypeError, ValueError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _retry_after_in_body(payload: Any) -> float | None:
    if not isinstance(payload, dict):
        return None
    error = payload.get("error")
    inner = error.get("retry_after") if isinstance(error, dict) else None
    value = payload.get("retry_after", inner)
    return None if isinstance(value, bool) else _parse_seconds(value)
