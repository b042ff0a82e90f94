"""What somebody is told: in the app, and by e-mail as they have chosen."""

from datetime import datetime

from assignments.models import Notification, User
from assignments.models.notification import Kind


def tell(
    user: User,
    *,
    kind: Kind,
    key: str,
    subject: str,
    text: str,
    path: str,
    at: datetime,
) -> Notification | None:
    """Tell them once; None if they have been told, under this key, before.

    `subject` is one line and says it all; `text` may add what a mail has room for, in
    plain lines. `path` is the page of this site that shows the leads. The caller holds
    the transaction in which the thing itself is recorded, so that it is told if and only
    if it happened.
    """
    told, is_new = Notification.objects.get_or_create(
        user=user,
        key=key,
        defaults={
            "kind": kind,
            "subject": subject[:200],
            "text": text,
            "path": path,
            "created_at": at,
        },
    )
    return told if is_new else None
