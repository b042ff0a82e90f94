import json
import time
from datetime import UTC, datetime

import httpx
import pytest

from assignments.smartlead.budget import CallKind, RateReport, Slot, account_budget
from assignments.smartlead.errors import (
    EmptyAnswer,
    NotesUnreadable,
    NotSent,
    Refused,
    ServiceTrouble,
)
from tests.assignments.smartlead.mock_client import (
    RecordingBudget,
    call_with_slot,
    client_answered_with,
    result_of,
)

ROW = {"email_lead_map_id": "11", "team_member_id": 7}
OK = httpx.Response(200, json={"ok": True, "data": []})


def request_of(call, answer=OK) -> httpx.Request:
    seen: list[httpx.Request] = []

    def keep(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return answer

    with client_answered_with(keep) as client:
        call_with_slot(client, call)
    return seen[0]


class TestInbox:
    def test_asks_for_one_page_of_a_list(self):
        request = request_of(lambda c: c.inbox("inbox-replies", offset=20))

        assert request.method == "POST"
        assert request.url.path == "/api/v1/master-inbox/inbox-replies"
        assert dict(request.url.params) == {"api_key": "sandbox-key"}
        assert json.loads(request.content) == {
            "offset": 20,
            "limit": 20,
            "sortBy": "REPLY_TIME_DESC",
        }

    def test_asks_for_the_mails_only_when_they_are_wanted(self):
        request = request_of(lambda c: c.inbox("inbox-replies", with_history=True))

        assert request.url.params["fetch_message_history"] == "true"

    @pytest.mark.parametrize(
        ("source", "value"),
        [("inbox-replies", [7]), ("unread-replies", [7]), ("assigned-me", 7)],
    )
    def test_filters_by_member_the_way_the_list_wants_it(self, source, value):
        request = request_of(lambda c: c.inbox(source, member_id=7))

        assert json.loads(request.content)["filters"] == {"campaignTeamMemberId": value}

    def test_filters_by_time_of_reply_in_utc_with_milliseconds(self):
        window = (datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 5, 2, tzinfo=UTC))

        request = request_of(lambda c: c.inbox("inbox-replies", reply_between=window))

        assert json.loads(request.content)["filters"]["replyTimeBetween"] == [
            "2026-05-01T00:00:00.000Z",
            "2026-05-02T00:00:00.000Z",
        ]

    def test_a_row_without_an_id_is_skipped_and_counted(self):
        payload = {"ok": True, "data": [ROW, {"lead_email": "a@b.c"}, "nonsense"]}

        page = result_of(
            httpx.Response(200, json=payload), lambda c: c.inbox("inbox-replies")
        )

        assert [row.map_id for row in page.rows] == [11]
        assert page.returned == 3
        assert [bad.reason for bad in page.unreadable] == [
            "The row has no usable map id.",
            "The row is not an object.",
        ]
        assert page.unreadable[0].excerpt == '{"lead_email": "a@b.c"}'

    def test_a_full_page_is_not_the_last_even_with_unreadable_rows(self):
        payload = {"data": [ROW, {}]}

        page = result_of(
            httpx.Response(200, json=payload), lambda c: c.inbox("sent", limit=2)
        )

        assert not page.is_last

    @pytest.mark.parametrize(
        ("payload", "total"),
        [
            ({"data": [ROW]}, None),
            ({"messages": [ROW], "total_count": 40}, 40),
            ([ROW], None),
        ],
    )
    def test_finds_the_rows_in_any_envelope(self, payload, total):
        page = result_of(
            httpx.Response(200, json=payload), lambda c: c.inbox("inbox-replies")
        )

        assert [row.map_id for row in page.rows] == [11]
        assert page.total == total
        assert page.is_last


