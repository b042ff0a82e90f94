from collections.abc import Iterator
from datetime import timedelta

import pytest

from assignments.models import Account, Campaign, Lead, Member, SyncSource
from assignments.sandbox.fake_smartlead import FakeSmartlead
from assignments.services import account
from assignments.services.mirror import scheduler, sync_sources
from tests.factories import make_account
from tests.mirror_harness import MirrorHarness, open_mirror_harness

pytestmark = pytest.mark.django_db
ALL = {
    "assigned-me",
    "campaign-leads",
    "campaigns",
    "categories",
    "full-pass",
    "inbox-replies",
    "members",
}


@pytest.fixture
def mirror(world: FakeSmartlead) -> Iterator[MirrorHarness]:
    with open_mirror_harness(world) as mirror:
        yield mirror


def errors() -> dict[str, str]:
    return dict(SyncSource.objects.exclude(error="").values_list("pk", "error"))


class TestSyncSlice:
    def test_brings_everything_that_is_due_in_one_slice(self, mirror):
        mirror.slice()

        completed = SyncSource.objects.filter(completed_at__isnull=False)
        assert set(completed.values_list("pk", flat=True)) == ALL - {"assigned-me"}
        assert sync_sources.load_source("assigned-me").proof_at
        assert errors() == {}

    def test_names_are_known_before_a_long_first_pass_is_over(self, mirror):
        mirror.slice()

        paths = [call.path for call in mirror.world.call_log.calls()][:5]
        assert "inbox-replies" in paths[0]
        assert sum("inbox-replies" in path for path in paths) < 3

    def test_reads_the_head_again_every_thirty_seconds(self, mirror):
        mirror.slice(1)
        started = mirror.calls("inbox-replies")

        mirror.slice(29 - 1)
        assert sync_sources.load_source("inbox-replies").passes == 1
        mirror.clock.advance(30)
        mirror.slice(1)

        assert sync_sources.load_source("inbox-replies").passes == 2
        assert mirror.calls("inbox-replies") > started

    def test_leaves_early_when_nothing_comes_due_any_more(self, mirror):
        mirror.slice()
        mirror.clock.advance(-mirror.naps[-1] if mirror.naps else 0)

        calls = len(mirror.world.call_log.calls())
        mirror.slice(5)

        assert len(mirror.world.call_log.calls()) == calls

    def test_one_failing_source_does_not_stop_the_others(self, mirror):
        mirror.world.faults.often("error", 1.0, call="read")

        report = mirror.slice()

        failed = {"members", "categories", "campaigns", "campaign-leads"}
        assert set(errors()) == set(report.errors) == failed
        assert Lead.objects.exists()
        assert sync_sources.load_source("full-pass").completed_at

    def test_a_source_that_recovers_has_no_error_left(self, mirror):
        mirror.world.set_behaviour(assigned_me="broken")
        mirror.slice()
        assert "assigned-me" in errors()

        mirror.world.set_behaviour(assigned_me="self")
        mirror.clock.advance(timedelta(days=1).total_seconds())
        mirror.slice()

        assert errors() == {}

    def test_a_failing_source_is_not_asked_again_at_once(self, mirror):
        mirror.world.faults.often("error", 1.0, call="list")

        mirror.slice(25)

        assert mirror.calls("inbox-replies") == 2  # the head and the round

    def test_a_wrong_key_stops_the_slice_and_is_said_once(self, mirror):
        mirror.world.keys.clear()

        mirror.slice()

        assert len(mirror.world.call_log.calls()) == 1
        assert "API key" in account.current_account().outage_sentence
        assert Lead.objects.count() == 0

    def test_an_answer_ends_the_outage(self, mirror):
        account.start_outage(kind="plan", sentence="Expired.", at=mirror.clock())

        mirror.slice()

        assert account.current_account().outage_since is None


class TestBinding:
    def test_the_first_answer_binds_the_database_to_its_account(self, mirror):
        mirror.slice()

        bound = account.current_account()
        assert bound.base_url == "http://sandbox.test/api/v1"
        assert bound.fingerprint
        assert account.binding_problem(bound) is None

    def test_a_wrong_key_binds_nothing(self, mirror):
        mirror.world.keys.clear()

        mirror.slice()

        assert account.current_account().fingerprint == ""

    def test_another_account_is_not_read_into_this_database(self, mirror):
        make_account(fingerprint="of another key", base_url="http://elsewhere.test")

        mirror.slice()
        mirror.full()

        assert mirror.world.call_log.calls() == []
        assert "http://elsewhere.test" in errors()["inbox-replies"]


class TestFullSync:
    def test_runs_every_source_to_its_end(self, mirror):
        report = mirror.full()

        assert report.errors == {}
        assert set(SyncSource.objects.values_list("pk", flat=True)) >= ALL
        assert SyncSource.objects.get(pk="full-pass").completed_at
        assert not Campaign.objects.filter(lead__isnull=False, attributes_at=None)
        assert Lead.objects.exclude(company="").exists()
        assert Member.objects.exclude(name="").exists()

    def test_goes_on_after_the_pause_that_smartlead_asked_for(self, mirror):
        mirror.world.faults.next("too_many", seconds=1)

        report = scheduler.run_full_sync(
            client=mirror.client, budget=mirror.budget, progress=lambda _: None
        )

        assert report.errors == {}
        assert Account.objects.get().outage_since is None

    def test_says_when_the_budget_keeps_it_waiting_too_long(self, mirror):
        mirror.budget.record_429(mirror.budget.take("normal"), retry_after=1_000_000)

        report = mirror.full()

        assert "budget" in report.errors["members"]

    def test_says_how_far_it_is(self, mirror):
        said = []

        scheduler.run_full_sync(
            client=mirror.client,
            budget=mirror.budget,
            clock=mirror.clock,
            progress=said.append,
        )

        assert any("inbox-replies" in line for line in said)


class TestHeadSync:
    def test_reads_the_head_and_what_reference_data_is_due(self, mirror):
        for _ in range(2):
            report = scheduler.run_head_sync(
                client=mirror.client,
                budget=mirror.budget,
                clock=mirror.clock,
                progress=lambda _: None,
            )

        assert report.errors == {}
        assert mirror.calls("fetch-categories") == 1
        assert mirror.calls("assigned-me") == 0
