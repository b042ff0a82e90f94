"""How the actors reach the sandbox: real sockets, kept open, and each write announced."""

import json
from typing import Any

import httpx
from django.conf import settings

from assignments.smartlead.transport import SocketTransport
from tests.trials.control_socket import Line

WRITES = {"update-team-member": "calling", "create-note": "note calling"}
# Made before the actors are forked: to load the certificates takes long.
SOCKETS = SocketTransport(connect_timeout=settings.CONNECT_TIMEOUT)


class KeptOpen(httpx.BaseTransport):
    """Says which write is about to go into the socket; nobody closes it."""

    def __init__(self, line: Line) -> None:
        self._line = line

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if step := WRITES.get(request.url.path.rpartition("/")[2]):
            body: dict[str, Any] = json.loads(request.read())
            self._line.ask(
                step,
                map_id=body["email_lead_map_id"],
                member_id=body.get("team_member_id"),
                note=body.get("note_message"),
            )
        return SOCKETS.handle_request(request)
