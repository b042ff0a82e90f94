"""An actor: somebody who changes owners in Smartlead itself.

Each change names a member that nobody ever named before, so the verdict can tell every
one of them apart.
"""

import json
import os
import time
import urllib.request
from random import Random
from typing import Any

from tests.trials.control_socket import Line

FIRST_STRANGER = 100_000


def play(
    line: Line, *, seed: str, sandbox: str, leads: list[int], first: int, every: float
) -> None:
    nursery, rng = os.getppid(), Random(seed)
    stranger = FIRST_STRANGER + first
    while os.getppid() == nursery:
        time.sleep(rng.expovariate(1 / every))
        if rng.random() < 0.1:
            post(sandbox, "reply", map_id=rng.choice(leads))
        else:
            stranger += 1
            post(sandbox, "outside", map_id=rng.choice(leads), member_id=stranger)


def post(sandbox: str, control: str, **wishes: Any) -> Any:
    body = json.dumps(wishes).encode()
    address = f"{sandbox}/_sandbox/{control}"
    with urllib.request.urlopen(address, data=body, timeout=60) as answer:
        return json.load(answer)


def get(sandbox: str, control: str) -> Any:
    address = f"{sandbox}/_sandbox/{control}"
    with urllib.request.urlopen(address, timeout=60) as answer:
        return json.load(answer)
