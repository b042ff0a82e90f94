"""No spreadsheet finds a formula in our CSV, whatever it takes for the separator."""

import csv
import re
from decimal import Decimal
from io import StringIO

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from dashboard.csv_writer import BREAKS, PASSED_OVER, SIGNS, harmless, line_of

BEGINNINGS = tuple("=+-@\t\r\uff1d\uff0b\uff0d\uff20")
SEPARATORS = ",;\t"
# What a spreadsheet, or a tool before it, may strip from the front of a cell.
STRIPPED = ' \n"\u00a0\u3000\ufeff\u200b\u2060\u00ad\u2028\x00\x0b\x1f'

hostile = st.text(
    st.one_of(
        st.sampled_from("=+-@,;\t\r\n\"' \uff1d\uff20a1" + STRIPPED),
        st.characters(exclude_categories=("Cs",)),
    ),
    max_size=25,
)


def cells_of(line: str, separator: str) -> list[str]:
    """The cells that a reader may see, with and without knowing of quotes."""
    quoted = csv.reader(StringIO(line, newline=""), delimiter=separator)
    spaced = csv.reader(
        StringIO(line, newline=""), delimiter=separator, skipinitialspace=True
    )
    read = [cell for reader in (quoted, spaced) for row in reader for cell in row]
    # The line's own end is no cell.
    bare = re.split(
        r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]", line.removesuffix("\n")
    )
    return read + [cell for part in bare for cell in part.split(separator)]


def begins_a_formula(cell: str) -> bool:
    return cell.startswith(BEGINNINGS) or cell.lstrip(STRIPPED).startswith(BEGINNINGS)


class TestText:
    @given(st.lists(hostile, min_size=1, max_size=4))
    @example(["Muster;=1+1;", "x\t=1+1", "Tab;@SUM(1)"])
    @example(["'=1+1;=1+2", 'a";=1+1;"b', "\uff1d1+1", "\u00a0=1+1"])
    @example(['a;"', "=1", ";\n=1", '""=1', "\ufeff\u200b=1", "a\n\n \t-1"])
    def test_begins_no_formula_whichever_separator_splits_the_line(self, texts):
        line = line_of(texts)

        for separator in SEPARATORS:
            assert not [c for c in cells_of(line, separator) if begins_a_formula(c)]

    @given(hostile)
    def test_is_what_it_was_once_each_parts_apostrophe_is_taken_away(self, text):
        marked = re.compile(rf"(^|[{BREAKS}])'(?=[{PASSED_OVER}]*[{SIGNS}])")

        assert marked.sub(r"\1", harmless(text)) == text

    @pytest.mark.parametrize(
        ("text", "cell"),
        [
            ("=1+1", "'=1+1"),
            ("  =1", "'  =1"),
            ("'=1", "''=1"),
            ("\t=1", "'\t'=1"),
            ("Muster;=1+1;", "Muster;'=1+1;"),
            ("Meyer, +49 30", "Meyer,' +49 30"),
            ("one\n- two", "one\n'- two"),
            ("\ufe62\u207a1", "'\ufe62\u207a1"),
        ],
    )
    def test_gets_an_apostrophe_where_a_formula_would_begin(self, text, cell):
        assert harmless(text) == cell

    @pytest.mark.parametrize(
        "text",
        ["Lena", "a=b", "2026-05-11", "", "Anne-Marie", "'n Beetje", "O'Neil; Sons",
         "lena@example.com", "1 - 2", "Zürich, Bern", "line\nbreak"],
    )  # fmt: skip
    def test_that_begins_none_stays_as_it_is(self, text):
        assert harmless(text) == text

    def test_is_looked_through_once_however_hostile(self):
        text = (";" + " " * 50 + '"') * 20_000

        assert harmless(text) == text


class TestNumbers:
    @pytest.mark.parametrize("number", [-5, -0.25, Decimal("-1.50"), 0])
    def test_of_our_own_stay_numbers(self, number):
        assert line_of([number]) == f"{number}\n"

    def test_that_are_text_from_outside_do_not(self):
        assert line_of(["-5"]) == "'-5\n"
