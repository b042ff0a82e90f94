import sqlite3
from random import Random

import pytest

from assignments.sandbox.behaviour import Behaviour
from assignments.sandbox.fake_smartlead import FakeSmartlead
from tests.assignments.sandbox.http_caller import NOW, Caller, Clock, some_lead


@pytest.fixture
def opened(tmp_path):
    worlds = []

    def open_world(**options):
        clock = options.pop("clock", None) or Clock()
        options = {"leads": 12, "clock": clock, "ticks": clock, **options}
        world = FakeSmartlead(state=tmp_path / "sandbox.sqlite3", **options)
        worlds.append(world)
        return world

    yield open_world
    for world in worlds:
        world.close()


def facts(world):
    return [lead.to_json() for lead in world.account.leads.values()]


def test_owners_notes_replies_and_flags_survive_a_restart(opened):
    before = opened()
    lead, call = some_lead(before), Caller(before)
    call.assign(lead.map_id, 7352)
    call.note(lead.map_id, "Kept")
    before.add_reply(lead.map_id, text="Kept too")
    before.vanish(list(before.account.leads)[-1])
    before.close()

    after = opened()

    assert facts(after) == facts(before)
    assert after.owner(lead.map_id) == 7352
    assert [note.text for note in after.notes(lead.map_id)] == ["Kept"]
    assert "Kept too" in after.lead(lead.map_id).messages[-1].body
    assert len(after.account.leads) == 11


def test_the_journal_survives_and_goes_on_counting(opened):
    before = opened()
    lead = some_lead(before)
    Caller(before).assign(lead.map_id, 7352)
    before.close()

    after = opened()
    Caller(after).assign(lead.map_id, 7340)

    assert [entry.seq for entry in after.journal.entries()] == [1, 2]
    changes = after.journal.changes(lead.map_id)
    assert [change.applied_seq for change in changes] == [1, 2]
    assert [change.owner_after for change in changes] == [7352, 7340]


def test_the_file_keeps_its_own_now_and_size(opened):
    before = opened()
    before.close()
    later = Clock()
    later.at += 30 * 86_400

    after = opened(clock=later, leads=500, seed=9)

    assert facts(after) == facts(before)
    assert max(lead.last_sent_at for lead in after.account.leads.values()) < NOW


def test_life_goes_on_where_it_was(opened):
    clock = Clock()
    before = opened(clock=clock, switches=Behaviour(reply_every=10.0))
    before.life.catch_up()
    clock.sleep(100)
    before.life.catch_up()
    before.close()

    after = opened(clock=clock)

    assert after.life.replies.number == before.life.replies.number > 3


def test_a_lead_out_of_the_file_can_be_lived_with(opened):
    opened().close()
    world = opened()

    entry = world.add_reply(some_lead(world).map_id, rng=Random(1))

    assert entry.applied_seq == 1


def test_the_key_is_not_in_the_file(opened, tmp_path):
    key = "Zk3pQ9xV7mT2cR8wB5nL1dH6fJ4gS0yAeUiOqWzX"
    world = opened(keys=[key])
    Caller(world, key=key).get("campaigns")
    world.close()

    with sqlite3.connect(tmp_path / "sandbox.sqlite3") as db:
        rows = db.execute("SELECT body FROM record").fetchall()
    db.close()
    assert rows
    assert key not in repr(rows)
