"""What is told, once each, in the transaction of what it tells; nothing without somebody
to tell.
"""

from datetime import timedelta

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from assignments.models import (
    Lead,
    Member,
    Notification,
    OutgoingDelivery,
    OutgoingEvent,
    User,
)
from assignments.models.assignment import State
from assignments.models.outgoing_webhook import OutgoingKind
from assignments.services.coverage import lifecycle, messages
from assignments.services.coverage import tick as coverage_tick
from assignments.services.ledger.assign import assign_lead
from assignments.services.ledger.ownership import OwnerObservation, observe_owner
from assignments.services.ledger.transitions import finalize
from assignments.services.ledger.undo import undo_assignment
from assignments.services.outgoing_webhooks import events, replay
from tests.factories import (
    MONDAY,
    make_assignment,
    make_coverage,
    make_endpoint,
    make_hold,
    make_lead,
    make_manager,
    make_member,
    make_team,
    make_team_channel,
)

pytestmark = pytest.mark.django_db


def told(kind: str = "owner.changed") -> list[dict]:
    rows = OutgoingEvent.objects.filter(kind=kind).order_by("pk")
    return [event.data for event in rows]


def see(lead: Lead, owner: Member | None, *, seconds: int = 1) -> None:
    asked_at = MONDAY + timedelta(seconds=seconds)
    sighting = OwnerObservation(
        owner_id=owner and owner.pk, known=True, asked_at=asked_at, by="get"
    )
    observe_owner(map_id=lead.pk, sighting=sighting, at=asked_at)


class TestOwners:
    def test_a_change_seen_in_smartlead_is_told_once(self):
        make_endpoint()
        ana, ben = make_member("Ana Sousa"), make_member("Ben Okafor")
        lead = make_lead("Lena Lead", owner=ana, email="lena@acme.example")

        see(lead, ben)
        see(lead, ben)
        see(lead, ben, seconds=5)

        [change] = told()
        row = lead.assignments.get()
        assert change == {
            "lead_id": lead.pk,
            "from": {"id": ana.pk, "name": "Ana Sousa"},
            "from_is_known": True,
            "to": {"id": ben.pk, "name": "Ben Okafor"},
            "cause": "outside",
            "actor_id": None,
            "assignment_id": row.pk,
            "batch_id": None,
            "undoes_assignment_id": None,
            "url": f"{settings.SITE_URL}/leads/{lead.pk}/",
        }

    def test_an_owner_taken_away_is_told_as_nobody(self):
        make_endpoint()
        lead = make_lead(owner=make_member())

        see(lead, None)

        assert told()[0]["to"] is None

    def test_an_assignment_and_its_undo_are_told_when_smartlead_has_them(self, office):
        make_endpoint()
        sara = make_manager()
        lead, ben = office.lead(), office.members[1]

        row = assign_lead(lead=lead, to=ben, actor=sara, at=office.clock())
        before = told()
        office.dispatch()
        office.clock.advance(5)
        undo_assignment(actor=sara, assignment=row, at=office.clock())
        office.dispatch()

        assert before == []
        first, second = told()
        assert (first["cause"], first["actor_id"]) == ("manual", sara.pk)
        assert (second["cause"], second["to"]["id"]) == ("undo", office.members[0].pk)
        assert second["undoes_assignment_id"] == row.pk

    def test_no_lead_is_named(self, office):
        make_endpoint()
        lead = make_lead("Lena Lead", owner=make_member(), company="Acme Ltd")

        see(lead, make_member("Ben"))
        row = make_assignment(lead, make_member("Cleo"))
        finalize(row, state=State.REFUSED, outcome="Lena is no.", at=MONDAY)

        sent = [events.body_of(event) for event in OutgoingEvent.objects.all()]
        assert len(sent) == 2
        for text in ("Lena", "Acme", lead.email):
            assert not [body for body in sent if text in body]

    def test_nothing_is_written_when_the_change_is_rolled_back(self):
        make_endpoint()
        lead = make_lead(owner=make_member())

        with transaction.atomic():
            see(lead, make_member("Ben"))
            written = told()
            transaction.set_rollback(True)

        assert (len(written), told()) == (1, [])


class TestRefusals:
    def test_a_refused_change_is_raised(self):
        make_endpoint()
        row = make_assignment(make_lead(), make_member())

        finalize(row, state=State.REFUSED, outcome="No.", at=MONDAY)

        [raised] = told("attention.raised")
        assert raised["problem"] == "assignment_refused"
        assert raised["assignment_id"] == row.pk

    def test_other_ends_are_not(self):
        make_endpoint()
        for state in (State.OVERTAKEN, State.CANCELLED, State.SKIPPED):
            row = make_assignment(make_lead(), make_member())
            finalize(row, state=state, outcome="No.", at=MONDAY)

        assert not OutgoingEvent.objects.exists()


