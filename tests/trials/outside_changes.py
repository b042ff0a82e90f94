"""A process of a trial that changes owners in Smartlead itself.

Each change names a member that no other change names, so that they can be told apart.
"""

import os
import time
from random import Random

from tests.trials.control_socket import ControlSocket
from tests.trials.sandbox_control import post

FIRST_OUTSIDE_OWNER = 100_000


def run(
    control: ControlSocket,
    *,
    seed: str,
    sandbox: str,
    leads: list[int],
    first: int,
    every: float,
) -> None:
    parent, rng = os.getppid(), Random(seed)
    owner = FIRST_OUTSIDE_OWNER + first
    while os.getppid() == parent:
        time.sleep(rng.expovariate(1 / every))
        if rng.random() < 0.1:
            post(sandbox, "reply", map_id=rng.choice(leads))
        else:
            owner += 1
            post(sandbox, "outside", map_id=rng.choice(leads), member_id=owner)
