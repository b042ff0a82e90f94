"""Filters in force, each in words and with the query that drops it."""

from dataclasses import dataclass
from datetime import datetime

from django.utils import timezone

from assignments.services.periods import short_day
from dashboard.filters import most_counted
from dashboard.inbox.answer_filter import sla_words
from dashboard.inbox.client_filter import client_words
from dashboard.inbox.filter import (
    NAMED_OWNERS,
    STATUSES,
    InboxFilter,
)
from dashboard.inbox.hidden_filters import LINKED


@dataclass(frozen=True, slots=True, kw_only=True)
class Chip:
    name: str
    words: str
    without: str  # the query string that is left when this one goes


@dataclass(frozen=True, slots=True, kw_only=True)
class DroppableFilter:
    """A filter of an empty list, and how many leads match without it."""

    chip: Chip
    count: str


def chips_of(form: InboxFilter) -> list[Chip]:
    return [
        Chip(name=name, words=words, without=form.without(name))
        for name in form.narrowing
        if (words := _words(form, name))
    ]


def in_words(chips: list[Chip]) -> str:
    """Return what an empty list matches none of: one chip's words in quotes, such as
    `“Search: x”`; for two `both filters`, otherwise `all 3 filters` with their
    number.
    """
    match chips:
        case [only]:
            return f"“{only.words}”"
        case [_, _]:
            return "both filters"
    return f"all {len(chips)} filters"


def droppable_filters(form: InboxFilter, *, at: datetime) -> list[DroppableFilter]:
    """Return the chips without which, one at a time, some lead matches, in the order of
    `chips_of`. Each has that number for display: `12`, or `1,000+`.
    """
    found = [(chip, form.count(at=at, without=chip.name)) for chip in chips_of(form)]
    return [
        DroppableFilter(chip=chip, count=most_counted(count))
        for chip, count in found
        if count
    ]


def _words(form: InboxFilter, name: str) -> str:
    said = form.cleaned_data[name]
    if name in LINKED:
        return form.linked_words(name)
    match name:
        case "owner":
            named = dict(NAMED_OWNERS).get(said)
            return f"Owner: {named or form.members[int(said)]}"
        case "client":
            return client_words(said)
        case "status":
            return dict(STATUSES)[said]
        case "sla":
            return sla_words(said, timezone.now())
        case "q":
            return f"Search: {said}"
        case "from" | "to":
            edge = "Replied from" if name == "from" else "up to"
            return f"{edge} {short_day(said)} {said:%Y}"
        case _:
            return f"{name.capitalize()}: {said}"
