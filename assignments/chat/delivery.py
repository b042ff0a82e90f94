"""One message on its way to one chat channel, and what the service said to it.

apprise is loaded by the first message, so only processes that send have it in memory.
"""

from contextlib import suppress
from datetime import datetime
from email.utils import parsedate_to_datetime
from importlib import import_module
from typing import Any, Protocol

from assignments.chat.plugins import open_channel
from assignments.chat.services import SERVICES, ChatService

GONE = {401, 403, 404, 410}
BAD_MESSAGE = {400, 413, 422}
BUSY = 429
LONGEST_PAUSE = 3600  # seconds, whatever Retry-After says


class ChatFailure(Exception):
    """A message did not arrive, or nobody knows; the text is a sentence for people."""


class ChannelGone(ChatFailure):
    """The service takes no message at this address, now or later."""


class MessageRefused(ChatFailure):
    """The service does not take this message; another one may pass."""


class ChannelBusy(ChatFailure):
    """The service asks for a pause of `seconds`."""

    def __init__(self, sentence: str, *, seconds: float) -> None:
        super().__init__(sentence)
        self.seconds = seconds


class SendChat(Protocol):
    """A way to send a message to the address of a channel; raises ChatFailure."""

    def __call__(
        self, service: str, address: str, text: str, *, may_be_private: bool
    ) -> None: ...


def send_chat(
    service: str, address: str, text: str, *, may_be_private: bool = False
) -> None:
    """Send a text to a channel; return once the service has taken it.

    `service` is a code of SERVICES. The host must be public and have TLS unless
    `may_be_private`. Takes 10 seconds at the most. Raises ChatFailure, and what the
    service says is in none of its sentences.
    """
    known = SERVICES.get(service)
    if known is None:
        raise ChannelGone("Handoff does not send to this service any more.")
    http = import_module("assignments.chat.guarded_http")
    try:
        channel = open_channel(known, address)
    except (TypeError, ValueError, KeyError, AttributeError):
        raise ChannelGone("Its address is none any more. Add it anew.") from None
    for kind in type(channel).__mro__:
        module = import_module(kind.__module__)
        if kind.__module__.startswith("apprise.plugins.") and hasattr(
            module, "requests"
        ):
            module.requests = http.GuardedRequests()  # type: ignore[attr-defined]
    with http.recorded_answer(may_be_private=may_be_private) as answer:
        if not _is_taken(channel, text):
            raise _failure(known, answer)


def _is_taken(channel: Any, text: str) -> bool:
    try:
        return bool(channel.notify(body=text, title="", body_format="text"))
    # apprise's plugins raise what they like; none of it may name the address.
    except Exception:
        return False


def _failure(service: ChatService, answer: Any) -> ChatFailure:
    name, status = service.name, answer.status
    if answer.problem:
        return ChatFailure(answer.problem)
    if status == BUSY:
        return ChannelBusy(
            f"{name} asks for a pause (429).", seconds=_pause(answer.retry_after)
        )
    if status in GONE:
        return ChannelGone(
            f"{name} knows no such address any more ({status}). Add the channel anew."
        )
    if status in BAD_MESSAGE:
        return MessageRefused(f"{name} does not take this message ({status}).")
    if 300 <= status < 400:
        return ChatFailure(
            f"{name} sends us to another address ({status}), which Handoff does not "
            "follow."
        )
    if status:
        return ChatFailure(f"{name} has trouble ({status}).")
    if answer.watch.is_over():
        return ChatFailure(f"{name} did not answer within 10 seconds.")
    return ChatFailure(f"{name} cannot be reached, or did not take the message.")


def _pause(retry_after: str) -> float:
    """Return the seconds that a head `Retry-After` asks for, 60 if it cannot be read."""
    seconds = 60.0
    if retry_after.isascii() and retry_after.isdigit():
        seconds = float(retry_after)
    else:
        with suppress(ValueError, TypeError):
            moment = parsedate_to_datetime(retry_after)
            seconds = (moment - datetime.now(moment.tzinfo)).total_seconds()
    return min(max(seconds, 1.0), LONGEST_PAUSE)
