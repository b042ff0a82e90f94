import pytest

from assignments.sandbox.activity import MAX_EVENTS_AT_ONCE
from assignments.sandbox.fake_smartlead import FakeSmartlead
from tests.assignments.sandbox.http_caller import (
    Clock,
    HttpCaller,
    owned_lead_with_reply,
)


def a_day(*, seed=1, **rates):
    clock = Clock()
    sandbox = FakeSmartlead(
        leads=40, seed=seed, clock=clock, ticks=clock, sleep=clock.sleep
    )
    sandbox.set_behaviour(**rates)
    sandbox.activity.catch_up()
    for _ in range(60):
        clock.sleep(60)
        sandbox.activity.catch_up()
    return sandbox


def test_time_stands_still_unless_asked():
    assert a_day().call_log.entries() == []


def test_replies_come_at_the_rate_asked_for():
    entries = a_day(reply_every=40.0).call_log.entries(kind="reply")

    assert 60 < len(entries) < 120
    assert {entry.source for entry in entries} == {"life"}


def test_answers_go_out_and_categories_change():
    sandbox = a_day(reply_every=40.0)

    assert {entry.kind for entry in sandbox.call_log.entries()} == {
        "reply",
        "sent",
        "category",
    }


def test_the_same_seed_tells_the_same_story():
    def story(seed):
        sandbox = a_day(seed=seed, reply_every=60.0, outside_every=300.0)
        return [(e.kind, e.map_id, e.owner_after) for e in sandbox.call_log.entries()]

    assert story(1) == story(1) != story(2)


def test_outsiders_change_owners_for_real():
    changes = a_day(outside_every=60.0).call_log.changes()

    assert len(changes) > 30
    assert all(change.source == "outside" for change in changes)
    assert all(change.owner_before != change.owner_after for change in changes)


def test_a_new_reply_is_unread_on_top_and_in_the_thread(sandbox, call, clock):
    lead = owned_lead_with_reply(sandbox)
    clock.sleep(60)

    sandbox.add_reply(lead.map_id, text="Call me <now> & here")

    top = call.post(
        "master-inbox/inbox-replies", {"limit": 1}, fetch_message_history="true"
    )
    row = top.json()["data"][0]
    assert row["email_lead_map_id"] == str(lead.map_id)
    assert row["has_new_unread_email"] is True
    assert "Call me &lt;now&gt; &amp; here" in row["email_history"][-1]["email_body"]


def test_replies_carry_the_moment_they_fell_due(sandbox, clock):
    sandbox.set_behaviour(reply_every=10.0)
    sandbox.activity.catch_up()
    clock.sleep(100)
    sandbox.activity.catch_up()

    times = sorted(lead.last_reply_at or 0 for lead in sandbox.store.leads.values())
    assert clock.at - 100 < times[-2] < times[-1] < clock.at


def test_a_long_sleep_is_cut_short(sandbox, clock):
    sandbox.set_behaviour(reply_every=1.0)
    sandbox.activity.catch_up()
    clock.sleep(1_000_000)
    sandbox.activity.catch_up()

    assert len(sandbox.call_log.entries(kind="reply")) == MAX_EVENTS_AT_ONCE
    sandbox.activity.catch_up()
    assert len(sandbox.call_log.entries(kind="reply")) == MAX_EVENTS_AT_ONCE


def test_an_account_without_leads_has_no_life(clock):
    sandbox = FakeSmartlead(leads=0, clock=clock, ticks=clock)
    sandbox.set_behaviour(reply_every=1.0, outside_every=1.0)
    sandbox.activity.catch_up()
    clock.sleep(100)

    sandbox.activity.catch_up()

    assert sandbox.call_log.entries() == []


@pytest.mark.parametrize("name", ["inbox-replies", "sent"])
def test_a_call_lives_through_what_fell_due(sandbox, clock, name):
    sandbox.set_behaviour(reply_every=5.0)
    call = HttpCaller(sandbox)
    call.rows(name)
    clock.sleep(60)

    call.rows(name)

    assert sandbox.call_log.entries(kind="reply")
