"""A limit on the sessions that visitors begin before they sign in: each is a row."""

from allauth.core.internal import ratelimit
from django.http import HttpRequest

SESSIONS_PER_NETWORK = "100/5m/ip"


def may_begin_session(request: HttpRequest) -> bool:
    """Return whether one more session of this visitor's network may be stored, and count
    it. A network is an IPv4 address or the /64 of an IPv6 one.
    """
    known = ratelimit.consume(
        request, app="dashboard.accounts", action="session",
        config={"session": SESSIONS_PER_NETWORK}, limit_get=True,
    )  # fmt: skip
    return known is not None
