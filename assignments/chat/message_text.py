"""Text of a message in chat: names from outside, in which no sign has a meaning.

Services read mentions, links and layout out of what they are sent, each its own way;
signs that any of them knows are replaced by others that look alike.
"""

import re

from assignments.visible_text import without_turning

ELLIPSIS = "…"
# Angle quotes, wide brackets, signs of mathematics and the like.
_LOOK_ALIKE = str.maketrans(
    "<>[]*_~`|\\#",
    "\u2039\u203a\uff3b\uff3d\u2217\uff3f\u223c\u02cb\uff5c\uff3c\uff03",
)
# In the middle of a mail address it calls nobody, unless it names everybody.
_MENTION = re.compile(
    r"(?<![\w.+-])@|@(?=(?:channel|here|everyone|all|team|room|group)\b)|@(?!\w)", re.I
)
_WEB_ADDRESS = re.compile(r"(?<=[a-z])://", re.I)


def harmless(text: str) -> str:
    """Return the text with no mention, link or layout in it for any chat service."""
    plain = without_turning(text).translate(_LOOK_ALIKE)
    return _WEB_ADDRESS.sub(":\u2044\u2044", _MENTION.sub("\uff20", plain))


def shortened(text: str, most: int) -> str:
    """Return the text, cut to `most` characters with an ellipsis at the end."""
    return text if len(text) <= most else text[: most - 1].rstrip() + ELLIPSIS
