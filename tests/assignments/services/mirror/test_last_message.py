"""The line of a lead's row: the same, by whichever way its newest mail came."""

from collections.abc import Sequence
from datetime import timedelta
from importlib import import_module

import pytest
from django.apps import apps
from django.db import connection

from assignments.models import Lead
from assignments.services.mail_content import parsed_mail
from assignments.services.mirror import conversations
from assignments.services.mirror.import_leads import save_row
from assignments.services.webhooks.receive import receive
from assignments.smartlead.records import Attachment, HistoryEntry
from assignments.visible_text import folded
from tests.assignments.services.mirror.test_conversations import entry
from tests.factories import MONDAY, make_campaign, make_lead
from tests.mirror_harness import make_row
from tests.webhook_events import SECRET, encoded_body, iso, reply_event

pytestmark = pytest.mark.django_db

REPLIED = MONDAY - timedelta(minutes=1)
OURS = entry(
    message_id="<ours@x>",
    direction="sent",
    at=MONDAY - timedelta(hours=5),
    body_html="<p>Shall we talk on Thursday at ten?</p>",
)


def reply(body: str, *files: str) -> HistoryEntry:
    attached = tuple(Attachment(name=name, url="", type="") for name in files)
    return entry(at=REPLIED, body_html=body, attachments=attached)


def by_row(lead: Lead, history: Sequence[HistoryEntry]) -> None:
    row = make_row(lead.pk, campaign_id=lead.campaign_id, history=tuple(history))
    save_row(row, asked_at=MONDAY, at=MONDAY, by="list")


def by_thread(lead: Lead, history: Sequence[HistoryEntry]) -> None:
    conversations.save_conversation(
        lead=lead, history=history, at=MONDAY, is_whole=True
    )


def by_event(lead: Lead, history: Sequence[HistoryEntry]) -> None:
    mail = history[-1]
    part = {
        "message_id": mail.message_id,
        "html": mail.body_html,
        "time": iso(REPLIED),
        "attachments": [{"file_name": each.name} for each in mail.attachments],
    }
    payload = reply_event(lead, at=REPLIED, reply_message=part)
    receive(body=encoded_body(payload), signature=None, at=MONDAY)


@pytest.fixture
def lead(settings) -> Lead:
    settings.SMARTLEAD_WEBHOOK_SECRET = SECRET
    return make_lead(
        campaign=make_campaign(),
        last_message="Shall we talk on Thursday at ten?",
        last_reply_at=None,
        last_sent_at=OURS.at,
    )


@pytest.mark.parametrize("way", [by_row, by_thread, by_event])
@pytest.mark.parametrize(
    ("mail", "line"),
    [
        (reply("<p>Fish &amp; chips,&nbsp;yes.</p>"), "Fish & chips, yes."),
        (reply("", "invite.ics"), "replied without text: invite.ics"),
        (
            reply('<div><img src="cid:ii_1"></div><div><br></div>', "ramp.jpg"),
            "replied without text: ramp.jpg",
        ),
        (reply("", "a.pdf", "b.pdf"), "replied without text: a.pdf and 1 more file"),
        (
            reply("<p> </p>", "a.pdf", "b.pdf", "c.pdf"),
            "replied without text: a.pdf and 2 more files",
        ),
        (
            reply("", "offer_\u202efdp.exe"),
            "replied without text: offer_fdp.exe",
        ),
        (reply(""), "replied without text"),
        (reply("\r\n \u00a0 \n"), "replied without text"),
    ],
)
def test_is_the_same_by_row_thread_and_event(lead, way, mail, line):
    way(lead, [OURS, mail])

    lead.refresh_from_db()
    assert lead.last_message == line


@pytest.mark.parametrize("way", [by_row, by_thread, by_event])
def test_is_found_by_its_words_and_no_longer_by_those_before(lead, way):
    way(lead, [OURS, reply("<p>Größe of the YARD?</p>")])

    lead.refresh_from_db()
    assert folded("größe of the yard?") in lead.search_text
    assert "thursday" not in lead.search_text
    assert lead.search_text.startswith("lena lead")


