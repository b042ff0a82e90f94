import pytest

from assignments.sandbox.inbox_endpoints import LISTS
from assignments.sandbox.records import iso
from assignments.sandbox.serializers import FLAT_KEYS

# Copied from the API facts a second time, so that a slip in the code shows.
FACTS = """
email_lead_map_id email_lead_id lead_email lead_first_name lead_last_name
lead_category_id lead_status team_member_id has_new_unread_email last_sent_time
last_reply_time email_account_id email_campaign_id email_campaign_name client_id revenue
is_important is_archived is_snoozed current_sequence_number sequence_count
sub_sequence_id is_pushed_to_sub_sequence belongs_to_sub_sequence email_campaign_seq_id
lead_next_timestamp_to_send old_replaced_lead_data is_ooo_automated_push_lead
campaign_sending_schedule
"""
DOCUMENTED = """
id campaign_lead_map_id lead campaign email_account last_message email_status category
assigned_to stats is_read is_important is_archived tags
"""


def refusal(answer):
    body = answer.json()
    assert (answer.status_code, body["statusCode"]) == (400, 400)
    assert body["error"] == "Bad Request"
    return body["message"], body["validation"]


class TestShape:
    def test_a_flat_row_has_exactly_the_keys_of_the_facts(self, call):
        rows = call.rows("inbox-replies")

        assert set(FACTS.split()) == FLAT_KEYS
        assert all(set(row) == FLAT_KEYS for row in rows)

    def test_history_comes_only_when_asked_for(self, call):
        body = {"limit": 5}
        answer = call.post(
            "master-inbox/inbox-replies", body, fetch_message_history="true"
        )

        rows = answer.json()["data"]
        assert all(set(row) == FLAT_KEYS | {"email_history"} for row in rows)
        assert {entry["type"] for entry in rows[0]["email_history"]} == {
            "SENT",
            "REPLY",
        }

    def test_ids_are_digit_strings_here_and_numbers_there(self, call):
        row = call.rows("inbox-replies", limit=1)[0]

        assert row["email_lead_map_id"].isdecimal()
        assert row["email_lead_id"].isdecimal()
        assert isinstance(row["email_campaign_id"], int)
        assert row["last_reply_time"].endswith("Z")
        assert row["revenue"].count(".") == 1

    def test_the_envelope_tells_no_total(self, call):
        body = {"offset": 3, "limit": 2}
        answer = call.post("master-inbox/inbox-replies", body).json()

        assert set(answer) == {"ok", "data", "offset", "limit"}
        assert (answer["offset"], answer["limit"], len(answer["data"])) == (3, 2, 2)

    def test_the_documented_shape_is_a_switch(self, sandbox, call):
        sandbox.set_behaviour(shape="documented")

        answer = call.post("master-inbox/inbox-replies", {"limit": 3}).json()

        assert set(answer) == {"messages", "total_count", "offset", "limit"}
        assert all(set(item) == set(DOCUMENTED.split()) for item in answer["messages"])
        assert answer["total_count"] > 3

    @pytest.mark.parametrize("name", LISTS)
    def test_every_list_answers_with_and_without_a_slash(self, call, name):
        with_slash = call.post(f"master-inbox/{name}/", {"limit": 5}).json()

        assert with_slash == call.post(f"master-inbox/{name}", {"limit": 5}).json()
        assert with_slash["ok"] is True


