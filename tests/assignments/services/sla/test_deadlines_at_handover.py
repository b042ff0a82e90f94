"""A lead that changes hands in the ledger falls due in the hours of who has it."""

from datetime import timedelta

import pytest

from assignments.models import Lead, MemberHours, WorkingHours
from assignments.services.ledger.ownership import (
    OwnerObservation,
    observe_owner,
    record_owner_write,
)
from assignments.services.mirror.import_leads import save_rows
from tests.dashboard.pages import queries_of
from tests.factories import MONDAY, make_assignment, make_lead, make_member, make_target
from tests.mirror_harness import make_row

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _target():
    make_target(120, in_working_hours=True)


@pytest.fixture
def ana():
    return make_member("Ana Sousa", time_zone="UTC")


@pytest.fixture
def ben():
    return make_member("Ben Okafor", time_zone="America/New_York")


def owed(owner, **fields) -> Lead:
    values = {"answer_owed": True, "answer_due_at": MONDAY + 2 * HOUR}
    return make_lead(owner=owner, **(values | fields))


def see(lead, owner, *, at, by="get"):
    sighting = OwnerObservation(
        owner_id=owner and owner.pk, known=True, asked_at=at, by=by
    )
    observe_owner(map_id=lead.pk, sighting=sighting, at=at)
    lead.refresh_from_db()


def test_a_change_seen_in_smartlead_moves_what_is_left(ana, ben):
    lead = owed(ana)

    see(lead, ben, at=MONDAY + HOUR)  # half of it has passed; New York begins at 13:00

    assert lead.answer_due_at == MONDAY + 5 * HOUR


def test_what_was_overdue_stays_overdue(ana, ben):
    lead = owed(ana)

    see(lead, ben, at=MONDAY + 3 * HOUR)

    assert lead.answer_due_at == MONDAY + 2 * HOUR


def test_a_lead_taken_away_runs_in_the_hours_of_everybody(ben):
    lead = owed(ben)

    see(lead, None, at=MONDAY)

    assert lead.answer_due_at == MONDAY + 2 * HOUR


def test_the_mirror_and_the_change_agree(ana, ben):
    """A page that is read later comes to the same moment, from the ledger."""
    lead = owed(ana)
    see(lead, ben, at=MONDAY + HOUR)
    before = lead.answer_due_at
    row = make_row(
        lead.pk,
        owner_id=ben.pk,
        last_reply_at=lead.last_reply_at,
        last_sent_at=lead.last_sent_at,
    )

    at = MONDAY + 2 * HOUR
    save_rows([row], asked_at=at, at=at, by="list")

    lead.refresh_from_db()
    assert lead.answer_due_at == before


def test_our_own_write_moves_it_too(ana, ben):
    lead = owed(ana)
    at = MONDAY + HOUR
    make_assignment(lead, ben, state="done", finished_at=at)

    record_owner_write(lead, owner_id=ben.pk, sure_at=at, answered_at=at)

    lead.refresh_from_db()
    assert lead.answer_due_at == MONDAY + 5 * HOUR


def test_an_owner_with_a_zone_that_is_lost_does_not_stop_the_mirror(ana):
    lost = make_member("Lou Lost", time_zone="Mars/Olympus")
    MemberHours.objects.create(member=lost, week=None, country="XX")
    lead = owed(ana)

    see(lead, lost, at=MONDAY)

    assert lead.owner == lost
    assert lead.answer_due_at == MONDAY + 2 * HOUR


class TestQueries:
    def test_twenty_rows_ask_no_more_than_one(self, ana, ben):
        for pk in range(1, 21):
            lead = owed(ana, map_id=pk, owner_known_at=MONDAY)
            see(lead, ben, at=MONDAY + timedelta(minutes=1))

        def page(size, minute):
            rows = [make_row(pk, owner_id=ben.pk, last_reply_at=MONDAY - HOUR,
                    last_sent_at=MONDAY - 5 * HOUR, first_name=f"N{minute}")
                    for pk in range(1, size + 1)]  # fmt: skip
            at = MONDAY + timedelta(minutes=minute)
            return queries_of(lambda: save_rows(rows, asked_at=at, at=at, by="list"))

        page(20, 20)

        assert page(20, 30) == page(1, 40)

    def test_a_change_of_owner_costs_six(self, ana, ben):
        WorkingHours.objects.create()
        plain, owing = make_lead(owner=ana), owed(ana)
        at = MONDAY + HOUR

        more = queries_of(lambda: see(owing, ben, at=at)) - queries_of(
            lambda: see(plain, ben, at=at)
        )

        assert more == 6
