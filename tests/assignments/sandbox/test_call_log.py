import threading
from itertools import pairwise

from tests.assignments.sandbox.http_caller import (
    NOW,
    other_member,
    owned_lead_with_reply,
)


def test_a_call_is_known_from_arrival_to_end(sandbox, call):
    lead = owned_lead_with_reply(sandbox)
    before, member = lead.owner_id, other_member(sandbox, lead)

    call.assign(lead.map_id, member)

    entry = sandbox.call_log.calls()[-1]
    assert (entry.source, entry.kind, entry.method) == ("api", "owner", "POST")
    assert entry.path == "/api/v1/master-inbox/update-team-member"
    assert (entry.map_id, entry.member_id) == (lead.map_id, member)
    assert (entry.owner_before, entry.owner_after) == (before, member)
    assert (entry.status, entry.arrived_at, entry.ended_at) == (200, NOW, NOW)
    assert entry.arrived_mono <= entry.applied_mono <= entry.ended_mono


def test_the_key_is_nowhere_in_it(sandbox, call):
    call.get("campaigns")
    call.post("master-inbox/inbox-replies")
    call.get("nothing")

    entries = [entry.to_json() for entry in sandbox.call_log.entries()]
    assert "sandbox-key" not in repr(entries)
    assert len({entry["key"] for entry in entries}) == 1
    assert len(entries[0]["key"]) == 12


def test_each_kind_of_call_has_its_name(sandbox, call):
    lead = owned_lead_with_reply(sandbox)
    call.rows("inbox-replies")
    call.thread(lead.map_id)
    call.note(lead.map_id, "Hello")
    call.get(f"crm/leads/notes/{lead.lead_id}")
    call.get("campaigns")
    call.get("nothing")

    kinds = [entry.kind for entry in sandbox.call_log.calls()]
    assert kinds == ["list", "thread", "note", "notes", "read", "unknown"]
    assert sandbox.call_log.calls(kind="note")[0].note == "Hello"
    assert sandbox.call_log.calls(kind="thread")[0].map_id == lead.map_id


def test_outside_changes_stand_between_the_calls(sandbox, call):
    lead = owned_lead_with_reply(sandbox)
    call.assign(lead.map_id, 7352)
    sandbox.assign_outside(lead.map_id, 7340)
    call.assign(lead.map_id, 7311)

    changes = sandbox.call_log.changes(lead.map_id)
    assert [change.source for change in changes] == ["api", "outside", "api"]
    assert [change.owner_after for change in changes] == [7352, 7340, 7311]
    assert [change.owner_before for change in changes][1:] == [7352, 7340]
    assert [change.applied_seq for change in changes] == [1, 2, 3]


def test_a_refused_call_changes_nothing(sandbox, call):
    call.assign(5, 7352)

    assert sandbox.call_log.calls()[-1].status == 404
    assert sandbox.call_log.changes() == []


def test_entries_after_a_number(sandbox, call):
    for _ in range(3):
        call.get("campaigns")

    assert [entry.seq for entry in sandbox.call_log.entries(after=1)] == [2, 3]


def test_racing_writes_are_numbered_as_they_took_effect(sandbox, call):
    lead = owned_lead_with_reply(sandbox)

    def write(member_id):
        for _ in range(20):
            call.assign(lead.map_id, member_id)

    threads = [threading.Thread(target=write, args=(m,)) for m in (7352, 7340, 7311)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    changes = sandbox.call_log.changes(lead.map_id)
    assert [change.applied_seq for change in changes] == list(range(1, 61))
    for earlier, later in pairwise(changes):
        assert later.owner_before == earlier.owner_after
    assert sandbox.owner(lead.map_id) == changes[-1].owner_after


def test_the_verdict_sums_up(sandbox, call):
    call.get("campaigns")
    call.get("nothing")

    assert sandbox.key_usage() == {
        "calls": 2,
        "most_in_window": {"10000/60s": 2},
        "too_many": 0,
        "statuses": {"200": 1, "404": 1},
    }
