"""Where the writer's words end and an old mail begins."""

import pytest

from assignments.services.mail_content.parse import parse_mail, preview_line
from tests.assignments.services.mail_content.pages import FOLD, folded, seen

HEAD = "<b>From:</b> Ana<br><b>Sent:</b> Monday<br><b>To:</b> Ben<br><b>Subject:</b> Hi"
WHO = "Maya Ito <maya@our-firm.example>"


@pytest.mark.parametrize(
    "mail",
    [
        f"<p>Yes.</p><p>{HEAD}</p><p>Old words</p>",
        f'<div class="WordSection1"><p>Yes.</p><div><div style="border-top:solid"><p>{HEAD}'
        "</p></div></div><p>Old words</p></div>",
        f'<div>Yes.</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg">{HEAD}'
        "</div><div>Old words</div>",
        "<div>Yes.</div><hr><div id='x_divRplyFwdMsg'>ຈາກ: Ana</div><div>Old words</div>",
        f"<div>Yes.<br><br>{HEAD}<br>Old words</div>",
        f"<div>Yes.<br>{HEAD.replace('<b>', '').replace('</b>', '')}<br>Old words</div>",
        f"<p>Yes.</p><p>{HEAD.replace('<br>', ' ')}</p><p>Old words</p>",
        "<p>Yes.</p><p><strong>Von:</strong> Ana<br><strong>Gesendet:</strong> Montag<br>"
        "<strong>An:</strong> Ben</p><p>Old words</p>",
        "<p>Yes.</p><p><b>De&nbsp;:</b> Ana<br><b>Envoyé&nbsp;:</b> lundi<br>"
        "<b>À&nbsp;:</b> Ben</p><p>Old words</p>",
        "<p>Yes.</p><table><tr><th>From:</th><td>Ana &lt;a@x.example&gt;</td></tr><tr><th>"
        "To:</th><td>Ben</td></tr><tr><th>Date:</th><td>Monday</td></tr></table>Old words",
        f"<p>Yes.</p><p>{HEAD}</p><blockquote>Old words</blockquote>",
        "<p>Yes.</p><div style='border-top:solid #E1E1E1 1pt'><p><b>Lähde:</b> Ana<br><b>"
        "Aeg:</b> 4 May 2026 10:12<br><b>Kes:</b> Ben</p></div><p>Old words</p>",
        "<p>Yes.</p><div class='yahoo_quoted'>Old words</div>",
        "<p>Yes.</p><div class='x_gmail_quote'>Old words</div>",
        "Yes.\n\nFrom: Ana\nSent: Monday\nTo: Ben\nSubject: Hi\n\nOld words",
        "Yes.\n\n*From:* Ana <a@x.example>\n*Date:* Monday\n*To:* Ben\n\nOld words",
        "Yes.\r\n\r\n-----Original Message-----\r\nFrom: Ana\r\nOld words",
        "Yes.\n\nOn Monday, Ana wrote:\n> Old words",
        f"Yes.\n\n---- On Mon, 04 May 2026 10:12:00 +0200 {WHO} wrote ----\n\nOld words",
        f"Yes.\n\nOn Mon, 4 May 2026 at 10:12, {WHO}\nwrote:\n> Old words",
        f"Yes.\n\nOn Mon, 4 May 2026 at 10:12,\n{WHO} wrote:\n> Old words",
        f"Yes.\n\nLe lun. 4 mai 2026 à 10:12, {WHO} a\nécrit :\n\n> Old words",
        f"Yes.\n\n{WHO} schrieb am Mo., 4. Mai 2026, 10:12:\n\n> Old words",
        f"Yes.\n\n‐‐‐ Original Message ‐‐‐\nOn 4 May 2026, {WHO} wrote:\n\n> Old words",
        f"Yes.\n\nПонедельник, 4 мая 2026, 10:12 +03:00 от {WHO}:\n\nOld words",
        "Yes.\n\n> Message du 04/05/26 10:12\n> De : Maya\n> A : Leo\n>\n> Old words",
        f"Yes.\n\npon, 4. svi 2026. u 10:12 {WHO} napisao je:\n\nOld words",
        f"Yes.\n\nпон, 4. мај 2026. у 10:12 {WHO} је написао/ла:\n\nOld words",
        f"Yes.\n\nसोम, 4 मई 2026 को 10:12 am बजे को {WHO} ने लिखा:\n\nOld words",
        f"Yes.\n\nในวันที่ จ. 4 พ.ค. 2026 เวลา 10:12 {WHO} เขียนว่า:\n\nOld words",
        f"Yes.\n\n4 мая 2026 г., в 10:12, {WHO} написал(а):\n\nOld words",
        f"Yes.\n\nMissatge de {WHO} del dia dl., 4 de maig 2026 a les 10:12:\n> Old words",
        f"Yes.\n\nOp 4-5-2026 om 10:12 heeft {WHO}\nhet volgende geschreven:\n> Old words",
    ],
)
def test_the_old_mail_below_an_answer_is_folded(mail):
    content = parse_mail(mail)

    assert content.own_text == seen(content.display_html) == "Yes."
    assert "Old words" in folded(content.display_html)
    assert content.display_html.count(FOLD) == 1


