from contextlib import suppress

import pytest

from assignments.sandbox.fault_effects import UNLISTED_MEMBER_ID
from assignments.sandbox.faults import Fault, FaultKind, FaultQueue, InvalidFault
from tests.assignments.sandbox.http_caller import other_member, owned_lead_with_reply


class Case:
    """One lead, one member to give it to."""

    def __init__(self, sandbox):
        self.world, self.lead = sandbox, owned_lead_with_reply(sandbox)
        self.before, self.member = self.lead.owner_id, other_member(sandbox, self.lead)

    def is_applied(self):
        return self.world.owner(self.lead.map_id) == self.member

    def entry(self):
        return self.world.call_log.calls(kind="owner")[-1]


@pytest.fixture
def case(sandbox):
    return Case(sandbox)


class TestNothingApplied:
    @pytest.mark.parametrize(
        ("kind", "status", "body"),
        [
            ("too_many", 429, "RATE_LIMIT_EXCEEDED"),
            ("too_many_bare", 429, "Too many requests"),
            ("error", 500, "Internal server error"),
            ("bad_gateway", 502, "<h1>502 Bad Gateway</h1>"),
            ("unavailable", 503, "<h1>503 Service"),
            ("error_inside", 200, '"ok":false'),
            ("empty_unapplied", 200, ""),
        ],
    )
    def test_the_answer_is_replaced(self, case, call, kind, status, body):
        case.world.faults.next(kind, call="owner", seconds=7)

        answer = call.assign(case.lead.map_id, case.member)

        assert (answer.status_code, case.is_applied()) == (status, False)
        assert body in answer.text
        assert (case.entry().fault, case.entry().applied_seq) == (kind, None)
        assert answer.headers.get("retry-after") == (
            "7" if kind == "too_many" else None
        )

    def test_a_hang_ends_in_a_closed_connection(self, case, call, clock):
        case.world.faults.next("hang_then_drop", seconds=20)

        with pytest.raises(ConnectionError):
            call.assign(case.lead.map_id, case.member)

        assert clock.slept == [20]
        assert not case.is_applied()
        assert case.entry().status is None
        assert case.entry().member_id == case.member
        assert case.entry().ended_at is not None


class TestApplied:
    @pytest.mark.parametrize(
        ("kind", "status", "body"),
        [
            ("applied_error", 500, "Internal server error"),
            ("plain_text", 200, "success"),
            ("empty", 200, ""),
        ],
    )
    def test_the_answer_hides_it(self, case, call, kind, status, body):
        case.world.faults.next(kind, call="owner")

        answer = call.assign(case.lead.map_id, case.member)

        assert answer.status_code == status
        assert body in answer.text
        assert case.is_applied()
        assert case.entry().applied_seq

    def test_the_answer_is_lost(self, case, call):
        case.world.faults.next("lost_answer", call="owner")

        with pytest.raises(ConnectionError):
            call.assign(case.lead.map_id, case.member)

        assert case.is_applied()
        assert (case.entry().status, case.entry().fault) == (None, "lost_answer")

    @pytest.mark.parametrize(
        ("kind", "applied_after"), [("hang_then_apply", 20), ("apply_then_hang", 0)]
    )
    def test_a_hang_before_or_after(self, case, call, kind, applied_after):
        case.world.faults.next(kind, call="owner", seconds=20)

        call.assign(case.lead.map_id, case.member)

        entry = case.entry()
        assert case.is_applied()
        assert entry.applied_at - entry.arrived_at == applied_after
        assert entry.ended_at - entry.arrived_at == 20

    @pytest.mark.parametrize("kind", ["drip_body", "drip_headers"])
    def test_a_dripping_answer_is_whole_in_the_end(self, case, call, kind):
        case.world.faults.next(kind, seconds=0.02)

        assert call.assign(case.lead.map_id, case.member).json()["ok"] is True
        assert case.is_applied()

    def test_a_fault_of_a_refused_call_applies_nothing(self, case, call):
        case.world.faults.next("empty", call="owner")

        call.assign(case.lead.map_id, 456)

        assert case.entry().applied_seq is None


