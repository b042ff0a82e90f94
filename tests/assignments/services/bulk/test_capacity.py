"""Two previews may see the same room: only one of them gets it."""

import pytest

from assignments.models import Assignment, Batch, Lead, Member, SavedPlan
from assignments.models.assignment import State
from assignments.services.bulk import plans, write_plan
from assignments.services.bulk.revalidation import PlanChanged, changes_since
from tests.factories import MONDAY, make_lead, make_manager, make_plan

pytestmark = pytest.mark.django_db
FULL = "Ben has no room any more: 2 open leads are the most."


@pytest.fixture
def ben(ben) -> Member:
    ben.capacity = 2
    ben.save()
    return ben


def confirm(plan: SavedPlan, *, seen: str | None = None) -> Batch:
    return plans.confirm_plan(plan=plan, actor=plan.actor, at=MONDAY, seen=seen)


def states(batch: Batch) -> list[str]:
    return sorted(batch.assignments.values_list("state", flat=True))


def least_busy(leads: list[Lead], *members: Member) -> SavedPlan:
    return make_plan(leads, *members, strategy="least_busy")


def test_room_that_is_gone_is_told_before_anything_is_assigned(ana, ben):
    first = least_busy([make_lead(), make_lead()], ben)
    second = least_busy([make_lead(), make_lead()], ben, ana)
    confirm(first)

    with pytest.raises(PlanChanged, match="1 lead changed") as refused:
        confirm(second, seen="")

    assert list(refused.value.changes.why.values()) == [FULL]


def test_confirmed_at_the_same_moment_the_second_fills_nobody_twice(ben):
    first, second = (least_busy([make_lead(), make_lead()], ben) for _ in range(2))

    done = [states(confirm(plan)) for plan in (first, second)]

    assert done == [[State.WAITING] * 2, [State.SKIPPED] * 2]
    assert Assignment.objects.filter(outcome=FULL).count() == 2


def test_what_an_earlier_plan_has_yet_to_write_counts(ben, monkeypatch):
    first, second = (least_busy([make_lead(), make_lead()], ben) for _ in range(2))
    monkeypatch.setattr(write_plan, "CHUNK", 1)
    one, other = confirm(first), confirm(second)

    while any(write_plan.write_chunk(plan=plan, at=MONDAY) for plan in (second, first)):
        pass

    assert states(one) == [State.WAITING] * 2
    assert states(other) == [State.SKIPPED] * 2


def test_room_that_the_plan_itself_makes_is_used(ana, ben):
    own = [make_lead(owner=ben), make_lead(owner=ben)]
    plan = make_plan(own, ana, strategy="member")
    confirm(plan)

    filled = least_busy([make_lead(), make_lead()], ben)

    assert changes_since(filled, at=MONDAY).count == 0
    assert states(confirm(filled)) == [State.WAITING] * 2


def test_part_of_the_room_is_used(ben):
    plan = least_busy([make_lead(), make_lead()], ben)
    make_lead(owner=ben)

    batch = confirm(plan)

    assert states(batch) == [State.SKIPPED, State.WAITING]


def test_a_capacity_is_not_held_against_whom_a_person_chose_by_name(ben):
    plan = make_plan([make_lead() for _ in range(3)], ben)
    make_lead(owner=ben)

    assert states(confirm(plan)) == [State.WAITING] * 3


def test_leads_that_are_not_open_need_no_room(ben):
    quiet = [make_lead(last_reply_at=None) for _ in range(3)]
    plan = least_busy(quiet, ben)
    make_lead(owner=ben)
    make_lead(owner=ben)

    assert states(confirm(plan)) == [State.WAITING] * 3


def test_who_keeps_a_lead_that_had_no_room_may_be_full_in_turn(ana, ben):
    ana.capacity = 1
    ana.save()
    owned = make_lead(owner=ana)
    manager = make_manager()
    plan = make_plan([owned], ben, strategy="least_busy", actor=manager)
    plan.summary["caps"] = [[ana.pk, 1], [ben.pk, 2]]
    new = make_lead()
    entries = list(plan.entries())
    plan.pack(
        [*entries, entries[0]._replace(lead_id=new.pk, to_id=ana.pk, shown_id=None)]
    )
    plan.save()
    make_lead(owner=ben)
    make_lead(owner=ben)

    assert states(confirm(plan)) == [State.SKIPPED] * 2
