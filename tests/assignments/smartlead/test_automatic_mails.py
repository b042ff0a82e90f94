"""Mails of programs are told from those of people, in the languages of inboxes."""
# ruff: noqa: RUF001

import json
from pathlib import Path

import pytest

from assignments.smartlead.automatic_mails import (
    MAX_FIELD_LENGTH,
    address_of,
    headers_of,
    kind_of_mail,
)
from assignments.smartlead.records import HistoryEntry

LEO = "Leo Park <leo@client.example>"
EXCHANGE = (
    "MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@client.onmicrosoft.example"
)


def kind(*, sender: str = LEO, subject: str = "", **headers: str) -> str:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return kind_of_mail(sender=sender, subject=subject, headers=named)


class TestBySender:
    @pytest.mark.parametrize(
        "sender",
        [
            f"Microsoft Outlook <{EXCHANGE}>",
            EXCHANGE,
            EXCHANGE.upper(),
            "mailer-daemon@googlemail.com",
            "Mail Delivery Subsystem <mailer-daemon@googlemail.com>",
            "MAILER-DAEMON@mx.client.example (Mail Delivery System)",
            "MAILER-DAEMON (Mail Delivery System)",
            "MAILER-DAEMON",
            "<mailer-daemon+abc123@client.example>",
            "mailto:mailer-daemon@client.example",
            "postmaster@client.example",
            "Postmaster+1@client.example",
            "bounce+4711=leo@mail.example",
            "bounces+leo=client.example@mail.example",
            "bounce-4711-leo=client.example@mail.example",
            "bounces-abc@mail.example",
            "Mail Delivery System <anything@client.example>",
        ],
    )
    def test_a_server_that_returns_mail_bounces(self, sender):
        assert kind(sender=sender) == "bounce"

    @pytest.mark.parametrize(
        "sender",
        [
            LEO,
            "",
            "microsoftexchange-team@client.example",
            "Microsoft Exchange Team <microsoftexchange@client.example>",
            "microsoftexchange329e71ec@client.example",
            "bounce-house@party.example",
            "mailer-daemon-fans <leo@client.example>",
            "leo.postmaster@client.example",
            "postmasters@client.example",
            "noreply@client.example",
            "Microsoft Outlook <leo@client.example>",
        ],
    )
    def test_others_are_people(self, sender):
        assert kind(sender=sender) == "person"

    def test_reports_about_dmarc_are_automatic(self):
        assert kind(sender="noreply-dmarc-support@google.com") == "automatic"


class TestBySubject:
    @pytest.mark.parametrize(
        "subject",
        [
            "Undeliverable: Cold storage",
            "UNDELIVERABLE: Cold storage",
            "Unzustellbar: Cold storage",
            "Non remis : Cold storage",
            "Non remis: Cold storage",
            "No se puede entregar: Cold storage",
            "Não é possível entregar: Cold storage",
            "Impossibile recapitare: Cold storage",
            "Onbestelbaar: Cold storage",
            "Nie można dostarczyć: Cold storage",
            "Nedoručitelné: Cold storage",
            "Kan ikke leveres: Cold storage",
            "Недоставлено: Cold storage",
            "配信不能: Cold storage",
            "배달되지 않음: Cold storage",
            "Delivery Status Notification (Failure)",
            "Delivery Status Notification (Delay)",
            "Mail delivery failed: returning message to sender",
            "Undelivered Mail Returned to Sender",
            "Returned mail: see transcript for details",
            "DELIVERY FAILURE: User leo (leo@client.example) not listed",
            "failure notice",
            "[EXTERNAL] Undeliverable: Cold storage",
        ],
    )
    def test_what_came_back_bounces(self, subject):
        assert kind(subject=subject) == "bounce"

    @pytest.mark.parametrize(
        "subject",
        [
            "Automatic reply: Cold storage",
            "Automatic reply: Re: Cold storage",
            "AUTO: Leo is out of the office",
            "Out of Office: Cold storage",
            "Out of office AutoReply: Cold storage",
            "Out of the office until Monday",
            "OOO: Cold storage",
            "Autoreply",
            "Automatische Antwort: Cold storage",
            "Abwesenheitsnotiz",
            "Abwesenheitsnotiz Leo Park",
            "Abwesend bis 4.5.",
            "Réponse automatique : Cold storage",
            "Reponse automatique: Cold storage",
            "Absence du bureau : Cold storage",
            "Respuesta automática: Cold storage",
            "Resposta automática: Cold storage",
            "Risposta automatica: Cold storage",
            "Automatisch antwoord: Cold storage",
            "Autosvar: Cold storage",
            "Automatiskt svar: Cold storage",
            "Automaattinen vastaus: Cold storage",
            "Odpowiedź automatyczna: Cold storage",
            "Automatická odpověď: Cold storage",
            "Automatikus válasz: Cold storage",
            "Răspuns automat: Cold storage",
            "Otomatik yanıt: Cold storage",
            "OTOMATİK YANIT: Cold storage",
            "Автоответ: Cold storage",
            "Автоматический ответ: Cold storage",
            "Автоматична відповідь: Cold storage",
            "Αυτόματη απάντηση: Cold storage",
            "תשובה אוטומטית: Cold storage",
            "رد تلقائي: Cold storage",
            "自動応答: Cold storage",
            "自动回复: Cold storage",
            "自動回覆：Cold storage",
            "자동 회신: Cold storage",
            "[EXT] Automatic reply: Cold storage",
            "  \u200bAutomatic\xa0reply: Cold storage",
        ],
    )
    def test_what_answers_by_itself_is_automatic(self, subject):
        assert kind(subject=subject) == "automatic"

    @pytest.mark.parametrize(
        "subject",
        [
            "",
            "Re: Cold storage",
            "Re: Automatic reply: Cold storage",
            "AW: Automatische Antwort: Cold storage",
            "Fwd: Undeliverable: Cold storage",
            "Question about automatic reply: how?",
            "Out of office furniture",
            "Absent-minded question",
            "Absence of proof",
            "Abwesenheit im Team",
            "Delivery failed",
            "Delivery failed last week",
            "Auto insurance",
            "Return of goods",
            "Autosales in the north",
        ],
    )
    def test_people_write_of_such_things_too(self, subject):
        assert kind(subject=subject) == "person"


