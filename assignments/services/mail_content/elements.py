"""The elements of a mail's HTML: which break lines, which are no words, which quote."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Self

from assignments.services.mail_content.styles import Style, read_style

VOID = {
    "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta",
    "param", "source", "track", "wbr",
}  # fmt: skip
IGNORED = {"body", "col", "colgroup", "head", "html", "link", "meta", "base", "wbr"}
# Their content is no markup, and no words of a mail.
RAW = {
    "iframe", "noembed", "noframes", "noscript", "script", "style", "textarea",
    "title", "xmp",
}  # fmt: skip
DROPPED = {
    "applet", "audio", "canvas", "datalist", "map", "math", "object", "option",
    "select", "svg", "template", "video", "xml",
}  # fmt: skip
TABLE_PARTS = ("table", "tbody", "thead", "tfoot", "tr")
CELLS = frozenset({"td", "th"})
BLOCKS = frozenset({
    "address", "article", "aside", "blockquote", "caption", "center", "dd", "details",
    "dialog", "dir", "div", "dl", "dt", "fieldset", "figcaption", "figure", "footer",
    "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hgroup", "hr", "legend", "li",
    "main", "menu", "nav", "ol", "p", "pre", "search", "section", "summary", "ul",
    *TABLE_PARTS,
})  # fmt: skip
# An item closes the one before it.
ITEMS = {
    "li": {"li"}, "dt": {"dt", "dd"}, "dd": {"dt", "dd"}, "option": {"option"},
}  # fmt: skip


class Mark(Enum):
    """The meaning of a class, an id or a tag for old mail."""

    QUOTE = "all in it is old"
    WRAPPER = "holds the head and the quotations, and answers between them"
    HEAD = "the line above a quotation"
    BEGIN = "what follows it is old"


_CLASSES = {
    "gmail_quote": Mark.WRAPPER,
    "gmail_attr": Mark.HEAD,
    "yahoo_quoted": Mark.QUOTE,
    "moz-cite-prefix": Mark.HEAD,
    "moz-forward-container": Mark.WRAPPER,
    "outlookmessageheader": Mark.BEGIN,
    "protonmail_quote": Mark.WRAPPER,
    "tutanota_quote": Mark.QUOTE,
    "zmail_extra": Mark.WRAPPER,
    "mail_quote": Mark.QUOTE,
    "airmail_on": Mark.HEAD,
    "hs_reply": Mark.QUOTE,
    "front-blockquote": Mark.QUOTE,
    "spark_quote": Mark.QUOTE,
    "mail_android_quote": Mark.QUOTE,
    "sh-quoted-content": Mark.WRAPPER,
    "gmx_quote": Mark.QUOTE,
    "mailru-blockquote": Mark.QUOTE,
}
_MARKS = {"blockquote": Mark.QUOTE}
_IDS = {
    "appendonsend": Mark.BEGIN,
    "divrplyfwdmsg": Mark.BEGIN,
    "mail-editor-reference-message-container": Mark.QUOTE,
    "reply-intro": Mark.HEAD,
    "replybody": Mark.QUOTE,
    "isreplycontent": Mark.WRAPPER,
    "zwchr": Mark.BEGIN,
    "stopspelling": Mark.BEGIN,
    "origbody": Mark.QUOTE,
}
_NAMES = {"quote": Mark.QUOTE, "quoted-content": Mark.QUOTE}
_REWRITTEN = re.compile(r"^(?:x_|m_-?\d+)+")  # Outlook and Gmail rename what they quote
_HIDDEN_CLASSES = {"preheader", "preview-text", "previewtext", "mcnpreviewtext"}
_LONGEST_CLASSES = 2_000


@dataclass(slots=True, eq=False)
class Element:
    """An element that was open around some parts of a mail."""

    tag: str
    parent: Self | None
    attributes: Mapping[str, str] = field(default_factory=dict)
    depth: int = 0
    is_dropped: bool = False  # its words are not shown
    is_tiny: bool = False  # text of size 0, unless an element within sets another
    keeps_lines: bool = False
    has_rule_above: bool = False
    mark: Mark | None = None
    quote: Self | None = None  # the outermost element around it that is all quotation
    wrapper: Self | None = None
    head: Self | None = None
    begin: Self | None = None
    first_part: int = 0
    end_part: int = -1  # behind its last part; -1 while it is open

    @classmethod
    def read(cls, tag: str, attributes: Mapping[str, str], parent: Self) -> Self:
        style = read_style(attributes.get("style", ""))
        element = cls(
            tag=tag, parent=parent, attributes=attributes, depth=parent.depth + 1
        )
        element.is_dropped = tag in DROPPED or style.hides or _is_hidden(attributes)
        element.is_tiny = (
            parent.is_tiny if style.font_size is None else style.font_size == 0
        )
        element.keeps_lines = parent.keeps_lines or tag == "pre" or style.keeps_lines
        element.has_rule_above = style.has_border_above
        element.mark = _mark(tag, attributes, style) if attributes else _MARKS.get(tag)
        element.quote = parent.quote or element._if(Mark.QUOTE)
        element.wrapper = parent.wrapper or element._if(Mark.WRAPPER)
        element.head = parent.head or element._if(Mark.HEAD)
        element.begin = parent.begin or element._if(Mark.BEGIN)
        return element

    @property
    def ends_lines(self) -> bool:
        return self.tag in BLOCKS and self.tag not in TABLE_PARTS

    def _if(self, mark: Mark) -> Self | None:
        return self if self.mark == mark else None


def _is_hidden(attributes: Mapping[str, str]) -> bool:
    return "hidden" in attributes or bool(_class_names(attributes) & _HIDDEN_CLASSES)


def _class_names(attributes: Mapping[str, str]) -> set[str]:
    names = attributes.get("class", "")[:_LONGEST_CLASSES].lower().split()
    return {_REWRITTEN.sub("", name) for name in names}


def _mark(tag: str, attributes: Mapping[str, str], style: Style) -> Mark | None:
    if tag == "blockquote":
        return None if _is_indented_only(attributes, style) else Mark.QUOTE
    for name in _class_names(attributes):
        if name in _CLASSES:
            return _CLASSES[name]
        if name.startswith("yahoo_quoted"):
            return Mark.QUOTE
    place = _REWRITTEN.sub("", attributes.get("id", "").lower())
    if place.startswith("yahoo_quoted"):
        return Mark.QUOTE
    return _IDS.get(place) or _NAMES.get(attributes.get("name", "").lower())


def _is_indented_only(attributes: Mapping[str, str], style: Style) -> bool:
    """Return True if the block's style removes the border, and it has no class, `cite`
    or type "cite": an editor's indent button made it.
    """
    is_cited = attributes.get("type") == "cite" or "cite" in attributes
    return not is_cited and "class" not in attributes and style.has_no_border
