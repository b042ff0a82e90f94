"""Work of `serve` every few seconds: signs of life, and what a dead host has left."""

import logging
import time
from collections.abc import Sequence
from functools import partial

from django.db import DatabaseError, InterfaceError, connection

from assignments import database_clock, processes
from assignments.models import HostPart
from assignments.services import task_leases
from assignments.services.operations import host_parts

logger = logging.getLogger(__name__)

BEAT_EVERY = 15.0  # seconds between two signs of life of the web part
PROBE = "/healthz"


class HostWatch:
    """Notes that this host's web part answers, and takes over what a dead worker held.

    Called by the supervisor; errors of the database are logged and swallowed.
    """

    def __init__(
        self, parts: Sequence[str], *, host: str, port: int, site_url: str
    ) -> None:
        self._parts = parts
        self._is_web_up = partial(
            processes.is_serving, host=host, port=port, site_url=site_url, path=PROBE
        )
        self._beat_due_at = 0.0

    def __call__(self) -> None:
        try:
            if HostPart.Part.WORKER in self._parts:
                take_over_abandoned_work()
            if HostPart.Part.WEB in self._parts:
                self._record_web_beat_if_due()
        except (DatabaseError, InterfaceError) as error:
            logger.warning("The state of this host cannot be noted: %s", error)
            connection.close()  # the next look opens a new one

    def _record_web_beat_if_due(self) -> None:
        if time.monotonic() < self._beat_due_at:
            return
        if self._is_web_up():
            self._beat_due_at = time.monotonic() + BEAT_EVERY
            host_parts.record_beat(HostPart.Part.WEB, at=database_clock.now())


def take_over_abandoned_work() -> None:
    """Free the leases of tasks whose process died, and queue a tick if there were any:
    it asks for every task that has work.
    """
    if task_leases.free_abandoned_leases(at=database_clock.now()):
        processes.wake_worker()