class TestContent:
    def test_inbox_replies_lists_every_lead_that_replied(self, sandbox, call):
        replied = {
            lead.map_id for lead in sandbox.store.leads.values() if lead.last_reply_at
        }

        assert call.ids("inbox-replies") == replied

    @pytest.mark.parametrize(
        ("name", "field"),
        [
            ("unread-replies", "has_new_unread_email"),
            ("important", "is_important"),
            ("snoozed", "is_snoozed"),
            ("archived", "is_archived"),
            ("scheduled", "lead_next_timestamp_to_send"),
        ],
    )
    def test_a_list_holds_what_its_name_says(self, call, name, field):
        rows = call.all_rows(name)

        assert rows
        assert all(row[field] for row in rows)

    def test_archived_leads_leave_the_other_lists_by_switch(self, sandbox, call):
        archived = call.ids("archived")
        assert archived & call.ids("inbox-replies")

        sandbox.set_behaviour(lists_archived=False)

        assert not archived & call.ids("inbox-replies")
        assert call.ids("archived") == archived

    def test_the_default_order_is_newest_reply_first(self, call):
        times = [row["last_reply_time"] for row in call.rows("inbox-replies")]

        assert times == sorted(times, reverse=True)

    def test_sent_time_is_the_other_order(self, call):
        rows = call.rows("inbox-replies", sortBy="SENT_TIME_DESC")

        times = [row["last_sent_time"] for row in rows]
        assert times == sorted(times, reverse=True)

    def test_scheduled_sorts_both_ways(self, call):
        up = call.rows("scheduled", sortBy="SCHEDULED_TIME_ASC")

        times = [row["lead_next_timestamp_to_send"] for row in up]
        assert times == sorted(times)

    def test_pages_follow_each_other_without_gap(self, sandbox, call):
        ids = [row["email_lead_map_id"] for row in call.all_rows("sent")]

        assert len(ids) == len(set(ids)) == len(sandbox.store.leads)


class TestFilters:
    def test_search_finds_names_and_addresses(self, call):
        wanted = call.rows("inbox-replies", limit=1)[0]

        found = call.ids("inbox-replies", search=wanted["lead_email"][:25].upper())

        assert int(wanted["email_lead_map_id"]) in found

    def test_campaign_and_mailbox_take_one_or_many(self, call):
        row = call.rows("inbox-replies", limit=1)[0]
        campaign, mailbox = row["email_campaign_id"], row["email_account_id"]

        one = call.all_rows("inbox-replies", campaignId=campaign)
        both = call.all_rows("inbox-replies", emailAccountId=[mailbox, 1])

        assert {found["email_campaign_id"] for found in one} == {campaign}
        assert {found["email_account_id"] for found in both} == {mailbox}

    def test_a_client_is_the_campaigns(self, sandbox, call):
        client = next(iter(sandbox.store.clients))

        rows = call.all_rows("inbox-replies", campaignClientId=[client])

        assert {row["client_id"] for row in rows} == {client}

    def test_a_tag_is_the_campaigns(self, sandbox, call):
        rows = call.all_rows("inbox-replies", campaignTagId=900)

        campaigns = sandbox.store.campaigns
        assert rows
        assert all(900 in campaigns[row["email_campaign_id"]].tag_ids for row in rows)

    def test_the_window_holds_both_ends(self, call):
        rows = call.rows("inbox-replies", limit=6)
        window = [rows[5]["last_reply_time"], rows[2]["last_reply_time"]]

        found = call.rows("inbox-replies", filters={"replyTimeBetween": window})

        assert found == rows[2:]

    def test_categories_are_included_excluded_and_missing(self, call):
        of = {"leadCategories": {"categoryIdsIn": [1, 5]}}
        without = {"leadCategories": {"categoryIdsNotIn": [1], "isAssigned": True}}
        none = {"leadCategories": {"unassigned": True}}

        seen = [
            {row["lead_category_id"] for row in call.all_rows("sent", **wanted)}
            for wanted in (of, without, none)
        ]

        assert seen[0] == {1, 5}
        assert seen[1].isdisjoint({1, None})
        assert seen[2] == {None}

    @pytest.mark.parametrize(
        "status", ["Opened", "Clicked", "Replied", "Accepted", "Not Replied", "Bounced"]
    )
    def test_an_email_status_narrows_the_list(self, sandbox, call, status):
        found = call.ids("sent", emailStatus=[status])

        assert 0 < len(found) < len(sandbox.store.leads)

    def test_replied_and_not_replied_are_everybody(self, sandbox, call):
        both = call.ids("sent", emailStatus=["Replied", "Not Replied"])

        assert both == set(sandbox.store.leads)

    def test_a_member_means_the_campaigns_owner_by_default(self, sandbox, call):
        campaign = next(iter(sandbox.store.campaigns.values()))

        rows = call.all_rows("inbox-replies", campaignTeamMemberId=campaign.owner_id)

        owners = {
            sandbox.store.campaigns[row["email_campaign_id"]].owner_id for row in rows
        }
        assert owners == {campaign.owner_id}
        assert len({row["team_member_id"] for row in rows}) > 1

    def test_a_member_means_the_assignee_by_switch(self, sandbox, call):
        sandbox.set_behaviour(member_filter="assignee")

        rows = call.all_rows("inbox-replies", campaignTeamMemberId=[7323, 7304])

        assert {row["team_member_id"] for row in rows} == {7323, 7304}


