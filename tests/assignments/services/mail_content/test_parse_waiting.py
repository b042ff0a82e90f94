"""Stored mails wait for the parser in their own column, until it has come to them."""

from datetime import timedelta

import pytest
from django.db import connection

from assignments.models import Lead, Message
from assignments.services.mail_content import parse_waiting, parsed_mail
from assignments.services.mail_content.parse import PARSER_VERSION, parse_mail
from assignments.services.mail_content.parse_waiting import (
    is_anything_unparsed,
    parse_chunk,
)
from assignments.services.mirror import conversations
from assignments.smartlead.records import NoteRow
from dashboard.lead.conversation import notes_of
from tests.assignments.services.mirror.test_conversations import entry
from tests.factories import MONDAY, make_lead, make_message

pytestmark = pytest.mark.django_db


def make_waiting(lead: Lead, body: str = "<p>Yes.</p>", **fields: object) -> Message:
    return make_message(
        lead, body, parser_version=0, preview="", display_html="", **fields
    )


class TestTheQueue:
    def test_is_worked_off_in_portions_newest_first(self, monkeypatch):
        monkeypatch.setattr(parse_waiting, "CHUNK", 2)
        lead = make_lead()
        for hour in range(3):
            make_waiting(lead, at=MONDAY + timedelta(hours=hour))

        assert parse_chunk() == 2
        assert Message.objects.get(parser_version=0).at == MONDAY
        assert is_anything_unparsed()
        assert parse_chunk() == 1
        assert not is_anything_unparsed()
        assert set(Message.objects.values_list("preview", flat=True)) == {"Yes."}

    def test_has_what_an_older_parser_made_and_nothing_of_this_one(self, monkeypatch):
        mail = make_message(make_lead())
        assert not is_anything_unparsed()

        monkeypatch.setattr(parse_waiting, "PARSER_VERSION", PARSER_VERSION + 1)

        assert is_anything_unparsed()
        assert is_anything_unparsed(lead_id=mail.lead_id)
        assert not is_anything_unparsed(lead_id=mail.lead_id + 1)

    def test_goes_on_past_a_mail_on_which_the_parser_fails(self, monkeypatch):
        def fail_on_bad(body: str, *, subject: str) -> object:
            if "Bad" in body:
                raise RecursionError
            return parse_mail(body, subject=subject)

        monkeypatch.setattr(parsed_mail, "parse_mail", fail_on_bad)
        lead = make_lead()
        bad = make_waiting(lead, "<p>Bad</p>", at=MONDAY)
        good = make_waiting(lead, at=MONDAY - timedelta(hours=1))

        parse_chunk()

        bad.refresh_from_db()
        good.refresh_from_db()
        assert bad.is_unreadable
        assert bad.body_html == "<p>Bad</p>"
        assert good.display_html
        assert not is_anything_unparsed()

    def test_keeps_what_was_cut_before(self):
        mail = make_waiting(make_lead(), body_cut=700)

        parse_chunk()

        mail.refresh_from_db()
        assert mail.characters_cut == 700

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("act", ["chunk", "thread"])
    def test_is_parsed_outside_of_any_transaction(self, monkeypatch, act):
        lead = make_lead()
        make_waiting(lead)
        inside = []

        def parse(body: str, *, subject: str) -> object:
            inside.append(connection.in_atomic_block)
            return parse_mail(body, subject=subject)

        monkeypatch.setattr(parsed_mail, "parse_mail", parse)

        if act == "chunk":
            parse_chunk()
        else:
            conversations.save_conversation(lead=lead, history=[entry()], at=MONDAY)

        assert inside
        assert not any(inside)


