"""Refused and overtaken decisions of a user that they have not read yet."""

from datetime import datetime

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from assignments.models import Assignment, User
from assignments.models.assignment import Cause, State
from assignments.services.sight import Sight


def undismissed_outcomes(user: User) -> QuerySet[Assignment]:
    """Return this user's refused and overtaken rows not dismissed yet, newest first.

    Left out are those whose lead has a later row (by id) that is neither cancelled nor
    skipped nor seen in Smartlead, and those whose lead the user does not see any more.
    """
    newer = Assignment.objects.filter(
        lead=OuterRef("lead"), pk__gt=OuterRef("pk")
    ).exclude(cause=Cause.OUTSIDE).exclude(
        state__in=(State.CANCELLED, State.SKIPPED)
    )  # fmt: skip
    mine = Assignment.objects.filter(
        Sight.of(user).leads("lead__"),
        actor=user,
        state__in=(State.REFUSED, State.OVERTAKEN),
        dismissed_at=None,
    )
    return mine.filter(~Exists(newer)).order_by("-pk")


@transaction.atomic
def dismiss_outcomes(*, user: User, at: datetime) -> int:
    """Set `dismissed_at` of the user's `undismissed_outcomes`; return how many."""
    ids = list(undismissed_outcomes(user).values_list("pk", flat=True))
    return Assignment.objects.filter(pk__in=ids, dismissed_at=None).update(
        dismissed_at=at
    )
