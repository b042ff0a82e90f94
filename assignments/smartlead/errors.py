"""Errors of calls, by who is at fault (docs/design/design.md, rule 10).

`str(error)` is a complete sentence for the manager, without a URL or the key.
"""

from typing import Literal

TroubleKind = Literal[
    "key", "plan", "rate_limit", "unavailable", "timeout", "address", "garbled"
]


class SmartleadError(Exception):
    """A call to Smartlead failed."""


class ServiceTrouble(SmartleadError):
    """The service, its address, the key or the plan fails: not the fault of the row.

    The row waits until that is over. If `surely_not_applied`, a write that failed like
    this changed nothing. `retry_after` is in seconds.
    """

    def __init__(
        self,
        sentence: str,
        *,
        kind: TroubleKind,
        surely_not_applied: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.surely_not_applied = surely_not_applied
        self.retry_after = retry_after


class EmptyAnswer(ServiceTrouble):
    """A read was answered with 2xx and an empty body.

    Smartlead does that for a deleted lead but also when it fails, so one such answer
    does not prove that the lead is gone.
    """

    def __init__(self) -> None:
        super().__init__("Smartlead answered with nothing.", kind="garbled")


class Refused(SmartleadError):
    """Smartlead refused this one call; the message is its own."""

    def __init__(self, sentence: str, *, status: int) -> None:
        super().__init__(sentence)
        self.status = status


class AmbiguousWrite(SmartleadError):
    """The answer to a write confirms nothing: only a read can show what it did."""


class NotSent(SmartleadError):
    """The call was given up before its request left this machine."""


class NotesUnreadable(SmartleadError):
    """The account cannot read notes back."""
