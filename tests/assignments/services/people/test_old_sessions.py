"""What the tick removes of sessions that have ended."""

from datetime import timedelta

import pytest
from allauth.usersessions.models import UserSession
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.cache import cache

from assignments.models import ProviderSession, SeenLogoutToken, SharedCacheEntry
from assignments.services.operations.tick import tick
from assignments.services.people import old_sessions
from tests.factories import MONDAY, make_user

pytestmark = pytest.mark.django_db
AGE = timedelta(days=14)
SECOND = timedelta(seconds=1)


def make_session(*, expires, user=None, began=MONDAY):
    session = SessionStore()
    session.create()
    Session.objects.filter(pk=session.session_key).update(expire_date=expires)
    if user:
        UserSession.objects.create(
            user=user, session_key=session.session_key, ip="::1", last_seen_at=began
        )
        ProviderSession.objects.create(
            user=user, session_key=session.session_key, issuer="x", sub="y",
            began_at=began, checked_at=began, next_check_at=began,
        )  # fmt: skip
    return session.session_key


def test_the_tick_clears_what_has_expired():
    make_session(expires=MONDAY - SECOND)
    kept = make_session(expires=MONDAY + SECOND)
    SeenLogoutToken.objects.create(digest="old", expires_at=MONDAY - SECOND)
    SeenLogoutToken.objects.create(digest="new", expires_at=MONDAY + SECOND)
    for key in ("old", "new"):
        cache.set(key, 1)
    SharedCacheEntry.objects.filter(pk__contains="old").update(expires=MONDAY - SECOND)

    tick(at=MONDAY)

    assert [session.pk for session in Session.objects.all()] == [kept]
    assert SeenLogoutToken.objects.get().digest == "new"
    assert "new" in SharedCacheEntry.objects.get().pk


def test_what_was_kept_for_a_session_goes_after_it_and_never_before():
    user = make_user()
    long_ago = MONDAY - AGE - SECOND
    make_session(expires=MONDAY - SECOND, user=user, began=long_ago)
    renewed = make_session(expires=MONDAY + AGE, user=user, began=long_ago)

    old_sessions.prune_sessions(at=MONDAY)

    assert UserSession.objects.get().session_key == renewed
    assert ProviderSession.objects.get().session_key == renewed


def test_very_many_are_cleared_bit_by_bit(monkeypatch, django_assert_max_num_queries):
    monkeypatch.setattr(old_sessions, "AT_ONCE", 2)
    monkeypatch.setattr(old_sessions, "MOST", 4)
    for _ in range(5):
        make_session(expires=MONDAY - SECOND)

    with django_assert_max_num_queries(8):
        counts = [old_sessions.prune_sessions(at=MONDAY)]
    counts += [old_sessions.prune_sessions(at=MONDAY) for _ in range(2)]

    assert counts == [4, 1, 0]
