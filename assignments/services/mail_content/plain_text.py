"""Mails without markup: told from HTML by their shape, read into the same parts."""

import re

from assignments.services.mail_content.characters import without_invisible
from assignments.services.mail_content.elements import (
    BLOCKS,
    CELLS,
    DROPPED,
    IGNORED,
    RAW,
    VOID,
    Element,
)
from assignments.services.mail_content.markup import (
    MOST_CHARACTERS,
    MOST_PARTS,
    VisiblePart,
    VisibleParts,
    resolved,
    split_lines,
)

_INLINE = {
    "a", "abbr", "b", "bdi", "bdo", "big", "button", "cite", "code", "del", "em", "font",
    "i", "ins", "kbd", "label", "mark", "q", "s", "small", "span", "strike", "strong",
    "sub", "sup", "tt", "u",
}  # fmt: skip
_KNOWN = BLOCKS | CELLS | DROPPED | IGNORED | RAW | VOID | _INLINE
# A tag is a known name and then attributes, a slash or nothing: "<b and c>" is none.
_TAG = re.compile(
    r"<(/?)([a-zA-Z][a-zA-Z0-9]{0,20})(?:\s{0,20}(/?>)|\s[^<>=]{0,200}(=))"
)
_DOCUMENT = re.compile(r"<!doctype html|<html[\s>]|<body[\s>]|</(?:html|body)>", re.I)
_MOST_TRIED = 2_000
_LINE_ENDS = re.compile(r"\r\n?|[\v\f\x85\u2028\u2029]")
_SPACES = re.compile(r"[^\S\n]+")


def is_markup(body: str) -> bool:
    """Return True if `body` has a tag of a document, a known tag with an attribute, the
    end of one opened before, or two tags of blocks or breaks (one, in a body of one
    line).

    Tags between two blanks do not count among the last: the text speaks of them.
    """
    if _DOCUMENT.search(body):
        return True
    opened: set[str] = set()
    alone = 0
    for count, tag in enumerate(_TAG.finditer(body)):
        name = tag[2].lower()
        if count == _MOST_TRIED:
            break
        if name not in _KNOWN:
            continue
        if tag[4] or (tag[1] and name in opened):
            return True
        opened.add(name)
        # "Put a <br> there" speaks of a tag: one that is used touches what it is for.
        around = body[tag.start() - 1 : tag.start()] + body[tag.end() : tag.end() + 1]
        alone += (name in BLOCKS or name in VOID) and around != "  "
    return alone > 1 or (alone == 1 and "\n" not in body.strip())


def read_plain_text(body: str) -> VisibleParts:
    """Return the lines of a plain text as text parts, in paragraphs that blank lines
    separate.

    Entities are resolved once, runs of spaces become one, and tags stay text. What
    exceeds the bounds of length and number counts as cut.
    """
    text = _LINE_ENDS.sub("\n", body[:MOST_CHARACTERS])
    text = without_invisible(resolved(text)).strip("\n")
    lines, cut = split_lines(text, most=MOST_PARTS)
    cut += len(body[MOST_CHARACTERS:])
    root = Element(tag="div", parent=None)
    result = VisibleParts(characters_cut=cut)
    paragraph = Element.read("div", {}, root)
    for line in lines:
        words = _SPACES.sub(" ", line).strip()
        if not words:
            paragraph.end_part = len(result.parts)
            result.parts.append(VisiblePart(kind="break", element=root))
            paragraph = Element.read("div", {}, root)
            paragraph.first_part = len(result.parts)
            continue
        if result.parts and result.parts[-1].element is paragraph:
            result.parts.append(VisiblePart(kind="break", element=paragraph))
        result.parts.append(VisiblePart(kind="text", element=paragraph, text=words))
    return result
