from collections.abc import Iterator
from datetime import timedelta

import pytest

from assignments.models import Campaign, Category, Lead, Member
from assignments.sandbox.fake_smartlead import FakeSmartlead
from assignments.services.mirror import reference_data, sync_sources
from assignments.smartlead.errors import SmartleadError
from assignments.smartlead.records import (
    CampaignLeadRow,
    CampaignRow,
    CategoryRow,
    MemberRow,
)
from tests.factories import (
    MONDAY,
    make_campaign,
    make_category,
    make_lead,
    make_member,
    make_target,
)
from tests.mirror_harness import MirrorHarness, open_mirror_harness

pytestmark = pytest.mark.django_db


@pytest.fixture
def mirror(world: FakeSmartlead) -> Iterator[MirrorHarness]:
    with open_mirror_harness(world) as mirror:
        yield mirror


class TestMembers:
    def test_come_from_the_board_with_their_names(self, mirror):
        reference_data.read_members(mirror.reading)

        on_board = [m for m in mirror.world.store.members.values() if m.on_board]
        assert set(Member.objects.values_list("id", "name")) == {
            (member.id, member.name) for member in on_board
        }

    def test_a_member_seen_on_rows_gets_name_and_board_as_source(self):
        make_member("", id=7, source="rows")

        reference_data.save_members([MemberRow(id=7, name="Ana Sousa")])

        member = Member.objects.get()
        assert (member.name, member.source) == ("Ana Sousa", "board")

    def test_a_name_entered_by_hand_stays_and_an_empty_one_is_filled(self):
        make_member("Anna", id=7, source="hand")
        make_member("", id=8, source="hand")

        reference_data.save_members(
            [MemberRow(id=7, name="Ana Sousa"), MemberRow(id=8, name="Ben Okafor")]
        )

        assert list(Member.objects.values_list("name", "source")) == [
            ("Anna", "hand"),
            ("Ben Okafor", "hand"),
        ]

    def test_whoever_is_not_on_the_board_stays_active(self):
        make_member(id=9, source="hand")

        reference_data.save_members([MemberRow(id=7, name="Ana Sousa")])

        assert Member.objects.get(pk=9).is_active


def category(name: str, sentiment: str | None = None, *, id: int = 3) -> CategoryRow:  # noqa: A002
    return CategoryRow(id=id, name=name, sentiment=sentiment)


class TestCategories:
    @pytest.mark.parametrize(
        ("name", "sentiment", "closing", "interested"),
        [
            ("Interested", "positive", False, True),
            ("Interested", None, False, True),
            ("Meeting Request", None, False, True),
            ("Information Request", "positive", False, True),
            ("Not Interested", "negative", True, False),
            ("Not interested right now", None, True, False),
            ("Do Not Contact", None, True, False),
            ("Wrong Person", None, True, False),
            ("Unsubscribed", "neutral", True, False),
            ("Sender Originated Bounce", None, True, False),
            ("Angry", "negative", True, False),
            ("Out Of Office", "neutral", False, False),
            ("Talk again in spring", None, False, False),
        ],
    )
    def test_mean_what_sentiment_and_name_say(
        self, name, sentiment, closing, interested
    ):
        reference_data.save_categories([category(name, sentiment)])

        found = Category.objects.get()
        assert (found.is_closing, found.is_interested) == (closing, interested)

    @pytest.mark.parametrize(
        ("name", "owes_none"),
        [
            ("Out Of Office", True),
            ("Out-of-office until June", True),
            ("OOO", True),
            ("Automatic reply", True),
            ("Sender Originated Bounce", True),
            ("Interested", False),
            ("Wool office", False),
        ],
    )
    def test_of_automatic_answers_owe_none_and_stay_open(self, name, owes_none):
        reference_data.save_categories([category(name)])

        found = Category.objects.get()
        assert found.owes_no_answer == owes_none
        assert found.is_closing == ("Bounce" in name)

    def test_that_owes_no_answer_from_now_on_settles_its_leads(self):
        make_category("Category 3", id=3)
        lead = make_lead(
            category_id=3, answer_owed=True, answer_due_at=MONDAY, is_unread=True
        )

        reference_data.save_categories([category("Out Of Office", "neutral")])

        lead.refresh_from_db()
        assert (lead.answer_owed, lead.answer_due_at) == (False, None)
        assert Lead.objects.open().contains(lead)

    def test_keep_what_a_person_has_decided(self):
        make_category("Wrong Person", id=3, set_by_hand=True)

        reference_data.save_categories([category("Wrong person", "negative")])

        found = Category.objects.get()
        assert (found.name, found.is_closing) == ("Wrong person", False)

    def test_a_category_that_turns_out_to_close_settles_its_leads(self):
        stand_in = make_category("Category 3", id=3)
        lead = make_lead(category=stand_in, answer_owed=True, answer_due_at=MONDAY)

        reference_data.save_categories([category("Not Interested")])

        lead.refresh_from_db()
        assert (lead.answer_owed, lead.answer_due_at) == (False, None)

    def test_a_category_that_opens_again_owes_an_answer(self):
        closing = make_category("Not Interested", id=3, is_closing=True)
        lead = make_lead(category=closing)
        make_target(24 * 60)

        reference_data.save_categories([category("Maybe later")])

        lead.refresh_from_db()
        assert lead.answer_owed
        assert lead.answer_due_at == lead.last_reply_at + timedelta(hours=24)


