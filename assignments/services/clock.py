"""What time alone brings: the minute tick, without network."""

from datetime import datetime, timedelta

from assignments.models import Seat
from assignments.services import plans, weekly
from assignments.services.coverage import running as coverage
from assignments.services.routing import running as routing

FORGOTTEN = timedelta(hours=1)


def tick(*, at: datetime) -> str:
    """Coverages first, then rules for what no coverage takes; tidy up.

    Returns what was done, for the log.
    """
    old = Seat.objects.filter(name__startswith="open-", until=None) | (
        Seat.objects.filter(name__startswith="open-", until__lt=at - FORGOTTEN)
    )
    count, _ = old.delete()
    plans.forget_old_previews(at=at)
    covered = coverage.tick(at)
    routed = routing.run(at=at)
    told = weekly.tell_all(at=at)
    return f"{covered} {routed} {told} {count} empty seats cleared."
