"""Mails that are more than an answer above an old mail."""

from collections.abc import Callable
from html import escape

from tests.assignments.services.mail_content.corpus.languages import Language
from tests.assignments.services.mail_content.corpus.programs import (
    NAME,
    OLD,
    SUBJECT,
    TO,
    WHO,
    gmail,
    gmail_line,
    iphone,
    label_lines,
    outlook_desktop,
    outlook_web,
    own_lines,
)

PICTURE = "data:image/png;base64," + "iVBORw0KGgoAAAANSUhEUgAA" * 2_000
FILLER = "&#847;&zwnj;&nbsp;&#8199;&#65279;&shy;" * 60

Shape = Callable[[Language], tuple[str, list[str]]]


def inline_gmail(language: Language) -> tuple[str, list[str]]:
    """Gmail splits its quotation where one writes into it, within its own element."""
    own = own_lines(language)
    head = escape(gmail_line(language))
    quote = '<blockquote class="gmail_quote" style="margin:0 0 0 .8ex">{}</blockquote>'
    body = (
        f'<div dir="ltr"><div dir="ltr">{own[0]}</div><br><div class="gmail_quote">'
        f'<div dir="ltr" class="gmail_attr">{head}<br></div>{quote.format(OLD[0])}'
        f"<div>{own[1]}</div>{quote.format(OLD[1])}<div>{language.below}</div></div></div>"
    )
    return body, [*own, language.below]


def inline_plain(language: Language) -> tuple[str, list[str]]:
    own = own_lines(language)
    head = language.thunderbird.format(name=NAME)
    body = (
        f"{head}\n> {OLD[0]}\n\n{own[0]}\n{own[1]}\n\n> {OLD[1]}\n\n{language.below}\n"
    )
    return body, [*own, language.below]


def bottom_thunderbird(language: Language) -> tuple[str, list[str]]:
    head = escape(language.thunderbird.format(name=NAME))
    body = (
        f'<html><body><div class="moz-cite-prefix">{head}<br></div><blockquote '
        f'type="cite" cite="mid:2@our-firm.example"><p>{OLD[0]}</p><p>{OLD[1]}</p>'
        f"</blockquote><p>{'<br>'.join(own_lines(language))}</p></body></html>"
    )
    return body, own_lines(language)


def bottom_plain(language: Language) -> tuple[str, list[str]]:
    head = gmail_line(language)
    return f"{head}\n> {OLD[0]}\n> {OLD[1]}\n\n{language.own}\n", own_lines(language)


def forward_with_words(language: Language) -> tuple[str, list[str]]:
    own = "".join(f"<div>{line}</div>" for line in own_lines(language))
    return f'<div dir="ltr">{own}<br>{_forwarded(language)}</div>', own_lines(language)


def _forwarded(language: Language) -> str:
    sender, _, to, _, subject = language.labels
    return (
        '<br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">---------- '
        f'{escape(language.forwarded)} ---------<br>{sender}: <strong class="'
        f'gmail_sendername" dir="auto">{NAME}</strong> <span dir="auto">&lt;<a href="'
        'mailto:maya@our-firm.example">maya@our-firm.example</a>&gt;</span><br>'
        f"{language.date_label}: {language.sent}<br>{subject}: {SUBJECT}<br>{to}: "
        f"{escape(TO)}<br></div><br><br><div>{OLD[0]}</div><div>{OLD[1]}</div></div>"
    )


def forward_without_words(language: Language) -> tuple[str, list[str]]:
    return f'<div dir="ltr"><br>{_forwarded(language)}</div>', []


def apple_forward(language: Language) -> tuple[str, list[str]]:
    sender, _, to, _, subject = language.labels
    own = "".join(f"<div>{line}</div>" for line in own_lines(language))
    lines = (
        (sender, WHO),
        (subject, SUBJECT),
        (language.date_label, language.sent),
        (to, TO),
    )
    head = "".join(
        '<div style="margin-top: 0px;"><span style="color:rgb(0,0,0);"><b>'
        f"{label}: </b></span><span>{escape(value)}<br></span></div>"
        for label, value in lines
    )
    body = (
        f'<html><body>{own}<div><br><blockquote type="cite"><div>{language.forwarded}:'
        f'</div><br class="Apple-interchange-newline">{head}<br><div>'
        f"{'<br>'.join(OLD)}</div></blockquote></div><br></body></html>"
    )
    return body, own_lines(language)


