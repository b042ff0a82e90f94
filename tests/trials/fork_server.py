"""Forks the actors of a trial, so that one that was killed is replaced at once.

Reads one JSON object a line: {"role": …, "who": …} and what that role takes.
"""

import importlib
import json
import os
import signal
import sys
import traceback
from pathlib import Path
from typing import Any

import django

from tests.trials.control_socket import Line


def main(address: Path) -> None:
    django.setup()
    for name in (
        "announcing_transport",
        "dispatch_worker",
        "sync_worker",
        "manager_actions",
        "outside_changes",
        "ticker",
        "trial_steps",
    ):
        importlib.import_module(f"tests.trials.{name}")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the dead
    for wish in sys.stdin:
        if os.fork() == 0:
            _play(address, json.loads(wish))


def _play(address: Path, wish: dict[str, Any]) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.close(0)
    line = Line(address, who=wish.pop("who"))
    _open_wire(line)
    role = importlib.import_module(f"tests.trials.{wish.pop('role')}")
    try:
        role.play(line, **wish)
    except Exception:
        line.tell(said="failed", trace=traceback.format_exc())
    finally:
        os._exit(0)


def _open_wire(line: Line) -> None:
    from assignments.smartlead import client
    from tests.trials.announcing_transport import KeptOpen

    client.default_transport = lambda: KeptOpen(line)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
