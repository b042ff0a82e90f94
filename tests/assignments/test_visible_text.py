"""What of a stranger's text is shown, compared and sent."""

# ruff: noqa: RUF001  letters of other scripts that look like ours

import random
import unicodedata

import pytest
from django.template import Context, Template

from assignments.visible_text import (
    TURNING,
    folded,
    isolated,
    visible,
    with_paired_isolates,
    without_turning,
)

ENGLAND = "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f"
FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"


class TestVisible:
    @pytest.mark.parametrize(
        "text",
        [
            "\u200b\u2060",
            "\u00ad",
            "\u3164",
            "\u115f\u1160",
            "\uffa0",
            "\u2800\ufeff",
            "\u00a0\u2003\u3000",
            "\u200c\u200d",
            "\ufe0f",
            "\U000e0100",
            "\U000e0041\U000e0042",
            "\u0301\u0327",
            "\u20dd",
            "\u0903",
            "\x00\x07\x1b\x7f\x85",
            "\u2028\u2029",
            "\u180e",
            "\u17b4",
            "\u2061\u2064",
            "\ufffc",
            "\ufff9\ufffa\ufffb",
            "\U0001d159",
            "\U0001d173",
            "\u034f",
            TURNING,
            "\u200b \u3164 \u0301",
            "",
        ],
    )
    def test_nothing_is_left_of_what_cannot_be_seen(self, text):
        assert visible(text) == ""

    @pytest.mark.parametrize(
        "name",
        [
            "Ana Sousa",
            "می\u200cخواهم",
            "क्\u200dष",
            FAMILY,
            "\u2764\ufe0f",
            ENGLAND,
            f"{ENGLAND} Tom",
            "葛\U000e0100城",
            "ᠠ\u180b",
            "Ana\u0301",
            "?",
            "김",
            "\u05e9\u05e8\u05d4",
        ],
    )
    def test_names_with_visible_letters_stay_as_they_are(self, name):
        assert visible(name) == name

    @pytest.mark.parametrize(
        ("text", "left"),
        [
            ("Evil\u202e", "Evil"),
            ("A\u200bn\u2060a\u00ad", "Ana"),
            ("\u200dAna\u200c", "Ana"),
            ("Ana \u200d Sousa", "Ana Sousa"),
            ("Ana\u3164Sousa", "Ana Sousa"),
            ("\u0301Ana", "Ana"),
            ("\ufe0fAna", "Ana"),
            ("Ana\r\n\tSousa", "Ana Sousa"),
            ("  Ana   Sousa ", "Ana Sousa"),
            ("Ana\U000e0041", "Ana"),
            ("a\u200d\u200d\u200db", "a\u200db"),
        ],
    )
    def test_what_cannot_be_seen_is_taken_out_of_a_name(self, text, left):
        assert visible(text) == left

    def test_a_text_without_end_is_cut(self):
        assert len(visible("x" * 1_000_000)) == len(visible("\u05d0" * 1_000_000))

    def test_a_visible_name_is_its_own_visible_name(self):
        signs = "aé\u200d\u200c\u0301 \ufe0f\u05d0\u202e\u200b\U0001f3f4\U000e0067\x00"
        draw = random.Random(7)

        for _ in range(2_000):
            once = visible("".join(draw.choices(signs, k=8)))
            assert visible(once) == once


class TestTurning:
    @pytest.mark.parametrize("sign", TURNING)
    def test_none_of_them_leaves_handoff(self, sign):
        assert without_turning(f"a{sign}b\nc") == "ab\nc"

    def test_a_sentence_keeps_isolates_that_are_closed(self):
        said = (
            "\u2068\u05d0\u2069 gave \u202e\u2067it\u2069 \u2068to \u2068\u05d1\u2069"
        )

        assert (
            with_paired_isolates(said)
            == "\u2068\u05d0\u2069 gave it to \u2068\u05d1\u2069"
        )

    @pytest.mark.parametrize("name", ["Ana", "Zoë", "김"])
    def test_a_name_from_left_to_right_needs_no_isolate(self, name):
        assert f"{isolated(name)}" == name

    @pytest.mark.parametrize("name", ["\u05e9\u05e8\u05d4", "عمر", "Ana \u05e9"])
    def test_a_name_from_right_to_left_is_isolated_in_a_sentence(self, name):
        marked = isolated(name)

        assert f"{marked} → Ana" == f"\u2068{name}\u2069 → Ana"
        assert marked == str(marked) == name

    def test_and_in_a_template_where_it_is_escaped_like_others(self):
        marked = isolated("<b>\u05e9\u202e")
        template = Template("{{ name }} → {{ name|default:'x' }}, {{ both|join:' ' }}")

        shown = template.render(Context({"name": marked, "both": [marked, "<i>"]}))

        name = "\u2068&lt;b&gt;\u05e9\u2069"
        assert shown == f"{name} → {name}, {name} &lt;i&gt;"


class TestFolded:
    @pytest.mark.parametrize(
        "spellings",
        [
            ["Zürich", "Zu\u0308rich", "ZÜRICH", "zu\u0308RICH"],
            ["İstanbul", "istanbul", "ISTANBUL", "ıstanbul", "I\u0307stanbul"],
            ["Diyarbakır", "DİYARBAKIR", "DIYARBAKIR", "diyarbakir"],
            ["Straße", "STRASSE", "STRAẞE", "strasse"],
            ["ΟΔΟΣ", "οδος", "οδοσ"],
            ["Ａｃｍｅ", "acme", "ACME"],
            ["ﬁrma", "FIRMA"],
            ["ｶﾞ", "ガ", "カ\u3099"],
            ["한국", unicodedata.normalize("NFD", "한국")],
            ["Coöpera\u00adtie", "COO\u0308PERATIE\u200b"],
            ["می\u200cخواهم", "میخواهم"],
            ["Å", "A\u030a", "\u212b", "å"],
            ["münchen.example", "xn--mnchen-3ya.example", "XN--MNCHEN-3YA.EXAMPLE"],
            ["Zoë@mu\u0308nchen.example", "zoë@xn--mnchen-3ya.example"],
            ["пример.рф", "xn--e1afmkfd.xn--p1ai"],
            ["straße.example", "xn--strae-oqa.example"],
        ],
    )
    def test_spellings_of_one_word_are_equal(self, spellings):
        assert len({folded(spelling) for spelling in spellings}) == 1

    @pytest.mark.parametrize(
        "label",
        [
            "xn--",
            "xn--abc-",
            "xn--999999b",
            "xn--a",
            "xn---",
            "xn--" + "a" * 63,
            "xn--0000000000",
            "xn--ls8h0",
            "xn--\ud800",
        ],
    )
    def test_a_label_that_is_none_is_left_as_it_is(self, label):
        assert folded(f"{label}.example") == f"{label}.example"

    def test_words_that_differ_stay_different(self):
        words = ["Zurich", "Zürich", "Köln", "Koln", "Ana", "Anna", "münchen.example"]

        assert len({folded(word) for word in words}) == len(words)

    def test_what_is_folded_stays_as_it_is(self):
        signs = "aÉIİıi\u0307\u0301\u0323ßςΣﬁＡ\u200d\u00ad\u05d0ǰŉ xn-\u1e9e"
        draw = random.Random(7)

        for _ in range(3_000):
            once = folded("".join(draw.choices(signs, k=9)))
            assert folded(once) == once

    def test_a_long_run_of_marks_is_folded_in_pieces(self):
        marks = "a" + "\u0301\u0327" * 200_000

        assert folded(marks).count("\u0327") == 200_000
