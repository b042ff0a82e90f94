"""Mails made to keep us busy: the work grows with their length, and no faster."""

import re
import time

import pytest

from assignments.services.mail_content import markup
from assignments.services.mail_content.parse import parse_mail

REPEATED = [
    "<b>", "<div>", "<table>", "<table><tr><td>", "<table>x<p>", "<ul><li>", "<li>x",
    "<blockquote>", "<a><div></a>", "<b><p>", "<p></b>", "<font color=1><p>", "</div>",
    "<select><option>", "<svg><g>", "<template>", "<frameset>", "<title>", "<script>",
    "<script></script", "<!--", "<!-", "<![CDATA[", "<?", "</", "<", "<x", "<a ", '<a x="',
    "<a b='\"", "<p style='color:red;", "<p title=&quot;", "<p>&amp;", "<p>&", "&gt;", "%",
    "&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "\n", "\r", " ", "x\n", "x\u200d\u200d",
    "> x\n", ">", "From: x\n", "From: ", "<p>From: ", "To: a@b.cc\nCc: d\n", "_", "_\n",
    "-- x --\n", "On 4 May 2026 10:12 Ana <a@b.cc> wrote:\n", "wrote ", "a@", "10:12 ",
    "On Monday wrote:\n", "<p>x</p><blockquote>y</blockquote>", "<br>", "<hr>x", "<img>",
    "<div class=gmail_quote>x</div>y", "<p>a@b.cc 10:12:</p>", "<pre>x\n", "A: b\n",
]  # fmt: skip

CLOSING = '=">"'  # a tag that begins within the pieces may end here


def seconds(body: str) -> float:
    """Return the processor time that reading `body` takes: the lower of two."""
    times = []
    for _ in range(2):
        begun = time.thread_time()
        parse_mail(body)
        times.append(time.thread_time() - begun)
    return min(times)


@pytest.mark.parametrize("piece", REPEATED)
def test_the_work_grows_with_the_length_alone(piece):
    small, large = 3_000, 24_000  # below where a mail is cut

    few = seconds("<p>x</p>" + piece * (small // len(piece)) + CLOSING)
    many = seconds("<p>x</p>" + piece * (large // len(piece)) + CLOSING)

    # Eight times the length: quadratic work would take 64 times as long.
    assert many < 28 * max(few, 0.002)


@pytest.mark.parametrize("piece", ["<div>", "<div><b>", "<table><tr><td>"])
def test_a_million_nested_elements_end_flat(piece):
    content = parse_mail(piece * (1_000_000 // len(piece)) + "x")

    assert content.characters_cut == 1
    # The sanitiser adds the sections that tables leave out.
    assert deepest(parse_mail(piece * 5_000 + "x").display_html) < 1.5 * markup.DEEPEST


@pytest.mark.parametrize("depth", [50, 150, 1_000])
def test_no_word_is_lost_in_the_depth(depth):
    content = parse_mail(f"<p>a</p>{'<div>' * depth}deep{'</div>' * depth}<p>after</p>")

    assert content.own_text.split() == ["a", "deep", "after"]
    assert content.characters_cut == 0


def test_quotations_by_turns_do_not_open_all_around_them_each_time():
    body = "<div>" * 90 + "<b>x</b><blockquote>y</blockquote>" * 5_000

    assert len(parse_mail(body).display_html) < 2_000_000


def test_many_attributes_are_not_all_read():
    attributes = " ".join(f"a{number}=1" for number in range(50_000))

    assert parse_mail(f"<p {attributes}>x</p>").own_text == "x"


def deepest(html: str) -> int:
    depth = most = 0
    for tag in re.finditer(r"<(/?)(\w+)", html):
        if tag[2] not in {"br", "hr"}:
            depth += -1 if tag[1] else 1
        most = max(most, depth)
    return most
