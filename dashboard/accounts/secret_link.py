"""The two parts of a secret link, kept in a cookie of the one page that needs them.

So the browser's history, its Referer and its screen do not tell the secret, nor does the
database.
"""

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

VALID_FOR = timedelta(hours=1)


def keep_link(
    request: HttpRequest, page: str, key: str, token: str, *, opens: bool
) -> HttpResponse:
    """Redirect to `page`, an address without the two parts, and keep them in its cookie.

    The parts of a link that `opens` nothing are not kept, nor are those from before.
    """
    response = redirect(page)
    if not opens:
        if page in request.COOKIES:
            forget_link(response, page)
        return response
    response.set_signed_cookie(
        page,
        f"{key}/{token}",
        salt=_salt(page),
        max_age=VALID_FOR,
        path=reverse(page),
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",  # Strict would not arrive after a link in a mail
    )
    return response


def kept_link(request: HttpRequest, page: str) -> tuple[str, str]:
    """Return the two parts of the link that was opened last; empty if none is kept."""
    kept = request.get_signed_cookie(
        page, default="", salt=_salt(page), max_age=VALID_FOR
    )
    key, _, token = (kept or "").partition("/")
    return key, token


def forget_link(response: HttpResponse, page: str) -> None:
    response.delete_cookie(page, path=reverse(page), samesite="Lax")


def _salt(page: str) -> str:
    return f"{__name__}.{page}"
