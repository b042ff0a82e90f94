"""How the mails stand: for the system page, and for what every page must say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from assignments import smtp
from assignments.models import Mail
from assignments.services.notifications import outbox

MOST_ROWS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class MailHealth:
    is_on: bool
    trouble: str
    trouble_since: datetime | None
    try_again_at: datetime | None
    waiting: int
    returned: Sequence[Mail]
    returned_total: int


def mail_health() -> MailHealth:
    server = outbox.server()
    returned = outbox.returned()
    return MailHealth(
        is_on=smtp.is_on(),
        trouble=server.trouble,
        trouble_since=server.trouble_since,
        try_again_at=server.try_again_at,
        waiting=Mail.objects.pending().count(),
        returned=list(returned.defer("text", "html")[:MOST_ROWS]),
        returned_total=returned.count(),
    )
