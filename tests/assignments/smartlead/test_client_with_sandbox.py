"""The client against the sandbox: what the two say to each other, fits."""

from datetime import UTC, datetime

import pytest

from assignments.smartlead.client import connect
from assignments.smartlead.errors import (
    AmbiguousWrite,
    NotesUnreadable,
    Refused,
    ServiceTrouble,
)
from tests.assignments.smartlead.mock_client import RecordingBudget, call_with_slot
from tests.factories import MONDAY

SHAPES = pytest.mark.parametrize("shape", ["flat", "documented"])


@pytest.fixture
def client(world):
    with connect(budget=RecordingBudget()) as client:
        yield client


@pytest.fixture
def lead(world):
    """A lead that somebody owns and that has replied."""
    leads = world.store.leads.values()
    return next(lead for lead in leads if lead.owner_id and lead.last_reply_at)


@SHAPES
@pytest.mark.parametrize(
    ("source", "sort"),
    [
        ("inbox-replies", "REPLY_TIME_DESC"),
        ("unread-replies", "REPLY_TIME_DESC"),
        ("important", "REPLY_TIME_DESC"),
        ("snoozed", "REPLY_TIME_DESC"),
        ("archived", "REPLY_TIME_DESC"),
        ("scheduled", "SCHEDULED_TIME_DESC"),
        ("reminders", "REMINDER_TIME_DESC"),
        ("sent", "SENT_TIME_DESC"),
        ("assigned-me", "REPLY_TIME_DESC"),
        ("views", "REPLY_TIME_DESC"),
    ],
)
def test_every_list_of_the_inbox_can_be_read(world, client, shape, source, sort):
    world.set_behaviour(shape=shape)

    page = call_with_slot(client, lambda c: c.inbox(source, sort=sort))

    assert page.unreadable == ()
    assert page.returned == len(page.rows)


@SHAPES
def test_paging_brings_every_lead_with_its_owner(world, client, shape):
    world.set_behaviour(shape=shape)
    seen, offset, is_last = {}, 0, False

    while not is_last:
        page = call_with_slot(
            client, lambda c, o=offset: c.inbox("inbox-replies", offset=o)
        )
        seen |= {row.map_id: row.owner_id for row in page.rows}
        offset, is_last = offset + page.returned, page.is_last

    assert seen
    assert all(row.owner_known for row in page.rows)
    assert seen.items() <= world.owners().items()


@SHAPES
def test_a_list_can_bring_the_mails(world, client, shape):
    world.set_behaviour(shape=shape)

    page = call_with_slot(client, lambda c: c.inbox("inbox-replies", with_history=True))

    assert all(row.history for row in page.rows)
    assert {entry.direction for row in page.rows for entry in row.history} == {
        "sent",
        "reply",
    }


def test_a_window_of_reply_times_is_kept(client):
    month = (datetime(2026, 4, 1, tzinfo=UTC), MONDAY)

    page = call_with_slot(
        client, lambda c: c.inbox("inbox-replies", reply_between=month)
    )

    assert page.rows
    assert all(month[0] <= row.last_reply_at <= month[1] for row in page.rows)


@pytest.mark.parametrize("source", ["inbox-replies", "assigned-me"])
def test_a_member_can_be_asked_for(world, client, lead, source):
    world.set_behaviour(assigned_me="override", member_filter="assignee")

    page = call_with_slot(client, lambda c: c.inbox(source, member_id=lead.owner_id))

    assert {row.owner_id for row in page.rows} == {lead.owner_id}


@SHAPES
def test_one_lead_is_what_it_is_in_the_list(world, client, lead, shape):
    world.set_behaviour(shape=shape)

    row = call_with_slot(client, lambda c: c.lead(lead.map_id))

    assert row.map_id == lead.map_id
    assert row.lead_id == (lead.lead_id if shape == "flat" else None)
    assert (row.owner_id, row.email) == (lead.owner_id, lead.email)
    assert (row.campaign_id, row.category_id) == (lead.campaign_id, lead.category_id)


@SHAPES
def test_a_lead_that_is_gone_is_none(world, client, lead, shape):
    world.set_behaviour(shape=shape)
    world.delete_lead(lead.map_id)

    assert call_with_slot(client, lambda c: c.lead(lead.map_id)) is None


@SHAPES
def test_an_owner_set_is_the_owner_read(world, client, lead, shape):
    world.set_behaviour(shape=shape)
    other = next(m for m in world.store.members if m != lead.owner_id)

    call_with_slot(client, lambda c: c.set_owner(map_id=lead.map_id, member_id=other))

    assert call_with_slot(client, lambda c: c.lead(lead.map_id)).owner_id == other


def test_a_member_nobody_knows_is_refused_in_words(client, lead):
    with pytest.raises(Refused, match="Team member not found"):
        call_with_slot(
            client, lambda c: c.set_owner(map_id=lead.map_id, member_id=999_999)
        )


