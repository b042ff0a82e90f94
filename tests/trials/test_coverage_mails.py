"""A coverage starts and ends, and each person gets just the mails that are described.

The sandbox and a real mail server take part. With 200 leads it takes minutes: python -m
pytest -m long tests/trials/test_coverage_mails.py
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

import httpx
import pytest

from assignments import smtp
from assignments.models import Assignment, Coverage, Lead, Mail, Member, SlaTarget
from assignments.sandbox.fake_smartlead import FakeSmartlead
from assignments.sandbox.wsgi import application
from assignments.services.notifications import compose, outbox
from assignments.services.operations.tick import tick
from assignments.smartlead import client
from tests.assignments.services.coverage.scenario import DAY, HOUR, plan
from tests.dispatch_harness import DispatchHarness, open_dispatch_harness
from tests.factories import MONDAY, make_manager, make_team, make_user
from tests.smtp_server import SmtpServer

MINUTE = timedelta(minutes=1)


@pytest.fixture
def world(request, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeSmartlead]:
    world = FakeSmartlead(
        leads=request.param + 5, now=MONDAY.timestamp(), limits=[(100_000, 60)]
    )
    transport = httpx.WSGITransport(app=application(world))
    monkeypatch.setattr(client, "default_transport", lambda: transport)
    yield world
    world.close()


@pytest.fixture
def office(db: None, world: FakeSmartlead) -> Iterator[DispatchHarness]:
    SlaTarget.objects.all().delete()  # overdue answers are told elsewhere
    with open_dispatch_harness(world) as office:
        yield office


@pytest.fixture
def team(office: DispatchHarness, world: FakeSmartlead) -> list[Member]:
    """Ana, Ben and Cem with logins, Dua with an address only; a lead and a manager."""
    members = office.members[:4]
    for name, member in zip("abcd", members, strict=True):
        if name == "d":
            member.email = "d@example.com"
        else:
            member.user = make_user(member.name, email=f"{name}@example.com")
        member.save()
    leader = make_user("Lea Lead", email="lead@example.com")
    make_team(leads=(leader,)).members.set(members)
    make_manager(email="boss@example.com")
    return members


def live_through(office: DispatchHarness, at: datetime) -> None:
    """Tick, dispatch, tick again and send the mails of one minute."""
    office.clock.now = max(office.clock.now, at)
    tick(at=office.clock.now)
    while Assignment.objects.pending().exists():
        office.clock.looks = 0  # two hundred leads are many looks
        office.take_turns(20)
    tick(at=office.clock.now)
    now = office.clock.now
    compose.compose_due_mails(at=now)
    if outbox.has_due_mail(at=now):
        with smtp.postman() as postman:
            outbox.deliver_due_mails(
                postman=postman, until=now + MINUTE, clock=lambda: now
            )


@pytest.mark.parametrize(
    "world", [9, pytest.param(200, marks=pytest.mark.long)], indirect=True
)
def test_each_gets_just_what_is_described(office, team, world, postbox: SmtpServer):
    ana, ben, cem, dua = team
    count = len(world.owners()) - 5
    for number in range(count):
        office.lead(0, number=number)
    coverage = plan(ana, ben, cem, dua, ends_at=MONDAY + 2 * DAY)

    for at in (MONDAY, MONDAY + HOUR, MONDAY + DAY):
        live_through(office, at)
    hold = coverage.holds.select_related("lead", "to__user").first()
    lead = hold.lead
    office.world.assign_outside(lead.pk, office.members[4].pk)
    for at in (MONDAY + 2 * DAY, MONDAY + 2 * DAY + HOUR, MONDAY + 3 * DAY):
        live_through(office, at)

    coverage.refresh_from_db()
    assert coverage.state == Coverage.State.COMPLETED
    assert Lead.objects.filter(owner=ana).count() == count - 1
    each = sorted(hold_counts(coverage), reverse=True)
    start = f"You cover for {ana} until Wed 13 May, 09:00:"
    shares = [subject.removeprefix(start) for _, subject in postbox.subjects[:3]]
    assert sorted(shares, reverse=True) == [f" {one} leads" for one in each]
    assert {to for to, _ in postbox.subjects[:3]} == {
        "b@example.com", "c@example.com", "d@example.com",
    }  # fmt: skip
    back = f"You are back: {count - 1} of {count} leads are with you again"
    gave = f"Somebody in Smartlead gave your lead {lead} to {office.members[4]}"
    told = [("a@example.com", back), (hold.to.user.email, gave)]
    assert postbox.subjects[3:] == told
    assert len({mail["Message-ID"] for mail in postbox.mails}) == 5
    assert not Mail.objects.pending().exists()


def hold_counts(coverage: Coverage) -> list[int]:
    takers = list(coverage.holds.values_list("to", flat=True))
    return [takers.count(one) for one in set(takers)]
