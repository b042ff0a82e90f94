"""Make calls one at a time, each with one slot of the call budget."""

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Any

import httpx
from django.db import DatabaseError

from assignments.smartlead.api_key import ApiKey
from assignments.smartlead.budget import CallBudget, Slot
from assignments.smartlead.call_record import CallRecord, log_call
from assignments.smartlead.errors import NotSent, ServiceTrouble
from assignments.smartlead.http_exchange import send_request
from assignments.smartlead.rate_limit_headers import parse_rate_headers
from assignments.smartlead.responses import Response
from assignments.smartlead.transport import CallTiming

logger = logging.getLogger(__name__)

# With less than this share of the deadline left on its slot, a call is not made: the
# deadline would cut off responses that are only slow.
MIN_SLOT_SHARE_LEFT = 1 / 3


@dataclass(slots=True)
class _SlotUse:
    """A slot and what became of it."""

    slot: Slot
    is_used: bool = False
    response: Response | None = None
    call: CallRecord | None = None


class MeteredCalls:
    """Make calls with the slots of a budget. Not thread-safe."""

    def __init__(
        self,
        http: httpx.Client,
        *,
        address: str,
        key: ApiKey,
        deadline: float,
        budget: CallBudget,
    ) -> None:
        self.budget = budget
        self._http = http
        self._address = address.rstrip("/")
        self._key = key
        self._deadline = deadline
        self._slot_use: _SlotUse | None = None
        self.server_time: datetime | None = None  # by the last answer's Date header

    @contextmanager
    def use_slot(self, slot: Slot) -> Iterator[None]:
        """Allow one call in this context.

        At its end record the slot as used (with the response's status and rate
        headers), or give it back if nothing was sent; a DatabaseError in doing so is
        only logged. Raise RuntimeError if another slot is in use.
        """
        if self._slot_use is not None:
            raise RuntimeError("Another slot is in use.")
        use = self._slot_use = _SlotUse(slot)
        try:
            yield
        finally:
            self._slot_use = None
            self._close_slot(use)

    def make(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        start_by: float | None = None,
    ) -> Response:
        """Return the complete response, whatever its status; set `server_time` by its
        Date. Raises RuntimeError without an unused slot, ServiceTrouble if the key
        is unusable or no complete response came, NotSent if too little of the slot
        was left or `start_by` (monotonic seconds) passed before the request was
        written.
        """
        use = self._claim_slot()
        self._key.require_usable()
        call = CallTiming(deadline=self._deadline_of(use.slot), start_by=start_by)
        use.is_used = True
        with _recorded(use, method, path):
            try:
                use.response = send_request(
                    self._http,
                    method=method,
                    url=f"{self._address}/{path}",
                    params=params or {},
                    body=body,
                    call=call,
                    key=self._key,
                )
            except NotSent:
                use.is_used = call.has_written
                raise
        self.server_time = use.response.server_time
        return use.response

    def _claim_slot(self) -> _SlotUse:
        if self._slot_use is None:
            raise RuntimeError("A call needs a slot: make it inside use_slot().")
        if self._slot_use.is_used:
            raise RuntimeError("A slot pays for one call.")
        return self._slot_use

    def _deadline_of(self, slot: Slot) -> float:
        """Return the call's deadline in monotonic seconds: `deadline` seconds from now,
        or the end of its slot if that is earlier.

        A slot is free one window after its end, so no call may last longer. Raises
        NotSent if less than MIN_SLOT_SHARE_LEFT of `deadline` is left of the slot.
        """
        now = time.monotonic()
        if slot.expires - now < self._deadline * MIN_SLOT_SHARE_LEFT:
            raise NotSent("The slot for this call had run out; it is made anew.")
        return min(now + self._deadline, slot.expires)

    def _close_slot(self, use: _SlotUse) -> None:
        try:
            if use.is_used:
                self._report_outcome(use)
            else:
                self.budget.give_back(use.slot)
        except DatabaseError:
            # What the call did matters more; the slot now counts until its deadline.
            logger.warning("A slot of the budget could not be settled.", exc_info=True)

    def _report_outcome(self, use: _SlotUse) -> None:
        slot, response, call = use.slot, use.response, use.call
        if response is None:
            self.budget.finish(slot, call=call)
            return
        rate = parse_rate_headers(response.headers, now=self.budget.clock())
        if response.status == HTTPStatus.TOO_MANY_REQUESTS:
            retry_after = response.retry_after
            self.budget.record_429(slot, retry_after=retry_after, rate=rate, call=call)
        else:
            self.budget.finish(slot, rate=rate, call=call)


@contextmanager
def _recorded(use: _SlotUse, method: str, path: str) -> Iterator[None]:
    """Set `use.call` by what the context does, and log it; a call that was not sent is
    neither.
    """
    began = time.monotonic()
    trouble = "broken"
    try:
        yield
    except NotSent:
        trouble = "not_sent"
        raise
    except ServiceTrouble as error:
        trouble = error.kind
        raise
    finally:
        if use.is_used or trouble != "not_sent":
            use.call = CallRecord(
                method=method,
                path=path,
                seconds=time.monotonic() - began,
                status=use.response.status if use.response else None,
                trouble="" if use.response else trouble,
            )
            log_call(use.call)