@pytest.mark.parametrize(
    ("sentence", "head"),
    [
        ("On Thursday we can.", "On Mon, 4 May 2026 at 10:12, {} wrote:"),
        ("Le jeudi nous pouvons.", "Le lun. 4 mai 2026 à 10:12, {} a écrit :"),
        ("El jueves podemos.", "El lun, 4 may 2026 a las 10:12, {} escribió:"),
        (
            "Il giovedì possiamo.",
            "Il giorno lun 4 mag 2026 alle ore 10:12 {} ha scritto:",
        ),
        ("Em quinta podemos.", "Em seg., 4 de mai. de 2026 às 10:12, {} escreveu:"),
        ("Op donderdag kunnen we.", "Op ma 4 mei 2026 om 10:12 schreef {}:"),
        ("Am Donnerstag geht es.", "Am Mo., 4. Mai 2026 um 10:12 Uhr schrieb {}:"),
    ],
)
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_a_sentence_that_begins_like_a_head_is_the_writers(sentence, head, gap):
    own = f"Hello Maya,{gap}{sentence}"

    content = parse_mail(f"{own}{gap}{head.format(WHO)}\n> Old words")

    assert content.own_text == own


@pytest.mark.parametrize(
    "mail",
    [
        "<p>From: Monday on we are open.</p><p>To: nobody.</p>",
        "Two things.\nFrom: Rotterdam\nTo: Hamburg\nDate: 12 May\nPallets: 40",
        "Two things.\nFrom: Rotterdam\nTo: Hamburg\nDate: 12 May\nSubject: 40 pallets",
        "Trajet :\nDe : Lyon\nÀ : Paris\nDate : mardi\nObjet : deux palettes",
        "Sent: by rail\nFrom: our store\nTo: you\n\nAll good?",
        "On 12 May 2026 our lawyers wrote to us and ask for the following:\n- a price",
        "Yes. On Friday our director wrote to the board: 40,000 EUR.",
        "As I wrote on 4 May 2026 at 10:12: we need 35.",
        "<p>We can.</p><blockquote style='margin:0 0 0 40px;border:none;padding:0px'>"
        "On Monday.</blockquote>",
        "---- Option A ----\n40 pallets\n---- Option B ----\n35 pallets",
        "Regards\n________________________\nLeo Park\nTel: +31 20 1234567\nWeb: x.example",
    ],
)
def test_words_of_ones_own_are_not_folded(mail):
    assert FOLD not in parse_mail(mail).display_html


@pytest.mark.parametrize(
    "mail",
    [
        "> First?\nNo, 35.\n> Second?\nBy Friday.",
        "<blockquote>First?</blockquote><p>No, 35.</p><blockquote>Second?</blockquote>"
        "By Friday.",
        "<div class='gmail_quote'><div class='gmail_attr'>On Monday Ana wrote:</div>"
        "<blockquote class='gmail_quote'>First?</blockquote><div>No, 35.</div>"
        "<blockquote class='gmail_quote'>Second?</blockquote><div>By Friday.</div></div>",
    ],
)
def test_answers_between_and_below_quotations_are_own(mail):
    content = parse_mail(mail)

    assert content.own_text.split("\n") == ["No, 35.", "By Friday."]
    assert seen(content.display_html) == "No, 35. By Friday."
    assert content.display_html.count(FOLD) == 2