@SHAPES
def test_a_note_written_can_be_read_back(world, client, lead, shape):
    world.set_behaviour(shape=shape)

    note_id = call_with_slot(
        client, lambda c: c.create_note(map_id=lead.map_id, text="[H-1]")
    )
    notes = call_with_slot(client, lambda c: c.notes(lead.lead_id))

    assert note_id is not None
    assert (note_id, "[H-1]") in [(note.id, note.text) for note in notes]


def test_notes_that_the_account_cannot_read_say_so(world, client, lead):
    world.set_behaviour(notes="missing")

    with pytest.raises(NotesUnreadable):
        call_with_slot(client, lambda c: c.notes(lead.lead_id))


@SHAPES
def test_the_thread_of_a_lead_has_its_mails(world, client, lead, shape):
    world.set_behaviour(shape=shape)

    entries = call_with_slot(
        client, lambda c: c.history(campaign_id=lead.campaign_id, lead_id=lead.lead_id)
    )

    assert len(entries) == len(lead.messages)
    assert all(entry.at and entry.body_html for entry in entries)


def test_reference_data_can_be_read(world, client):
    campaign_id = next(iter(world.store.campaigns))

    members = call_with_slot(client, lambda c: c.members())
    categories = call_with_slot(client, lambda c: c.categories())
    campaigns = call_with_slot(client, lambda c: c.campaigns())
    leads = call_with_slot(client, lambda c: c.campaign_leads(campaign_id))

    assert {row.id for row in members.rows} < set(world.store.members)
    assert {row.id for row in categories.rows} == set(world.store.categories)
    assert {row.id for row in campaigns.rows} == set(world.store.campaigns)
    assert leads.total == leads.returned == len(leads.rows)
    assert any(row.custom_fields for row in leads.rows)


@pytest.mark.parametrize("fault", ["empty", "plain_text", "error_inside"])
def test_a_write_with_a_strange_answer_is_unclear(world, client, lead, fault):
    world.faults.next(fault)

    with pytest.raises(AmbiguousWrite):
        call_with_slot(
            client, lambda c: c.set_owner(map_id=lead.map_id, member_id=lead.owner_id)
        )


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("too_many", "rate_limit"),
        ("too_many_bare", "rate_limit"),
        ("error", "unavailable"),
        ("bad_gateway", "unavailable"),
        ("lost_answer", "unavailable"),
    ],
)
def test_a_write_that_meets_a_fault_is_about_us(world, client, lead, fault, kind):
    world.faults.next(fault)

    with pytest.raises(ServiceTrouble) as caught:
        call_with_slot(
            client, lambda c: c.set_owner(map_id=lead.map_id, member_id=lead.owner_id)
        )

    assert caught.value.kind == kind
    assert caught.value.surely_not_applied is (kind == "rate_limit")


@pytest.mark.parametrize("fault", ["hang_then_apply", "drip_body"])
def test_a_slow_answer_in_process_is_a_time_out_too(
    world, client, lead, fault, settings
):
    settings.CALL_DEADLINE = 0.1
    world.faults.next(fault, seconds=0.3)

    with (
        connect(budget=RecordingBudget()) as hurried,
        pytest.raises(ServiceTrouble) as caught,
    ):
        call_with_slot(
            hurried, lambda c: c.set_owner(map_id=lead.map_id, member_id=lead.owner_id)
        )

    assert caught.value.kind == "timeout"


def test_rows_that_cannot_be_read_are_counted(world, client):
    world.faults.next("malformed", call="list")

    page = call_with_slot(client, lambda c: c.inbox("inbox-replies"))

    assert page.unreadable
    assert page.returned == len(page.rows) + len(page.unreadable)


def test_rows_without_an_owner_field_say_nothing_about_the_owner(world, client):
    world.faults.next("absent_owner", call="list")

    page = call_with_slot(client, lambda c: c.inbox("inbox-replies"))

    assert not any(row.owner_known for row in page.rows)


@pytest.mark.parametrize(
    ("key", "switches", "kind"),
    [("not-the-key", {}, "key"), ("sandbox-key", {"is_plan_expired": True}, "plan")],
)
def test_a_key_that_does_not_open_is_about_us(world, settings, key, switches, kind):
    settings.SMARTLEAD_API_KEY = key
    world.set_behaviour(**switches)

    with (
        connect(budget=RecordingBudget()) as client,
        pytest.raises(ServiceTrouble) as caught,
    ):
        call_with_slot(client, lambda c: c.probe())

    assert caught.value.kind == kind


def test_a_base_url_that_leads_elsewhere_is_about_us(world, settings):
    settings.SMARTLEAD_BASE_URL = "http://sandbox.test/api/v2"

    with (
        connect(budget=RecordingBudget()) as client,
        pytest.raises(ServiceTrouble) as caught,
    ):
        call_with_slot(client, lambda c: c.set_owner(map_id=1, member_id=2))

    assert caught.value.kind == "address"
    assert caught.value.surely_not_applied
