"""One pipeline for the words of a mail: what rows, pages, search and messages show."""

import re
from dataclasses import dataclass
from html import unescape
from urllib.parse import urlsplit

import nh3
from django.utils.html import escape

from assignments.services.mail_content.quoted_history import fold_markup, fold_text
from assignments.services.texts import preview

# Raise it with every change of what `parse_mail` or `preview_line` return: the worker
# then parses the mails that are kept again.
PARSER_VERSION = 1
LONGEST_BODY = 500_000
TAGS = {
    "a", "b", "blockquote", "br", "code", "div", "em", "hr", "i", "img", "li", "ol",
    "p", "pre", "s", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot",
    "th", "thead", "tr", "u", "ul",
    *(f"h{level}" for level in range(1, 7)),
}  # fmt: skip
SCHEMES = {"http", "https", "mailto"}
_IMAGE = re.compile(r'<img(?: alt="([^"]*)")?>')
_HEADING = re.compile(r"<(/?)h[1-6]>")
_EMPTY_LINK = re.compile(r"<a [^>]*>\s*</a>")
_LOOKS_LIKE_HTML = re.compile(r"<(?:/?[a-z][a-z0-9]*|!--|!doctype)\b", re.I)
_SPANS = {"colspan", "rowspan"}


@dataclass(frozen=True, slots=True, kw_only=True)
class MailContent:
    """What one mail says, taken apart.

    `own_text` is plain text: the writer's words without quoted history, entities
    resolved, lines separated by newlines; empty if the writer added no words.
    `display_html` is sanitised markup, safe to put into a page as it is, with the quoted
    history inside `<details>`. `images` counts the pictures that were replaced by a
    placeholder. `characters_cut` is how much of the raw body was not read.
    """

    own_text: str
    display_html: str
    images: int = 0
    characters_cut: int = 0


def parse_mail(body: str) -> MailContent:
    """Return the content of a mail whose raw body is `body`, plain text or HTML."""
    text = body[:LONGEST_BODY]
    cut = len(body) - len(text)
    own_text = preview(text)
    if not _LOOKS_LIKE_HTML.search(text):
        display = _plain_text(text)
        return MailContent(own_text=own_text, display_html=display, characters_cut=cut)
    clean = nh3.clean(
        text,
        tags=TAGS,
        attributes={"a": {"href"}, "img": {"alt"}, "td": _SPANS, "th": _SPANS},
        attribute_filter=_kept,
        url_schemes=SCHEMES,
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
    )
    images = len(_IMAGE.findall(clean))
    clean = _IMAGE.sub(_named_image, clean)
    # Headings of a mail are no headings of our page.
    clean = _HEADING.sub(lambda tag: f"<{tag[1]}div>", clean)
    return MailContent(
        own_text=own_text,
        display_html=fold_markup(_EMPTY_LINK.sub("", clean)),
        images=images,
        characters_cut=cut,
    )


def preview_line(content: MailContent) -> str:
    """Return the mail's own words on one line; empty if it has none."""
    return " ".join(content.own_text.split())


def _kept(tag: str, attribute: str, value: str) -> str | None:
    """Links must lead out: a relative one would point into Handoff itself."""
    if attribute == "href":
        leads_out = _scheme(value) in SCHEMES and not {"<", ">"} & set(value)
        return value if leads_out else None
    if attribute in _SPANS:
        return value if value.isdecimal() and int(value) <= 20 else None
    return value


def _scheme(address: str) -> str:
    try:
        return urlsplit(address.strip()).scheme
    except ValueError:
        return ""


def _named_image(image: re.Match[str]) -> str:
    # What is harmless inside an attribute may be markup outside of it.
    name = escape(unescape(image[1] or ""))
    return f"<span>[image: {name}]</span>" if name else "<span>[image]</span>"


def _plain_text(text: str) -> str:
    html = fold_text(escape(text.replace("\r\n", "\n").strip()))
    return html.replace("\n", "<br>")
