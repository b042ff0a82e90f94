import time

import pytest

from assignments.services.mail_content.parse import parse_mail

FOLD = "<summary>Quoted text</summary>"
HEAD = "<b>From:</b> Ana<br><b>Sent:</b> Monday<br><b>To:</b> Ben<br><b>Subject:</b> Hi"


def parts(text: str) -> tuple[str, str]:
    """What is shown and what is folded away."""
    shown, _, folded = str(parse_mail(text).display_html).partition("<details>")
    return shown, folded


@pytest.mark.parametrize(
    "mail",
    [
        f"<p>Yes.</p><p>{HEAD}</p><p>Old words</p>",
        f'<div class="WordSection1"><p>Yes.</p><div><div style="border-top:solid"><p>{HEAD}'
        "</p></div></div><p>Old words</p></div>",
        f'<div>Yes.</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg">{HEAD}'
        "</div><div>Old words</div>",
        f"<div>Yes.<br><br>{HEAD}<br>Old words</div>",
        f"<div>Yes.<br>{HEAD.replace('<b>', '').replace('</b>', '')}<br>Old words</div>",
        "<p>Yes.</p><p><strong>Von:</strong> Ana<br><strong>Gesendet:</strong> Montag<br>"
        "<strong>An:</strong> Ben</p><p>Old words</p>",
        "<p>Yes.</p><p><b>De&nbsp;:</b> Ana<br><b>Envoyé&nbsp;:</b> lundi<br>"
        "<b>À&nbsp;:</b> Ben</p><p>Old words</p>",
        f"<p>Yes.</p><p>{HEAD}</p><blockquote>Old words</blockquote>",
        "Yes.\n\nFrom: Ana\nSent: Monday\nTo: Ben\nSubject: Hi\n\nOld words",
        "Yes.\r\n\r\n-----Original Message-----\r\nFrom: Ana\r\nOld words",
        "Yes.\n\nOn Monday, Ana wrote:\n> Old words",
    ],
)
def test_the_old_mail_below_an_answer_is_folded(mail):
    shown, folded = parts(mail)

    assert "Yes." in shown
    assert "Old words" in folded
    assert "Ana" not in shown
    assert str(parse_mail(mail).display_html).count(FOLD) == 1


@pytest.mark.parametrize(
    "mail",
    [
        "<p>From: Monday on we are open.</p><p>To: nobody.</p>",
        f"<div><p>{HEAD}</p><p>A mail passed on, with nothing above it</p></div>",
        "From: Ana\nSent: Monday\nTo: Ben\n\nPassed on",
    ],
)
def test_what_is_no_old_mail_below_an_answer_stays(mail):
    assert FOLD not in parse_mail(mail).display_html


def test_what_comes_after_the_old_mails_element_is_shown():
    html = str(
        parse_mail(f"<div><p>Yes.</p><div>{HEAD}</div></div><p>After</p>").display_html
    )

    assert html.endswith("</blockquote></details></div><p>After</p>")


def test_an_old_mail_within_a_quotation_is_folded_with_it():
    html = str(
        parse_mail(f"Yes<blockquote>x<p>{HEAD}</p></blockquote><p>Bye</p>").display_html
    )

    assert html.count(FOLD) == 1
    assert html.endswith("<p>Bye</p>")


def test_a_mail_made_to_keep_us_busy_is_shown_soon():
    begun = time.process_time()

    parse_mail("<p>x</p>" + "<p>From: " * 60_000)
    parse_mail("\nFrom:" * 80_000)

    assert time.process_time() - begun < 5