class TestByHeaders:
    @pytest.mark.parametrize(
        ("name", "value", "expected"),
        [
            ("auto_submitted", "auto-replied", "automatic"),
            ("auto_submitted", "auto-generated; owner=x", "automatic"),
            ("auto_submitted", "no", "person"),
            ("x_autoreply", "yes", "automatic"),
            ("x_autoreply", "no", "person"),
            ("x_autorespond", "", "person"),
            ("precedence", "auto_reply", "automatic"),
            ("precedence", "bulk", "person"),
            ("content_type", "multipart/report; report-type=delivery-status", "bounce"),
            ("x_failed_recipients", "leo@client.example", "bounce"),
        ],
    )
    def test_say_it_where_a_payload_has_them(self, name, value, expected):
        assert kind(**{name: value}) == expected

    @pytest.mark.parametrize(
        "raw",
        [
            {"Auto-Submitted": "auto-replied"},
            [{"name": "Auto-Submitted", "value": "auto-replied"}],
            [{"key": "AUTO-SUBMITTED", "value": "auto-replied"}],
            [["auto-submitted", "auto-replied"]],
            "Subject: Hello\r\nAuto-Submitted: auto-replied\r\n",
        ],
    )
    def test_are_read_in_any_form(self, raw):
        assert headers_of(raw) == {"auto-submitted": "auto-replied"}

    @pytest.mark.parametrize("odd", [None, 5, True, [None, 5, [1], {}], {"a": {}}, ""])
    def test_odd_ones_say_nothing(self, odd):
        assert headers_of(odd) == {}


class TestHistory:
    def test_an_exchange_report_bounces(self):
        told = Path("tests/assignments/smartlead/exchange-ndr.json").read_text()

        mail = HistoryEntry.from_payload(json.loads(told))

        assert (mail.direction, mail.is_bounce, mail.is_from_person) == (
            "reply", True, False,
        )  # fmt: skip

    def test_a_body_about_failed_deliveries_is_a_persons(self):
        told = {
            "type": "REPLY",
            "from": LEO,
            "email_body": "Delivery failed last week.",
        }

        assert HistoryEntry.from_payload(told).is_from_person

    def test_our_own_mail_is_neither_whatever_its_subject(self):
        told = {"type": "SENT", "from": LEO, "subject": "Out of office? Meet us"}

        mail = HistoryEntry.from_payload(told | {"subject": "Out of office: meet us"})

        assert (mail.direction, mail.is_automatic, mail.is_bounce) == (
            "sent", False, False,
        )  # fmt: skip


class TestAddress:
    @pytest.mark.parametrize(
        ("sender", "address"),
        [
            ("Tom <Tom@Our-Firm.example>", "tom@our-firm.example"),
            ("'tom@our-firm.example'", "tom@our-firm.example"),
            ('"a@b.example" <tom@our-firm.example>', "tom@our-firm.example"),
            ("tom+crm@our-firm.example", "tom+crm@our-firm.example"),
            ("tom@our-firm.example (Tom)", "tom@our-firm.example"),
            ("Tom", "tom"),
            ("", ""),
            ("<", ""),
        ],
    )
    def test_is_bare_and_folded(self, sender, address):
        assert address_of(sender) == address

    def test_no_more_than_a_bounded_part_is_read(self):
        assert (
            address_of("x" * MAX_FIELD_LENGTH + " tom@our-firm.example") == "x" * 1000
        )
