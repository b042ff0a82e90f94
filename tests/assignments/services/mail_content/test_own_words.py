"""What counts as words of a mail, and how they are told from markup."""

import pytest

from assignments.services.mail_content.parse import parse_mail, preview_line
from tests.assignments.services.mail_content.pages import seen


@pytest.mark.parametrize(
    "text",
    [
        "Ana Ruiz <ana@client.example> and <https://client.example/?a=1&lang=2>",
        "List<String> and Map<K, V>\nand a <b and c> d",
        "Fish & chips, AT&T, &copy=1, 3 < 4 > 2",
        "Press <Enter>, then <Ctrl+B>",
        "Put a <br> between\nthe lines",
    ],
)
def test_plain_text_is_told_by_its_shape_and_stays_as_it_is(text):
    content = parse_mail(text)

    assert content.own_text == text
    assert seen(content.display_html) == " ".join(text.split())


@pytest.mark.parametrize(
    "body",
    [
        "One<br>two",
        "<p>One<p>two",
        "<div>One</div>\n<div>two</div>",
        "<b>One</b><br/>two",
    ],
)
def test_markup_is_told_by_its_tags(body):
    assert parse_mail(body).own_text.split() == ["One", "two"]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("Fish &amp; chips", "Fish & chips"),
        ("<p>Fish &amp; chips</p>", "Fish & chips"),
        ("<p>&amp;lt;b&amp;gt;</p>", "&lt;b&gt;"),
        ("&lt;img src=x&gt;", "<img src=x>"),
    ],
)
def test_entities_are_resolved_once_and_alike_in_row_and_page(body, text):
    content = parse_mail(body)

    assert content.own_text == text
    assert seen(content.display_html) == text


@pytest.mark.parametrize(
    "hidden",
    [
        '<div style="display: none">no</div>',
        '<div style="DISPLAY:NONE !important;">no</div>',
        '<div style="max-height:0px;overflow:hidden">no</div>',
        '<div style="height:0;overflow:hidden">no</div>',
        '<span style="font-size:0">no</span>',
        '<span style="opacity:0;">no</span>',
        '<span style="mso-hide:all">no</span>',
        '<span style="visibility:hidden">no</span>',
        '<span style="color:#fff;background-color:#ffffff">no</span>',
        '<span style="color:transparent">no</span>',
        '<div style="color:#ffffff;font-size:1px;line-height:1px">no</div>',
        "<div hidden>no</div>",
        '<div class="preheader">no</div>',
        "<title>no</title>",
        "<noscript>no</noscript>",
        "<textarea><b>no</b></textarea>",
        "<select><option>no<option>no</select>",
        "<object data=x>no</object>",
        "<style>no</style>",
        "<script>no</script>",
        "<template>no</template>",
        "<svg><text>no</text></svg>",
        "<iframe>no</iframe>",
        "<!-- no -->",
        "<!--[if mso]><p>no</p><![endif]-->",
        "<xml><o:p>no</o:p></xml>",
    ],
)
def test_what_no_mail_program_shows_is_no_word(hidden):
    content = parse_mail(f"<p>Yes.</p>{hidden}<p>Bye</p>")

    assert content.own_text == "Yes.\n\nBye"
    assert seen(content.display_html) == "Yes. Bye"


@pytest.mark.parametrize(
    "body",
    [
        '<td style="font-size:0"><div style="font-size:14px">Yes.</div></td>',
        '<td style="font-size:1px"><div style="font-size:14px">Yes.</div></td>',
        '<b style="color:transparent;-webkit-background-clip:text">Yes.</b><br>',
        '<p style="font-size:1em">Yes.</p>',
        "<![if !mso]><p>Yes.</p><![endif]>",
        "<!--[if !mso]><!--><p>Yes.</p><!--<![endif]-->",
        '<div style="display:none">Yes.',
        "<!-- <p>Yes.</p>",
        "<select><p>Yes.</p>",
        '<a style="color:#fff;background:#0a0">Yes.</a><br>',
        "<p>Yes.<x-unknown></x-unknown></p>",
        "<html><body></body></html><p>Yes.</p>",
    ],
)
def test_what_is_shown_or_never_closed_stays(body):
    assert "Yes." in parse_mail(body).own_text


def test_invisible_and_turning_characters_go_and_genuine_joiners_stay():
    content = parse_mail(
        "<p>offer\u202efdp\u2066 a\u200bb\u00adc\u200c \ufeff می\u200cخواهم 👩\u200d👧</p>"
    )

    assert content.own_text == "offerfdp abc می\u200cخواهم 👩\u200d👧"
    assert not set("\u202e\u2066\u200b\u00ad\ufeff") & set(content.display_html)


@pytest.mark.parametrize(
    ("own", "row"),
    [
        ("Yes.\n\nSent from my iPhone", "Yes."),
        ("Ja.\n\nVon meinem iPhone gesendet", "Ja."),
        ("Oui.\nEnvoyé de mon iPhone", "Oui."),
        ("はい。\niPhoneから送信", "はい。"),
        ("Yes.\nGet Outlook for iOS", "Yes."),
        ("I have sent the contract from my office.", None),
        ("Sent from my iPhone", ""),
    ],
)
def test_a_row_leaves_out_what_telephones_add(own, row):
    assert preview_line(parse_mail(own)) == (own if row is None else row)


def test_a_cut_is_said():
    content = parse_mail("<p>" + "word " * 100_000 + "</p><p>End</p>")

    assert content.own_text.startswith("word word")
    assert content.characters_cut > 300_000


@pytest.mark.parametrize("tag", ["script", "style", "title", "textarea"])
def test_what_an_open_end_swallows_is_said(tag):
    content = parse_mail(f"<p>Hi</p><{tag}>all the rest")

    assert content.own_text == "Hi"
    assert content.characters_cut == len("all the rest")
