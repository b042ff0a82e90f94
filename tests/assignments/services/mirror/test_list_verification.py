from collections.abc import Iterator

import pytest

from assignments.models import Lead, SyncSource
from assignments.sandbox.fake_smartlead import FakeSmartlead
from assignments.services.mirror import list_verification, sync_sources
from assignments.smartlead.errors import ServiceTrouble
from assignments.smartlead.list_parsing import ListPage
from assignments.smartlead.records import LeadRow
from tests.factories import MONDAY
from tests.mirror_harness import MirrorHarness, make_row, open_mirror_harness

pytestmark = pytest.mark.django_db
Proof = SyncSource.Proof


@pytest.fixture
def mirror(world: FakeSmartlead) -> Iterator[MirrorHarness]:
    with open_mirror_harness(world) as mirror:
        mirror.head_pass()
        yield mirror


def page_of(*rows: LeadRow) -> ListPage[LeadRow]:
    return ListPage(rows=rows, unreadable=(), returned=len(rows), limit=20, total=None)


@pytest.mark.parametrize(
    ("switch", "proof"),
    [("override", Proof.PROVEN), ("self", Proof.UNPROVEN)],
)
def test_the_answers_of_two_members_prove_the_filter_or_not(mirror, switch, proof):
    mirror.world.set_behaviour(assigned_me=switch)

    list_verification.verify_lists(mirror.reading)

    assert sync_sources.load_source("assigned-me").proof == proof
    assert sync_sources.load_source("assigned-me").proof_detail


def test_a_broken_list_proves_nothing_and_says_why(mirror):
    mirror.world.set_behaviour(assigned_me="broken")

    with pytest.raises(ServiceTrouble):
        list_verification.verify_lists(mirror.reading)

    source = sync_sources.load_source("assigned-me")
    assert source.proof == Proof.UNPROVEN
    assert "could not be read" in source.proof_detail


def test_with_fewer_than_two_owners_nothing_can_be_compared(mirror):
    Lead.objects.update(owner=None)

    list_verification.verify_lists(mirror.reading)

    assert "Fewer than two" in sync_sources.load_source("assigned-me").proof_detail


class TestJudge:
    def test_rows_of_another_member_fail_it(self):
        answers = {7: page_of(make_row(1)), 8: page_of(make_row(2, owner_id=7))}

        assert list_verification.verify_answers(answers)[0] == Proof.FAILED

    def test_the_same_answer_for_both_fails_it(self):
        both = page_of(make_row(1, owner_id=7), make_row(2, owner_id=8))

        assert list_verification.verify_answers({7: both, 8: both})[0] == Proof.FAILED

    def test_rows_that_name_no_owner_prove_nothing(self):
        silent = page_of(make_row(1, owner_id=None, owner_known=False))

        assert (
            list_verification.verify_answers({7: silent, 8: silent})[0]
            == Proof.UNPROVEN
        )

    def test_an_empty_answer_proves_nothing(self):
        answers = {7: page_of(make_row(1)), 8: page_of()}

        assert list_verification.verify_answers(answers)[0] == Proof.UNPROVEN


def test_once_proven_a_deep_round_reads_each_members_leads(mirror):
    mirror.world.set_behaviour(assigned_me="override")
    list_verification.verify_lists(mirror.reading)
    mirror.clock.advance(60)

    mirror.round()

    owned = {key for key, owner in mirror.world.owners().items() if owner}
    assert owned <= set(Lead.objects.values_list("pk", flat=True))


def test_a_proven_filter_that_stops_filtering_fails_at_once(mirror, monkeypatch):
    page = page_of(make_row(1, owner_id=8))

    assert not list_verification.page_matches(page, 7, at=MONDAY)

    assert sync_sources.load_source("assigned-me").proof == Proof.FAILED
    assert list_verification.readable_members() == []
