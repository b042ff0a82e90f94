"""A transport to the sandbox that announces each write before it is sent."""

import json
from typing import Any

import httpx
from django.conf import settings

from assignments.smartlead.transport import SocketTransport
from tests.trials.control_socket import ControlSocket

WRITE_STEPS = {"update-team-member": "calling", "create-note": "note calling"}
# Made before the processes are forked: to load the certificates takes long.
SHARED_TRANSPORT = SocketTransport(connect_timeout=settings.CONNECT_TIMEOUT)


class AnnouncingTransport(httpx.BaseTransport):
    """Never closes its sockets, which all processes of the trial share."""

    def __init__(self, control: ControlSocket) -> None:
        self._control = control

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if step := WRITE_STEPS.get(request.url.path.rpartition("/")[2]):
            body: dict[str, Any] = json.loads(request.read())
            self._control.announce_step(
                step,
                map_id=body["email_lead_map_id"],
                member_id=body.get("team_member_id"),
                note=body.get("note_message"),
            )
        return SHARED_TRANSPORT.handle_request(request)
