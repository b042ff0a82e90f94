import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from django.db.models import F

from assignments.models import Assignment, Lead, SyncSource, UnreadableRow
from assignments.sandbox.fake_smartlead import FakeSmartlead
from assignments.services.mirror import sync_passes, sync_sources
from assignments.services.mirror.cursor import PAGE
from assignments.smartlead.budget import account_budget
from assignments.smartlead.errors import ServiceTrouble
from tests.assignments.smartlead.mock_client import client_answered_with
from tests.dispatch_harness import FakeClock
from tests.factories import MONDAY, make_assignment, make_member
from tests.mirror_harness import MirrorHarness, open_mirror_harness

pytestmark = pytest.mark.django_db


@pytest.fixture
def mirror(world: FakeSmartlead) -> Iterator[MirrorHarness]:
    with open_mirror_harness(world) as mirror:
        yield mirror


@pytest.fixture
def big(
    monkeypatch: pytest.MonkeyPatch, world: FakeSmartlead
) -> Iterator[MirrorHarness]:
    """An inbox of several pages."""
    larger = FakeSmartlead(leads=75, now=MONDAY.timestamp(), limits=[(100_000, 60)])
    world.store, world.keys = larger.store, larger.keys
    with open_mirror_harness(world) as mirror:
        yield mirror


def replied(world: FakeSmartlead) -> set[int]:
    leads = world.store.leads.values()
    return {lead.map_id for lead in leads if lead.last_reply_at}


def mirrored() -> set[int]:
    return set(Lead.objects.present().values_list("pk", flat=True))


def newest_reply(world: FakeSmartlead) -> datetime:
    times = [lead.last_reply_at or 0 for lead in world.store.leads.values()]
    return datetime.fromtimestamp(max(times), UTC)


class TestHeadPass:
    def test_the_first_one_brings_the_whole_inbox_with_its_owners(self, big):
        big.head_pass()

        assert mirrored() == replied(big.world)
        for lead in Lead.objects.all():
            assert lead.owner_id == big.world.owner(lead.pk)
            assert lead.last_message

    def test_the_documented_shape_brings_the_same(self, big):
        big.world.set_behaviour(shape="documented")

        big.head_pass()

        assert mirrored() == replied(big.world)
        owners = dict(Lead.objects.values_list("pk", "owner"))
        assert owners == {key: big.world.owner(key) for key in owners}

    def test_the_next_one_reads_down_to_the_mark_only(self, big):
        big.head_pass()
        map_id = min(replied(big.world))
        big.world.add_reply(map_id, at=big.clock.advance(600).timestamp(), text="Yes!")

        assert big.head_pass() == 1
        assert "Yes!" in Lead.objects.get(pk=map_id).last_message

    def test_a_killed_worker_goes_on_where_it_was(self, big):
        sync_passes.read_head_page(big.reading)
        sync_passes.read_head_page(big.reading)
        before = big.calls("inbox-replies")

        pages = big.head_pass()

        assert mirrored() == replied(big.world)
        assert before + pages == big.calls("inbox-replies")

    def test_only_a_completed_pass_moves_the_mark(self, big):
        sync_passes.read_head_page(big.reading)
        assert sync_sources.load_source("inbox-replies").mark_at is None

        big.head_pass()

        mark = sync_sources.load_source("inbox-replies").mark_at
        assert mark == newest_reply(big.world) - timedelta(minutes=10)

    def test_a_broken_pass_leaves_what_it_did_not_reach_above_the_mark(self, big):
        big.head_pass()
        mark = sync_sources.load_source("inbox-replies").mark_at
        late = sorted(replied(big.world))[:50]
        for number, map_id in enumerate(late):
            big.clock.advance(60)
            big.world.add_reply(map_id, at=big.clock.now.timestamp() + number / 1000)
        sync_passes.read_head_page(big.reading)
        assert sync_sources.load_source("inbox-replies").mark_at == mark

        big.head_pass()

        fresh = Lead.objects.filter(last_reply_at__gt=MONDAY)
        assert set(fresh.values_list("pk", flat=True)) == set(late)

    def test_a_mail_from_the_future_does_not_hide_what_follows(self, mirror):
        first, second = sorted(replied(mirror.world))[:2]
        mirror.world.add_reply(first, at=(MONDAY + timedelta(days=900)).timestamp())
        mirror.head_pass()
        for map_id in sorted(replied(mirror.world))[2:]:
            mirror.world.add_reply(map_id, at=mirror.clock.advance(60).timestamp())
        mirror.world.add_reply(second, at=MONDAY.timestamp() + 30)

        mirror.head_pass()

        lead = Lead.objects.get(pk=second)
        assert lead.last_reply_at == MONDAY + timedelta(seconds=30)

    @pytest.mark.parametrize("fault", ["moving", "leaving", "vanishing"])
    def test_rows_that_move_while_it_reads_hide_no_other(self, big, fault):
        big.world.faults.often(fault, 1.0, call="list")
        big.head_pass()
        big.world.faults.clear()

        big.head_pass()

        assert mirrored() >= replied(big.world)

    def test_a_list_that_takes_no_time_filter_is_read_by_overlapping_pages(self, big):
        big.world.set_behaviour(takes_window_filter=False)

        big.head_pass()

        assert mirrored() == replied(big.world)
        assert sync_sources.load_source("inbox-replies").error == ""

    def test_rows_that_cannot_be_read_are_skipped_and_counted(self, mirror):
        mirror.world.faults.next("malformed", call="list")

        reading = mirror.reading
        sync_passes.read_head_page(reading)

        assert reading.report.unreadable == 4
        assert sum(row.count for row in UnreadableRow.objects.all()) == 4
        assert reading.report.rows == 16


