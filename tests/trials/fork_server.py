"""Forks the processes of a trial, so that one that was killed is replaced at once.

Reads one JSON object a line: {"role": module, "who": name} and the options of `run` there.
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

from tests.trials.control_socket import ControlSocket


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
    for options in sys.stdin:
        if os.fork() == 0:
            _run_role(address, json.loads(options))


def _run_role(address: Path, options: dict[str, Any]) -> None:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.close(0)
    control = ControlSocket(address, who=options.pop("who"))
    _announce_writes(control)
    role = importlib.import_module(f"tests.trials.{options.pop('role')}")
    try:
        role.run(control, **options)
    except Exception:
        control.send(said="failed", trace=traceback.format_exc())
    finally:
        os._exit(0)


def _announce_writes(control: ControlSocket) -> None:
    from assignments.smartlead import client
    from tests.trials.announcing_transport import AnnouncingTransport

    client.default_transport = lambda: AnnouncingTransport(control)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
