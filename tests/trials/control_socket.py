"""The line from an actor of the trial to the killer.

An actor says what it is about to do, one JSON object a line, and does it only when the
killer answers; so it can be struck exactly there. Who loses the line leaves the stage.
"""

import json
import os
import socket
from pathlib import Path
from typing import Any

GO = b"go\n"


class Line:
    def __init__(self, address: Path, *, who: str) -> None:
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(address))
        self._answers = self._socket.makefile("rb")
        self.tell(said="hello", who=who, pid=os.getpid())

    def tell(self, **message: Any) -> None:
        try:
            self._socket.sendall(json.dumps(message).encode() + b"\n")
        except OSError:
            os._exit(0)

    def ask(self, step: str, **details: Any) -> None:
        """Announce a step, and go on when the killer lets us."""
        self.tell(said="step", step=step, **details)
        if self._answers.readline() != GO:
            os._exit(0)
