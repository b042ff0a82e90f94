from collections.abc import Iterator
from datetime import timedelta

import pytest

from assignments.models import Account, Lead, LeadNote, Message
from assignments.sandbox.fake_smartlead import FakeSmartlead
from assignments.services.mirror import conversations, sync_sources
from assignments.smartlead.client import Client
from assignments.smartlead.errors import Refused
from assignments.smartlead.records import HistoryEntry, NoteRow
from tests.factories import MONDAY, make_account, make_lead
from tests.mirror_harness import MirrorHarness, open_mirror_harness

pytestmark = pytest.mark.django_db


@pytest.fixture
def mirror(world: FakeSmartlead) -> Iterator[MirrorHarness]:
    with open_mirror_harness(world) as mirror:
        mirror.head_pass()
        mirror.clock.advance(60)
        yield mirror


@pytest.fixture
def lead(mirror: MirrorHarness) -> Lead:
    return Lead.objects.order_by("-last_reply_at")[0]


def entry(**said: object) -> HistoryEntry:
    values = {
        "message_id": "<1@example.com>",
        "stats_id": "",
        "direction": "reply",
        "sender": "lena@example.com",
        "recipient": "ana@example.com",
        "cc": (),
        "at": MONDAY,
        "subject": "",
        "body_html": "<p>Hello</p>",
        "sequence_number": None,
        "is_bounce": False,
        "attachments": (),
    }
    return HistoryEntry(**(values | said))


class TestOpenLead:
    def test_brings_conversation_and_notes(self, mirror, lead):
        there = mirror.world.lead(lead.pk)
        with mirror.client.use_slot(mirror.budget.take("interactive")):
            mirror.client.create_note(map_id=lead.pk, text="Call on Tuesday")

        mirror.open(lead.pk)

        lead.refresh_from_db()
        assert lead.messages.count() == len(there.messages)
        assert "Call on Tuesday" in lead.smartlead_notes.get().text
        assert lead.thread_at == lead.notes_at == mirror.clock.now
        assert Account.objects.get().notes_readable

    def test_does_not_fetch_again_what_is_newer_than_the_last_mail(self, mirror, lead):
        mirror.open(lead.pk)
        before = len(mirror.world.call_log.calls())

        mirror.clock.advance(60)
        mirror.open(lead.pk)

        assert len(mirror.world.call_log.calls()) == before + 1

    def test_fetches_again_after_a_new_reply(self, mirror, lead):
        mirror.open(lead.pk)
        before = Message.objects.count()
        at = mirror.clock.advance(60)
        mirror.world.add_reply(lead.pk, at=at.timestamp(), text="One more thing")
        mirror.clock.advance(60)

        mirror.open(lead.pk)

        lead.refresh_from_db()
        assert Message.objects.count() == before + 1
        assert "One more thing" in lead.last_message

    def test_shows_an_owner_that_was_changed_in_smartlead(self, mirror, lead):
        mirror.world.assign_outside(lead.pk, 7777)

        mirror.open(lead.pk)

        lead.refresh_from_db()
        assert lead.owner_id == 7777

    def test_where_notes_cannot_be_read_it_says_so_and_is_no_error(self, mirror, lead):
        mirror.world.set_behaviour(notes="missing")

        report = mirror.open(lead.pk)

        lead.refresh_from_db()
        assert lead.notes_unreadable
        assert lead.notes_at
        assert Account.objects.get().notes_readable is False
        assert report.errors == {}
        assert lead.messages.exists()

    def test_a_failing_conversation_does_not_stop_the_notes(self, mirror, lead):
        mirror.world.faults.often("error", 1.0, call="history")

        report = mirror.open(lead.pk)

        lead.refresh_from_db()
        assert (lead.thread_at, lead.notes_at) == (None, mirror.clock.now)
        assert "out of order" in report.errors["threads"]
        assert sync_sources.load_source("threads").error

    def test_a_lead_without_a_person_shows_what_there_is(self, mirror):
        stranger = make_lead(map_id=1, person_id=None)

        mirror.open(stranger.pk)

        stranger.refresh_from_db()
        assert stranger.thread_at
        assert stranger.gone_at is None

    def test_a_refused_conversation_is_reported_and_not_asked_for_again(
        self, mirror, lead, monkeypatch
    ):
        def refuse(*_: object, **__: object) -> None:
            raise Refused("Campaign not found.", status=404)

        monkeypatch.setattr(Client, "history", refuse)

        report = mirror.open(lead.pk)

        lead.refresh_from_db()
        assert lead.thread_at
        assert report.errors == {"threads": "Campaign not found."}

    def test_reads_nothing_into_a_database_of_another_account(self, mirror, lead):
        make_account(fingerprint="other", base_url="http://elsewhere.test")
        before = len(mirror.world.call_log.calls())

        mirror.open(lead.pk)

        assert len(mirror.world.call_log.calls()) == before


class TestKeepThread:
    def test_a_mail_without_an_id_is_kept_once(self):
        lead = make_lead()
        mails = [entry(message_id=""), entry(message_id="", body_html="<p>Other</p>")]

        for _ in range(2):
            conversations.save_conversation(lead=lead, history=mails, at=MONDAY)

        assert lead.messages.count() == 2

    def test_texts_too_long_for_their_columns_are_cut(self):
        lead = make_lead()
        long = entry(message_id="x" * 2000, subject="y" * 2000, sender="z" * 2000)

        conversations.save_conversation(lead=lead, history=[long], at=MONDAY)

        mail = lead.messages.get()
        assert (len(mail.subject), len(mail.sender)) == (998, 320)


def test_a_note_without_an_id_is_counted_as_unreadable():
    lead = make_lead()
    note = NoteRow(id=None, lead_id=1, text="?", created_at=None, created_by="")

    conversations.save_notes(lead=lead, rows=[note], at=MONDAY)

    assert not LeadNote.objects.exists()


@pytest.mark.parametrize(
    ("replied", "sent", "stale"),
    [(-2, -3, False), (1, -3, True), (-2, 1, True), (None, None, False)],
)
def test_a_thread_is_stale_once_a_mail_came_or_went(replied, sent, stale):
    lead = Lead(
        last_reply_at=replied and MONDAY + timedelta(hours=replied),
        last_sent_at=sent and MONDAY + timedelta(hours=sent),
    )

    assert conversations.has_newer_mail(lead, MONDAY) == stale
    assert conversations.has_newer_mail(lead, None)