class TestAssignedMe:
    def test_it_lists_the_leads_of_the_keys_user(self, sandbox, call):
        mine = {key for key, owner in sandbox.owners().items() if owner == 7301}

        assert call.ids("assigned-me") == mine

    def test_another_members_filter_leaves_nothing(self, call):
        assert call.ids("assigned-me", campaignTeamMemberId=7323) == set()

    def test_the_own_filter_changes_nothing(self, call):
        mine = call.ids("assigned-me", campaignTeamMemberId=7301)

        assert mine == call.ids("assigned-me")

    def test_the_filter_overrides_by_switch(self, sandbox, call):
        sandbox.set_behaviour(assigned_me="override")

        theirs = {key for key, owner in sandbox.owners().items() if owner == 7323}
        assert call.ids("assigned-me", campaignTeamMemberId=7323) == theirs
        assert call.ids("assigned-me") != theirs

    def test_the_live_error_is_a_switch(self, sandbox, call):
        sandbox.set_behaviour(assigned_me="broken")

        answer = call.post("master-inbox/assigned-me", {"limit": 1})

        assert answer.status_code == 500
        assert answer.json() == {"error": 'column "undefined" does not exist'}


class TestRefusals:
    @pytest.mark.parametrize(
        ("body", "says", "key"),
        [
            ({"campaign_id": 1}, "is not allowed", "campaign_id"),
            ({"limit": 21}, "must be less than or equal to 20", "limit"),
            ({"limit": 0}, "must be greater than or equal to 1", "limit"),
            ({"limit": "many"}, "must be a number", "limit"),
            ({"limit": 1.5}, "must be an integer", "limit"),
            ({"offset": -1}, "must be greater than or equal to 0", "offset"),
            (
                {"sortBy": "NAME"},
                "must be one of [REPLY_TIME_DESC, SENT_TIME_DESC]",
                "sortBy",
            ),
            ({"filters": {"owner": 1}}, "is not allowed", "filters.owner"),
            ({"filters": []}, "must be of type object", "filters"),
            (
                {"filters": {"search": "x" * 31}},
                "length must be less than or equal to 30 characters long",
                "filters.search",
            ),
            (
                {"filters": {"replyTimeBetween": ["2026-01-01T00:00:00Z"]}},
                "must contain 2 items",
                "filters.replyTimeBetween",
            ),
            (
                {"filters": {"replyTimeBetween": ["yesterday", "today"]}},
                "must be in ISO 8601 date format",
                "filters.replyTimeBetween[0]",
            ),
            (
                {"filters": {"leadCategories": {"categoryIdsIn": list(range(11))}}},
                "must contain less than or equal to 10 items",
                "filters.leadCategories.categoryIdsIn",
            ),
            (
                {"filters": {"subSequenceId": 4}},
                "is not allowed",
                "filters.subSequenceId",
            ),
        ],
    )
    def test_joi_names_the_key_and_the_rule(self, call, body, says, key):
        message, validation = refusal(call.post("master-inbox/inbox-replies", body))

        assert message == f'"{key}" {says}'
        assert validation == {"source": "body", "keys": [key]}

    @pytest.mark.parametrize(
        ("name", "field", "most"),
        [
            ("inbox-replies", "campaignId", 5),
            ("inbox-replies", "emailAccountId", 20),
            ("inbox-replies", "campaignTeamMemberId", 10),
            ("inbox-replies", "campaignTagId", 10),
            ("inbox-replies", "campaignClientId", 10),
            ("unread-replies", "emailAccountId", 10),
            ("archived", "campaignId", 5),
            ("sent", "campaignId", 15),
            ("assigned-me", "campaignTeamMemberId", 1),
            ("views", "campaignId", 1),
        ],
    )
    def test_each_list_has_its_own_caps(self, call, name, field, most):
        def ask(count):
            filters = {field: list(range(1, count + 1)) if count > 1 else 1}
            return call.post(f"master-inbox/{name}", {"filters": filters})

        assert ask(most).status_code == 200
        assert ask(most + 1).status_code == 400

    def test_one_valued_lists_refuse_a_list_of_one(self, call):
        filters = {"campaignTeamMemberId": [7301]}

        answer = call.post("master-inbox/assigned-me", {"filters": filters})

        assert refusal(answer)[0].endswith("must be a number")

    @pytest.mark.parametrize("value", ["opened", ["Replied", "Read"]])
    def test_an_unknown_email_status_is_refused(self, call, value):
        filters = {"emailStatus": value}
        answer = call.post("master-inbox/inbox-replies", {"filters": filters})

        assert "must be one of [Opened, Clicked" in refusal(answer)[0]

    def test_views_alone_take_a_sub_sequence(self, call):
        answer = call.post("master-inbox/views", {"filters": {"subSequenceId": 4}})

        assert answer.json()["data"] == []

    def test_reminders_sort_by_their_own_time_only(self, call):
        good = call.post("master-inbox/reminders", {"sortBy": "REMINDER_TIME_ASC"})
        bad = call.post("master-inbox/reminders", {"sortBy": "REPLY_TIME_DESC"})

        assert (good.status_code, bad.status_code) == (200, 400)

    def test_an_unknown_query_key_is_refused(self, call):
        answer = call.post("master-inbox/inbox-replies", {}, page="2")

        message, validation = refusal(answer)
        assert message == '"page" is not allowed'
        assert validation == {"source": "query", "keys": ["page"]}

    @pytest.mark.parametrize("name", ["sent", "reminders"])
    def test_lists_that_document_no_history_refuse_it(self, call, name):
        answer = call.post(f"master-inbox/{name}", {}, fetch_message_history="true")

        assert refusal(answer)[0] == '"fetch_message_history" is not allowed'

    def test_a_list_as_body_is_no_object(self, call):
        answer = call.post("master-inbox/inbox-replies", [1])

        assert refusal(answer)[0] == '"value" must be of type object'

    def test_the_window_filter_may_be_refused_by_switch(self, sandbox, call):
        sandbox.set_behaviour(takes_window_filter=False)
        window = [iso(sandbox.now() - 60), iso(sandbox.now())]

        answer = call.post(
            "master-inbox/inbox-replies", {"filters": {"replyTimeBetween": window}}
        )

        assert refusal(answer)[0] == '"filters.replyTimeBetween" is not allowed'

    def test_the_documented_422_is_a_switch(self, sandbox, call):
        sandbox.set_behaviour(errors="documented")

        answer = call.post("master-inbox/inbox-replies", {"limit": 50})

        assert answer.status_code == 422
        assert answer.json()["error"] == "limit must be less than or equal to 20"

    def test_nulls_count_as_left_out(self, call):
        filters = {"search": None, "campaignId": None, "replyTimeBetween": None}

        rows = call.rows("inbox-replies", sortBy=None, filters=filters)

        assert rows == call.rows("inbox-replies")
