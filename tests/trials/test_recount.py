"""Five days with coverages, answers and hand-overs; then every number is recounted."""

from collections.abc import Iterator
from datetime import date, timedelta
from random import Random
from typing import Any

import httpx
import pytest
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections

from assignments.models import Category, Lead, Reply, User
from assignments.sandbox.fake_smartlead import DEFAULT_KEY, FakeSmartlead
from assignments.sandbox.wsgi import application
from assignments.services.ledger.assign import assign_lead
from tests.assignments.services.coverage.scenario import go, plan
from tests.dispatch_harness import DispatchHarness, open_dispatch_harness
from tests.factories import MONDAY, make_manager, make_team
from tests.mirror_harness import MirrorHarness
from tests.trials.recount import Recount
from tests.trials.recount_sources import HandoffReader, SmartleadReader

pytestmark = pytest.mark.django_db

DAYS = 5
MOVES, REPLIES, ANSWERS = 3, 6, 5  # a day


class Workdays:
    """People who work, and leads who answer, each at a second of its own."""

    def __init__(self, office: DispatchHarness, manager: User) -> None:
        self.office, self.manager, self.rng = office, manager, Random("recount")
        self.world, self.clock = office.world, office.clock
        self.world.now = self.now
        self.mirror = MirrorHarness(
            self.world, office.desk.client, office.desk.budget, self.clock
        )

    def now(self) -> float:
        return self.clock.now.timestamp()

    def later(self) -> float:
        return self.clock.advance(self.rng.randint(120, 900)).timestamp()

    def work(self) -> None:
        leads = list(self.world.store.leads.values())
        for _ in range(REPLIES):
            self.world.add_reply(self.rng.choice(leads).map_id, at=self.later())
        self.mirror.head_pass()
        for _ in range(MOVES):
            self.move()
        waiting = [lead for lead in leads if _is_waiting(lead)]
        for lead in self.rng.sample(waiting, min(ANSWERS, len(waiting))):
            self.world.add_sent_mail(lead, at=self.later(), rng=self.rng)
        self.later()
        self.mirror.round()

    def move(self) -> None:
        self.later()
        lead = self.rng.choice(list(Lead.objects.filter(holds=None).order_by("pk")))
        to = self.rng.choice([one for one in self.office.members if one != lead.owner])
        assign_lead(lead=lead, to=to, actor=self.manager, at=self.clock.now)
        self.office.dispatch()

    def take_from_a_coverer(self) -> None:
        """Give a held lead to a third member for good."""
        self.later()
        lead = Lead.objects.filter(holds__state="live").order_by("pk")[0]
        present = {lead.owner_id, lead.holds.get().origin_id}
        to = next(one for one in self.office.members if one.pk not in present)
        assign_lead(lead=lead, to=to, actor=self.manager, at=self.clock.now)
        self.office.dispatch()


def _is_waiting(lead: Any) -> bool:
    return bool(lead.last_reply_at and lead.last_reply_at > (lead.last_sent_at or 0))


@pytest.fixture
def manager(db: None) -> User:
    return make_manager(username="boss", time_zone="Europe/Berlin")


@pytest.fixture
def workdays(world: FakeSmartlead, manager: User) -> Iterator[Workdays]:
    with open_dispatch_harness(world) as office:
        workdays = Workdays(office, manager)
        workdays.mirror.full()
        Category.objects.filter(sentiment="positive").update(is_interested=True)
        yield workdays


def work_for_days(workdays: Workdays) -> None:
    """Work five days; the second member is away on the second and third."""
    away, covering, *_ = workdays.office.members[1:]
    away.team = covering.team = make_team()
    away.save()
    covering.save()
    starts_at = MONDAY + timedelta(days=1)
    plan(away, covering, starts_at=starts_at, ends_at=starts_at + timedelta(days=2))
    for number in range(DAYS):
        workdays.clock.now = MONDAY + timedelta(days=number)
        go(workdays.office)
        workdays.work()
        if number == 1:
            workdays.take_from_a_coverer()


@pytest.fixture
def _connection_outlives_requests() -> Iterator[None]:
    """Keep the connection, as Django's test client does: the test is one transaction."""
    signals = request_started, request_finished
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def recounting(
    workdays: Workdays, _connection_outlives_requests: None
) -> Iterator[tuple[HandoffReader, SmartleadReader]]:
    work_for_days(workdays)
    site = httpx.WSGITransport(app=get_wsgi_application())
    there = httpx.WSGITransport(app=application(workdays.world))
    with (
        httpx.Client(transport=site, base_url="http://localhost") as pages,
        httpx.Client(transport=there, base_url="http://sandbox/api/v1/") as api,
    ):
        handoff = HandoffReader(pages)
        handoff.sign_in("boss", "correct horse")
        yield handoff, SmartleadReader(api, DEFAULT_KEY)


def recount(
    recounting: tuple[HandoffReader, SmartleadReader], first: date, last: date
) -> tuple[list[str], Recount]:
    found = Recount(*recounting, first, last, "Europe/Berlin")
    return list(found.differences()), found


def test_every_number_is_what_an_independent_count_finds(recounting):
    monday = MONDAY.date()
    assert Reply.objects.exclude(covering_for=None).exists()

    for first, days in ((0, 6), (1, 1), (-80, 90)):
        first_day = monday + timedelta(days=first)
        differing, found = recount(
            recounting, first_day, first_day + timedelta(days=days)
        )

        assert differing == []
        assert found.compared > 500


def test_a_wrong_number_is_found(recounting):
    reply = Reply.objects.exclude(answered_at=None).latest("answered_at")
    Reply.objects.filter(pk=reply.pk).update(minutes=99_999)

    differing, _ = recount(recounting, MONDAY.date(), MONDAY.date() + timedelta(days=6))

    assert any("p90 is 99999" in line for line in differing)


def test_a_wrong_load_is_found(recounting):
    lead = Lead.objects.exclude(last_reply_at=None).exclude(owner=None).first()
    Lead.objects.filter(pk=lead.pk).update(last_reply_at=None)

    differing, _ = recount(recounting, MONDAY.date(), MONDAY.date())

    assert any(f"/team/, {lead.owner_id}: open" in line for line in differing)
