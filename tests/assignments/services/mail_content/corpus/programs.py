"""How mail programs lay out a reply: what one writes, and the old mail below it."""

from collections.abc import Callable
from html import escape

from tests.assignments.services.mail_content.corpus.languages import Language

NAME = "Maya Ito"
WHO = f"{NAME} <maya@our-firm.example>"
TO = "Leo Park <leo@client.example>"
OLD = (
    "Hello Leo, we store cold goods for firms like yours.",
    "Shall we talk about forty pallets?",
)
SUBJECT = "Cold storage"

Program = Callable[[Language], str]


def own_lines(language: Language) -> list[str]:
    return language.own.split("\n")


def gmail_line(language: Language) -> str:
    return language.gmail.format(who=WHO, name=NAME, mail="maya@our-firm.example")


def outlook_desktop(language: Language) -> str:
    """Outlook for Windows: Word's markup, the head within a ruled box."""
    blank = '<p class="MsoNormal"><o:p>&nbsp;</o:p></p>'
    own = f"{blank}\n".join(f"{_word(line)}\n" for line in own_lines(language))
    old = "\n".join(_word(line) for line in OLD)
    head = "<br>\n".join(
        f"<b>{escape(label)}:</b> {escape(value)}"
        for label, value in label_lines(language, with_copy=True)
    )
    return (
        '<html xmlns:v="urn:schemas-microsoft-com:vml" xmlns:o="urn:schemas-microsoft-com:'
        'office:office"><head><meta http-equiv="Content-Type" content="text/html; '
        'charset=utf-8"><style><!--\np.MsoNormal, li.MsoNormal\n\t{margin:0cm;\n\t'
        'font-size:11.0pt;}\n--></style><!--[if gte mso 9]><xml><o:shapedefaults v:ext="'
        'edit" spidmax="1026" /></xml><![endif]--></head><body lang="EN-GB" '
        f'link="#0563C1" style="word-wrap:break-word"><div class="WordSection1">\n{own}'
        f'{blank}\n<div>\n<div style="border:none;border-top:solid #E1E1E1 1.0pt;'
        f'padding:3.0pt 0cm 0cm 0cm">\n<p class="MsoNormal">{head}<o:p></o:p></p>\n</div>'
        f"\n</div>\n{blank}\n{old}\n</div></body></html>"
    )


def _word(line: str) -> str:
    return (
        f'<p class="MsoNormal"><span lang="EN-US">{escape(line)}<o:p></o:p></span></p>'
    )


def label_lines(
    language: Language, *, with_copy: bool = False, date_label: str = ""
) -> list[tuple[str, str]]:
    sender, sent, to, copy, subject = language.labels
    lines = [(sender, WHO), (date_label or sent, language.sent), (to, TO)]
    if with_copy:
        lines.append((copy, "Ana Ruiz <ana@client.example>; Tom Berg"))
    return [*lines, (subject, SUBJECT)]


def outlook_web(language: Language) -> str:
    """Outlook on the web: a rule and a head with an id."""
    own = "".join(
        '<div class="elementToProof" style="font-family:Calibri,sans-serif;font-size:'
        f'12pt">{escape(line)}</div>'
        for line in own_lines(language)
    )
    head = "<br>".join(
        f"<b>{escape(label)}:</b> {escape(value)}"
        for label, value in label_lines(language)
    )
    return (
        f'<html><head></head><body dir="ltr">{own}<div id="appendonsend"></div><hr '
        'style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" '
        'dir="ltr"><font face="Calibri, sans-serif" style="font-size:11pt" '
        f'color="#000000">{head}</font><div>&nbsp;</div></div><div class="BodyFragment">'
        f'<div class="PlainText">{"<br>".join(OLD)}</div></div></body></html>'
    )


