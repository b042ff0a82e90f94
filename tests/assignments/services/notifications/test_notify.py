"""A person is notified of one thing once."""

import pytest

from assignments.models import Notification, User
from assignments.models.notification import NotificationKind
from assignments.services.notifications.notify import notify
from tests.factories import MONDAY

pytestmark = pytest.mark.django_db


def say(user: User, *, key: str) -> Notification | None:
    return notify(
        user,
        kind=NotificationKind.ASSIGNED,
        key=key,
        subject="3 leads are given to you",
        text="",
        path="/inbox/?owner=me",
        at=MONDAY,
    )


def test_the_same_thing_is_told_once():
    user = User.objects.create_user("ana")

    first, again = say(user, key="batch-1"), say(user, key="batch-1")

    assert first is not None
    assert again is None
    assert user.notifications.count() == 1


def test_two_people_are_each_told():
    ana, ben = User.objects.create_user("ana"), User.objects.create_user("ben")

    assert say(ana, key="batch-1")
    assert say(ben, key="batch-1")
