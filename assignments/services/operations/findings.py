"""A finding of `doctor`: a sentence, and what to do about it."""

from dataclasses import dataclass
from enum import Enum


class FindingState(Enum):
    FINE = "fine"
    NOTE = "note"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    subject: str
    state: FindingState
    sentence: str
    remedy: str = ""

    @property
    def is_problem(self) -> bool:
        return self.state is FindingState.PROBLEM


def fine(subject: str, sentence: str) -> Finding:
    return Finding(subject=subject, state=FindingState.FINE, sentence=sentence)


def note(subject: str, sentence: str, remedy: str = "") -> Finding:
    return Finding(
        subject=subject, state=FindingState.NOTE, sentence=sentence, remedy=remedy
    )


def problem(subject: str, sentence: str, remedy: str) -> Finding:
    return Finding(
        subject=subject, state=FindingState.PROBLEM, sentence=sentence, remedy=remedy
    )
