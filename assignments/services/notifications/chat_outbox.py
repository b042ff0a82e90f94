"""The way of a message to a chat channel: claimed, delivered, recorded.

Claims, leases and back-off are those of `outbox`. A channel that fails waits by itself:
its messages go after those of channels that work, and not before its time has come.
"""

import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, Q, QuerySet

from assignments.chat.delivery import (
    ChannelBusy,
    ChannelGone,
    ChatFailure,
    MessageRefused,
    SendChat,
)
from assignments.chat.encryption import decrypt
from assignments.encryption import SecretUnreadable
from assignments.models import ChatChannel, Mail
from assignments.services.notifications.chat_channels import may_be_private
from assignments.services.notifications.outbox import (
    MailClaim,
    back_off,
    claim_first,
    claimed,
    due_messages,
    retry_later,
    settle,
)

logger = logging.getLogger(__name__)

MOST_ROWS = 50
State = Mail.State
OTHER_KEY = (
    "Its address was stored with another SECRET_KEY and cannot be read. Add it anew."
)
NO_ACCESS = "Whoever added the channel has no access any more."
_ORDER = (
    "-is_test",
    "channel__failures",
    F("channel__used_at").asc(nulls_first=True),
    "pk",
)
_OUTCOMES = {
    ChannelGone: "gone",
    MessageRefused: "refused",
    ChannelBusy: "busy",
}
_WORKS = {
    "failing_since": None,
    "trouble": "",
    "failures": 0,
    "try_again_at": None,
    "broken_at": None,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatCounts:
    """Messages in chat not delivered yet, and channels in trouble."""

    waiting: int
    failing: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatHealth:
    """The state of chat for the system page: messages that wait, and channels in
    trouble, the newest first, of `failing_total`.
    """

    waiting: int
    failing: Sequence[ChatChannel]
    failing_total: int


def has_due_message(*, at: datetime) -> bool:
    return _due(at).exists()


def deliver_due_chats(
    *, send: SendChat, until: datetime, clock: Callable[[], datetime]
) -> int:
    """Deliver messages until `until` or none is due; return the number handled.

    Channels take turns, those without failures first, so that a slow one or a broken
    one keeps nothing from the others.
    """
    count = 0
    while clock() < until:
        claim = claim_first(_due(clock()), _ORDER, at=clock())
        if claim is None:
            break
        deliver_claimed_chat(claim, send=_logged(send, claim.mail), clock=clock)
        count += 1
    return count


def deliver_claimed_chat(
    claim: MailClaim, *, send: SendChat, clock: Callable[[], datetime]
) -> None:
    """Deliver one message and record the result, of the message and of its channel.

    Nothing is done if the lease ends within MAIL_DEADLINE seconds, or the channel has
    been removed.
    """
    deadline = timedelta(seconds=settings.MAIL_DEADLINE)
    if not claimed(claim).filter(lease_until__gt=clock() + deadline).exists():
        return
    mail = claim.mail
    rows = ChatChannel.objects.filter(messages=mail).select_related("created_by")
    if (channel := rows.first()) is None:
        return
    if not channel.created_by.is_active:
        settle(claim, State.REFUSED, NO_ACCESS, clock())
        return
    _update(channel, used_at=clock())
    try:
        send(
            channel.service,
            decrypt(channel.secret),
            mail.text,
            may_be_private=may_be_private(channel.created_by),
        )
    except SecretUnreadable:
        _record_failure(claim, channel, ChannelGone(OTHER_KEY), clock())
    except ChatFailure as failure:
        _record_failure(claim, channel, failure, clock())
    else:
        settle(claim, State.SENT, "", clock())
        _update(channel, arrived_at=clock(), **_WORKS)


def chat_counts() -> ChatCounts:
    """Return the numbers of `chat_health`, without the channels."""
    return ChatCounts(
        waiting=Mail.objects.in_chat().pending().count(),
        failing=failing_channels().count(),
    )


def chat_health() -> ChatHealth:
    """Return the state of chat; `failing` holds at most 50 channels."""
    counts = chat_counts()
    failing = failing_channels().select_related("user", "team")
    return ChatHealth(
        waiting=counts.waiting,
        failing=list(failing[:MOST_ROWS]),
        failing_total=counts.failing,
    )


def failing_channels() -> QuerySet[ChatChannel]:
    """Return channels whose last message did not arrive, newest trouble first."""
    return ChatChannel.objects.in_trouble().order_by("-failing_since", "pk")


def _due(at: datetime) -> QuerySet[Mail]:
    """Return messages in chat that are due, of channels that may be tried at `at`.

    Tests are due whatever the state of their channel.
    """
    has_time = Q(channel__try_again_at=None) | Q(channel__try_again_at__lte=at)
    may_be_tried = Q(channel__broken_at=None) & has_time
    return due_messages(at).in_chat().filter(Q(is_test=True) | may_be_tried)


def _record_failure(
    claim: MailClaim, channel: ChatChannel, failure: ChatFailure, at: datetime
) -> None:
    """Let the message wait or give it up, and record on the channel what happened.

    A test is tried once. A channel that is gone is broken: what waits for it is given
    up too.
    """
    trouble = {
        "trouble": str(failure)[:300],
        "failing_since": channel.failing_since or at,
    }
    if isinstance(failure, ChannelGone):
        settle(claim, State.REFUSED, str(failure), at)
        _update(channel, broken_at=channel.broken_at or at, **trouble)
        waiting = Mail.objects.filter(channel=channel, state=State.WAITING)
        waiting.update(state=State.REFUSED, outcome=str(failure), finished_at=at)
        return
    if claim.mail.is_test or isinstance(failure, MessageRefused):
        settle(claim, State.REFUSED, str(failure), at)
        _update(channel, **trouble)
        return
    wait = back_off(channel.failures)
    if isinstance(failure, ChannelBusy):
        wait = timedelta(seconds=failure.seconds)
        trouble = {}  # it works, and asks for time
    else:
        trouble["failures"] = channel.failures + 1
    retry_later(claim, str(failure), at, wait=wait)
    _update(channel, try_again_at=at + wait, **trouble)


def _logged(send: SendChat, mail: Mail) -> SendChat:
    """Return `send` with a line in the log for each attempt: no address and no text."""

    def send_and_log(service: str, address: str, text: str, **options: Any) -> None:
        began, outcome = time.perf_counter(), "broken"
        try:
            send(service, address, text, **options)
            outcome = "taken"
        except ChatFailure as failure:
            outcome = _OUTCOMES.get(type(failure), "failed")
            raise
        finally:
            milliseconds = round((time.perf_counter() - began) * 1000)
            logger.info(
                "Chat channel %s: %s in %d ms, message %d",
                mail.channel_id, outcome, milliseconds, mail.pk,
                extra={
                    "outcome": outcome, "ms": milliseconds, "row": f"message {mail.pk}",
                },
            )  # fmt: skip

    return send_and_log


def _update(channel: ChatChannel, **values: object) -> None:
    ChatChannel.objects.filter(pk=channel.pk).update(**values)