class TestRound:
    def test_brings_owners_that_were_changed_in_smartlead(self, big):
        big.head_pass()
        map_id = min(replied(big.world))
        stranger = make_member("Stranger")
        big.clock.advance(60)
        big.world.assign_outside(map_id, stranger.pk)

        big.round()

        assert Lead.objects.get(pk=map_id).owner == stranger
        assert Assignment.objects.get().cause == "outside"

    def test_a_deep_one_brings_the_keys_own_leads_that_never_replied(self, big):
        silent = min(big.world.owners().keys() - replied(big.world))
        big.world.assign_outside(silent, next(iter(big.world.keys.values())))

        big.round()

        assert silent in mirrored()

    def test_a_warm_one_stops_at_leads_that_replied_14_days_ago(self, big):
        deep = big.round()
        seen = big.calls("assigned-me")

        assert big.round(is_deep=False) < deep
        assert big.calls("assigned-me") == seen

    def test_a_warm_one_reaches_the_oldest_lead_with_an_assignment_pending(self, big):
        big.head_pass()
        oldest = Lead.objects.order_by("last_reply_at")[0]
        make_assignment(oldest, make_member())
        start = big.clock.advance(60)

        big.round(is_deep=False)

        oldest.refresh_from_db()
        assert oldest.seen_at > start

    def test_every_third_one_is_deep(self, mirror):
        counts = []
        for _ in range(4):
            before = mirror.calls("assigned-me")
            while not sync_passes.read_full_page(mirror.reading):
                pass
            counts.append(mirror.calls("assigned-me") - before)

        assert [count > 0 for count in counts] == [True, False, False, True]

    def test_a_killed_worker_goes_on_where_it_was(self, big):
        sync_passes.read_full_page(big.reading)
        sync_passes.read_full_page(big.reading)

        while not sync_passes.read_full_page(big.reading):
            pass

        assert mirrored() >= replied(big.world)
        assert sync_sources.load_source("full-pass").passes == 1

    def test_a_failing_list_of_owners_is_reported_and_left_out(self, big):
        big.world.set_behaviour(assigned_me="broken")

        big.round()

        assert "out of order" in sync_sources.load_source("assigned-me").error
        assert sync_sources.load_source("full-pass").completed_at
        assert mirrored() == replied(big.world)

    def test_a_failing_inbox_breaks_it_off_but_keeps_its_place(self, big):
        sync_passes.read_full_page(big.reading)
        place = sync_sources.load_source("full-pass").cursor
        big.world.faults.next("error", call="list")

        with pytest.raises(ServiceTrouble):
            sync_passes.read_full_page(big.reading)

        assert sync_sources.load_source("full-pass").cursor == place


