import pytest

from assignments.sandbox.call import ApiRequest
from assignments.sandbox.control import respond
from tests.assignments.sandbox.http_caller import other_member, owned_lead_with_reply

CONTROL = "http://sandbox.test/_sandbox/"


@pytest.fixture
def control(call):
    def ask(method, name, body=None, **query):
        return call.http.request(method, CONTROL + name, json=body, params=query)

    return ask


def test_the_state_shows_owners_notes_and_members(sandbox, call, control):
    lead = owned_lead_with_reply(sandbox)
    call.note(lead.map_id, "Hello")

    state = control("GET", "state").json()

    assert state["owners"][str(lead.map_id)] == lead.owner_id
    assert [note["text"] for note in state["notes"]] == ["Hello"]
    assert len(state["members"]) == 8


def test_control_calls_are_not_counted_nor_journalled(sandbox, control):
    control("GET", "state")

    assert sandbox.call_log.entries() == []
    assert sandbox.key_usage()["calls"] == 0


def test_the_journal_can_be_read_from_a_number_on(call, control):
    call.get("campaigns")
    call.get("client")

    entries = control("GET", "journal", after=1).json()

    assert [entry["path"] for entry in entries] == ["/api/v1/client"]


def test_faults_can_be_ordered_and_cleared(call, control):
    control("POST", "faults", {"kind": "error"})
    orders = [{"kind": "empty"}, {"kind": "too_many", "chance": 0.1, "times": None}]
    listed = control("POST", "faults", {"clear": True, "faults": orders}).json()

    assert [fault["kind"] for fault in listed] == ["empty", "too_many"]
    assert control("POST", "faults", {"clear": True}).json() == []
    assert call.get("campaigns").status_code == 200


def test_switches_can_be_set(sandbox, call, control):
    control("POST", "switches", {"notes": "missing", "latency": 1})

    assert (sandbox.behaviour.notes, sandbox.behaviour.latency) == ("missing", 1)


def test_owners_change_from_outside(sandbox, control):
    lead = owned_lead_with_reply(sandbox)
    member = other_member(sandbox, lead)

    entry = control("POST", "outside", {"map_id": lead.map_id, "member_id": member})

    assert entry.json()["source"] == "outside"
    assert sandbox.owner(lead.map_id) == member


def test_replies_arrive_and_leads_vanish(sandbox, call, control):
    lead = owned_lead_with_reply(sandbox)

    control("POST", "archive", {"map_id": lead.map_id})
    control("POST", "reply", {"map_id": lead.map_id, "text": "Hello again"})
    assert "Hello again" in lead.messages[-1].body
    assert lead.is_archived

    control("POST", "vanish", {"map_id": lead.map_id})
    assert call.thread(lead.map_id) == []


def test_the_verdict_has_the_figures(call, control):
    call.get("campaigns")

    assert control("GET", "verdict").json()["most_in_window"] == {"10000/60s": 1}


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("faults", {"kind": "flood"}),
        ("switches", {"colour": "red"}),
        ("switches", {"shape": "round"}),
        ("switches", {"latency": "slow"}),
        ("switches", {"is_plan_expired": 1}),
        ("vanish", {"map_id": 5}),
        ("vanish", {}),
        ("outside", [1]),
    ],
)
def test_what_is_not_understood_is_a_400(control, name, body):
    answer = control("POST", name, body)

    assert answer.status_code == 400
    assert answer.json()["error"]


def test_an_unknown_control_is_a_404(control):
    assert control("GET", "weather").status_code == 404


@pytest.mark.parametrize(("caller", "status"), [("10.0.0.7", 403), ("::1", 200)])
def test_only_this_machine_may_steer(sandbox, caller, status):
    request = ApiRequest(method="GET", path="/_sandbox/state")

    assert respond(sandbox, request, caller=caller).status == status