class TestAThread:
    def test_whose_worker_is_killed_before_the_parser_stays_in_the_queue(
        self, monkeypatch
    ):
        def die(*_: object, **__: object) -> None:
            raise SystemExit

        lead = make_lead()
        monkeypatch.setattr(parsed_mail, "parse_mail", die)
        with pytest.raises(SystemExit):
            conversations.save_conversation(lead=lead, history=[entry()], at=MONDAY)
        monkeypatch.undo()

        assert is_anything_unparsed(lead_id=lead.pk)
        parse_chunk()

        assert lead.messages.get().preview == "Hello"
        lead.refresh_from_db()
        assert lead.last_message == "Hello"

    def test_parses_only_the_mails_that_are_new(self, monkeypatch):
        lead = make_lead()
        conversations.save_conversation(lead=lead, history=[entry()], at=MONDAY)
        parsed = []

        def parse(body: str, *, subject: str) -> object:
            parsed.append(body)
            return parse_mail(body, subject=subject)

        monkeypatch.setattr(parsed_mail, "parse_mail", parse)
        new = entry(message_id="<2@x>", body_html="<p>New</p>")
        conversations.save_conversation(lead=lead, history=[entry(), new], at=MONDAY)

        assert parsed == ["<p>New</p>"]

    def test_longer_than_is_parsed_at_once_waits_its_turn(self, monkeypatch):
        monkeypatch.setattr(parse_waiting, "CHUNK", 2)
        monkeypatch.setattr(parse_waiting, "MOST_CHUNKS_OF_LEAD", 2)
        history = [entry(message_id=f"<{number}@x>") for number in range(5)]
        lead = make_lead()

        conversations.save_conversation(lead=lead, history=history, at=MONDAY)

        assert lead.messages.filter(parser_version=0).count() == 1

    def test_keeps_a_large_picture_out_of_the_database(self):
        lead = make_lead()
        picture = f'<p>Yes.</p><img src="data:image/png;base64,{"A" * 900_000}">'

        conversations.save_conversation(
            lead=lead, history=[entry(body_html=picture)], at=MONDAY
        )

        mail = lead.messages.get()
        assert len(mail.body_html) < 100
        assert (mail.preview, mail.images, mail.characters_cut) == ("Yes.", 1, 0)


class TestTheRow:
    def test_shows_the_newest_mail_once_it_is_parsed_again(self):
        lead = make_lead(last_message="", last_reply_at=MONDAY, last_sent_at=None)
        make_waiting(lead, at=MONDAY)

        parse_chunk()

        lead.refresh_from_db()
        assert lead.last_message == "Yes."

    def test_keeps_the_words_of_a_mail_that_is_newer_than_the_stored_ones(self):
        lead = make_lead(last_message="Newer", last_reply_at=MONDAY)
        make_waiting(lead, at=MONDAY - timedelta(days=1))

        parse_chunk()

        lead.refresh_from_db()
        assert lead.last_message == "Newer"

    def test_waits_for_the_newest_mail(self, monkeypatch):
        monkeypatch.setattr(parse_waiting, "CHUNK", 1)
        lead = make_lead(last_message="Old", last_reply_at=MONDAY)
        make_waiting(lead, "<p>Older</p>", at=None)
        make_waiting(lead, at=MONDAY)

        parse_chunk()

        lead.refresh_from_db()
        assert lead.last_message == "Yes."


class TestNotes:
    @pytest.mark.parametrize(
        ("text", "html"),
        [
            ("<p>Fish &amp; chips</p>", '<p dir="auto">Fish &amp; chips</p>'),
            ("<b>Call</b><script>x</script>", "<b>Call</b>"),
            ("Two\nlines", '<div dir="auto">Two<br>lines</div>'),
        ],
    )
    def test_read_back_go_the_way_of_mails(self, text, html):
        lead = make_lead()
        row = NoteRow(id=1, lead_id=1, text=text, created_at=None, created_by="")

        conversations.save_notes(lead=lead, rows=[row], at=MONDAY)
        assert is_anything_unparsed(lead_id=lead.pk)
        assert [note.html for note in notes_of(lead)] == [""]
        parse_chunk()

        assert not is_anything_unparsed()
        (note,) = notes_of(lead)
        assert note.html == f'<div dir="auto">{html}</div>'

    def test_share_a_portion_with_mails(self, monkeypatch):
        monkeypatch.setattr(parse_waiting, "CHUNK", 2)
        lead = make_lead()
        make_waiting(lead)
        for number in range(2):
            lead.smartlead_notes.create(smartlead_id=number, text="Hi")

        assert (parse_chunk(), parse_chunk(), parse_chunk()) == (2, 1, 0)
