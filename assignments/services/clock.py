"""What time alone brings: the minute tick, without network."""

from datetime import datetime, timedelta

from assignments.models import Seat
from assignments.services import plans
from assignments.services.coverage import running as coverage
from assignments.services.routing import running as routing
from assignments.services.webhooks import receiving as webhooks

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
    hooked = webhooks.tick(at=at)
    return f"{covered} {routed} {hooked} {count} empty seats cleared."
