"""Properties of an element's style attribute that matter for its words."""

import re
from dataclasses import dataclass
from functools import lru_cache

_ZERO = r":0(?:\.0+)?(?:[a-z%]+)?(?:!important)?(?:;|$)"
_HIDDEN_STYLE = re.compile(
    rf"(?:^|;)(?:display:none|visibility:(?:hidden|collapse)|mso-hide:all|opacity{_ZERO}"
    rf"|max-height{_ZERO}|text-indent:-\d{{3,}}|(?:left|top):-\d{{4,}}"
    r"|clip:rect\(0|color:transparent(?!.*background-clip:text))"
)
_NO_SIZE = re.compile(rf"(?:^|;)(?:max-)?(?:height|width){_ZERO}")
_FONT_SIZE = re.compile(r"(?:^|;)font-size:(\d*\.?\d+)")
_TINY = re.compile(r"(?:^|;)font-size:[01](?:\.\d+)?p[xt]")  # nobody can read it
_FONT = re.compile(r"(?:^|;)font:[^;]{0,40}?(\d*\.?\d+)(?:px|pt|em|rem|%)")
_COLOUR = re.compile(r"(?:^|;)color:([^;]{1,40})")
_GROUND = re.compile(r"(?:^|;)background(?:-color)?:([^;]{1,40})")
_BORDER_ABOVE = re.compile(r"border-top:(?!none|0)[^;]*(?:solid|\d)")
_NO_BORDER = re.compile(r"(?:^|;)border(?:-left)?:(?:none|0|medium none)")
_KEEPS_LINES = re.compile(r"white-space:(?:pre|break-spaces)")
_WHITE = {"white", "#fff", "#ffffff", "rgb(255,255,255)"}
_LONGEST_STYLE = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """The properties of a style that matter for reading; `font_size` None if not set."""

    hides: bool = False
    font_size: float | None = None
    keeps_lines: bool = False
    has_border_above: bool = False
    has_no_border: bool = False


_NO_STYLE = Style()


def read_style(source: str) -> Style:
    return _read(source[:_LONGEST_STYLE]) if source else _NO_STYLE


@lru_cache(maxsize=1_000)  # a mail repeats its few styles on each paragraph
def _read(source: str) -> Style:
    style = "".join(source.lower().split())
    return Style(
        hides=_hides(style),
        font_size=_size(style),
        keeps_lines=bool(_KEEPS_LINES.search(style)),
        has_border_above=bool(_BORDER_ABOVE.search(style)),
        has_no_border=bool(_NO_BORDER.search(style)),
    )


def _size(style: str) -> float | None:
    if _TINY.search(style):
        return 0
    size = _FONT_SIZE.search(style) or _FONT.search(style)
    return float(size[1]) if size else None


def _hides(style: str) -> bool:
    if _HIDDEN_STYLE.search(style):
        return True
    if "overflow:hidden" in style and _NO_SIZE.search(style):
        return True
    colour, ground = _COLOUR.search(style), _GROUND.search(style)
    return bool(colour and ground and _is_same_colour(colour[1], ground[1]))


def _is_same_colour(one: str, other: str) -> bool:
    one, other = (text.removesuffix("!important") for text in (one, other))
    return one == other or {one, other} <= _WHITE
