"""The sandbox on a real socket: what only a socket can show."""

import http.client
import json
import socket
import threading
import time

import httpx
import pytest

from assignments.sandbox.call_log import CallLogEntry
from assignments.sandbox.fake_smartlead import FakeSmartlead
from assignments.sandbox.server import serve_in_thread
from tests.assignments.sandbox.http_caller import other_member, owned_lead_with_reply

PATIENCE = 60  # seconds; whoever waits goes on as soon as it is true


@pytest.fixture
def sandbox():
    return FakeSmartlead(leads=20, limits=[(10_000, 60)])


@pytest.fixture
def server(sandbox):
    with serve_in_thread(sandbox) as server:
        yield server


@pytest.fixture
def http_client(server):
    with httpx.Client(
        base_url=server.base_url,
        params={"api_key": "sandbox-key"},
        trust_env=False,
        timeout=PATIENCE,
    ) as client:
        yield client


def assign(client, lead, member):
    body = {"email_lead_map_id": lead.map_id, "team_member_id": member}
    return client.post("master-inbox/update-team-member", json=body)


def wait_for(condition):
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_it_answers_as_in_process(http_client):
    answer = http_client.post("master-inbox/inbox-replies/", json={"limit": 3})

    assert answer.status_code == 200
    assert answer.http_version == "HTTP/1.1"
    assert answer.headers["content-type"] == "application/json; charset=utf-8"
    assert len(answer.json()["data"]) == 3


def test_the_connection_is_kept_and_reused(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_address[1])
    ports = set()
    for _ in range(3):
        connection.request("GET", "/api/v1/campaigns?api_key=sandbox-key")
        connection.getresponse().read()
        ports.add(connection.sock.getsockname())
    connection.close()

    assert len(ports) == 1


def test_a_lost_answer_closes_the_socket_after_applying(sandbox, http_client):
    lead = owned_lead_with_reply(sandbox)
    member = other_member(sandbox, lead)
    sandbox.faults.next("lost_answer", call="owner")

    with pytest.raises(httpx.RemoteProtocolError):
        assign(http_client, lead, member)

    assert sandbox.owner(lead.map_id) == member


def test_a_hung_write_lands_after_its_caller_gave_up(sandbox, http_client):
    lead = owned_lead_with_reply(sandbox)
    before, member = lead.owner_id, other_member(sandbox, lead)
    sandbox.faults.next("hang_then_apply", call="owner", seconds=0.4)

    http_client.timeout = 0.1
    begun = time.monotonic()
    with pytest.raises(httpx.ReadTimeout):
        assign(http_client, lead, member)

    assert before != member
    wait_for(lambda: sandbox.owner(lead.map_id) == member)
    assert end_of(sandbox.call_log.calls(kind="owner")[0]) - begun > 0.4


@pytest.mark.parametrize("kind", ["drip_headers", "drip_body"])
def test_bytes_drip_so_that_no_single_read_times_out(sandbox, http_client, kind):
    sandbox.faults.next(kind, seconds=1.2)

    http_client.timeout = 1.0
    begun = time.monotonic()
    answer = http_client.get("campaigns")

    assert answer.json()
    assert time.monotonic() - begun > 1.2
    assert end_of(sandbox.call_log.calls()[0]) - begun > 1.2


def end_of(call: CallLogEntry) -> float:
    """The last byte may be here before the server has noted that it left."""
    give_up_at = time.monotonic() + PATIENCE
    while call.ended_mono is None and time.monotonic() < give_up_at:
        time.sleep(0.01)
    assert call.ended_mono is not None
    return call.ended_mono


def test_many_hang_while_others_are_served(sandbox, server, http_client):
    sandbox.faults.next("hang_then_drop", call="thread", times=15, seconds=1)
    lead = owned_lead_with_reply(sandbox)
    url = f"{server.base_url}/master-inbox/{lead.map_id}?api_key=sandbox-key"

    def hang():
        with pytest.raises(httpx.TransportError):
            httpx.get(url, trust_env=False)

    threads = [threading.Thread(target=hang) for _ in range(15)]
    for thread in threads:
        thread.start()
    begun = time.monotonic()
    assert http_client.get("campaigns").status_code == 200
    for thread in threads:
        thread.join()

    assert time.monotonic() - begun < 14  # one after the other it would be 15
    assert len(sandbox.call_log.calls(kind="thread")) == 15


def test_the_key_is_never_printed(http_client, capfd):
    http_client.get("campaigns")
    http_client.get("nothing")

    assert capfd.readouterr() == ("", "")


def test_noise_on_the_line_harms_nobody(server, http_client):
    with socket.create_connection(server.server_address[:2]) as line:
        line.sendall(b"GET / HTTP/1.1\r\ncontent-length: many\r\n\r\n")
        line.settimeout(2)
        line.recv(100)

    assert http_client.get("campaigns").status_code == 200


def test_control_works_over_the_wire(server, http_client):
    answer = httpx.get(f"{server.address}/_sandbox/verdict", trust_env=False)

    assert json.loads(answer.text)["calls"] == 0


def test_time_passes_without_calls(sandbox, server):
    sandbox.set_behaviour(reply_every=0.05)

    wait_for(lambda: sandbox.call_log.entries(kind="reply"))