class TestLead:
    @pytest.mark.parametrize(
        "payload", [{"ok": True, "data": [ROW]}, [ROW], ROW, {"data": ROW}]
    )
    def test_reads_one_lead_in_any_envelope(self, payload):
        row = result_of(httpx.Response(200, json=payload), lambda c: c.lead(11))

        assert row is not None
        assert row.owner_id == 7

    @pytest.mark.parametrize(
        "answer",
        [
            httpx.Response(200, json={"ok": True, "data": []}),
            httpx.Response(200, json={"ok": True, "data": None}),
            httpx.Response(200, json=[]),
            httpx.Response(404, json={"error": "Inbox item not found with ID 11"}),
        ],
    )
    def test_an_unknown_lead_is_none(self, answer):
        assert result_of(answer, lambda c: c.lead(11)) is None

    @pytest.mark.parametrize(
        "answer",
        [
            httpx.Response(200, json={}),
            httpx.Response(200, json={"ok": True}),
            httpx.Response(200),
        ],
    )
    def test_an_answer_without_anything_does_not_say_that_a_lead_is_gone(self, answer):
        with pytest.raises(EmptyAnswer):
            result_of(answer, lambda c: c.lead(11))

    @pytest.mark.parametrize(
        "answer",
        [
            httpx.Response(200, text="<html>"),
            httpx.Response(200, json={"ok": False}),
            httpx.Response(200, json={"data": ["nonsense"]}),
            httpx.Response(200, json={"data": [{"lead_email": "a@b.c"}]}),
            httpx.Response(200, json={"data": [ROW | {"email_lead_map_id": "12"}]}),
            httpx.Response(404, html="<html>"),
        ],
    )
    def test_an_answer_that_is_no_lead_is_not_taken_for_a_lead_that_is_gone(
        self, answer
    ):
        with pytest.raises(ServiceTrouble):
            result_of(answer, lambda c: c.lead(11))

    def test_another_refusal_stays_a_refusal(self):
        answer = httpx.Response(400, json={"error": "id must be a number"})

        with pytest.raises(Refused):
            result_of(answer, lambda c: c.lead(11))


class TestWrites:
    def test_set_owner_sends_numbers(self):
        answer = httpx.Response(200, json={"ok": True})

        request = request_of(lambda c: c.set_owner(map_id=11, member_id=7), answer)

        assert request.url.path == "/api/v1/master-inbox/update-team-member"
        assert json.loads(request.content) == {
            "email_lead_map_id": 11,
            "team_member_id": 7,
        }

    @pytest.mark.parametrize(
        ("data", "note_id"),
        [
            ({"success": True, "note": [{"id": "129523"}]}, 129523),
            ({"id": 456, "note_message": "x"}, 456),
            ({"note": {"id": 5}}, 5),
            ({"note": []}, None),
            (None, None),
        ],
    )
    def test_create_note_answers_the_notes_id(self, data, note_id):
        answer = httpx.Response(200, json={"ok": True, "data": data})

        assert (
            result_of(answer, lambda c: c.create_note(map_id=11, text="x")) == note_id
        )

    def test_a_write_whose_moment_has_passed_is_not_sent(self):
        purse, arrived = RecordingBudget(), []
        late = time.monotonic() - 0.01

        with (
            client_answered_with(arrived.append, budget=purse) as client,
            pytest.raises(NotSent),
        ):
            call_with_slot(
                client, lambda c: c.set_owner(map_id=1, member_id=2, start_by=late)
            )

        assert arrived == []
        assert purse.outcomes == [("given back",)]


class TestNotes:
    def test_reads_what_was_written(self):
        note = {
            "id": "5",
            "lead_id": "9",
            "note_message": "Handed over [H-12]",
            "created_by": "Sara",
            "created_at": "2026-05-11T09:00:00.000Z",
        }
        answer = httpx.Response(200, json={"ok": True, "data": [note]})

        (row,) = result_of(answer, lambda c: c.notes(9))

        assert (row.id, row.lead_id, row.text) == (5, 9, "Handed over [H-12]")
        assert row.created_at == datetime(2026, 5, 11, 9, 0, tzinfo=UTC)

    @pytest.mark.parametrize(
        "answer",
        [
            httpx.Response(404, html="Cannot GET /api/v1/crm/leads/notes/9"),
            httpx.Response(404, json={"error": "Lead not found"}),
        ],
    )
    def test_a_404_of_any_kind_means_that_notes_cannot_be_read(self, answer):
        with pytest.raises(NotesUnreadable):
            result_of(answer, lambda c: c.notes(9))