class TestCoverages:
    def test_start_and_return_are_told_once(self):
        make_endpoint()
        ana, ben = make_member("Ana"), make_member("Ben")
        make_lead(owner=ana)
        coverage = make_coverage(ana, ben, state="scheduled")

        coverage_tick.tick(MONDAY)
        coverage_tick.tick(MONDAY + timedelta(minutes=1))
        [started] = told("coverage.started")
        # Back before anything was sent.
        coverage_tick.tick(coverage.ends_at)
        coverage_tick.tick(coverage.ends_at + timedelta(minutes=1))
        [returned] = told("coverage.returned")

        assert started["member"] == {"id": ana.pk, "name": "Ana"}
        assert started["covering_members"] == [{"id": ben.pk, "name": "Ben"}]
        assert (started["leads"], started["coverage_id"]) == (1, coverage.pk)
        assert returned["leads"] == {"taken": 0, "returned": 0}

    def test_the_return_says_what_became_of_the_leads(self):
        make_endpoint()
        ana, ben = make_member("Ana"), make_member("Ben")
        coverage = make_coverage(ana, ben, state="returning", returning_at=MONDAY)
        make_hold(coverage, make_lead(owner=ana), outcome="returned")
        make_hold(coverage, make_lead(owner=ben), outcome="kept")

        lifecycle.finish_coverages(MONDAY)
        lifecycle.finish_coverages(MONDAY)

        [returned] = told("coverage.returned")
        assert returned["leads"] == {"taken": 2, "returned": 1, "kept": 1}

    def test_a_problem_is_raised_once_however_long_it_lasts(self):
        make_endpoint()
        make_manager()
        make_manager("Tom Two")
        coverage = make_coverage(
            make_member("Ana"), make_member("Ben"), state="active", unplaced=2,
            began_at=MONDAY,
        )  # fmt: skip

        for minutes in range(3):
            messages.announce_troubles(at=MONDAY + timedelta(minutes=minutes))
        make_manager("Nora New")
        messages.announce_troubles(at=MONDAY + timedelta(minutes=9))

        [raised] = told("attention.raised")
        assert (raised["problem"], raised["coverage_id"]) == (
            "nobody_free",
            coverage.pk,
        )

    def test_a_problem_is_raised_once_with_a_channel_of_the_team(self):
        make_endpoint()
        make_manager()
        member = make_member("Ana")
        team = make_team()
        team.members.add(member)
        make_team_channel(team, kinds=["attention"])
        coverage = make_coverage(
            member, make_member("Ben"), state="active", unplaced=2, began_at=MONDAY
        )

        for minutes in range(2):
            messages.announce_troubles(at=MONDAY + timedelta(minutes=minutes))

        [raised] = told("attention.raised")
        assert raised["coverage_id"] == coverage.pk

    def test_a_problem_is_raised_once_though_nobody_reads_of_it(self):
        make_endpoint()
        make_coverage(
            make_member("Ana"), make_member("Ben"), state="active", unplaced=2,
            began_at=MONDAY,
        )  # fmt: skip
        User.objects.update(is_active=False)

        for minutes in range(2):
            messages.announce_troubles(at=MONDAY + timedelta(minutes=minutes))

        assert not Notification.objects.exists()
        assert len(told("attention.raised")) == 1

    def test_a_problem_is_not_raised_again_once_its_delivery_is_pruned(self):
        make_endpoint()
        make_coverage(
            make_member("Ana"), make_member("Ben"), state="active", unplaced=2,
            began_at=MONDAY, ends_at=MONDAY + timedelta(days=50),
        )  # fmt: skip
        messages.announce_troubles(at=MONDAY)
        OutgoingDelivery.objects.all().delete()

        replay.prune_deliveries(at=MONDAY + timedelta(days=40))
        messages.announce_troubles(at=MONDAY + timedelta(days=40))

        assert len(told("attention.raised")) == 1


class TestNobodyToTell:
    def test_without_an_endpoint_of_the_kind_one_query_and_no_row(self):
        make_endpoint(kinds=["coverage.started"])
        make_endpoint(disabled_why="Gone.")

        with CaptureQueriesContext(connection) as queries:
            event = events.record_event(
                OutgoingKind.OWNER_CHANGED, data={"lead_id": 1}, at=MONDAY
            )

        assert event is None
        assert len(queries) == 1
        assert not OutgoingEvent.objects.exists()

    def test_many_events_cost_as_many_queries_as_one(self, queued):
        make_endpoint()
        make_endpoint()

        def queries_of(count: int) -> int:
            with CaptureQueriesContext(connection) as queries:
                data = ({"lead_id": number} for number in range(count))
                events.record_events(OutgoingKind.OWNER_CHANGED, data=data, at=MONDAY)
            return len(queries)

        one, many = queries_of(1), queries_of(200)

        assert many == one
        assert OutgoingDelivery.objects.count() == 2 * 201

    def test_a_body_that_is_too_large_is_logged_and_left_out(self, caplog):
        make_endpoint()

        written = events.record_event(
            OutgoingKind.OWNER_CHANGED, data={"x": "y" * 30_000}, at=MONDAY
        )

        assert written is None
        assert "is not sent" in caplog.text
        assert "yyy" not in caplog.text
