"""The socket between a process of the trial and the process killer.

The process announces each step, one JSON object a line, and takes it only when the killer
answers; so it can be struck exactly there. It exits when the connection is lost.
"""

import json
import os
import socket
from pathlib import Path
from typing import Any

GO = b"go\n"


class ControlSocket:
    def __init__(self, address: Path, *, who: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(address))
        self._answers = self._socket.makefile("rb")
        self.send(said="hello", who=who, pid=os.getpid())

    def send(self, **message: Any) -> None:
        try:
            self._socket.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            os._exit(0)

    def announce_step(self, step: str, **details: Any) -> None:
        """Announce a step and wait for permission to take it."""
        self.send(said="step", step=step, **details)
        if self._answers.readline() != GO:
            os._exit(0)
