"""What is kept of a raw body."""

import pytest

from assignments.services.mail_content.raw_body import LONGEST_KEPT, kept_body

DATA = "iVBORw0KGgo+/9=" * 4_000


@pytest.mark.parametrize(
    "picture",
    [
        '<img src="data:image/png;base64,{}">',
        "<img src='DATA:image/svg+xml;charset=utf-8;base64,{}' alt='Logo'>",
        "<img src=data:image/jpeg;base64,{}>",
        '<p style="background:url(data:image/gif;base64,{})">',
        '<a href="data:application/pdf;base64,{}">offer</a>',
    ],
)
def test_the_data_of_a_picture_is_left_out_and_all_around_it_stays(picture):
    kept, cut = kept_body(f"<p>Before</p>{picture.format(DATA)}<p>After</p>")

    before, _, after = picture.partition("{}")
    assert kept == f"<p>Before</p>{before}{after}<p>After</p>"
    assert cut == 0


def test_data_in_lines_is_left_out_but_for_the_last_short_one():
    lines = "\r\n".join(["A" * 76] * 1_000)

    kept, _ = kept_body(f'<img src="data:image/png;base64,{lines}\r\nAA=="> Words')

    assert kept == '<img src="data:image/png;base64,\r\nAA=="> Words'


@pytest.mark.parametrize(
    "text",
    [
        "See data: image/png is what we use.",
        "Our data:image formats\nare many words long and none of them is lost",
        "metadata:image/png;base64,AAAA",
        "data:text/plain,hello",
    ],
)
def test_words_are_no_data(text):
    assert kept_body(text) == (text, 0)


def test_what_is_longer_than_is_kept_is_counted():
    kept, cut = kept_body("x" * (LONGEST_KEPT + 1_200))

    assert (len(kept), cut) == (LONGEST_KEPT, 1_200)


def test_twenty_pictures_cut_no_word():
    pictures = '<img src="data:image/png;base64,' + "A" * 500_000 + '">'

    kept, cut = kept_body(pictures * 20 + "<p>Thursday suits us.</p>")

    assert kept.endswith("<p>Thursday suits us.</p>")
    assert cut == 0
