"""What time alone brings: the minute tick, without network."""

from datetime import datetime, timedelta

from assignments.models import Seat
from assignments.services import plans
from assignments.services.routing import running as routing

FORGOTTEN = timedelta(hours=1)


def tick(*, at: datetime) -> str:
    """Tidy up what is over. Returns what was done, for the task's log."""
    old = Seat.objects.filter(name__startswith="open-", until=None) | (
        Seat.objects.filter(name__startswith="open-", until__lt=at - FORGOTTEN)
    )
    count, _ = old.delete()
    plans.forget_old_previews(at=at)
    routed = routing.run(at=at)
    return f"{routed} {count} empty seats cleared."