LONG = "> Would it suit you if our engineer came by on Thursday at ten, or is it"


@pytest.mark.parametrize(
    ("mail", "own"),
    [
        (f"Yes.\n\n{LONG}\nbetter later?\n> Maya", "Yes."),
        (f"{LONG}\n> better?\nLater.\n> Maya", "Later."),
        (f"{LONG} Friday?\nno\n> Maya", "no"),
        (f"{LONG}\n\nno\n> Maya", "no"),
        ("> At ten\nno\n> Maya", "no"),
    ],
)
def test_the_rest_of_a_wrapped_quotation_is_told_from_an_answer(mail, own):
    assert parse_mail(mail).own_text == own


def test_what_comes_after_the_old_mails_element_is_own():
    content = parse_mail(
        f"<div><p>Yes.</p><div>{HEAD}</div><p>Old words</p></div><p>After</p>"
    )

    assert content.own_text == "Yes.\nAfter"


def test_an_old_mail_reaches_past_an_element_that_ends_with_its_head():
    content = parse_mail(f"<div><p>Yes.</p><div>{HEAD}</div></div><p>Old words</p>")

    assert content.own_text == "Yes."


def test_an_old_mail_within_a_quotation_is_folded_with_it():
    content = parse_mail(f"Yes<blockquote>x<p>{HEAD}</p></blockquote><p>Bye</p>")

    assert content.display_html.count(FOLD) == 1
    assert seen(content.display_html) == "Yes Bye"


class TestForwarded:
    MAIL = (
        "---------- Forwarded message ---------\nFrom: Jan Smit <jan@client.example>\n"
        "Date: Mon, 4 May 2026\nSubject: Cold\nTo: Leo\n\nJan's words"
    )

    def test_alone_it_is_shown_with_its_sender_and_as_nobodys_own_words(self):
        content = parse_mail(self.MAIL)

        assert content.own_text == ""
        assert content.forwarded_from == "Jan Smit <jan@client.example>"
        assert "Jan's words" in seen(content.display_html)
        assert preview_line(content).startswith(
            "Forwarded from Jan Smit <jan@client.ex"
        )

    def test_a_sender_on_the_last_line_is_found(self):
        mail = "---------- Forwarded message ---------\nFrom: Jan <jan@client.example>"

        assert parse_mail(mail).forwarded_from == "Jan <jan@client.example>"

    def test_an_empty_label_on_the_last_line_names_nobody(self):
        mail = "---------- Forwarded message ---------\nDate: 4 May 2026\nFrom:"

        assert parse_mail(mail).forwarded_from == ""

    def test_below_words_it_is_folded_and_keeps_its_sender(self):
        content = parse_mail(f"See below.\n\n{self.MAIL}")

        assert content.own_text == preview_line(content) == "See below."
        assert "Jan Smit" in folded(content.display_html)
        assert content.forwarded_from == "Jan Smit <jan@client.example>"

    @pytest.mark.parametrize(
        "subject", ["FW: Cold", "WG: Cold", "TR : Cold", "转发：x"]
    )
    def test_outlooks_are_told_by_the_subject(self, subject):
        content = parse_mail(f"<p>{HEAD}</p><p>Words</p>", subject=subject)

        assert content.forwarded_from == "Ana"
        assert FOLD not in content.display_html

    @pytest.mark.parametrize("subject", ["", "Re: Cold", "Ice: Cold"])
    def test_an_answer_without_words_shows_no_old_ones(self, subject):
        content = parse_mail(f"<p>{HEAD}</p><p>Our old words</p>", subject=subject)

        assert (content.own_text, preview_line(content)) == ("", "")
        assert seen(content.display_html) == ""
