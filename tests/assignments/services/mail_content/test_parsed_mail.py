"""The columns that the parser fills, whatever it does."""

import logging

import pytest

from assignments.services.mail_content import parsed_mail
from assignments.services.mail_content.parse import PARSER_VERSION, MailContent
from assignments.services.mail_content.parsed_mail import (
    LONGEST_DISPLAY,
    LONGEST_OWN_TEXT,
    ParsedMail,
    parsed_columns,
)
from tests.assignments.services.mirror.test_conversations import entry


def columns_of(body: str) -> dict:
    return parsed_columns(body, body_cut=0, name="Mail 7")


def test_hold_what_a_page_and_a_row_show():
    columns = columns_of('<p>Fish &amp; chips?</p><p>Yes.<img src="x"></p>')

    assert columns["preview"] == "Fish & chips? Yes."
    assert "Fish &amp; chips?" in columns["display_html"]
    assert columns["images"] == 1
    assert columns["parser_version"] == PARSER_VERSION
    assert not columns["is_unreadable"]


def test_a_mail_on_which_the_parser_fails_is_marked_and_logged_without_its_words(
    monkeypatch, caplog
):
    def fail(body: str, *, subject: str) -> None:
        raise ValueError(body)

    monkeypatch.setattr(parsed_mail, "parse_mail", fail)

    with caplog.at_level(logging.ERROR):
        columns = columns_of("Secret words")

    assert columns["is_unreadable"]
    assert columns["parser_version"] == PARSER_VERSION
    assert (columns["preview"], columns["display_html"]) == ("", "")
    assert "Mail 7 could not be parsed: ValueError" in caplog.text
    assert "Secret" not in caplog.text


def test_texts_fit_their_columns_and_every_database(monkeypatch):
    content = MailContent(own_text="a\0\ud800" * 9_000, display_html="<p>\0\udfff</p>")
    monkeypatch.setattr(parsed_mail, "parse_mail", lambda _, subject: content)

    columns = columns_of("x")

    assert len(columns["preview"]) == 200
    assert len(columns["own_text"]) <= LONGEST_OWN_TEXT
    for name in ("preview", "own_text", "display_html"):
        columns[name].encode()
        assert "\0" not in columns[name]


@pytest.mark.parametrize("body", ["&" * 400_000, "<b>&quot;</b>" * 30_000])
def test_markup_that_grows_is_bounded_and_what_is_left_out_is_counted(
    monkeypatch, body
):
    def grow(text: str, *, subject: str) -> MailContent:
        return MailContent(own_text="", display_html=text * 9, characters_cut=1)

    monkeypatch.setattr(parsed_mail, "parse_mail", grow)

    columns = columns_of(body)

    shown = len(columns["display_html"]) // 9
    assert 0 < len(columns["display_html"]) <= LONGEST_DISPLAY
    assert columns["characters_cut"] == len(body) - shown + 1


def test_what_was_not_kept_counts_as_cut():
    columns = parsed_columns("Yes.", body_cut=1_200, name="Mail 7")

    assert columns["characters_cut"] == 1_200


def test_a_mail_is_parsed_once(monkeypatch):
    parsed = ParsedMail.of(entry(body_html="<p>Yes.</p>"))
    monkeypatch.setattr(parsed_mail, "parse_mail", None)

    assert ParsedMail.of(parsed) is parsed
    assert parsed.columns["preview"] == "Yes."
    assert parsed.message_id == "<1@example.com>"