class TestLeadsThatVanish:
    def vanished(self, mirror: MirrorHarness) -> int:
        mirror.head_pass()
        map_id = max(replied(mirror.world))
        mirror.world.delete_lead(map_id)
        mirror.clock.advance(60)
        return map_id

    def look(self, mirror: MirrorHarness) -> None:
        while not sync_passes.recheck_missing_lead(mirror.reading):
            pass

    def test_one_missed_round_is_not_enough(self, mirror):
        map_id = self.vanished(mirror)

        mirror.round()
        self.look(mirror)

        assert mirror.calls(f"master-inbox/{map_id}") == 0
        assert Lead.objects.get(pk=map_id).missed_passes == 1

    def test_after_two_it_is_asked_for_and_gone_with_what_waits(self, mirror):
        map_id = self.vanished(mirror)
        row = make_assignment(Lead.objects.get(pk=map_id), make_member())

        mirror.round()
        mirror.round()
        self.look(mirror)

        assert Lead.objects.get(pk=map_id).gone_at
        row.refresh_from_db()
        assert (row.state, row.outcome) == (
            "refused",
            "Smartlead no longer has this lead.",
        )

    def test_a_lead_that_only_the_lists_leave_out_is_kept(self, mirror):
        mirror.world.set_behaviour(lists_archived=False)
        mirror.head_pass()
        map_id = max(mirrored())
        mirror.world.archive_lead(map_id)
        mirror.clock.advance(60)

        mirror.round()
        mirror.round()
        self.look(mirror)

        lead = Lead.objects.get(pk=map_id)
        assert (lead.gone_at, lead.missed_passes) == (None, 0)
        assert lead.is_archived

    def test_a_failed_look_is_made_again_after_the_next_round(self, mirror):
        map_id = self.vanished(mirror)
        mirror.round()
        mirror.round()
        mirror.world.faults.next("error")
        with pytest.raises(ServiceTrouble):
            sync_passes.recheck_missing_lead(mirror.reading)
        assert not sync_passes.missing_leads().exists()

        mirror.round()
        self.look(mirror)

        assert Lead.objects.get(pk=map_id).gone_at

    def test_a_lead_seen_after_the_question_was_asked_is_not_gone(self, mirror):
        mirror.head_pass()
        lead = Lead.objects.first()

        before = lead.seen_at - timedelta(seconds=1)

        assert not sync_passes.mark_gone(map_id=lead.pk, asked_at=before, at=MONDAY)

    def test_a_warm_round_misses_only_what_it_should_have_shown(self, big):
        big.head_pass()
        big.clock.advance(60)

        big.round(is_deep=False)

        assert not Lead.objects.filter(missed_passes__gt=0).exists()

    def test_without_the_lists_of_owners_silent_leads_are_not_missed(self, big):
        silent = min(big.world.owners().keys() - replied(big.world))
        big.world.assign_outside(silent, next(iter(big.world.keys.values())))
        big.round()
        big.world.set_behaviour(assigned_me="broken")
        big.clock.advance(60)

        big.round()

        assert not Lead.objects.filter(missed_passes__gt=0).exists()


def test_the_source_tells_how_far_it_is(mirror):
    mirror.head_pass()

    source = SyncSource.objects.get(pk="inbox-replies")
    assert source.rows >= len(replied(mirror.world))
    assert (source.passes, source.cursor) == (1, {})


class TestNothingWhereAPageShouldBe:
    """`data: null`, as a Smartlead was seen to end a list."""

    NULL = Path(__file__).parent / "null-page.json"

    @pytest.fixture
    def told(self) -> list[str]:
        """What Smartlead answers, page by page; the last one again and again."""
        return []

    @pytest.fixture
    def mirror(self, world: FakeSmartlead, told: list[str]) -> Iterator[MirrorHarness]:
        def answer(_: httpx.Request) -> httpx.Response:
            return httpx.Response(200, text=told.pop(0) if len(told) > 1 else told[0])

        with client_answered_with(answer, budget=account_budget()) as client:
            yield MirrorHarness(world, client, client.budget, FakeClock(MONDAY))

    def full_page(self) -> str:
        rows = [
            {
                "email_lead_map_id": number,
                "team_member_id": None,
                "last_reply_time": (MONDAY - timedelta(hours=number)).isoformat(),
            }
            for number in range(1, PAGE + 1)
        ]
        return json.dumps({"ok": True, "data": rows})

    def test_ends_a_pass_as_a_later_page(self, mirror, told):
        told += [self.full_page(), self.NULL.read_text()]

        assert mirror.head_pass() == 2

        assert SyncSource.objects.get(name=sync_sources.INBOX).completed_at

    def test_completes_no_pass_as_the_first_page(self, mirror, told):
        told += [self.full_page(), self.NULL.read_text()]
        mirror.head_pass()
        before = SyncSource.objects.get(name=sync_sources.INBOX)

        for step in (sync_passes.read_head_page, sync_passes.read_full_page):
            with pytest.raises(ServiceTrouble):
                step(mirror.reading)

        after = SyncSource.objects.get(name=sync_sources.INBOX)
        assert (after.passes, after.mark_at) == (before.passes, before.mark_at)
        assert SyncSource.objects.get(name=sync_sources.FULL).completed_at is None
        assert not Lead.objects.filter(missed_passes__gt=0).exists()
        assert len(mirrored()) == PAGE


class TestLeadsWithoutARealReply:
    def test_are_missed_as_well_when_a_list_no_longer_has_them(self, mirror):
        mirror.round()
        Lead.objects.update(
            last_reply_at=None, disregarded_reply_at=F("last_reply_at"),
            seen_at=MONDAY - timedelta(days=1),
        )  # fmt: skip
        mirror.world.store.leads.clear()

        mirror.round(is_deep=False)

        assert Lead.objects.filter(missed_passes=1).exists()