def outlook_plain(language: Language) -> str:
    head = "\r\n".join(f"{label}: {value}" for label, value in label_lines(language))
    own = "\r\n".join(own_lines(language))
    return (
        f"{own}\r\n\r\n-----{language.original}-----\r\n{head}\r\n\r\n"
        f"{OLD[0]}\r\n{OLD[1]}\r\n"
    )


def outlook_plain_ruled(language: Language) -> str:
    """Outlook's text for a mail without markup: a line of underscores, then the head."""
    head = "\n".join(f"{label}: {value}" for label, value in label_lines(language))
    return f"{language.own}\n\n{'_' * 32}\n{head}\n\n{OLD[0]}\n{OLD[1]}\n"


def gmail(language: Language) -> str:
    own = "".join(f"<div>{escape(line)}</div>" for line in own_lines(language))
    line = escape(gmail_line(language)).replace(
        "maya@our-firm.example",
        '<a href="mailto:maya@our-firm.example">maya@our-firm.example</a>',
    )
    old = "".join(f"<div>{line}</div>" for line in OLD)
    return (
        f'<div dir="ltr">{own}</div><br><div class="gmail_quote gmail_quote_container">'
        f'<div dir="ltr" class="gmail_attr">{line}<br></div><blockquote '
        'class="gmail_quote" style="margin:0px 0px 0px 0.8ex;border-left:1px solid '
        f'rgb(204,204,204);padding-left:1ex"><div dir="ltr">{old}</div></blockquote>'
        "</div>\r\n"
    )


def gmail_plain(language: Language) -> str:
    """Gmail's text part: the head is wrapped, the old lines begin with >."""
    head = gmail_line(language)
    if "<" in head:
        before, _, after = head.partition("<")
        head = f"{before.rstrip()}\n<{after}"
    return f"{language.own}\n\n{head}\n\n> {OLD[0]}\n> {OLD[1]}\n>\n"


def apple_mail(language: Language) -> str:
    own = "".join(f"<div>{escape(line)}</div>" for line in own_lines(language))
    head = escape(language.apple.format(who=WHO, name=NAME))
    old = "".join(f'<div class="">{line}</div>' for line in OLD)
    return (
        '<html><head><meta http-equiv="content-type" content="text/html; charset=utf-8">'
        '</head><body style="overflow-wrap: break-word; -webkit-nbsp-mode: space;">'
        f'{own}<br id="lineBreakAtBeginningOfMessage"><div><br><blockquote type="cite">'
        f'<div>{head}</div><br class="Apple-interchange-newline"><div>{old}</div>'
        "</blockquote></div><br></body></html>"
    )


def iphone(language: Language) -> str:
    own = "<div>".join(escape(line) + "</div>" for line in own_lines(language))
    head = escape(language.apple.format(who=WHO, name=NAME))
    return (
        '<html><head><meta http-equiv="content-type" content="text/html; charset=utf-8">'
        f'</head><body dir="auto"><div>{own}<div><br></div><div dir="ltr">'
        f'{escape(language.phone)}</div><div dir="ltr"><br><blockquote type="cite">'
        f"{head}<br><br></blockquote></div><blockquote "
        f'type="cite"><div dir="ltr">\ufeff<div>{"<br>".join(OLD)}</div></div>'
        "</blockquote></body></html>"
    )


def thunderbird(language: Language) -> str:
    own = "".join(f"<p>{escape(line)}</p>\n" for line in own_lines(language))
    head = escape(language.thunderbird.format(name=NAME))
    return (
        '<!DOCTYPE html><html><head><meta http-equiv="Content-Type" content="text/html; '
        f'charset=UTF-8"></head><body>{own}<div class="moz-cite-prefix">{head}<br></div>'
        '<blockquote type="cite" cite="mid:1@our-firm.example"><pre class='
        f'"moz-quote-pre" wrap="">{OLD[0]}\n{OLD[1]}</pre></blockquote></body></html>'
    )


def thunderbird_plain(language: Language) -> str:
    head = language.thunderbird.format(name=NAME)
    return f"{language.own}\n\n{head}\n> {OLD[0]}\n> {OLD[1]}\n"


