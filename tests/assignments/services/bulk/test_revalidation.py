"""Between the preview and the confirmation: what changed is said before it is done."""

import pytest

from assignments.models import Batch, Lead, Member, SavedPlan
from assignments.models.assignment import State
from assignments.services.bulk import plans, revalidation
from assignments.services.bulk.revalidation import PlanChanged, changes_since
from assignments.services.errors import Stale
from tests.dashboard.pages import queries_of
from tests.factories import (
    MONDAY,
    make_absence,
    make_assignment,
    make_lead,
    make_member,
    make_plan,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def plan(ana, ben) -> SavedPlan:
    return make_plan([make_lead(owner=ana) for _ in range(3)], ben)


def confirm(plan: SavedPlan, *, seen: str = "") -> Batch:
    return plans.confirm_plan(plan=plan, actor=plan.actor, at=MONDAY, seen=seen)


def lead_of(plan: SavedPlan, place: int = 0) -> Lead:
    return Lead.objects.get(pk=list(plan.entries())[place].lead_id)


def move(plan: SavedPlan, place: int, to: Member) -> None:
    Lead.objects.filter(pk=lead_of(plan, place).pk).update(owner=to)


def test_with_nothing_changed_it_is_confirmed_at_once(plan):
    assert confirm(plan).assignments.waiting().count() == 3


def test_each_lead_that_would_be_skipped_is_told_with_its_reason(plan):
    cem = make_member("Cem")
    move(plan, 0, cem)
    make_assignment(lead_of(plan, 1), cem)

    with pytest.raises(PlanChanged, match="2 leads changed since this preview") as no:
        confirm(plan)

    assert no.value.changes.why == {
        lead_of(plan, 0).pk: "It has moved since the preview: it is with Cem now.",
        lead_of(plan, 1).pk: "Another decision came first: it is on its way to Cem.",
    }
    assert not Batch.objects.exists()


def test_once_the_changes_were_seen_the_rest_is_assigned(plan):
    move(plan, 0, make_member("Cem"))
    seen = changes_since(plan, at=MONDAY).stamp

    batch = confirm(plan, seen=seen)

    states = sorted(batch.assignments.values_list("state", flat=True))
    assert states == [State.SKIPPED, State.WAITING, State.WAITING]


def test_other_changes_than_those_seen_are_shown_as_well(plan):
    cem = make_member("Cem")
    move(plan, 0, cem)
    seen = changes_since(plan, at=MONDAY).stamp
    move(plan, 1, cem)

    with pytest.raises(PlanChanged, match="2 leads"):
        confirm(plan, seen=seen)


@pytest.mark.parametrize("change", ["gone", "away", "deactivated"])
def test_a_plan_of_which_nothing_is_left_is_to_be_made_anew(plan, ben, change):
    if change == "gone":
        Lead.objects.update(gone_at=MONDAY)
    elif change == "away":
        make_absence(ben)
    else:
        Member.objects.filter(pk=ben.pk).update(is_active=False)

    with pytest.raises(Stale, match="Every lead of this preview has changed since"):
        confirm(plan)


def test_confirmed_twice_it_is_one_batch_whatever_changed_meanwhile(plan):
    batch = confirm(plan)
    move(plan, 0, make_member("Cem"))

    assert confirm(plan) == batch


def test_a_change_after_the_check_is_a_skipped_row(plan, monkeypatch):
    cem = make_member("Cem")

    def look_then_move(plan, *, at):
        found = changes_since(plan, at=at)
        move(plan, 0, cem)
        return found

    monkeypatch.setattr(plans, "changes_since", look_then_move)

    batch = confirm(plan)

    assert batch.assignments.filter(state=State.SKIPPED).count() == 1


def test_asks_no_more_for_many_leads_than_for_one(ana, ben):
    leads = [make_lead(owner=ana) for _ in range(31)]
    one, many = (make_plan(some, ben) for some in (leads[:1], leads))

    asked = [queries_of(lambda p=p: changes_since(p, at=MONDAY)) for p in (one, many)]

    assert asked[0] == asked[1]


def test_a_plan_of_any_size_is_compared_in_parts(plan, monkeypatch):
    monkeypatch.setattr(revalidation, "AT_ONCE", 2)
    Lead.objects.update(gone_at=MONDAY)

    assert changes_since(plan, at=MONDAY).count == 3
