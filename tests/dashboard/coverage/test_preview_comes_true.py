"""What the preview says is what the run then does, held against the sandbox."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone

from assignments.models import SyncSource
from assignments.services.coverage import tick
from tests.dashboard.pages import queries_of
from tests.dispatch_harness import DispatchHarness, open_dispatch_harness
from tests.factories import make_assignment, make_campaign, make_coverage

WRITE, NOTE = "owner", "note"


@pytest.fixture
def office(world) -> Iterator[DispatchHarness]:
    with open_dispatch_harness(world) as office:
        office.clock.now = timezone.now()
        yield office


@pytest.fixture
def form(office, manager) -> dict[str, object]:
    """Ana is away from now on: Ben and Cem by shares, Dua for one campaign."""
    ana, ben, cem, dua = office.members[:4]
    campaign = make_campaign()
    for number in range(8):
        lead = office.lead(0, number=number)
        lead.campaign = campaign if number < 2 else None
        lead.save()
    make_assignment(office.lead(0, number=8), ben, actor=manager)  # on its way to Ben
    make_assignment(office.lead(1, number=9), ana, actor=manager)  # on its way to Ana
    today = timezone.localdate()
    return {
        "member": ana.pk, "drawn_for": ana.pk, "from_now": "1", "scope": "active",
        "last_day": (today + timedelta(days=3)).isoformat(),
        "covering": [ben.pk, cem.pk, dua.pk],
        f"share_{ben.pk}": "2", f"share_{cem.pk}": "1",
        f"campaign_{dua.pk}": campaign.pk,
        "start_note": "{away} is away, {covering} answers {lead}.",
    }  # fmt: skip


def run(office: DispatchHarness) -> None:
    """Ticks and the dispatcher, until nothing is left to do."""
    for _ in range(3):
        office.clock.now = max(office.clock.now, timezone.now())
        tick.tick(office.clock.now)
        office.dispatch()


@pytest.mark.parametrize("proof", ["unproven", "proven"])
def test_the_same_leads_go_to_the_same_members_with_as_many_calls(
    client, office, form, proof
):
    SyncSource.objects.create(name="assigned-me", proof=proof)
    foretold = client.post("/coverage/preview/", form).context["preview"].preview
    clicks = Counter(call.kind for call in office.world.call_log.calls())

    client.post("/coverage/new/", form)
    run(office)

    owners = office.world.owners()
    told = {choice.lead.pk: choice.to.pk for choice in foretold.choices}
    made = Counter(call.kind for call in office.world.call_log.calls()) - clicks
    assert {pk: owners[pk] for pk in told} == told
    assert {part.member.pk: part.leads for part in foretold.parts} == Counter(
        told.values()
    )
    assert (foretold.leads, foretold.unplaced) == (9, 0)
    assert made[NOTE] == foretold.calls.notes == 9
    assert made[WRITE] == foretold.calls.writes + len(("to Ben", "to Ana"))
    reads = made.total() - made[NOTE] - made[WRITE] - len(("to Ben", "to Ana"))
    # By pages: one more for each lead that is on its way, which comes later.
    assert reads <= foretold.calls.reads + (proof == "proven")


def test_the_preview_of_many_leads_asks_no_more(client, office, form):
    def ask() -> None:
        client.post("/coverage/preview/", form)

    few = queries_of(ask)
    for number in range(10, 20):
        office.lead(0, number=number)

    assert queries_of(ask) == few


def test_the_page_of_a_planned_coverage_asks_no_more_for_more_members(
    client, office, manager
):
    ana, *others = office.members
    first = timezone.localdate() + timedelta(days=7)
    one = make_coverage(ana, *others[:1], first_day=first)
    many = make_coverage(ana, *others, first_day=first + timedelta(days=10))

    few = queries_of(lambda: client.get(f"/coverage/{one.pk}/"))

    assert queries_of(lambda: client.get(f"/coverage/{many.pk}/")) == few
