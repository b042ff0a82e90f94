"""Own words over the corpus, in row and page; and for each mail that once failed."""

import json
from pathlib import Path

import pytest

from assignments.services.mail_content.parse import parse_mail, preview_line
from tests.assignments.services.mail_content.corpus import (
    NEVER_OWN,
    CorpusMail,
    corpus_mails,
)
from tests.assignments.services.mail_content.pages import FOLD, folded, seen

CASES = Path(__file__).parent / "cases"


def is_right(mail: CorpusMail) -> bool:
    content = parse_mail(mail.body)
    page = seen(content.display_html)
    row = preview_line(content)
    if not mail.own:
        is_forward = bool(content.forwarded_from)
        return not content.own_text and is_forward == row.startswith("Forwarded from")
    return all(
        line in row and line in page and line in content.own_text for line in mail.own
    ) and not any(words in row or words in page for words in NEVER_OWN)


def test_rows_and_pages_show_the_writers_words_in_97_of_100_mails():
    mails = list(corpus_mails())

    wrong = [mail.name for mail in mails if not is_right(mail)]

    assert len(mails) >= 200
    assert len(wrong) <= 0.03 * len(mails), wrong


@pytest.mark.parametrize(
    ("name", "own", "old"),
    [
        (
            "01-plain-angle-brackets.txt",
            [
                "Ana Ruiz <ana@client.example>.\n",
                "<https://client.example/x?year=2026>",
            ],
            "cold goods",
        ),
        (
            "02-outlook-long-head.html",
            ["Thursday at ten suits us. Please send the contract for 40 pallets."],
            "shall we talk?",
        ),
        ("03a-image-40k.html", ["the ramp is two metres wide, see", "Leo"], ""),
        ("04-preheader.html", ["Hello Maya,", "yes, call me on Thursday"], ""),
        ("05a-outlook-es.html", ["Sí, el jueves a las diez me va bien."], "cold goods"),
        ("05d-outlook-de.html", ["Donnerstag um zehn passt mir gut."], "cold goods"),
        (
            "06a-inline.html",
            ["answers below.", "No, we need 35.", "By Friday."],
            "30 pallets",
        ),
        ("06c-bottom-post.html", ["Thursday is fine, at ten."], "cold goods"),
        ("07-on-wrote.txt", ["Yes. On Friday our", "Please send the contract."], ""),
        ("10-gmail-reaction.html", ["👍", "Leo Park reacted"], "Thursday at ten?"),
    ],
)
def test_a_mail_that_failed_shows_its_words_and_folds_the_rest(name, own, old):
    content = parse_mail((CASES / name).read_text())

    assert all(words in content.own_text for words in own)
    assert all(" ".join(words.split()) in seen(content.display_html) for words in own)
    assert old in folded(content.display_html)
    assert (FOLD in content.display_html) == bool(old)
    assert not old or old not in content.own_text + seen(content.display_html)


def test_hidden_first_words_and_titles_are_neither_in_row_nor_page():
    content = parse_mail((CASES / "04-preheader.html").read_text())

    assert content.own_text == "Hello Maya,\n\nyes, call me on Thursday after ten."
    assert "A word from Bergmann" not in content.display_html
    assert "template 7" not in content.display_html


@pytest.mark.parametrize("size", [40_000, 600_000, 3_000_000])
def test_words_after_a_picture_are_read_however_large_it_is(size):
    picture = f'<img alt="Ramp" src="data:image/png;base64,{"A" * size}">'

    content = parse_mail(f"<p>Hi Maya,</p>{picture}<p>see above.</p>")

    assert content.own_text == "Hi Maya,\n\nsee above."
    assert "[image: Ramp]" in content.display_html
    assert (content.images, content.characters_cut) == (1, 0)


def test_a_mail_without_words_has_none():
    history = json.loads((CASES / "10-no-text.json").read_text())["history"]

    contents = [parse_mail(mail["email_body"]) for mail in history[1:]]

    assert [content.own_text for content in contents] == ["", ""]
    assert [preview_line(content) for content in contents] == ["", ""]


def test_texts_of_both_directions_begin_in_their_own():
    texts = json.loads((CASES / "08-rtl.json").read_text())

    for body in (texts["body_ar"], texts["body_he"]):
        html = parse_mail(body).display_html
        assert html.count("<p") == html.count('<p dir="auto">') > 0
