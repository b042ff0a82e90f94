"""Removal of sessions after their end, and of what was kept for them."""

from datetime import datetime, timedelta
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.sessions.models import Session
from django.db.models import Exists, OuterRef, QuerySet

from assignments.models import ProviderSession, SeenLogoutToken, SharedCacheEntry

AT_ONCE = 1_000  # rows in one transaction
MOST = 20_000  # rows of a kind in one call


def prune_sessions(*, at: datetime) -> int:
    """Delete sessions that have expired, what was kept for them, tokens of logouts and
    entries of the shared cache that count no more; return how many rows.

    Of each kind at most MOST, in transactions of AT_ONCE rows: strangers can make many.
    What is left is for the next call.
    """
    goes_on = Session.objects.filter(
        session_key=OuterRef("session_key"), expire_date__gte=at
    )
    old = at - timedelta(seconds=settings.SESSION_COOKIE_AGE)
    ended: tuple[QuerySet[Any], ...] = (
        Session.objects.filter(expire_date__lt=at),
        ProviderSession.objects.filter(~Exists(goes_on), began_at__lt=old),
        UserSession.objects.filter(~Exists(goes_on), last_seen_at__lt=old),
        SeenLogoutToken.objects.filter(expires_at__lt=at),
        SharedCacheEntry.objects.filter(expires__lt=at),
    )
    return sum(_delete(rows) for rows in ended)


def _delete(rows: QuerySet[Any]) -> int:
    """Delete rows that still fit when it is their turn; return how many."""
    count = 0
    for _ in range(MOST // AT_ONCE):
        keys = list(rows.values_list("pk", flat=True)[:AT_ONCE])
        count += rows.filter(pk__in=keys).delete()[0] if keys else 0
        if len(keys) < AT_ONCE:
            break
    return count