class TestOfLists:
    def test_a_stale_list_shows_the_owner_of_before(self, case, call, clock):
        clock.sleep(5)
        call.assign(case.lead.map_id, case.member)
        clock.sleep(5)
        case.world.faults.next("stale", seconds=6)

        def shown():
            rows = call.all_rows("inbox-replies", search=case.lead.email[:30])
            wanted = str(case.lead.map_id)
            return next(
                row["team_member_id"]
                for row in rows
                if row["email_lead_map_id"] == wanted
            )

        assert [shown(), shown()] == [case.before, case.member]

    def test_lagging_lists_never_make_the_thread_lag(self, case, call, clock):
        case.world.set_behaviour(list_lag=30.0, assigned_me="override")
        call.assign(case.lead.map_id, case.member)
        clock.sleep(29)

        def is_theirs():
            theirs = call.ids("assigned-me", campaignTeamMemberId=case.member)
            return case.lead.map_id in theirs

        row = call.thread(case.lead.map_id)[0]
        assert row["team_member_id"] == case.member
        assert not is_theirs()
        clock.sleep(2)
        assert is_theirs()

    def test_malformed_rows_come_among_good_ones(self, case, call):
        case.world.faults.next("malformed")

        bad, good = call.rows("inbox-replies"), call.rows("inbox-replies")

        assert len(bad) == len(good)
        assert [at for at in range(20) if bad[at] != good[at]] == list(range(0, 20, 3))
        assert "email_lead_map_id" not in bad[0]
        assert bad[3]["email_lead_map_id"] is None
        assert bad[6]["email_lead_map_id"] == "abc"
        assert bad[9] is None
        assert bad[15]["email_lead_map_id"] == int(good[15]["email_lead_map_id"])

    def test_an_absent_owner_is_no_null(self, case, call):
        case.world.faults.next("absent_owner")

        assert all("team_member_id" not in row for row in call.rows("inbox-replies"))
        assert all("team_member_id" in row for row in call.rows("inbox-replies"))

    def test_a_moving_row_repeats_one_and_hides_another(self, case, call):
        before = [row["email_lead_map_id"] for row in call.all_rows("inbox-replies")]
        case.world.faults.next("moving")

        first = [row["email_lead_map_id"] for row in call.rows("inbox-replies")]
        second = call.rows("inbox-replies", offset=20)

        ids = [row["email_lead_map_id"] for row in second]
        assert first == before[:20]
        assert ids[0] == first[-1]
        assert before[20] not in first + ids

    def test_a_vanishing_row_makes_the_next_page_skip_one(self, case, call):
        before = [row["email_lead_map_id"] for row in call.all_rows("inbox-replies")]
        case.world.faults.next("vanishing")

        call.rows("inbox-replies")
        second = call.rows("inbox-replies", offset=20)

        assert second[0]["email_lead_map_id"] == before[21]
        assert call.thread(int(before[19])) == []
        assert call.assign(int(before[19]), case.member).status_code == 404

    def test_a_leaving_row_is_archived(self, case, call):
        case.world.set_behaviour(lists_archived=False)
        case.world.faults.next("leaving")

        first = call.rows("inbox-replies")[0]["email_lead_map_id"]

        assert first not in {
            row["email_lead_map_id"] for row in call.all_rows("inbox-replies")
        }
        assert call.thread(int(first))[0]["is_archived"] is True

    def test_an_outsider_may_name_a_member_nobody_knows(self, case, call):
        case.world.faults.next("unknown_member")

        first = int(call.rows("inbox-replies")[0]["email_lead_map_id"])

        assert call.thread(first)[0]["team_member_id"] == UNLISTED_MEMBER_ID
        assert case.world.call_log.changes(first)[0].source == "outside"

    def test_faults_of_lists_wait_for_a_list(self, case, call):
        case.world.faults.next("absent_owner")

        call.assign(case.lead.map_id, case.member)

        assert case.entry().fault is None
        assert len(case.world.faults.listed()) == 1


class TestMatching:
    def test_a_fault_waits_for_its_kind_of_call(self, sandbox, call):
        sandbox.faults.next("error", call="write")

        assert call.get("campaigns").status_code == 200
        assert call.note(owned_lead_with_reply(sandbox).map_id, "x").status_code == 500
        assert call.note(owned_lead_with_reply(sandbox).map_id, "x").status_code == 200

    def test_a_fault_waits_for_its_lead(self, sandbox, call):
        one, other = list(sandbox.store.leads)[:2]
        sandbox.faults.next("error", map_id=other)

        assert call.assign(one, 7352).status_code == 200
        assert call.assign(other, 7352).status_code == 500

    def test_faults_are_used_up_in_order(self, sandbox, call):
        sandbox.faults.next("error", times=2)
        sandbox.faults.next("bad_gateway")

        statuses = [call.get("campaigns").status_code for _ in range(4)]

        assert statuses == [500, 500, 502, 200]

    def test_chance_is_seeded(self):
        def picks(seed):
            faults = FaultQueue([], seed=seed)
            faults.often("error", 0.3)
            return [bool(faults.pick(call="read", map_id=None)) for _ in range(200)]

        assert picks(1) == picks(1) != picks(2)
        assert 40 < sum(picks(1)) < 80

    def test_clearing_ends_them_all(self, sandbox, call):
        sandbox.faults.often("error", 1.0)
        sandbox.faults.clear()

        assert call.get("campaigns").status_code == 200

    @pytest.mark.parametrize("raw", [{}, {"kind": "flood"}, {"kind": "error", "x": 1}])
    def test_an_unknown_fault_is_refused(self, raw):
        with pytest.raises(InvalidFault):
            Fault.from_json(raw)

    @pytest.mark.parametrize("kind", list(FaultKind))
    def test_every_fault_leaves_an_ended_entry(self, sandbox, call, kind):
        sandbox.faults.next(kind, seconds=0.01)

        with suppress(ConnectionError):
            call.post("master-inbox/inbox-replies", {"limit": 5})

        entry = sandbox.call_log.calls(kind="list")[0]
        assert entry.fault == kind
        assert entry.ended_at is not None


class TestLatency:
    def test_half_of_it_passes_before_the_call_takes_effect(self, sandbox, call, clock):
        sandbox.set_behaviour(latency=0.2)

        call.assign(owned_lead_with_reply(sandbox).map_id, 7352)

        entry = sandbox.call_log.calls()[-1]
        assert entry.applied_at - entry.arrived_at == pytest.approx(0.1)
        assert sum(clock.slept) == pytest.approx(0.2)

    def test_a_tail_hits_its_share_of_calls(self, sandbox, call, clock):
        sandbox.set_behaviour(latency=0.2, tail_share=0.2, tail_seconds=5.0)

        for _ in range(100):
            call.get("campaigns")

        slow = (sum(clock.slept) - 100 * 0.2) / 5
        assert 10 < slow < 30
