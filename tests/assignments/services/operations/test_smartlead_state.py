"""Whether Smartlead answers: one state, and every sentence follows it."""

import pytest
from django.utils import timezone

from assignments.models import Account, Heartbeat, SyncSource
from assignments.services import account as accounts
from assignments.services.operations import onboarding, status
from assignments.services.operations.smartlead_state import SmartleadState
from tests.factories import MONDAY, make_assignment, make_lead, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _bound():
    Heartbeat.objects.create(name="worker", beat_at=MONDAY)
    accounts.bind(timezone.now())


def state() -> SmartleadState:
    """Return the state, which the two pages agree about."""
    steps = onboarding.first_steps(at=MONDAY).smartlead
    assert steps == status.system_overview(at=MONDAY).smartlead
    return steps


def test_answers_when_nothing_says_otherwise():
    assert state() == SmartleadState.ANSWERS


def test_answers_in_part_while_a_read_fails():
    SyncSource.objects.create(name="members", error="It timed out.")

    assert state() == SmartleadState.PARTLY


def test_does_not_answer_in_an_outage():
    Account.objects.update(outage_since=MONDAY, outage_sentence="It is down.")

    assert state() == SmartleadState.OUTAGE


def test_is_not_known_to_answer_while_the_worker_is_silent():
    Heartbeat.objects.all().delete()

    assert state() == SmartleadState.UNKNOWN


def test_cannot_be_asked_without_a_key(settings):
    settings.SMARTLEAD_API_KEY = ""

    assert state() == SmartleadState.NO_KEY


def test_another_account_is_not_asked(settings):
    settings.SMARTLEAD_BASE_URL = "https://other.test/api/v1"

    assert state() == SmartleadState.WRONG_ACCOUNT
    assert "belongs to the Smartlead at" in onboarding.first_steps(at=MONDAY).problem


def test_was_not_asked_in_a_new_installation():
    Account.objects.update(bound_at=None, fingerprint="")

    assert state() == SmartleadState.NOT_ASKED


@pytest.mark.parametrize(("error", "is_said"), [("", True), ("It timed out.", False)])
def test_the_banner_says_that_it_answers_only_where_it_does(error, *, is_said):
    SyncSource.objects.create(name="members", error=error)
    make_assignment(
        make_lead(), make_member(), failures=9, outcome="Refused.",
        first_failed_at=MONDAY,
    )  # fmt: skip

    sentences = [trouble.sentence for trouble in status.troubles(at=MONDAY)]

    assert any("do not go out" in one or "does not go out" in one for one in sentences)
    assert any("though Smartlead answers" in one for one in sentences) == is_said
