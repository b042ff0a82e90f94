import pytest

from assignments.sandbox.serializers import FLAT_KEYS
from tests.assignments.sandbox.http_caller import owned_lead_with_reply

ENTRY = {"stats_id", "from", "to", "type", "message_id", "time", "email_body"}
SENT = ENTRY | {"subject", "open_count", "click_count", "click_details"}
REPLY = ENTRY | {"cc"}
NOT_ALWAYS = {"attachments", "email_seq_number"}


class TestThread:
    def test_a_lead_comes_as_an_array_of_one_flat_row(self, sandbox, call):
        lead = owned_lead_with_reply(sandbox)

        rows = call.thread(lead.map_id)

        assert [set(row) for row in rows] == [FLAT_KEYS]
        assert rows[0]["email_lead_map_id"] == str(lead.map_id)
        assert rows[0]["team_member_id"] == lead.owner_id

    def test_history_comes_when_asked_for(self, sandbox, call):
        lead = owned_lead_with_reply(sandbox)

        row = call.thread(lead.map_id, fetch_message_history="true")[0]

        assert len(row["email_history"]) == len(lead.messages)

    @pytest.mark.parametrize("unknown", [1, 2**70])
    def test_an_unknown_lead_is_an_empty_array(self, call, unknown):
        assert call.thread(unknown) == []

    def test_a_persons_id_is_no_map_id(self, sandbox, call):
        assert call.thread(owned_lead_with_reply(sandbox).lead_id) == []

    def test_a_word_is_refused(self, call):
        answer = call.get("master-inbox/hello")

        assert answer.json()["validation"]["source"] == "params"

    def test_the_documented_shape_is_bare_and_knows_404(self, sandbox, call):
        sandbox.set_behaviour(shape="documented")

        item = call.get(f"master-inbox/{owned_lead_with_reply(sandbox).map_id}").json()
        missing = call.get("master-inbox/5")

        assert {"assigned_to", "message_history"} <= set(item)
        assert missing.status_code == 404
        assert missing.json() == {"error": "Inbox item not found with ID 5"}


class TestMessageHistory:
    def test_entries_have_the_fields_of_the_facts(self, sandbox, call):
        for lead in sandbox.store.leads.values():
            path = f"campaigns/{lead.campaign_id}/leads/{lead.lead_id}/message-history"
            answer = call.get(path).json()

            assert set(answer) == {"history", "from", "to"}
            for entry in answer["history"]:
                wanted = SENT if entry["type"] == "SENT" else REPLY
                assert set(entry) - NOT_ALWAYS == wanted

    def test_it_is_in_order_of_time(self, sandbox, call):
        lead = max(sandbox.store.leads.values(), key=lambda lead: len(lead.messages))
        path = f"campaigns/{lead.campaign_id}/leads/{lead.lead_id}/message-history/"

        times = [entry["time"] for entry in call.get(path).json()["history"]]

        assert times == sorted(times)
        assert len(times) > 3

    def test_a_reply_repeats_the_id_of_the_mail_it_answers(self, sandbox, call):
        lead = owned_lead_with_reply(sandbox)
        sent = {entry.stats_id for entry in lead.messages if entry.type == "SENT"}

        replies = [entry for entry in lead.messages if entry.type == "REPLY"]
        assert {entry.stats_id for entry in replies} <= sent

    def test_an_unknown_lead_has_an_empty_answer(self, call):
        assert call.get("campaigns/1/leads/2/message-history").json() == {}


class TestOrderOfRoutes:
    def test_untracked_replies_win_over_a_lead(self, call):
        answer = call.get("master-inbox/untracked-replies", fetchBody="true").json()

        replies = answer["data"]["data"]["replies"]
        assert len(replies) == 3
        assert replies[0]["email_body"].startswith("<p>")

    def test_untracked_replies_filter_and_page(self, call):
        address = "office2@%"
        path = "master-inbox/untracked-replies"

        assert (
            call.get(path, from_email=address).json()["data"]["data"]["replies"] == []
        )
        assert len(call.get(path, limit=1).json()["data"]["data"]["replies"]) == 1
        assert call.get(path, limit=101).status_code == 400

    def test_reply_status_wins_over_a_lead(self, sandbox, call):
        sent = owned_lead_with_reply(sandbox).messages[0]

        found = call.get("master-inbox/reply-status", message_id=sent.message_id)
        missing = call.get("master-inbox/reply-status", message_id="<x@y>")

        assert found.json()["data"]["email_stats_id"] == sent.stats_id
        assert missing.status_code == 404
        assert missing.json()["ok"] is False
