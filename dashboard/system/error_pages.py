"""Error pages: a sentence, and what to do next. htmx gets the sentence alone."""

import sys

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import (
    DisallowedHost,
    TooManyFieldsSent,
    TooManyFilesSent,
)
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.urls import reverse

from assignments import request_id
from assignments.services.operations.database_outage import outage_in

NOT_FOUND = (
    "There is nothing at this address. The lead, person or page may be gone, or the "
    "address was cut short."
)
FORBIDDEN = "This is not yours to do. A sales manager can do it, or give you the role."
BAD_REQUEST = "Handoff could not read this request. Reload the page and try again."
WRONG_NAME = (
    "Handoff does not answer at this name. Use the address that you were given. Whoever "
    "runs Handoff adds a name to ALLOWED_HOSTS."
)
BROKEN = (
    "Something broke inside Handoff. Nothing was sent twice; try again, and tell "
    "whoever runs it if it stays."
)
ERROR_ID = " The log has it under {request_id}."
EXPIRED_SIGN_IN = (
    "This page was too old. Sign in again; if that does not help, allow cookies here."
)
TOO_MANY_REQUESTS = "That was too often. Wait a minute, then try again."
EXPIRED_FORM = "This form is too old. Reload the page and try again."
TOO_MANY_FIELDS = (
    "This form has too many fields. Choose less at once; for many leads, take all that "
    "match a filter."
)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, (TooManyFieldsSent, TooManyFilesSent)):
        return page(request, 400, TOO_MANY_FIELDS)
    is_wrong_name = isinstance(exception, DisallowedHost)
    return page(request, 400, WRONG_NAME if is_wrong_name else BAD_REQUEST)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    return page(request, 403, str(exception) or FORBIDDEN)


def csrf_failed(request: HttpRequest, reason: str = "") -> HttpResponse:
    if request.path == reverse("login"):
        return _sign_in_again(request)
    return page(request, 403, EXPIRED_FORM)


def too_many_requests(request: HttpRequest) -> HttpResponse:
    return page(request, 429, TOO_MANY_REQUESTS)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return page(request, 404, NOT_FOUND)


def no_such_page() -> HttpResponse:
    """Return the page for a wrong address, with status 404.

    It is the same for everybody, signed in or not, and under DEBUG as well.
    """
    context = {"status": 404, "sentence": NOT_FOUND}
    return HttpResponse(render_to_string("errors/plain.html", context), status=404)


def server_error(request: HttpRequest) -> HttpResponse:
    """Return the page for the exception being handled, without context processors: they
    may be what broke. Status 503 with Retry-After of 60 seconds if the database is
    out of order, else 500; that one names the request's id.
    """
    outage = outage_in(sys.exception())
    status = 503 if outage else 500
    known = request_id.current()
    broken = BROKEN + (ERROR_ID.format(request_id=known) if known else "")
    sentence = outage.value if outage else broken
    context = {"status": status, "sentence": sentence}
    page = render_to_string("errors/plain.html", context)
    response = HttpResponse(page, status=status)
    if outage:
        response["Retry-After"] = "60"
    return response


def too_large(limit: int) -> str:
    return (
        f"What you sent is larger than {limit // 1024**2} MB, which is the most that "
        "can be taken in here. Send less at once."
    )


def page(request: HttpRequest, status: int, sentence: str) -> HttpResponse:
    context = {"status": status, "sentence": sentence}
    is_htmx = getattr(request, "htmx", False)
    signed_in = getattr(getattr(request, "user", None), "is_authenticated", False)
    if is_htmx or not signed_in:
        template = "errors/_sentence.html" if is_htmx else "errors/plain.html"
        return HttpResponse(render_to_string(template, context), status=status)
    return render(request, "errors/page.html", context, status=status)


def _sign_in_again(request: HttpRequest) -> HttpResponse:
    """Redirect to the sign-in page, with the form's `next`, after its token was
    outdated by another tab. A message says so unless the user is signed in by now.
    """
    if not request.user.is_authenticated:
        messages.warning(request, EXPIRED_SIGN_IN)
    return redirect_to_login(request.POST.get("next", ""))
