"""Starts, sweeps and ends: gathers the facts of each lead, and carries out decisions."""

from datetime import datetime

from assignments.models import Coverage, User


def plan_now(coverage: Coverage, at: datetime, *, actor: User | None = None) -> None:
    """What a tick would do, for this one coverage."""
