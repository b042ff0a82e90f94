"""Whom Smartlead names, and when that is believed (docs/design/design.md, rule 4)."""

from datetime import datetime, timedelta

import pytest

from assignments.models import Assignment, Lead, Member
from assignments.models.assignment import Cause, State
from assignments.services.ledger.ownership import (
    OwnerObservation,
    observe_owner,
    record_owner_write,
)
from tests.factories import MONDAY, make_assignment, make_lead, make_member

pytestmark = pytest.mark.django_db
LONG_AGO = MONDAY - timedelta(hours=1)


@pytest.fixture
def ana():
    return make_member("Ana Sousa")


@pytest.fixture
def ben():
    return make_member("Ben Okafor")


@pytest.fixture
def lead(ana) -> Lead:
    """Ana's, known for long, by a read of this one lead."""
    return make_lead(owner=ana, owner_known_at=LONG_AGO, owner_sure_at=LONG_AGO)


def after(seconds: float) -> datetime:
    return MONDAY + timedelta(seconds=seconds)


def see(lead: Lead, owner: Member | None, asked_at: datetime, **how) -> Lead:
    """Smartlead is asked at a moment and answers a little later."""
    token = how.pop("token", "")
    sighting = OwnerObservation(
        owner_id=owner and owner.pk,
        known=how.pop("known", True),
        asked_at=asked_at,
        by=how.pop("by", "get"),
    )
    at = asked_at + how.pop("taking", timedelta(seconds=1))
    observe_owner(map_id=lead.pk, sighting=sighting, at=at, token=token)
    lead.refresh_from_db()
    return lead


def we_write(lead: Lead, owner: Member, answered_at: datetime) -> None:
    record_owner_write(
        lead, owner_id=owner.pk, sure_at=answered_at, answered_at=answered_at
    )


def outside_rows(lead: Lead) -> list[tuple[int | None, int | None]]:
    rows = lead.assignments.filter(cause=Cause.OUTSIDE).order_by("pk")
    return list(rows.values_list("expected", "to"))


class TestWhatIsBelieved:
    @pytest.mark.parametrize("by", ["list", "get"])
    def test_another_owner_is_taken_over_and_becomes_history(self, lead, ana, ben, by):
        see(lead, ben, MONDAY, by=by)

        assert lead.owner == ben
        assert outside_rows(lead) == [(ana.pk, ben.pk)]

    def test_an_owner_taken_away_becomes_history(self, lead, ana):
        see(lead, None, MONDAY)

        assert lead.owner is None
        assert outside_rows(lead) == [(ana.pk, None)]

    def test_the_first_owner_we_hear_of_is_no_change(self, ben):
        lead = make_lead(owner_known_at=None)

        see(lead, ben, MONDAY)

        assert lead.owner == ben
        assert outside_rows(lead) == []

    def test_an_owner_nobody_has_told_us_about_is_kept_as_a_member(self, lead):
        sighting = OwnerObservation(
            owner_id=4242, known=True, asked_at=MONDAY, by="list"
        )

        observe_owner(map_id=lead.pk, sighting=sighting, at=MONDAY)

        assert Member.objects.get(pk=4242).source == Member.Source.ROWS

    def test_only_a_read_of_this_one_lead_makes_the_owner_sure(self, lead, ana):
        see(lead, ana, MONDAY, by="list")
        assert lead.owner_known_at == MONDAY
        assert lead.owner_sure_at == LONG_AGO

        see(lead, ana, after(1), by="get")
        assert lead.owner_sure_at == after(1)

    def test_an_owner_that_only_a_list_has_named_is_not_sure(self, lead, ben):
        see(lead, ben, MONDAY, by="list")

        assert (lead.owner, lead.owner_sure_at) == (ben, None)

    def test_an_owner_that_a_read_leaves_out_stays_as_it_is(self, lead, ana):
        see(lead, None, MONDAY, known=False)

        assert lead.owner == ana
        assert lead.owner_withheld_at == MONDAY

    def test_a_list_that_leaves_the_owner_out_says_nothing(self, lead):
        see(lead, None, MONDAY, known=False, by="list")

        assert lead.owner_withheld_at is None

    def test_a_read_that_agrees_verifies_our_last_change(self, lead, ben):
        row = make_assignment(lead, ben, state=State.DONE, finished_at=MONDAY)
        we_write(lead, ben, MONDAY)

        see(lead, ben, after(5), by="list")

        assert Assignment.objects.get(pk=row.pk).verified_at == after(5)