class TestCampaigns:
    def row(self, name: str) -> CampaignRow:
        return CampaignRow(
            id=5, name=name, status="ACTIVE", client_id=None, owner_id=None
        )

    def test_come_with_name_and_status(self, mirror):
        reference_data.read_campaigns(mirror.reading)

        wanted = {(c.id, c.name) for c in mirror.world.store.campaigns.values()}
        assert set(Campaign.objects.values_list("id", "name")) == wanted

    def test_a_new_name_is_found_by_the_search(self):
        lead = make_lead("Lena Lead", campaign=make_campaign("Old", id=5))

        reference_data.save_campaigns([self.row("Solar roofs")])

        lead.refresh_from_db()
        assert "solar roofs" in lead.search_text


def attributes(map_id: int, **said: object) -> CampaignLeadRow:
    values = {
        "map_id": map_id,
        "lead_id": 44,
        "email": "lena@nordfrost.example",
        "first_name": "Helena",
        "last_name": "Lead",
        "company": "Nordfrost",
        "website": "",
        "location": "Kiel",
        "phone": "",
        "linkedin": "",
        "custom_fields": {"industry": "Logistics"},
        "unsubscribed": False,
    }
    return CampaignLeadRow(**(values | said))


class TestAttributes:
    def test_add_what_the_inbox_does_not_say(self):
        lead = make_lead("Lena Lead", website="https://nordfrost.example")

        assert reference_data.save_attributes([attributes(lead.pk), attributes(1)]) == 1

        lead.refresh_from_db()
        assert (lead.company, lead.location) == ("Nordfrost", "Kiel")
        assert lead.custom_fields == {"industry": "Logistics"}
        assert lead.website == "https://nordfrost.example"
        assert "nordfrost" in lead.search_text

    def test_leave_names_and_address_to_the_inbox(self):
        lead = make_lead("Lena Lead")

        reference_data.save_attributes([attributes(lead.pk)])

        lead.refresh_from_db()
        assert (lead.first_name, lead.email) != ("Helena", "lena@nordfrost.example")

    def test_are_read_for_campaigns_with_leads_once_a_day(self, mirror):
        mirror.head_pass()
        while not reference_data.read_campaign_leads(mirror.reading):
            pass
        at = mirror.clock()

        assert not reference_data.campaigns_to_read(at).exists()
        assert reference_data.campaigns_to_read(at + timedelta(days=1)).exists()
        assert not Lead.objects.filter(company="").exists()

    def test_stop_once_all_our_leads_of_a_campaign_are_found(self, mirror):
        mirror.head_pass()
        per_campaign = Campaign.objects.filter(lead__isnull=False).distinct().count()

        while not reference_data.read_campaign_leads(mirror.reading):
            pass

        assert mirror.calls("/leads") == per_campaign

    def test_go_on_at_the_page_where_a_killed_worker_was(self, mirror, monkeypatch):
        mirror.head_pass()
        monkeypatch.setattr(reference_data, "CAMPAIGN_PAGE", 2)
        reference_data.read_campaign_leads(mirror.reading)

        assert sync_sources.load_source("campaign-leads").cursor["offset"] == 2

    def test_a_campaign_deleted_in_smartlead_does_not_hold_up_the_others(self, mirror):
        mirror.head_pass()
        gone = make_campaign(id=999)
        make_lead(campaign=gone)
        failures = 0
        for _ in range(20):
            try:
                if reference_data.read_campaign_leads(mirror.reading):
                    break
            except SmartleadError:
                failures += 1

        assert not Lead.objects.exclude(campaign=gone).filter(company="")
