"""Reasons for which a sign-in with the provider fails, and what people are told."""

from enum import Enum
from http import HTTPStatus

from django.conf import settings

from assignments.services.access import break_glass_names


class Refusal(Enum):
    """A code, the status of the answer, and the sentence with `{provider}` in it."""

    UNREACHABLE = (
        HTTPStatus.SERVICE_UNAVAILABLE,
        "{provider} does not answer, or answers what Handoff cannot use. Try again in a "
        "minute.",
    )
    MISCONFIGURED = (
        HTTPStatus.SERVICE_UNAVAILABLE,
        "{provider} does not accept Handoff: its client id, secret or return address "
        "does not fit. Whoever runs Handoff compares OIDC_CLIENT_ID, "
        "OIDC_CLIENT_SECRET and the redirect URI.",
    )
    CANCELLED = (
        HTTPStatus.FORBIDDEN,
        "{provider} did not let you in, or you turned back there.",
    )
    NOT_BEGUN_HERE = (
        HTTPStatus.BAD_REQUEST,
        "This sign-in was not begun in this browser, took longer than 10 minutes, or "
        "was finished already. Begin it again.",
    )
    WRONG_TOKEN = (
        HTTPStatus.FORBIDDEN,
        "What {provider} sent is not valid for this sign-in, so nobody was signed in. "
        "Begin it again; if it stays so, tell whoever runs Handoff.",
    )
    TOO_MANY = (
        HTTPStatus.TOO_MANY_REQUESTS,
        "Too many sign-ins were begun from your network. Try again in 5 minutes.",
    )
    CLOCK = (
        HTTPStatus.FORBIDDEN,
        "The clocks of {provider} and of Handoff are more than 5 minutes "
        "apart, so nobody can sign in this way. Whoever runs Handoff sets its clock "
        "(NTP).",
    )

    @property
    def status(self) -> HTTPStatus:
        return self.value[0]

    @property
    def sentence(self) -> str:
        return self.value[1].format(provider=settings.OIDC_NAME)

    @property
    def is_outage(self) -> bool:
        return self.status == HTTPStatus.SERVICE_UNAVAILABLE


class SignInRefused(Exception):
    """A sign-in with the provider that must not go on."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason.name)
        self.reason = reason


def way_round_outage() -> str:
    """Return a sentence on who may still sign in while the provider is away."""
    if settings.LOCAL_SIGN_IN is None:
        return "Until then you can sign in with a password, if you have one."
    if break_glass_names():
        return "Until then only the logins kept for emergencies can sign in."
    return ""
