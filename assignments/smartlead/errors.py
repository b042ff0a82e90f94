"""Whose fault a failed call was (docs/design/design.md, rule 10).

`str(error)` is a finished sentence for the manager. It never holds a URL or the key.
"""

from typing import Literal

Trouble = Literal[
    "key", "plan", "rate_limit", "unavailable", "timeout", "address", "garbled"
]


class SmartleadError(Exception):
    """A call to Smartlead did not do what it was made for."""


class AboutUs(SmartleadError):
    """Not the row's fault: it waits until Smartlead and we understand each other.

    `surely_not_applied`: a write that failed like this has changed nothing.
    """

    def __init__(
        self,
        sentence: str,
        *,
        kind: Trouble,
        surely_not_applied: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(sentence)
        self.kind = kind
        self.surely_not_applied = surely_not_applied
        self.retry_after = retry_after


class SaidNothing(AboutUs):
    """A read was answered with 2xx and nothing in it.

    Smartlead does that for a lead it has no more, and as a way to fail: once is no
    proof that the lead is gone.
    """

    def __init__(self) -> None:
        super().__init__("Smartlead answered with nothing.", kind="garbled")


class Refused(SmartleadError):
    """Smartlead understood this one call and said no, in its own words."""

    def __init__(self, sentence: str, *, status: int) -> None:
        super().__init__(sentence)
        self.status = status


class Unclear(SmartleadError):
    """A write was answered, but not with a yes: only a read can tell what it did."""


class NotSent(SmartleadError):
    """The call was given up before its request left this machine."""


class NotesUnreadable(SmartleadError):
    """This account has no way to read notes back."""