class TestHistory:
    @pytest.mark.parametrize("name", ["history", "messages", "data"])
    def test_reads_the_mails_under_any_name(self, name):
        entries = [{"type": "REPLY", "message_id": "<a>"}, "nonsense"]
        answer = httpx.Response(200, json={name: entries})

        (entry,) = result_of(answer, lambda c: c.history(campaign_id=1, lead_id=2))

        assert (entry.direction, entry.message_id) == ("reply", "<a>")

    def test_of_an_unknown_lead_is_empty(self):
        answer = httpx.Response(200, json={})

        assert result_of(answer, lambda c: c.history(campaign_id=1, lead_id=2)) == []


def test_members_asks_for_a_year_of_the_team_board():
    answer = httpx.Response(
        200, json={"data": {"team_board_stats": [{"id": 7301, "name": "Ana"}]}}
    )

    request = request_of(lambda c: c.members(), answer)

    assert request.url.path == "/api/v1/analytics/team-board/overall-stats"
    assert set(request.url.params) == {
        "start_date",
        "end_date",
        "timezone",
        "full_data",
        "api_key",
    }


class TestSpending:
    def test_a_call_without_a_slot_is_a_mistake_of_ours(self):
        with (
            client_answered_with(OK) as client,
            pytest.raises(RuntimeError, match="spending"),
        ):
            client.categories()

    def test_a_slot_pays_for_one_call(self):
        def twice(client):
            client.categories()
            client.categories()

        with pytest.raises(RuntimeError, match="one call"):
            result_of(OK, twice)

    def test_slots_are_spent_one_at_a_time(self):
        with pytest.raises(RuntimeError, match="Another slot"):
            result_of(OK, lambda c: call_with_slot(c, lambda c: c.probe()))

    def test_a_slot_that_no_call_used_is_given_back(self):
        purse = RecordingBudget()

        with client_answered_with(OK, budget=purse) as client:
            call_with_slot(client, lambda _: None)

        assert purse.outcomes == [("given back",)]

    def test_the_budget_learns_what_the_headers_say(self):
        purse = RecordingBudget()
        headers = {"x-ratelimit-limit": "60", "x-ratelimit-remaining": "12"}
        answer = httpx.Response(200, json=[], headers=headers)

        with client_answered_with(answer, budget=purse) as client:
            call_with_slot(client, lambda c: c.probe())

        assert purse.outcomes == [("finished", RateReport(limit=60, remaining=12))]

    def test_the_budget_learns_of_a_429(self):
        purse = RecordingBudget()
        answer = httpx.Response(429, json={}, headers={"retry-after": "9"})

        with (
            client_answered_with(answer, budget=purse) as client,
            pytest.raises(ServiceTrouble),
        ):
            call_with_slot(client, lambda c: c.probe())

        assert purse.outcomes == [("limited", 9.0, RateReport())]

    def test_a_call_without_an_answer_has_ended_too(self):
        def broken(request):
            raise httpx.ReadError("gone")

        purse = RecordingBudget()
        with (
            client_answered_with(broken, budget=purse) as client,
            pytest.raises(ServiceTrouble),
        ):
            call_with_slot(client, lambda c: c.probe())

        assert purse.outcomes == [("finished", RateReport())]

    def test_a_slot_that_has_nearly_run_out_is_not_used(self):
        slot = Slot(token="t", kind=CallKind.NORMAL, expires=time.monotonic() + 4.0)

        with (
            client_answered_with(OK) as client,
            pytest.raises(NotSent),
            client.use_slot(slot),
        ):
            client.probe()

    @pytest.mark.django_db
    def test_a_429_is_sounded_out_before_the_next_slot(self, settings):
        settings.SMARTLEAD_RATE_LIMITS = [(100, 60.0)]
        answers = iter([httpx.Response(429, headers={"retry-after": "0.01"}), OK, OK])
        paths = []

        def answer(request):
            paths.append(request.url.path.removeprefix("/api/v1/"))
            return next(answers)

        with client_answered_with(answer, budget=account_budget()) as client:
            with pytest.raises(ServiceTrouble):
                call_with_slot(client, lambda c: c.inbox("inbox-replies"))
            slot = client.wait_for_slot(CallKind.NORMAL, until=time.time() + 5)
            with client.use_slot(slot):
                client.inbox("inbox-replies")

        assert paths == [
            "master-inbox/inbox-replies",
            "leads/fetch-categories",
            "master-inbox/inbox-replies",
        ]
