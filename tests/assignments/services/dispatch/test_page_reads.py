"""Twenty leads read in one call, where the list of a member's leads has proven itself."""

from datetime import UTC, datetime, timedelta

import pytest

from assignments.models import Batch, Lead, SyncSource
from assignments.models.assignment import State
from assignments.sandbox.faults import FaultKind
from assignments.services.dispatch import page_reads
from assignments.services.dispatch.dispatcher import Dispatcher
from assignments.services.ledger.assign import assign_lead
from assignments.services.ledger.batch import apply_plan
from assignments.services.mirror import sync_sources
from tests.dispatch_harness import DispatchHarness
from tests.factories import automatic_plan, make_batch, make_lead, make_manager

OWNER, TO, OTHER = 0, 1, 2


@pytest.fixture
def leads(office: DispatchHarness) -> list[Lead]:
    """All leads of the sandbox with one member, mirrored long ago; 25 have replied."""
    office.world.set_behaviour(assigned_me="override")
    office.world.now = lambda: office.clock().timestamp()
    prove(SyncSource.Proof.PROVEN)
    known = office.clock.now - timedelta(hours=1)
    owner = office.members[OWNER]
    for map_id in office.world.owners():
        office.world.assign_outside(map_id, owner.pk)
    return [
        make_lead(
            map_id=map_id,
            owner=owner,
            owner_known_at=known,
            owner_sure_at=known,
            seen_at=known,
            last_reply_at=reply_of(office, map_id),
        )
        for map_id in sorted(office.world.owners())
        if reply_of(office, map_id)
    ]


def prove(proof: SyncSource.Proof) -> None:
    sync_sources.load_source(sync_sources.ASSIGNED)
    SyncSource.objects.filter(name=sync_sources.ASSIGNED).update(proof=proof)


def reply_of(office: DispatchHarness, map_id: int) -> datetime | None:
    replied_at = office.world.lead(map_id).last_reply_at
    return datetime.fromtimestamp(replied_at, tz=UTC) if replied_at else None


def give(office: DispatchHarness, leads: list[Lead], to: int = TO) -> Batch:
    return make_batch(leads, office.members[to], at=office.clock())


def reads(office: DispatchHarness) -> tuple[int, int]:
    """Pages of the list, and leads by themselves."""
    calls = [call.kind for call in office.world.call_log.calls()]
    return calls.count("list"), calls.count("thread")


def test_a_batch_reads_its_leads_by_pages_of_twenty(office, leads):
    batch = give(office, leads)

    office.dispatch()

    assert set(batch.assignments.values_list("state", flat=True)) == {State.DONE}
    assert len(office.writes()) == len(leads) == 25
    assert reads(office) == (2, 0)


@pytest.mark.parametrize("proof", [SyncSource.Proof.UNPROVEN, SyncSource.Proof.FAILED])
def test_without_the_proof_each_lead_is_read_by_itself(office, leads, proof):
    prove(proof)
    give(office, leads[:5])

    office.dispatch()

    assert reads(office) == (0, 5)


def test_a_click_reads_its_lead_by_itself(office, leads):
    give(office, leads[1:])
    assign_lead(
        lead=leads[0],
        to=office.members[TO],
        actor=make_manager(),
        at=office.clock(),
    )

    office.dispatch()

    assert reads(office)[1] == 1


def test_a_single_row_reads_its_lead_by_itself(office, leads):
    give(office, leads[:1])

    office.dispatch()

    assert reads(office) == (0, 1)


def test_a_lead_that_somebody_moved_is_read_by_itself_and_left_alone(office, leads):
    moved = leads[3]
    batch = give(office, leads)
    office.world.assign_outside(moved.pk, office.members[OTHER].pk)

    office.dispatch()
    office.clock.advance(6)
    office.dispatch()

    assert batch.assignments.get(lead=moved).state == State.OVERTAKEN
    assert office.world.owner(moved.pk) == office.members[OTHER].pk
    assert reads(office) == (2, 1)


def test_a_page_counts_as_asked_as_long_ago_as_a_list_may_lag(office, leads):
    give(office, leads[:2])
    dispatcher = Dispatcher(office.desk)

    asked_at = office.clock()
    dispatcher.take_turn(asked_at)

    lead = Lead.objects.get(pk=leads[0].pk)
    assert lead.owner_known_at > asked_at
    assert lead.owner_sure_at < asked_at - timedelta(seconds=9)


def test_what_was_read_too_long_ago_is_read_again(office, leads):
    give(office, leads[:5])
    dispatcher = Dispatcher(office.desk)
    dispatcher.take_turn(office.clock())

    office.clock.advance(51)
    office.dispatch()

    assert len(office.writes()) == 5
    assert reads(office) == (2, 0)


def test_leads_that_the_list_leaves_out_are_read_by_themselves(office, leads):
    office.world.set_behaviour(assigned_me="self")
    office.world.keys = dict.fromkeys(office.world.keys, office.members[OTHER].pk)
    batch = give(office, leads[:5])

    office.dispatch()

    assert batch.assignments.filter(state=State.DONE).count() == 5
    assert reads(office) == (1, 5)


def test_pages_are_not_read_after_a_list_lagged_too_far(office, leads):
    by_reply = sorted(leads, key=lambda lead: lead.last_reply_at, reverse=True)
    office.clock.advance(90)
    give(office, by_reply[1::2])
    office.dispatch()
    office.clock.advance(60)
    office.world.set_behaviour(list_lag=90.0)

    give(office, by_reply[::2])
    office.dispatch()
    office.clock.advance(6)
    office.dispatch()

    assert (
        sync_sources.load_source(sync_sources.ASSIGNED).proof == SyncSource.Proof.FAILED
    )
    assert {office.world.owner(lead.pk) for lead in leads} == {office.members[TO].pk}


def test_a_page_that_did_not_come_is_asked_for_again(office, leads):
    office.world.faults.next(FaultKind.ERROR, call="list")
    batch = give(office, leads[:5])

    office.dispatch()
    office.clock.advance(61)
    office.dispatch()

    assert batch.assignments.filter(state=State.DONE).count() == 5


def test_no_two_workers_ask_for_the_same_page(office, leads):
    batch = give(office, leads)
    first, second = batch.assignments.select_related("lead").order_by("pk")[:2]

    page_reads.mark_awaited(first, office.clock())
    second.lead.refresh_from_db()

    turn = page_reads.plan_read(second, office.clock())
    assert turn == page_reads.ReadPlan.WAIT


def test_a_row_whose_page_never_came_reads_its_lead(office, leads):
    batch = give(office, leads)
    first, second = batch.assignments.select_related("lead").order_by("pk")[:2]
    page_reads.mark_awaited(first, office.clock())

    office.clock.advance(6)
    second.lead.refresh_from_db()

    turn = page_reads.plan_read(second, office.clock())
    assert turn == page_reads.ReadPlan.LEAD


def test_routing_of_a_lead_that_nobody_owns_reads_the_lead(office):
    lead = office.lead(owner=None)
    plan = automatic_plan([lead], office.members[TO])
    batch = apply_plan(plan, actor=None, at=office.clock())

    office.dispatch()

    assert batch.assignments.get().state == State.DONE
    assert reads(office) == (0, 1)
