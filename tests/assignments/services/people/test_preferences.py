from datetime import timedelta

import pytest

from assignments.models import Lead
from assignments.services.errors import AssignmentRefused, NotAllowed
from assignments.services.people import preferences
from tests.factories import (
    MONDAY,
    make_category,
    make_lead,
    make_manager,
    make_target,
    make_user,
)

pytestmark = pytest.mark.django_db


def mean(category, *, closing=False, interested=False, automatic=False, actor=None):
    preferences.set_category_meaning(
        actor=actor or make_manager(),
        category=category,
        is_closing=closing,
        is_interested=interested,
        owes_no_answer=automatic,
    )


def test_a_category_decided_by_hand_says_so():
    category = make_category()

    mean(category, interested=True)

    category.refresh_from_db()
    assert category.set_by_hand


def test_saving_what_it_means_already_decides_nothing():
    category = make_category()

    mean(category)

    assert not category.set_by_hand


def test_closing_and_opening_a_category_moves_what_is_owed():
    category = make_category()
    lead = make_lead(category=category, answer_owed=True, answer_due_at=MONDAY)
    make_target(24 * 60)

    mean(category, closing=True)
    lead.refresh_from_db()
    assert (lead.answer_owed, lead.answer_due_at) == (False, None)

    mean(category)
    lead.refresh_from_db()
    assert lead.answer_due_at == lead.last_reply_at + timedelta(hours=24)


def test_a_category_cannot_close_and_mean_interest():
    with pytest.raises(AssignmentRefused, match="cannot close"):
        mean(make_category(), closing=True, interested=True)


def test_an_automatic_answer_owes_none_and_stays_open():
    category = make_category("Away")
    lead = make_lead(category=category, answer_owed=True, answer_due_at=MONDAY)

    mean(category, automatic=True)

    lead.refresh_from_db()
    assert (lead.answer_owed, lead.answer_due_at) == (False, None)
    assert Lead.objects.open().contains(lead)


def test_an_automatic_answer_cannot_mean_interest():
    with pytest.raises(AssignmentRefused, match="cannot mean interest"):
        mean(make_category(), automatic=True, interested=True)


def test_preferences_are_set_by_sales_managers():
    user = make_user()

    with pytest.raises(NotAllowed):
        mean(make_category(), closing=True, actor=user)


def test_looks_and_zone_are_everybodys_own():
    user = make_user()

    preferences.save_own_preferences(
        user=user,
        theme="dark",
        density="compact",
        time_zone="Asia/Tokyo",
        single_keys=False,
    )

    user.refresh_from_db()
    assert (user.theme, user.density) == ("dark", "compact")
    assert (user.time_zone, user.single_keys) == ("Asia/Tokyo", False)
