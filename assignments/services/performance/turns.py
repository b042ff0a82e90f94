"""Replies and their answers, told from the mails of a conversation."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

SENT, REPLY, BOUNCE = "sent", "reply", "bounce"

type Mail = tuple[datetime, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """The first reply after a mail of ours, until the first mail of ours after it."""

    replied_at: datetime
    last_reply_at: datetime
    answered_at: datetime | None

    @property
    def minutes(self) -> int | None:
        """Whole minutes that the lead waited."""
        if self.answered_at is None:
            return None
        return int((self.answered_at - self.replied_at).total_seconds() // 60)


def real_mails(mails: Iterable[Mail]) -> set[Mail]:
    """Without replies that turned out to be bounces: a list cannot tell them apart."""
    known = set(mails)
    bounced = {at for at, kind in known if kind == BOUNCE}
    return {(at, kind) for at, kind in known if kind != REPLY or at not in bounced}


def turns_of(mails: Iterable[Mail]) -> list[Turn]:
    """Oldest first. A mail of ours in the very moment of a reply answers it."""
    turns: list[Turn] = []
    waiting: list[datetime] = []
    for at, kind in sorted(real_mails(mails)):
        if kind == REPLY:
            waiting.append(at)
        elif kind == SENT and waiting:
            turns.append(_turn(waiting, at))
            waiting = []
    return [*turns, _turn(waiting, None)] if waiting else turns


def _turn(replies: list[datetime], answered_at: datetime | None) -> Turn:
    return Turn(
        replied_at=replies[0], last_reply_at=replies[-1], answered_at=answered_at
    )
