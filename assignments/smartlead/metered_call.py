"""One call at a time, each paid for with one slot of the budget."""

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
from assignments.smartlead.errors import NotSent
from assignments.smartlead.http_exchange import send_request
from assignments.smartlead.rate_limit_headers import parse_rate_headers
from assignments.smartlead.responses import Response
from assignments.smartlead.transport import CallTiming

logger = logging.getLogger(__name__)

# A slot older than this share of its life is no longer worth a call: what is left of
# its deadline would cut off answers that are only slow.
MIN_SLOT_SHARE_LEFT = 1 / 3


@dataclass(slots=True)
class _SlotUse:
    """What has become of a slot."""

    slot: Slot
    is_used: bool = False
    answer: Response | None = None


class MeteredCalls:
    """Not for several threads at once."""

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
        if self._slot_use is not None:
            raise RuntimeError("Another slot is being spent.")
        turn = self._slot_use = _SlotUse(slot)
        try:
            yield
        finally:
            self._slot_use = None
            self._close_slot(turn)

    def make(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        start_by: float | None = None,
    ) -> Response:
        """Make the call and read its whole answer, whatever that says."""
        turn = self._claim_slot()
        self._key.require_usable()
        call = CallTiming(deadline=self._deadline_of(turn.slot), start_by=start_by)
        turn.is_used = True
        try:
            turn.answer = send_request(
                self._http,
                method=method,
                url=f"{self._address}/{path}",
                params=params or {},
                body=body,
                call=call,
                key=self._key,
            )
        except NotSent:
            turn.is_used = call.has_written
            raise
        self.server_time = turn.answer.server_time
        return turn.answer

    def _claim_slot(self) -> _SlotUse:
        if self._slot_use is None:
            raise RuntimeError("A call needs a slot: make it inside spending().")
        if self._slot_use.is_used:
            raise RuntimeError("A slot pays for one call.")
        return self._slot_use

    def _deadline_of(self, slot: Slot) -> float:
        """No call outlives its slot, since the slot is free a window after that."""
        now = time.monotonic()
        if slot.expires - now < self._deadline * MIN_SLOT_SHARE_LEFT:
            raise NotSent("The slot for this call had run out; it is made anew.")
        return min(now + self._deadline, slot.expires)

    def _close_slot(self, turn: _SlotUse) -> None:
        try:
            if turn.is_used:
                self._report_outcome(turn.slot, turn.answer)
            else:
                self.budget.give_back(turn.slot)
        except DatabaseError:
            # What the call did matters more; the slot now counts until its deadline.
            logger.warning("A slot of the budget could not be settled.", exc_info=True)

    def _report_outcome(self, slot: Slot, answer: Response | None) -> None:
        if answer is None:
            self.budget.finish(slot)
            return
        rate = parse_rate_headers(answer.headers, now=time.time())
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            self.budget.record_429(slot, retry_after=answer.retry_after, rate=rate)
        else:
            self.budget.finish(slot, rate=rate)
