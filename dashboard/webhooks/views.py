"""The address at which Smartlead's webhooks arrive, and the page about them."""

import logging

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from assignments.services.webhooks import authentication
from assignments.services.webhooks import receive as webhooks_receive
from assignments.services.webhooks import status as webhooks_status
from assignments.services.webhooks.receive import UnreadableEvent
from dashboard.htmx import PageRequest
from dashboard.middleware import IS_WEBHOOK
from dashboard.server.body_limit import OWN_LIMIT, largest_body
from dashboard.system import error_pages
from dashboard.team.views_members import check_manager

logger = logging.getLogger(__name__)

LARGEST = 2 * 1024 * 1024
PLAIN = "text/plain; charset=utf-8"
# Which events are worth ticking, and what each is good for.
EVENTS = (
    ("EMAIL_REPLY", "a lead has answered"),
    ("LEAD_CATEGORY_UPDATED", "a lead has another category"),
    ("EMAIL_SENT", "we have answered (leave it out if your campaigns send thousands)"),
    ("EMAIL_BOUNCE", "a mail has come back"),
    ("LEAD_UNSUBSCRIBED", "a lead wants no more mails"),
)


class TooLarge(Exception):
    pass


@largest_body(OWN_LIMIT)
@csrf_exempt
@never_cache
@login_not_required
def receive(request: HttpRequest, token: str) -> HttpResponse:
    """Take an event and answer in a line of plain text; 5xx alone asks Smartlead to
    send it again. 404 for a wrong key, 405 unless it is a POST, 415 if the body is
    compressed, else the status of `_take`. `WebhookAddress` may have checked the key
    already, and taken it out of the address.
    """
    if not request.META.get(IS_WEBHOOK) and not authentication.is_our_token(token):
        return error_pages.no_such_page()
    if request.method != "POST":
        return _said(405, "Webhooks are sent with POST.")
    if request.headers.get("Content-Encoding", "identity") != "identity":
        return _said(415, "The body must not be compressed.")
    return _said(*_take(request))


def _take(request: HttpRequest) -> tuple[int, str]:
    """Hand the event to the service; return a status and its sentence.

    200 taken, 400 broken off or unreadable, 403 forged, 413 too large (counted as a
    refusal), 503 if the database fails, 500 for any other error, which is logged.
    Nothing is raised.
    """
    try:
        webhooks_receive.receive(
            body=_body(request),
            signature=request.headers.get("X-Smartlead-Signature"),
            at=timezone.now(),
        )
    except TooLarge:
        authentication.count_refusal(authentication.Reason.TOO_LARGE, at=timezone.now())
        return 413, "The body is larger than 2 MB."
    except OSError:
        return 400, "The body broke off."
    except UnreadableEvent as no:
        return 400, str(no)
    except authentication.ForgedRequest as forged:
        return 403, str(forged)
    except DatabaseError:
        return 503, "It cannot be kept now. Send it again later."
    except Exception:  # an error page might show what the event holds
        logger.exception("A webhook could not be taken.")
        return 500, "It could not be taken. Send it again later."
    return 200, "Taken."


@never_cache
@require_safe
def webhooks(request: PageRequest) -> HttpResponse:
    check_manager(request, "see the address of the webhook")
    path = reverse("receive_webhook", args=[authentication.path_token()])
    context = {
        "is_open": authentication.is_open(),
        "is_short": bool(settings.SMARTLEAD_WEBHOOK_SECRET),
        "shortest": authentication.SHORTEST_SECRET,
        "address": settings.SITE_URL.rstrip("/") + path,
        "is_https": settings.SITE_URL.startswith("https://"),
        "events": EVENTS,
        "report": webhooks_status.webhook_report(at=timezone.now()),
    }
    return render(request, "configuration/webhooks.html", context)


def _said(status: int, sentence: str) -> HttpResponse:
    return HttpResponse(f"{sentence}\n", status=status, content_type=PLAIN)


def _body(request: HttpRequest) -> bytes:
    """Return the body, at most LARGEST bytes, whatever length was announced.

    Raises TooLarge if it is longer, and OSError if it breaks off.
    """
    announced = request.headers.get("Content-Length", "")
    if announced.isdecimal() and int(announced) > LARGEST:
        raise TooLarge
    stream = request
    if not announced and request.META.get("wsgi.input_terminated"):
        stream = request.META[
            "wsgi.input"
        ]  # sent in chunks, which Django leaves unread
    body: bytes = stream.read(LARGEST + 1)
    if len(body) > LARGEST:
        raise TooLarge
    return body