def no_text_iphone(language: Language) -> tuple[str, list[str]]:
    """A picture sent from a telephone with nothing written."""
    body = iphone(language)
    for line in own_lines(language):
        body = body.replace(escape(line), '<img src="cid:ii_1" alt="image0.jpeg">')
    return body, []


def no_text_outlook(language: Language) -> tuple[str, list[str]]:
    body = outlook_desktop(language)
    for line in own_lines(language):
        body = body.replace(escape(line), "&nbsp;")
    return body, []


def signature_and_pictures(language: Language) -> tuple[str, list[str]]:
    """A signature with logos, the picture itself in the mail."""
    logos = "".join(
        f'<td><a href="https://client.example/{n}"><img src="{PICTURE}"></a></td>'
        for n in range(3)
    )
    sign = f"<table><tr><td><b>Leo Park</b><br>Client Ltd</td>{logos}</tr></table>"
    body = outlook_web(language).replace('<div id="appendonsend">', f"{sign}<div>", 1)
    return body, [*own_lines(language), "Leo Park", "Client Ltd"]


def preheader(language: Language) -> tuple[str, list[str]]:
    """A help desk's answer from a template: hidden first words, tables all the way."""
    own = "".join(f"<p>{escape(line)}</p>" for line in own_lines(language))
    body = (
        "<!DOCTYPE html><html><head><title>Template of the desk</title><style>.x{}"
        "</style></head><body><noscript>No scripts here</noscript><div style="
        f'"display:none;font-size:1px;max-height:0">Hidden words{FILLER}</div>'
        f'<table role="presentation"><tr><td style="font-size:0px"><table><tr><td '
        f'style="font-size:14px">{own}</td></tr></table></td></tr></table></body></html>'
    )
    return body, own_lines(language)


def long_head(language: Language) -> tuple[str, list[str]]:
    """Thirty kilobytes of styles, and forty people the old mail was sent to."""
    styles = "@list l0:level1\n\t{mso-level-number-format:bullet;}\n" * 600
    people = "; ".join(f"Person {n} <p{n}@client.example>" for n in range(40))
    body = outlook_desktop(language).replace("<style><!--", f"<style><!--{styles}", 1)
    return body.replace(escape(TO), escape(people)), own_lines(language)


def answer_to_an_answer(language: Language) -> tuple[str, list[str]]:
    """Outlook above Gmail above Outlook: classes get x_ before them, ids too."""
    older = (
        gmail(language)
        .replace('class="gmail_', 'class="x_gmail_')
        .replace(escape(own_lines(language)[0]), "What was said in between.")
        .replace(escape(own_lines(language)[1]), OLD[1])
    )
    return outlook_web(language).replace(OLD[1], older), own_lines(language)


def sentences_like_heads(language: Language) -> tuple[str, list[str]]:
    """Sentences that begin like the line above a quotation, or hold its verb."""
    first = language.gmail.split(" ")[0]
    verb = language.gmail.split(" ")[-1].strip(":： ")
    body = (
        f"{language.own}\n{first} 12, {verb} – {language.below}\n\n"
        f"{gmail_line(language)}\n> {OLD[0]}\n> {OLD[1]}\n"
    )
    return body, [*own_lines(language), f"12, {verb}"]


def labels_of_ones_own(language: Language) -> tuple[str, list[str]]:
    """A transport order: from, to and the day, written by hand."""
    sender, _, to, _, _ = language.labels
    order = (f"{sender}: Rotterdam", f"{to}: Hamburg", f"{language.date_label}: 12.6.")
    head = "\n".join(f"{label}: {value}" for label, value in label_lines(language))
    body = f"{language.own}\n\n{'\n'.join(order)}\n\n{'_' * 32}\n{head}\n\n{OLD[0]}\n"
    return body, [*own_lines(language), "Rotterdam", "Hamburg"]


SHAPES: tuple[Shape, ...] = (
    inline_gmail,
    inline_plain,
    bottom_thunderbird,
    bottom_plain,
    forward_with_words,
    forward_without_words,
    apple_forward,
    no_text_iphone,
    no_text_outlook,
    signature_and_pictures,
    preheader,
    long_head,
    answer_to_an_answer,
    sentences_like_heads,
    labels_of_ones_own,
)
