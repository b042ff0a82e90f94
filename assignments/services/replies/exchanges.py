"""Exchanges of a conversation: replies, and the mails of ours that answer them."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime

SENT, REPLY, BOUNCE, AUTOMATIC, OWN = "sent", "reply", "bounce", "auto", "own"
OURS = {SENT, OWN}
NO_REPLIES = {BOUNCE, AUTOMATIC, OWN}  # whatever a list calls them

type Mail = tuple[datetime, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchange:
    """One exchange: the first reply after a mail of ours, up to our next mail."""

    replied_at: datetime
    last_reply_at: datetime
    answered_at: datetime | None

    @property
    def minutes(self) -> int | None:
        """Return the minutes from the first reply to our answer, without a fraction;
        None without an answer.
        """
        if self.answered_at is None:
            return None
        return int((self.answered_at - self.replied_at).total_seconds() // 60)


def without_false_replies(mails: Iterable[Mail]) -> set[Mail]:
    """Return the mails without each REPLY at whose moment there is also a bounce, an
    automatic answer or a colleague's mail: Smartlead's lists call those replies too.
    """
    known = set(mails)
    others = {at for at, kind in known if kind in NO_REPLIES}
    return {(at, kind) for at, kind in known if kind != REPLY or at not in others}


def last_real_reply(
    mails: Collection[Mail], *, listed_at: datetime | None
) -> datetime | None:
    """Return when a person replied last; None if nobody is known to have replied.

    That is `listed_at`, the time in Smartlead's lists, unless a bounce, an automatic
    answer or a mail of ours is known of that moment; then it is the newest real reply
    before it.
    """
    if listed_at is None or all((listed_at, kind) not in mails for kind in NO_REPLIES):
        return listed_at
    replies = (
        at
        for at, kind in without_false_replies(mails)
        if kind == REPLY and at < listed_at
    )
    return max(replies, default=None)


def last_own_mail_at(mails: Iterable[Mail]) -> datetime | None:
    """Return the time of the newest mail of kind OWN (ours, listed as a reply); None if
    there is none.
    """
    return max((at for at, kind in mails if kind == OWN), default=None)


def exchanges_of(mails: Iterable[Mail]) -> list[Exchange]:
    """Return the exchanges, oldest first; false replies are left out.

    An exchange holds all replies up to our next mail, which answers it, also if it is
    of the very moment of a reply. Only the last exchange may be unanswered.
    """
    turns: list[Exchange] = []
    waiting: list[datetime] = []
    for at, kind in sorted(without_false_replies(mails)):
        if kind == REPLY:
            waiting.append(at)
        elif kind in OURS and waiting:
            turns.append(_turn(waiting, at))
            waiting = []
    return [*turns, _turn(waiting, None)] if waiting else turns


def _turn(replies: list[datetime], answered_at: datetime | None) -> Exchange:
    return Exchange(
        replied_at=replies[0], last_reply_at=replies[-1], answered_at=answered_at
    )
