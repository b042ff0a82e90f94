"""The real settings with static files collected beside the database."""

import os
from pathlib import Path

from dashboard.settings import *  # noqa: F403

STATIC_ROOT = Path(os.environ["COLLECTED"])
