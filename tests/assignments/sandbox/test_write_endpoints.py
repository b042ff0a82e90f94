import pytest

from tests.assignments.sandbox.http_caller import (
    NOW,
    HttpCaller,
    other_member,
    owned_lead_with_reply,
)


class TestUpdateTeamMember:
    def test_it_sets_the_owner_and_echoes_nothing(self, sandbox, call):
        lead = owned_lead_with_reply(sandbox)
        member = other_member(sandbox, lead)

        answer = call.assign(lead.map_id, member)

        says = "Lead team member updated successfully"
        assert answer.json() == {"ok": True, "message": says}
        assert call.thread(lead.map_id)[0]["team_member_id"] == member

    def test_digit_strings_pass_for_numbers(self, sandbox, call):
        lead = owned_lead_with_reply(sandbox)

        call.assign(str(lead.map_id), "7352")

        assert sandbox.owner(lead.map_id) == 7352

    def test_the_member_off_the_board_can_own_leads(self, sandbox, call):
        lead = owned_lead_with_reply(sandbox)

        assert call.assign(lead.map_id, 7454).status_code == 200

    def test_an_unknown_member_is_a_404_in_json(self, sandbox, call):
        lead = owned_lead_with_reply(sandbox)
        before = lead.owner_id

        answer = call.assign(lead.map_id, 456)

        assert answer.status_code == 404
        assert answer.json() == {"error": "Team member not found with ID 456"}
        assert sandbox.owner(lead.map_id) == before

    def test_an_unknown_lead_is_a_404_in_json(self, call):
        answer = call.assign(5, 7352)

        assert answer.status_code == 404
        assert answer.json() == {"error": "Lead mapping not found"}

    def test_nobody_is_refused(self, sandbox, call):
        answer = call.assign(owned_lead_with_reply(sandbox).map_id, None)

        assert answer.status_code == 400
        assert answer.json()["message"] == '"team_member_id" must be a number'

    def test_nobody_is_accepted_by_switch(self, sandbox, call):
        sandbox.set_behaviour(accepts_null_owner=True)
        lead = owned_lead_with_reply(sandbox)

        call.assign(lead.map_id, None)

        assert call.thread(lead.map_id)[0]["team_member_id"] is None

    @pytest.mark.parametrize(
        ("body", "says"),
        [
            ({}, '"email_lead_map_id" is required'),
            ({"email_lead_map_id": 5}, '"team_member_id" is required'),
            (
                {"email_lead_map_id": "x", "team_member_id": 1},
                '"email_lead_map_id" must be a number',
            ),
            (
                {"email_lead_map_id": 5, "team_member_id": 1, "reason": "x"},
                '"reason" is not allowed',
            ),
        ],
    )
    def test_a_wrong_body_is_refused_in_jois_words(self, call, body, says):
        answer = call.post("master-inbox/update-team-member/", body)

        assert answer.status_code == 400
        assert answer.json()["message"] == says

    def test_the_documented_answer_is_a_switch(self, sandbox, call):
        sandbox.set_behaviour(shape="documented")

        answer = call.assign(owned_lead_with_reply(sandbox).map_id, 7352).json()

        assert answer["success"] is True
        assert answer["data"]["team_member_id"] == 7352
        assert answer["data"]["assigned_at"].endswith("Z")


