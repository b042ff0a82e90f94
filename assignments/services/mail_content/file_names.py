"""Names of attached files as they are shown, wherever they are shown."""

from assignments.visible_text import visible

NAMELESS = "a file without a name"
LONGEST_SHORT_NAME = 60


def attachment_names(attachments: object) -> list[str]:
    """Return the names of a mail's files, as they are shown, from the list (of objects
    or names) in its `attachments` column; empty if that is no list. Nameless files
    are called NAMELESS.
    """
    entries = attachments if isinstance(attachments, list) else []
    return [_file_name(entry) for entry in entries if isinstance(entry, dict | str)]


def short_file_name(name: str) -> str:
    """Return `name`; if it is longer than 60 characters, its first 40, "…" and its last
    16.
    """
    if len(name) <= LONGEST_SHORT_NAME:
        return name
    return f"{name[:40]}…{name[-16:]}"


def _file_name(entry: object) -> str:
    said = entry
    if isinstance(entry, dict):
        said = entry.get("file_name") or entry.get("name") or entry.get("filename")
    return visible(str(said or "")) or NAMELESS