def test_of_rows_from_before_is_found_after_the_update():
    lead = make_lead(last_message="The YARD plan", search_text="lena lead")
    migration = import_module("assignments.migrations.0010_search_last_messages")

    for _ in range(2):
        migration.add_last_messages(apps, None)

    lead.refresh_from_db()
    assert lead.search_text == "lena lead the yard plan"


def test_of_a_mail_of_ours_without_text_says_that_we_sent_it(lead):
    by_row(lead, [entry(direction="sent", body_html="")])

    lead.refresh_from_db()
    assert lead.last_message == "sent without text"


@pytest.mark.parametrize("way", [by_row, by_thread, by_event])
def test_of_a_mail_on_which_the_parser_fails_is_a_sentence(lead, way, monkeypatch):
    def fail(_: str) -> None:
        raise RecursionError

    monkeypatch.setattr(parsed_mail, "parse_mail", fail)

    way(lead, [OURS, reply("<p>Yes.</p>")])

    lead.refresh_from_db()
    assert lead.last_message == "a mail that could not be shown here"
    assert lead.messages.filter(is_unreadable=False).count() == 0


def test_is_made_once_however_often_the_row_is_read(lead, monkeypatch):
    by_row(lead, [OURS, reply("<p>Yes.</p>")])
    monkeypatch.setattr(parsed_mail, "parse_mail", None)

    by_row(lead, [OURS, reply("<p>Yes.</p>")])

    lead.refresh_from_db()
    assert lead.last_message == "Yes."


def test_is_made_again_for_the_same_mail_with_other_words(lead):
    by_row(lead, [reply("<p>Yes.</p>")])

    by_row(lead, [reply("<p>No.</p>")])

    lead.refresh_from_db()
    assert lead.last_message == "No."


def test_is_not_set_back_by_a_conversation_that_lags_behind_an_event(lead):
    by_event(lead, [reply("<p>Yes.</p>")])

    by_thread(lead, [OURS])

    lead.refresh_from_db()
    assert lead.last_message == "Yes."


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("way", [by_row, by_event])
def test_is_made_before_the_database_is_locked(lead, way, monkeypatch):
    parse_mail, inside = parsed_mail.parse_mail, []

    def parse(body: str, *, subject: str) -> object:
        inside.append(connection.in_atomic_block)
        return parse_mail(body, subject=subject)

    monkeypatch.setattr(parsed_mail, "parse_mail", parse)

    way(lead, [reply("<p>Yes.</p>")])

    assert inside == [False]


@pytest.mark.parametrize(
    ("part", "line"),
    [
        ({"html": ""}, "replied without text"),
        ({"html": None, "text": None}, "replied without text"),
        ({"attachments": [{"name": "a.pdf"}]}, "replied without text: a.pdf"),
        ({}, "Shall we talk on Thursday at ten?"),
    ],
)
def test_of_an_event_changes_only_if_it_tells_the_mails_words(lead, part, line):
    mail = part | {"message_id": "<1@x>", "time": iso(REPLIED)}
    payload = reply_event(lead, at=REPLIED, reply_message=mail)

    receive(body=encoded_body(payload), signature=None, at=MONDAY)

    lead.refresh_from_db()
    assert lead.last_message == line


@pytest.mark.parametrize("files", ["a.pdf", 7, [None, 7], {"name": "a.pdf"}])
def test_of_an_event_with_strange_files_is_made_without_them(lead, files):
    mail = {"html": "", "attachments": files, "time": iso(REPLIED)}
    payload = reply_event(lead, at=REPLIED, reply_message=mail)

    receive(body=encoded_body(payload), signature=None, at=MONDAY)

    lead.refresh_from_db()
    assert lead.last_message == "replied without text"
