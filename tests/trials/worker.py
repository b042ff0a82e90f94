"""An actor: sends what is due, as the real worker does, and says each step it takes."""

import json
import os
import time
from datetime import timedelta
from typing import Any

import httpx
from django.conf import settings
from django.utils import timezone

from assignments import tasks
from assignments.services.desk import Desk, step_reached
from assignments.services.dispatch import Dispatcher
from assignments.smartlead import client
from assignments.smartlead.transport import SocketTransport
from tests.trials.line import Line

WRITES = {"update-team-member": "calling", "create-note": "note calling"}


def play(line: Line, *, is_seated: bool) -> None:
    nursery = os.getppid()
    step_reached.connect(lambda step, **_: line.ask(step), weak=False)
    client.default_transport = lambda: Announcing(line)
    while os.getppid() == nursery:
        if is_seated:
            tasks.dispatch()
        else:
            _dispatch()
        time.sleep(0.02)


def _dispatch() -> None:
    with tasks.at_the_counter() as (smartlead, budget):
        desk = Desk(client=smartlead, budget=budget, clock=timezone.now)
        Dispatcher(desk).run(until=timezone.now() + timedelta(seconds=2))


class Announcing(httpx.BaseTransport):
    """Says which write is about to go into the socket."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._inner = SocketTransport(connect_timeout=settings.CONNECT_TIMEOUT)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if step := WRITES.get(request.url.path.rpartition("/")[2]):
            body: dict[str, Any] = json.loads(request.read())
            self._line.ask(
                step,
                map_id=body["email_lead_map_id"],
                member_id=body.get("team_member_id"),
                note=body.get("note_message"),
            )
        return self._inner.handle_request(request)

    def close(self) -> None:
        self._inner.close()
