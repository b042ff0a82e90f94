import pytest

from tests.assignments.sandbox.http_caller import owned_lead_with_reply

CAMPAIGN = """
id user_id name status created_at updated_at track_settings scheduler_cron_value
min_time_btwn_emails max_leads_per_day stop_lead_settings schedule_start_time
enable_ai_esp_matching send_as_plain_text follow_up_percentage unsubscribe_text
parent_campaign_id client_id
"""
PERSON = """
id first_name last_name email phone_number company_name website location
linkedin_profile company_url custom_fields is_unsubscribed unsubscribed_client_id_map
"""
BOARD = """
id name profile_pic_url lead_count campaign_count reply_count positive_reply_count
reply_rate positive_reply_rate average_reply_time unique_open_count
"""


def test_categories_are_a_bare_array_with_the_default_ids(call):
    rows = call.get("leads/fetch-categories").json()

    assert set(rows[0]) == {"id", "name", "sentiment_type", "created_at"}
    assert [row["id"] for row in rows] == [1, 2, 3, 4, 5, 6, 7, 9, 4497, 96272]


def test_clients_are_a_bare_array_with_the_servers_misspellings(call):
    rows = call.get("client/").json()

    assert set(rows[0]["client_permision"]) == {"permission", "retricted_category"}
    assert rows == call.get("client").json()


class TestCampaigns:
    def test_they_are_a_bare_array(self, call):
        rows = call.get("campaigns/").json()

        assert len(rows) >= 6
        assert all(set(row) == set(CAMPAIGN.split()) for row in rows)
        assert rows == call.get("campaigns").json()

    def test_tags_come_when_asked_for(self, call):
        assert "tags" in call.get("campaigns", include_tags="true").json()[0]

    def test_a_client_has_its_own(self, sandbox, call):
        client = next(iter(sandbox.store.clients))

        rows = call.get("campaigns", client_id=client).json()

        assert {row["client_id"] for row in rows} == {client}

    def test_one_is_a_bare_object(self, sandbox, call):
        campaign_id = next(iter(sandbox.store.campaigns))

        assert call.get(f"campaigns/{campaign_id}").json()["id"] == campaign_id

    def test_an_unknown_one_is_an_empty_object_or_a_404_by_switch(self, sandbox, call):
        assert call.get("campaigns/1").json() == {}

        sandbox.set_behaviour(unknown_campaign="missing")

        assert call.get("campaigns/1").status_code == 404


class TestCampaignLeads:
    def leads(self, call, lead, **query):
        answer = call.get(f"campaigns/{lead.campaign_id}/leads", **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def test_they_bring_people_but_no_assignee(self, sandbox, call):
        lead = owned_lead_with_reply(sandbox)

        answer = self.leads(call, lead)

        assert set(answer) == {"total_leads", "offset", "limit", "data"}
        assert answer["total_leads"] == str(len(answer["data"]))
        row = answer["data"][0]
        assert row["campaign_lead_map_id"].isdecimal()
        assert set(row["lead"]) == set(PERSON.split())
        assert "team_member_id" not in row

    def test_they_page_up_to_a_hundred(self, sandbox, call):
        lead = owned_lead_with_reply(sandbox)

        first = self.leads(call, lead, limit=1)["data"]
        second = self.leads(call, lead, limit=1, offset=1)["data"]
        too_many = call.get(f"campaigns/{lead.campaign_id}/leads/", limit=101)

        assert first != second
        assert too_many.status_code == 400

    @pytest.mark.parametrize(
        "query",
        [
            {"status": "INPROGRESS"},
            {"emailStatus": "is_replied"},
            {"lead_category_id": 1},
            {"last_sent_time_gt": "2026-11-01T00:00:00Z"},
            {"event_time_gt": "2026-11-01T00:00:00.000Z"},
        ],
    )
    def test_filters_narrow_them(self, sandbox, call, query):
        def total(**query):
            answers = [
                call.get(f"campaigns/{campaign_id}/leads", **query).json()
                for campaign_id in sandbox.store.campaigns
            ]
            return sum(int(answer["total_leads"]) for answer in answers)

        assert 0 < total(**query) < total() == len(sandbox.store.leads)

    def test_an_address_is_refused_as_filter(self, sandbox, call):
        answer = call.get(
            f"campaigns/{owned_lead_with_reply(sandbox).campaign_id}/leads", email="a@b"
        )

        assert answer.json()["message"] == '"email" is not allowed'

    def test_an_unknown_campaign_is_a_404_in_json(self, call):
        answer = call.get("campaigns/1/leads")

        assert answer.status_code == 404
        assert "Campaign not found" in answer.json()["error"]


class TestLeads:
    def test_an_address_finds_the_person_with_all_campaigns(self, sandbox, call):
        ids = [lead.lead_id for lead in sandbox.store.leads.values()]
        twin = next(
            lead for lead in sandbox.store.leads.values() if ids.count(lead.lead_id) > 1
        )

        found = call.get("leads/", email=twin.email.upper()).json()

        assert found["id"] == twin.lead_id
        maps = {row["campaign_lead_map_id"] for row in found["lead_campaign_data"]}
        assert len(maps) > 1
        assert str(twin.map_id) in maps

    def test_an_unknown_address_is_an_empty_object(self, call):
        assert call.get("leads", email="nobody@nowhere.example").json() == {}

    def test_an_id_finds_the_person(self, sandbox, call):
        lead = owned_lead_with_reply(sandbox)

        answer = call.get(f"leads/{lead.lead_id}").json()

        assert [row["email"] for row in answer["data"]] == [lead.email]


class TestTeamBoard:
    def test_it_names_seven_and_leaves_out_the_eighth(self, call):
        answer = call.get("analytics/team-board/overall-stats", timezone="UTC").json()

        rows = answer["data"]["team_board_stats"]
        assert answer["success"] is True
        assert all(set(row) == set(BOARD.split()) for row in rows)
        assert len(rows) == 7
        assert "Tom Whelan" not in {row["name"] for row in rows}

    def test_the_zone_is_required_and_days_are_days(self, call):
        path = "analytics/team-board/overall-stats"

        assert call.get(path).json()["message"] == '"timezone" is required'
        assert call.get(path, timezone="UTC", start_date="May").status_code == 400

    def test_it_counts_leads(self, sandbox, call):
        path = "analytics/team-board/overall-stats"
        days = {"start_date": "2026-11-01", "end_date": "2026-11-22"}

        rows = call.get(path, timezone="UTC", full_data="true", **days).json()

        counts = {
            row["id"]: row["lead_count"] for row in rows["data"]["team_board_stats"]
        }
        owners = list(sandbox.owners().values())
        assert counts[7323] == owners.count(7323)
