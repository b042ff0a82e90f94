import sqlite3
from random import Random

import pytest

from assignments.sandbox.behaviour import Behaviour
from assignments.sandbox.fake_smartlead import FakeSmartlead
from tests.assignments.sandbox.http_caller import (
    NOW,
    Clock,
    HttpCaller,
    owned_lead_with_reply,
)


@pytest.fixture
def opened(tmp_path):
    worlds = []

    def open_world(**options):
        clock = options.pop("clock", None) or Clock()
        options = {"leads": 12, "clock": clock, "ticks": clock, **options}
        sandbox = FakeSmartlead(state=tmp_path / "sandbox.sqlite3", **options)
        worlds.append(sandbox)
        return sandbox

    yield open_world
    for sandbox in worlds:
        sandbox.close()


def facts(sandbox):
    return [lead.to_json() for lead in sandbox.store.leads.values()]


def test_owners_notes_replies_and_flags_survive_a_restart(opened):
    before = opened()
    lead, call = owned_lead_with_reply(before), HttpCaller(before)
    call.assign(lead.map_id, 7352)
    call.note(lead.map_id, "Kept")
    before.add_reply(lead.map_id, text="Kept too")
    before.delete_lead(list(before.store.leads)[-1])
    before.close()

    after = opened()

    assert facts(after) == facts(before)
    assert after.owner(lead.map_id) == 7352
    assert [note.text for note in after.notes(lead.map_id)] == ["Kept"]
    assert "Kept too" in after.lead(lead.map_id).messages[-1].body
    assert len(after.store.leads) == 11


def test_the_journal_survives_and_goes_on_counting(opened):
    before = opened()
    lead = owned_lead_with_reply(before)
    HttpCaller(before).assign(lead.map_id, 7352)
    before.close()

    after = opened()
    HttpCaller(after).assign(lead.map_id, 7340)

    assert [entry.seq for entry in after.call_log.entries()] == [1, 2]
    changes = after.call_log.changes(lead.map_id)
    assert [change.applied_seq for change in changes] == [1, 2]
    assert [change.owner_after for change in changes] == [7352, 7340]


def test_the_file_keeps_its_own_now_and_size(opened):
    before = opened()
    before.close()
    later = Clock()
    later.at += 30 * 86_400

    after = opened(clock=later, leads=500, seed=9)

    assert facts(after) == facts(before)
    assert max(lead.last_sent_at for lead in after.store.leads.values()) < NOW


def test_life_goes_on_where_it_was(opened):
    clock = Clock()
    before = opened(clock=clock, behaviour=Behaviour(reply_every=10.0))
    before.activity.catch_up()
    clock.sleep(100)
    before.activity.catch_up()
    before.close()

    after = opened(clock=clock)

    assert after.activity.replies.number == before.activity.replies.number > 3


def test_a_lead_out_of_the_file_can_be_lived_with(opened):
    opened().close()
    sandbox = opened()

    entry = sandbox.add_reply(owned_lead_with_reply(sandbox).map_id, rng=Random(1))

    assert entry.applied_seq == 1


def test_the_key_is_not_in_the_file(opened, tmp_path):
    key = "Zk3pQ9xV7mT2cR8wB5nL1dH6fJ4gS0yAeUiOqWzX"
    sandbox = opened(keys=[key])
    HttpCaller(sandbox, key=key).get("campaigns")
    sandbox.close()

    with sqlite3.connect(tmp_path / "sandbox.sqlite3") as db:
        rows = db.execute("SELECT body FROM record").fetchall()
    db.close()
    assert rows
    assert key not in repr(rows)
