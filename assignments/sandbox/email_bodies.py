"""Build HTML bodies in the style of common mail programs."""

from collections.abc import Callable
from dataclasses import dataclass
from html import escape
from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class EmailDraft:
    text: str
    farewell: str
    name: str
    title: str
    company: str
    phone: str
    website: str
    # "On ... wrote:" and the HTML that is answered; empty for a first mail.
    wrote: str = ""
    quoted: str = ""


def _paragraphs(text: str, tag: str) -> str:
    parts = text.strip().split("\n\n")
    joined = (escape(part).replace("\n", "<br>") for part in parts)
    return "".join(f"<{tag}>{part}</{tag}>" for part in joined)


def _gmail(letter: EmailDraft) -> str:
    sign = (
        f'<br><span class="gmail_signature_prefix">-- </span><br><div dir="ltr" '
        f'class="gmail_signature"><b>{escape(letter.name)}</b><br>'
        f"{escape(letter.title)} | {escape(letter.company)}<br>"
        f'<a href="{letter.website}" target="_blank">{letter.website}</a></div>'
    )
    quote = (
        f'<br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">'
        f'{escape(letter.wrote)}<br></div><blockquote class="gmail_quote" '
        f'style="margin:0 0 0 .8ex;border-left:1px #ccc solid;padding-left:1ex">'
        f"{letter.quoted}</blockquote></div>"
    )
    body = _paragraphs(letter.text, "div")
    return (
        f'<div dir="ltr">{body}<div>{escape(letter.farewell)}</div></div>{sign}{quote}'
    )


def _outlook(letter: EmailDraft) -> str:
    text = _paragraphs(letter.text, "p").replace("<p>", '<p class="MsoNormal">')
    return (
        '<html xmlns:o="urn:schemas-microsoft-com:office:office"><head><style><!--'
        "p.MsoNormal {margin:0cm; font-size:11.0pt; font-family:Calibri,sans-serif;}"
        '--></style></head><body lang="EN-GB" link="#0563C1"><div class="WordSection1">'
        f'{text}<p class="MsoNormal"><o:p>&nbsp;</o:p></p>'
        f'<p class="MsoNormal">{escape(letter.farewell)}<br>'
        f"<b>{escape(letter.name)}</b><br>{escape(letter.title)}</p>"
        f'<table border="0"><tr><td><img src="{letter.website}/mail/logo.png" '
        f'width="120" alt="{escape(letter.company)}"></td><td>{letter.phone}</td></tr>'
        f'</table><div style="border:none;border-top:solid #E1E1E1 1.0pt">'
        f'<p class="MsoNormal"><b>{escape(letter.wrote)}</b></p></div>'
        f"{letter.quoted}</div></body></html>"
    )


def _apple(letter: EmailDraft) -> str:
    return (
        '<html><head></head><body style="overflow-wrap: break-word; '
        '-webkit-nbsp-mode: space;">'
        f"{_paragraphs(letter.text, 'div')}<div><br></div>"
        f"<div>{escape(letter.farewell)}</div><div>{escape(letter.name)}</div>"
        f'<div><br><blockquote type="cite"><div>{escape(letter.wrote)}</div>'
        f"<br><div>{letter.quoted}</div></blockquote></div></body></html>"
    )


def _phone(letter: EmailDraft) -> str:
    text = escape(letter.text).replace("\n", "<br>")
    return (
        f'{text}<br><br>{escape(letter.name)}<br><div dir="ltr">Sent from my iPhone</div>'
        f'<div dir="ltr"><br><blockquote type="cite">{escape(letter.wrote)}<br><br>'
        f"{letter.quoted}</blockquote></div>"
    )


def _plain(letter: EmailDraft) -> str:
    """Return the body as an old program writes it: preformatted text, the quoted mail
    and a disclaimer.
    """
    lines = [letter.text, "", letter.farewell, letter.name, "", letter.wrote]
    disclaimer = "This e-mail may be confidential. If it is not for you, delete it."
    text = escape("\n".join(lines)).replace("\n", "<br>\n")
    return f"<pre>{text}</pre><blockquote>{letter.quoted}</blockquote>{disclaimer}"


PROGRAMS: tuple[Callable[[EmailDraft], str], ...] = (
    _gmail,
    _outlook,
    _apple,
    _phone,
    _plain,
)


def reply_html(letter: EmailDraft, *, rng: Random) -> str:
    program = rng.choices(PROGRAMS, weights=(35, 30, 15, 12, 8))[0]
    return program(letter)


def sent_html(letter: EmailDraft, *, stats_id: str, has_pixel: bool) -> str:
    pixel = (
        f'<img src="https://open.kestrel-mail.example/o/{stats_id}.gif" '
        'width="1" height="1" alt="" style="display:none">'
    )
    body = _paragraphs(letter.text, "div").replace("</div><div>", "</div><br><div>")
    quote = f"<br><blockquote>{letter.quoted}</blockquote>" if letter.quoted else ""
    sign = (
        f"{escape(letter.farewell)}<br>{escape(letter.name)}, {escape(letter.company)}"
    )
    return f"{body}<br><div>{sign}</div>{quote}{pixel if has_pixel else ''}"


def bounce_html(address: str) -> str:
    return (
        "<p><b>Address not found</b></p><p>Your message wasn't delivered to "
        f"<b>{escape(address)}</b> because the address couldn't be found.</p>"
        f"<pre>550 5.1.1 &lt;{escape(address)}&gt;: Recipient address rejected</pre>"
    )