class TestNotes:
    def test_a_note_is_kept_and_can_be_read_by_lead(self, sandbox, call):
        lead = owned_lead_with_reply(sandbox)

        created = call.note(lead.map_id, "Ana is away until Friday.").json()
        read = call.get(f"crm/leads/notes/{lead.lead_id}").json()

        note_id = created["data"]["note"][0]["id"]
        assert created["data"]["success"] is True
        assert note_id.isdecimal()
        assert read["ok"] is True
        assert [(note["id"], note["note_message"]) for note in read["data"]] == [
            (note_id, "Ana is away until Friday.")
        ]
        assert set(read["data"][0]) == {
            "id",
            "lead_id",
            "note_message",
            "created_by",
            "created_at",
        }

    def test_two_equal_notes_are_two_notes(self, sandbox, call):
        lead = owned_lead_with_reply(sandbox)

        call.note(lead.map_id, "Again")
        call.note(lead.map_id, "Again")

        assert [note.text for note in sandbox.notes(lead.map_id)] == ["Again", "Again"]

    def test_notes_are_missing_by_switch_while_writing_them_works(self, sandbox, call):
        sandbox.set_behaviour(notes="missing")
        lead = owned_lead_with_reply(sandbox)

        assert call.note(lead.map_id, "Hello").status_code == 200
        missing = call.get(f"crm/leads/notes/{lead.lead_id}")
        assert missing.status_code == 404
        says = f"Cannot GET /api/v1/crm/leads/notes/{lead.lead_id}"
        assert says in missing.text

    @pytest.mark.parametrize("wrong", ["note", "lead_id"])
    def test_other_names_for_the_text_are_refused(self, sandbox, call, wrong):
        body = {
            "email_lead_map_id": owned_lead_with_reply(sandbox).map_id,
            "note_message": "x",
        }

        answer = call.post("master-inbox/create-note", {**body, wrong: "x"})

        assert answer.json()["message"] == f'"{wrong}" is not allowed'

    def test_an_empty_note_is_refused(self, sandbox, call):
        answer = call.note(owned_lead_with_reply(sandbox).map_id, "")

        assert answer.json()["message"] == '"note_message" is not allowed to be empty'


class TestOtherWrites:
    def test_a_task_is_kept_and_can_be_read(self, sandbox, call):
        lead = owned_lead_with_reply(sandbox)
        body = {
            "email_lead_map_id": lead.map_id,
            "name": "Call back",
            "priority": "LOW",
        }

        created = call.post("master-inbox/create-task", body).json()
        read = call.get(f"crm/leads/tasks/{lead.lead_id}/").json()

        assert created["data"]["task"][0]["id"] == read["data"][0]["id"]
        assert read["data"][0]["priority"] == "LOW"

    def test_a_category_is_set_and_cleared(self, sandbox, call):
        lead = owned_lead_with_reply(sandbox)

        def categorise(category_id):
            body = {"email_lead_map_id": lead.map_id, "category_id": category_id}
            return call.patch("master-inbox/update-category", body)

        assert categorise(5).json()["data"] == {"success": True, "updated": 1}
        assert lead.category_id == 5
        assert categorise(None).status_code == 200
        assert lead.category_id is None
        assert categorise(999).status_code == 404

    def test_read_status_is_the_opposite_of_unread(self, sandbox, call):
        lead = owned_lead_with_reply(sandbox)

        for is_read in (False, True):
            body = {"email_lead_map_id": lead.map_id, "read_status": is_read}
            assert call.patch("master-inbox/change-read-status", body).is_success
            assert lead.is_unread is not is_read

    def test_revenue_is_shown_with_two_places(self, sandbox, call):
        lead = owned_lead_with_reply(sandbox)
        body = {"email_lead_map_id": lead.map_id, "revenue": 1200.5}

        call.patch("master-inbox/update-revenue", body)

        assert call.thread(lead.map_id)[0]["revenue"] == "1200.50"

    def test_a_reminder_puts_the_lead_on_its_list(self, sandbox, call):
        lead = owned_lead_with_reply(sandbox)
        body = {
            "email_lead_map_id": str(lead.map_id),
            "email_stats_id": lead.messages[0].stats_id,
            "message": "Ring",
            "reminder_time": "2026-12-01T09:00:00Z",
        }

        call.post("master-inbox/set-reminder", body)

        assert lead.map_id in call.ids("reminders")


def test_a_key_writes_notes_in_the_name_of_its_member(sandbox):
    sandbox.keys["second"] = 7323
    lead = owned_lead_with_reply(sandbox)

    HttpCaller(sandbox, key="second").note(lead.map_id, "From Sara")

    note = sandbox.notes()[0]
    assert (note.created_by, note.created_at) == ("Sara Klein", NOW)
