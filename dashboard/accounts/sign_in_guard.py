"""The connection of django-axes with our log of sign-ins; no other module knows axes.

Axes asks before a password is checked, and tells what came of it. `axes_reset` and its
like end here too. Counting and locking: `assignments.services.people.sign_ins`.
"""

from typing import Any

from axes.handlers.base import AxesHandler
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone

from assignments.models import SignInEvent, User
from assignments.services.people import sign_ins
from assignments.services.people.sign_ins import SignInLock, Visitor
from dashboard.server.client_address import client_address

# In this order: each of these names itself as the ones behind it, too.
BROWSERS = (
    ("Edg", "Edge"), ("OPR/", "Opera"), ("SamsungBrowser", "Samsung Internet"),
    ("Firefox/", "Firefox"), ("FxiOS", "Firefox"), ("Chrome/", "Chrome"),
    ("CriOS", "Chrome"), ("Safari/", "Safari"), ("curl/", "curl"), ("ython", "Python"),
)  # fmt: skip
SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iOS"), ("iPad", "iOS"), ("Windows", "Windows"),
    ("Mac OS", "macOS"), ("CrOS", "ChromeOS"), ("Linux", "Linux"),
)  # fmt: skip
LONGEST_USER_AGENT = 1000  # the rest of a longer one is not looked at


class SignInGuard(AxesHandler):  # type: ignore[misc]  # axes has no types
    def is_allowed(self, request: HttpRequest, credentials: dict[str, Any]) -> bool:
        begun = sign_ins.begin_sign_in(
            name=credentials.get("username") or "",
            visitor=visitor_of(request),
            at=timezone.now(),
        )
        _remember(request, begun)
        return isinstance(begun, SignInEvent)

    def user_login_failed(
        self,
        sender: object,
        credentials: dict[str, Any],
        request: HttpRequest | None = None,
        **kwargs: object,
    ) -> None:
        event = getattr(request, "sign_in_event", None)
        if request is None:
            return
        if event and (lock := sign_ins.record_wrong_password(event, at=timezone.now())):
            _remember(request, lock)
        is_locked = getattr(request, "sign_in_lock", None) is not None
        request.axes_locked_out = is_locked  # type: ignore[attr-defined]

    def user_logged_in(
        self, sender: object, request: HttpRequest, user: User, **kwargs: object
    ) -> None:
        sign_ins.confirm_sign_in(
            user=user,
            visitor=visitor_of(request),
            at=timezone.now(),
            event=getattr(request, "sign_in_event", None),
        )

    def user_logged_out(
        self, sender: object, request: HttpRequest, user: User | None, **kwargs: object
    ) -> None:
        if user is not None:
            visitor = visitor_of(request)
            kind, at = SignInEvent.Kind.SIGNED_OUT, timezone.now()
            sign_ins.record(kind, user=user, at=at, visitor=visitor)

    def reset_attempts(
        self,
        *,
        ip_address: str | None = None,
        username: str | None = None,
        ip_or_username: bool = False,
    ) -> int:
        if ip_or_username:
            freed = sign_ins.unlock_sign_ins(name=username)
            return freed + sign_ins.unlock_sign_ins(address=ip_address)
        return sign_ins.unlock_sign_ins(name=username, address=ip_address)


def visitor_of(request: HttpRequest) -> Visitor:
    user_agent = request.META.get("HTTP_USER_AGENT", "")[:LONGEST_USER_AGENT]
    return Visitor(address=client_address(request), browser=browser_of(user_agent))


def locked_page(
    request: HttpRequest, response: HttpResponse, credentials: object
) -> HttpResponse:
    """Return a page with status 429 that says for how many minutes no password is
    checked. Retry-After has these minutes as seconds. Reads `request.sign_in_lock`,
    which must be set; `response` and `credentials` are not used.
    """
    at = timezone.now()
    lock: SignInLock = request.sign_in_lock  # type: ignore[attr-defined]
    context = {"minutes": lock.minutes(at)}
    page = render(request, "accounts/locked.html", context, status=429)
    page["Retry-After"] = str(60 * lock.minutes(at))
    return page


def _remember(request: HttpRequest, begun: SignInEvent | SignInLock) -> None:
    """Set `request.sign_in_lock` or `request.sign_in_event` to `begun`, by its class,
    and the other one to None.
    """
    is_lock = isinstance(begun, SignInLock)
    request.sign_in_lock = begun if is_lock else None  # type: ignore[attr-defined]
    request.sign_in_event = None if is_lock else begun  # type: ignore[attr-defined]


def browser_of(user_agent: str) -> str:
    """Return `Firefox on Windows`, one of the two names if the other is not found, or
    `another program`. All names are from our own lists, so that what is logged has a
    known length.
    """
    browser = _first_of(BROWSERS, user_agent)
    system = _first_of(SYSTEMS, user_agent)
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or "another program"


def _first_of(marks: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for mark, name in marks if mark in user_agent), "")
