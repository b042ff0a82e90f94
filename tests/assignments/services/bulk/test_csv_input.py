"""Tables as spreadsheets write them are read as they were meant, or refused in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assignments.services.bulk.csv_input import (
    MOST_ROWS,
    UnreadableTable,
    decode_table,
    read_rows,
)

TABLE = "Value;Member\r\nZürich;ana\r\nKöln ¾ Süd;ben\r\n"


def is_member(cells) -> bool:
    return len(cells) == 2 and cells[1] in {"ana", "ben"}


def rows_of(text: str) -> list[tuple[int, ...]]:
    return [(row.line, *row.cells) for row in read_rows(text, fits=is_member)]


def refusal_of(act, *said, **more) -> str:
    with pytest.raises(UnreadableTable) as refused:
        act(*said, **more)
    return str(refused.value)


class TestDecoding:
    @pytest.mark.parametrize(
        "encoding",
        ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"],
    )
    def test_knows_the_encodings_of_spreadsheets(self, encoding):
        assert decode_table(TABLE.encode(encoding)) == TABLE

    def test_knows_utf_16_by_its_mark_in_either_order(self):
        assert decode_table(b"\xfe\xff" + TABLE.encode("utf-16-be")) == TABLE

    @pytest.mark.parametrize(
        ("data", "sentence"),
        [
            (b"PK\x03\x04...", "The file is a workbook."),
            (b"\xd0\xcf\x11\xe0\xa1\xb1", "The file is a workbook."),
            (b"%PDF-1.7\n\x01\x02", "The file is no table as text."),
            (b"\xff\xfea", "The file is no table as text."),
            (b"de,ana\x81", "The file is no table as text."),
            (b"x" * 2_000_001, "The file is larger than 2 MB."),
        ],
        ids=["xlsx", "xls", "pdf", "half a character", "no character", "too large"],
    )
    def test_says_what_is_no_such_file(self, data, sentence):
        assert refusal_of(decode_table, data).startswith(sentence)

    def test_names_the_line_of_a_damaged_character_instead_of_guessing_anew(self):
        data = TABLE.encode().replace("¾".encode(), b"\xe2\x80")

        assert refusal_of(decode_table, data).startswith(
            "Line 3 has a character that is damaged."
        )


class TestRows:
    @pytest.mark.parametrize(
        ("text", "rows"),
        [
            ('"Meyer; Sons",ana\nx,ben', [(1, "Meyer; Sons", "ana"), (2, "x", "ben")]),
            ("Meyer; Sons,ana\na; b,ben", [(1, "Meyer; Sons", "ana"), (2, "a; b", "ben")]),
            ("Bern, CH;ana\nUlm;ben", [(1, "Bern, CH", "ana"), (2, "Ulm", "ben")]),
            ('"a\tb","ana"', [(1, "a b", "ana")]),
            ("Bern, CH;zoe\nUlm, DE;zoe", [(1, "Bern, CH", "zoe"), (2, "Ulm, DE", "zoe")]),
            ("de\tana", [(1, "de", "ana")]),
            ("de|ana", [(1, "de", "ana")]),
            ('"say ""hi""";"ana"', [(1, 'say "hi"', "ana")]),
            ('5" pipe,ana', [(1, '5" pipe', "ana")]),
            ('"two\nlines",ana\nde,ben', [(1, "two lines", "ana"), (3, "de", "ben")]),
            ("\ufeffde,ana", [(1, "de", "ana")]),
            ("de\u00a0 , ana ", [(1, "de", "ana")]),
        ],
    )  # fmt: skip
    def test_are_split_by_the_separator_that_makes_sense(self, text, rows):
        assert rows_of(text) == rows

    @pytest.mark.parametrize(
        ("first", "rest"),
        [("sep=;", "a,b;ana"), ("SEP=,", "a,ana"), ('"sep=;"', "a;ana"),
         ("sep=\t", "a\tana"), ("\ufeffsep=;;", "a;ana"), ("sep=^", "a^ana")],
    )  # fmt: skip
    def test_are_split_by_what_a_first_line_names(self, first, rest):
        assert [row[0] for row in rows_of(f"{first}\r\n{rest}")] == [2]
        assert [row[-1] for row in rows_of(f"{first}\r\n{rest}")] == ["ana"]

    @pytest.mark.parametrize(
        "text",
        ["a;ana;\n;;\nb;ben;\n", "a;ana;;;\nb;ben", ";a;ana\n;b;ben", "a;;ana\nb;;ben"],
    )
    def test_lose_the_columns_that_are_empty(self, text):
        assert [row[1:] for row in rows_of(text)] == [("a", "ana"), ("b", "ben")]

    def test_keep_a_cell_that_is_empty_in_one_row_only(self):
        assert [row[1:] for row in rows_of(",ana\nb,ben")] == [
            ("", "ana"),
            ("b", "ben"),
        ]

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_are_counted_as_an_editor_counts_lines(self, end):
        text = end.join(["", "de,ana", "", '"a', 'b",ben', ",,", "fr,ana"])

        assert [row[0] for row in rows_of(text)] == [2, 4, 7]

    @pytest.mark.parametrize(
        ("text", "sentence"),
        [
            ('it,ana\nde,"ana\nfr,ana', "Line 2: the quote that opens there is never"),
            ('sep=;\nde;"ana', "Line 2: the quote that opens there is never"),
            ("de,ana\n" + "x" * 200_000 + ",ana", "Line 2: a cell is too long."),
            (
                "de,ana\n" * (MOST_ROWS + 1),
                "There are too many rows: 20,000 is the most",
            ),
            ("x" * 2_000_001, "The text is longer than"),
        ],
        ids=[
            "open quote",
            "open quote after sep",
            "long cell",
            "many rows",
            "long text",
        ],
    )
    def test_that_cannot_be_read_are_refused_with_their_line(self, text, sentence):
        assert refusal_of(rows_of, text).startswith(sentence)

    def test_of_very_different_lengths_cost_no_more_than_their_cells(self):
        text = "," * 300_000 + "x\n" + "de,ana\n" * 15_000

        assert len(rows_of(text)) == 15_001

    @given(st.text(alphabet='ab,;\t|"\n\r= \x00\ufeff', max_size=60))
    def test_are_read_or_refused_whatever_is_typed(self, text):
        try:
            rows = read_rows(text, fits=is_member)
        except UnreadableTable:
            return
        assert all(any(row.cells) for row in rows)