def samsung(language: Language) -> str:
    own = "<br>".join(escape(line) for line in own_lines(language))
    head = "".join(
        f"<div>{escape(label)}: {escape(value)} </div>"
        for label, value in label_lines(language, date_label=language.date_label)
    )
    return (
        '<html><head><meta http-equiv="Content-Type" content="text/html; charset=UTF-8">'
        f'</head><body dir="auto"><div dir="auto">{own}</div><div dir="auto"><br></div>'
        '<div><br></div><div align="left" dir="auto" style="font-size:100%;'
        f'color:#000000"><div>-------- {escape(language.original)} --------</div>{head}'
        f"<div><br></div></div>{'<br>'.join(OLD)}</body></html>"
    )


def yahoo(language: Language) -> str:
    own = "".join(
        f'<div dir="ltr" data-setdir="false">{escape(line)}</div>'
        for line in own_lines(language)
    )
    head = escape(language.apple.format(who=WHO, name=NAME))
    return (
        '<html><head></head><body><div class="ydp1yahoo-style-wrap" style="font-family:'
        f'Helvetica;font-size:13px;">{own}<div><br></div></div><div id="yahoo_quoted_12" '
        'class="yahoo_quoted"><div style="font-size:13px;color:#26282a;"><div>'
        f"{head}</div><div><br></div><div><br></div><div><div>{OLD[0]}</div><div>"
        f"{OLD[1]}</div></div></div></div></body></html>"
    )


def gmx(language: Language) -> str:
    """GMX and web.de: a bar to the left; the date before the sender."""
    sender, sent, to, _, subject = language.labels
    lines = ((sent, language.sent), (sender, WHO), (to, TO), (subject, SUBJECT))
    head = "<br/>\n".join(
        f"<b>{escape(label)}:</b>&nbsp;{escape(value)}" for label, value in lines
    )
    own = "".join(f"<div>{escape(line)}</div>\n" for line in own_lines(language))
    return (
        '<html><head></head><body><div style="font-family: Verdana;font-size: 12.0px;">'
        f'{own}<div>&nbsp;\n<div>&nbsp;\n<div name="quote" style="margin:10px 5px 5px '
        '10px; padding: 10px 0 10px 10px; border-left:2px solid #C3D9E5;">\n<div '
        f'style="margin:0 0 10px 0;">{head}</div>\n<div name="quoted-content">'
        f"{'<br/>'.join(OLD)}</div></div></div></div></div></body></html>"
    )


def proton(language: Language) -> str:
    own = "".join(
        f'<div style="font-family: Arial; font-size: 14px;">{escape(line)}</div>'
        for line in own_lines(language)
    )
    head = escape(language.apple.format(who=WHO, name=NAME))
    return (
        f'{own}<div class="protonmail_signature_block"></div><div class="protonmail_quote'
        f'">\n        {head}<br>\n        <blockquote class="protonmail_quote" '
        f'type="cite">{"<br>".join(OLD)}</blockquote><br>\n    </div>'
    )


def outlook_mac(language: Language) -> str:
    """Outlook for Mac: the label for the date instead of the one for sending."""
    body = outlook_desktop(language)
    return body.replace(
        f"<b>{escape(language.labels[1])}:</b>",
        f"<b>{escape(language.date_label)}:</b>",
    ).replace(
        'style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm 0cm"',
        'style="border:none;border-top:solid #B5C4DF 1.0pt;padding:3.0pt 0in 0in 0in"',
    )


PROGRAMS: tuple[Program, ...] = (
    outlook_desktop,
    outlook_web,
    outlook_mac,
    outlook_plain,
    outlook_plain_ruled,
    gmail,
    gmail_plain,
    apple_mail,
    iphone,
    thunderbird,
    thunderbird_plain,
    samsung,
    yahoo,
    gmx,
    proton,
)
