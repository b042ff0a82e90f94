"""The command line's words: `60/60s,10/2s`, `0.01:5`, `lost_answer=0.02:3@owner`."""

from assignments.sandbox.faults import Fault, FaultKind


class InvalidOption(Exception):
    """Not understood; the message says what would be."""


def parse_limits(said: str) -> tuple[tuple[int, float], ...]:
    return tuple(_parse_limit(part) for part in said.split(","))


def _parse_limit(said: str) -> tuple[int, float]:
    count, _, seconds = said.strip().removesuffix("s").partition("/")
    try:
        limit = int(count), float(seconds)
    except ValueError:
        raise InvalidOption(f"A rate looks like 60/60s, not {said!r}.") from None
    if limit[0] < 1 or limit[1] <= 0:
        raise InvalidOption(f"A rate lets at least one call through, not {said!r}.")
    return limit


def parse_tail(said: str) -> tuple[float, float]:
    share, _, seconds = said.partition(":")
    try:
        return float(share), float(seconds)
    except ValueError:
        says = f"A tail is a share and seconds, like 0.01:5, not {said!r}."
        raise InvalidOption(says) from None


def parse_fault(said: str) -> Fault:
    """`kind=chance`, then `:seconds` and `@call` if wanted."""
    rest, _, call = said.partition("@")
    kind, _, rest = rest.partition("=")
    chance, _, seconds = rest.partition(":")
    try:
        known = FaultKind(kind)
    except ValueError:
        kinds = ", ".join(FaultKind)
        raise InvalidOption(f"{kind!r} is no fault. There are: {kinds}.") from None
    try:
        found = Fault(kind=known, call=call, chance=float(chance), times=None)
        found.seconds = float(seconds) if seconds else found.seconds
    except ValueError:
        says = f"A fault looks like lost_answer=0.02 or drip_body=0.1:3, not {said!r}."
        raise InvalidOption(says) from None
    return found
