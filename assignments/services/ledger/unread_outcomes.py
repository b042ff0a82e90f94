"""What became of somebody's decisions while they looked elsewhere."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from assignments.models import Assignment, User
from assignments.models.assignment import Cause, State


def unanswered(user: User) -> QuerySet[Assignment]:
    """This user's refused and overtaken decisions, newest first.

    Not those which they dismissed, or which a newer decision has made pointless.
    """
    newer = Assignment.objects.filter(
        lead=OuterRef("lead"), pk__gt=OuterRef("pk")
    ).exclude(cause=Cause.OUTSIDE).exclude(
        state__in=(State.CANCELLED, State.SKIPPED)
    )  # fmt: skip
    mine = Assignment.objects.filter(
        actor=user, state__in=(State.REFUSED, State.OVERTAKEN), dismissed_at=None
    )
    return mine.filter(~Exists(newer)).order_by("-pk")


@transaction.atomic
def dismiss_all(*, user: User, at: datetime) -> int:
    """All have been read; how many there were."""
    ids = list(unanswered(user).values_list("pk", flat=True))
    return Assignment.objects.filter(pk__in=ids, dismissed_at=None).update(
        dismissed_at=at
    )
