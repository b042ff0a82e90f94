"""What was unanswered before Handoff was connected has no time to be answered."""

from datetime import timedelta

import pytest

from assignments.models import Account, Breach, Lead
from assignments.services import account
from assignments.services.breaches.detect import record_breaches
from assignments.services.sla.recalculate import recalculate_all
from tests.factories import MONDAY, make_lead, make_target

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _a_new_account(settings):
    Account.objects.update_or_create(
        pk=1, defaults={"fingerprint": "", "answers_count_from": None}
    )
    make_target(60, in_working_hours=False)


def due_at(replied_at):
    lead = make_lead(last_reply_at=replied_at, last_sent_at=None, answer_owed=True)
    recalculate_all()
    lead.refresh_from_db()
    return lead.answer_due_at


def test_a_reply_from_before_is_owed_an_answer_and_never_due():
    account.bind(MONDAY)

    assert due_at(MONDAY - HOUR) is None
    assert Lead.objects.get().answer_owed


def test_a_reply_of_that_very_moment_is_due():
    account.bind(MONDAY)

    assert due_at(MONDAY) == MONDAY + HOUR


def test_nothing_from_before_is_told_as_overdue():
    account.bind(MONDAY)
    due_at(MONDAY - 100 * HOUR)

    assert record_breaches(at=MONDAY + HOUR) == 0
    assert not Breach.objects.exists()


def test_where_all_replies_count_old_ones_are_due():
    assert due_at(MONDAY - 100 * HOUR) == MONDAY - 99 * HOUR


def test_a_second_key_does_not_move_the_moment():
    account.bind(MONDAY)

    account.rebind(MONDAY + 100 * HOUR)

    assert account.current_account().answers_count_from == MONDAY


def test_a_moment_that_is_set_already_is_kept():
    Account.objects.update(answers_count_from=MONDAY - 100 * HOUR)

    account.bind(MONDAY)

    assert account.current_account().answers_count_from == MONDAY - 100 * HOUR
