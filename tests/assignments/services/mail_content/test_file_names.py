"""Names of attached files, wherever they are shown."""

import pytest

from assignments.services.mail_content.file_names import (
    LONGEST_SHORT_NAME,
    NAMELESS,
    attachment_names,
    short_file_name,
)


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("deck.pdf", "deck.pdf"),
        ("offer_\u202efdp.exe", "offer_fdp.exe"),
        ("\u2066a\u2069\u200f.pdf", "a.pdf"),
        ("a\r\nb\t c.pdf", "a b c.pdf"),
        ("حساب.pdf", "حساب.pdf"),
        ("\u202e", NAMELESS),
        ("", NAMELESS),
        (None, NAMELESS),
        (7, "7"),
    ],
)
@pytest.mark.parametrize("field", ["file_name", "name", "filename"])
def test_characters_that_turn_or_break_a_name_are_gone(field, said, name):
    assert attachment_names([{field: said}]) == [name]


@pytest.mark.parametrize("said", [None, "a.pdf", 7, {"name": "a.pdf"}, [None], [7]])
def test_what_is_no_list_of_files_has_no_names(said):
    assert attachment_names(said) == []


def test_a_file_may_be_its_name_alone():
    assert attachment_names(["a.pdf", {}]) == ["a.pdf", NAMELESS]


def test_a_long_name_is_shortened_in_its_middle():
    short = short_file_name("a" * 300 + ".final.pdf")

    assert len(short) <= LONGEST_SHORT_NAME
    assert short.endswith("a.final.pdf")
    assert short_file_name("a.pdf") == "a.pdf"