class TestLostWriteThatLanded:
    """One of ours seemed lost, waits to be sent again, and has landed after all."""

    @pytest.mark.parametrize("by", ["list", "get"])
    def test_the_row_is_done_and_no_outside_change_is_written(self, lead, ben, by):
        row = make_assignment(lead, ben, sends=1)

        see(lead, ben, MONDAY, by=by)

        row.refresh_from_db()
        assert (row.state, lead.owner) == (State.DONE, ben)
        assert outside_rows(lead) == []

    def test_a_list_that_shows_it_does_not_make_the_owner_sure(self, lead, ben):
        make_assignment(lead, ben, sends=1)

        see(lead, ben, MONDAY, by="list")

        assert lead.owner_sure_at is None

    def test_without_a_send_it_is_a_change_by_somebody_else(self, lead, ana, ben):
        row = make_assignment(lead, ben)

        see(lead, ben, MONDAY)

        row.refresh_from_db()
        assert row.state == State.WAITING
        assert outside_rows(lead) == [(ana.pk, ben.pk)]


class TestWhenItWasAsked:
    def test_a_read_asked_before_our_write_was_answered_is_old(self, lead, ben, ana):
        we_write(lead, ben, after(2))

        see(lead, ana, after(1), taking=timedelta(minutes=20))

        assert lead.owner == ben
        assert outside_rows(lead) == []
        assert lead.recheck_at is None

    @pytest.mark.parametrize("by", ["list", "get"])
    def test_a_read_asked_before_a_newer_read_is_old(self, lead, ana, ben, by):
        see(lead, ben, after(2))

        see(lead, ana, after(1), by=by, taking=timedelta(minutes=20))

        assert lead.owner == ben
        assert len(outside_rows(lead)) == 1

    def test_an_answer_counts_from_when_it_was_asked(self, lead, ben):
        see(lead, ben, MONDAY, taking=timedelta(seconds=9))

        assert (lead.owner_known_at, lead.owner_sure_at) == (MONDAY, MONDAY)

    def test_an_old_read_that_agrees_changes_no_moments(self, lead, ana):
        see(lead, ana, after(5))

        see(lead, ana, after(1))

        assert lead.owner_sure_at == after(5)


class TestWhileSending:
    @pytest.fixture
    def sending(self, lead, ben) -> Assignment:
        lease = after(60)
        return make_assignment(
            lead, ben, state=State.SENDING, token="ours", lease_until=lease
        )

    @pytest.mark.usefixtures("sending")
    @pytest.mark.parametrize("token", ["", "another's"])
    def test_other_reads_of_a_sending_lead_are_ignored(self, lead, ana, token):
        see(lead, make_member("Cem"), MONDAY, token=token)

        assert lead.owner == ana
        assert outside_rows(lead) == []

    @pytest.mark.usefixtures("sending")
    def test_a_read_for_the_sending_row_counts(self, lead):
        cem = make_member("Cem")

        see(lead, cem, MONDAY, token="ours")

        assert lead.owner == cem


class TestContradiction:
    """Our own write is minutes old, and a read says something else."""

    @pytest.fixture
    def written(self, lead, ben) -> Lead:
        we_write(lead, ben, MONDAY)
        return lead

    def test_a_list_changes_nothing_and_asks_for_a_read(self, written, ana, ben):
        see(written, ana, after(300), by="list")

        assert written.owner == ben
        assert written.recheck_at == after(301)
        assert outside_rows(written) == []

    def test_another_list_does_not_put_that_read_off(self, written, ana):
        see(written, ana, after(300), by="list")
        see(written, ana, after(330), by="list")

        assert written.recheck_at == after(301)

    def test_after_ten_minutes_a_list_is_believed(self, written, ana):
        see(written, ana, after(601), by="list")

        assert written.owner == ana

    def test_a_list_that_lags_behind_a_change_from_outside_only_asks(self, lead, ana):
        cem = make_member("Cem")
        see(lead, cem, MONDAY)

        see(lead, ana, after(30), by="list")

        assert lead.owner == cem
        assert lead.recheck_at == after(31)

    def test_the_first_read_is_asked_again_a_minute_later(self, written, ana, ben):
        see(written, ana, after(300))

        assert written.owner == ben
        assert written.recheck_at == after(301 + 60)
        assert outside_rows(written) == []

    def test_the_second_read_is_believed(self, written, ana, ben):
        see(written, ana, after(300))
        see(written, ana, after(362))

        assert written.owner == ana
        assert written.recheck_at is None
        assert outside_rows(written) == [(ben.pk, ana.pk)]

    def test_a_second_read_that_agrees_needs_no_third(self, written, ana, ben):
        see(written, ana, after(300))
        see(written, ben, after(362))

        assert written.owner == ben
        assert (written.recheck_at, written.rechecks) == (None, 0)

    def test_once_somebody_else_changed_it_our_write_no_longer_counts(
        self, written, ana
    ):
        cem = make_member("Cem")
        see(written, cem, after(300))
        see(written, cem, after(362))

        see(written, ana, after(370))

        assert written.owner == ana

    def test_a_read_for_a_sending_row_is_believed_at_once(self, written, ana):
        make_assignment(
            written, ana, state=State.SENDING, token="ours", lease_until=after(360)
        )

        see(written, ana, after(300), token="ours")

        assert written.owner == ana
