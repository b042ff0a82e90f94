"""Parse options of `manage.py sandbox`, such as `60/60s,10/2s` or `drip_body=0.1:3`."""

from assignments.sandbox.faults import Fault, FaultKind


class InvalidOption(Exception):
    """An option cannot be parsed; the message shows the right form."""


def parse_limits(text: str) -> tuple[tuple[int, float], ...]:
    """Return (calls, seconds) for each part of `60/60s,10/2s`; the `s` may be missing.

    Raise InvalidOption for no number, fewer than 1 call or not more than 0 seconds.
    """
    return tuple(_parse_limit(part) for part in text.split(","))


def _parse_limit(text: str) -> tuple[int, float]:
    count, _, seconds = text.strip().removesuffix("s").partition("/")
    try:
        limit = int(count), float(seconds)
    except ValueError:
        raise InvalidOption(f"A rate looks like 60/60s, not {text!r}.") from None
    if limit[0] < 1 or limit[1] <= 0:
        raise InvalidOption(f"A rate lets at least one call through, not {text!r}.")
    return limit


def parse_tail(text: str) -> tuple[float, float]:
    """Return (share of calls that are slow, seconds by which they are) from
    `share:seconds`. Raise InvalidOption if one is no number; ranges are not checked.
    """
    share, _, seconds = text.partition(":")
    try:
        return float(share), float(seconds)
    except ValueError:
        message = f"A tail is a share and seconds, like 0.01:5, not {text!r}."
        raise InvalidOption(message) from None


def parse_fault(text: str) -> Fault:
    """Return a fault that may happen any number of times from `kind=chance`, optionally
    followed by `:seconds` (default DEFAULT_SECONDS) and `@call` (default all calls).
    Raise InvalidOption for an unknown kind or if a number is none.
    """
    rest, _, call = text.partition("@")
    kind, _, rest = rest.partition("=")
    chance, _, seconds = rest.partition(":")
    try:
        known = FaultKind(kind)
    except ValueError:
        kinds = ", ".join(FaultKind)
        raise InvalidOption(f"{kind!r} is no fault. There are: {kinds}.") from None
    try:
        fault = Fault(kind=known, call=call, chance=float(chance), times=None)
        fault.seconds = float(seconds) if seconds else fault.seconds
    except ValueError:
        message = (
            f"A fault looks like lost_answer=0.02 or drip_body=0.1:3, not {text!r}."
        )
        raise InvalidOption(message) from None
    return fault
