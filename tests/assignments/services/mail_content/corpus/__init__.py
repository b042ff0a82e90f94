"""Mails of our own making: each language in each program's layout and in each shape."""

from collections.abc import Iterator
from dataclasses import dataclass

from tests.assignments.services.mail_content.corpus.languages import LANGUAGES
from tests.assignments.services.mail_content.corpus.programs import (
    OLD,
    PROGRAMS,
    own_lines,
)
from tests.assignments.services.mail_content.corpus.shapes import SHAPES

NEVER_OWN = (*OLD, "cold goods", "Hidden words", "Template of the desk", "No scripts")


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusMail:
    """A raw body with the lines its writer wrote; `own` is empty if there are none."""

    name: str
    body: str
    own: list[str]


def corpus_mails() -> Iterator[CorpusMail]:
    """Return each language as each program writes it, then in each shape."""
    for code, language in LANGUAGES.items():
        for program in PROGRAMS:
            yield CorpusMail(
                name=f"{code}-{program.__name__}",
                body=program(language),
                own=own_lines(language),
            )
        for shape in SHAPES:
            body, own = shape(language)
            yield CorpusMail(name=f"{code}-{shape.__name__}", body=body, own=own)
