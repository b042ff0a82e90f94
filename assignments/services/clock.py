"""What time alone brings: the minute tick, without network."""

from datetime import datetime, timedelta

from assignments.models import Seat
from assignments.services import plans
from assignments.services.coverage import running

FORGOTTEN = timedelta(hours=1)


def tick(*, at: datetime) -> str:
    """Start, sweep and end coverages; tidy up. Returns what was done, for the log."""
    old = Seat.objects.filter(name__startswith="open-", until=None) | (
        Seat.objects.filter(name__startswith="open-", until__lt=at - FORGOTTEN)
    )
    count, _ = old.delete()
    plans.forget_old_previews(at=at)
    report = running.tick(at)
    return f"{report} {count} empty seats cleared."
