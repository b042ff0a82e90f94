"""Middleware for every answer: login, htmx's redirects and messages, time zone."""

import re
from collections.abc import Callable
from typing import cast

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.contrib.messages import get_messages, warning
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.middleware.gzip import GZipMiddleware
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.cache import add_never_cache_headers
from django_htmx.http import HttpResponseClientRedirect

from assignments.models import User
from assignments.services import sight
from assignments.services.time_zones import zone_or_default
from assignments.services.webhooks import authentication
from dashboard.accounts.return_address import page_of_person
from dashboard.htmx import PageRequest
from dashboard.server.log_redaction import redacted

# With doubled slashes or none at the end; whatever comes after is what should be the key.
_WEBHOOK = re.compile(r"/*webhooks/+smartlead(?:/+(?P<token>.*?))?/*", re.S)
_ADMITTED = "/webhooks/smartlead/-/"
IS_WEBHOOK = "handoff.is_webhook"  # in META: the key was right

View = Callable[[HttpRequest], HttpResponse]


NOT_SAVED = "You were signed out, so this was not saved. Sign in and do it again."
SIGNED_OUT = "You were signed out. What you typed and did not send is lost."


class WebhookAddress:
    """Check the key in the address of a webhook, and take it out of the request.

    No log, error page or mail about an error can show it then.
    """

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if found := _WEBHOOK.fullmatch(request.path_info):
            _hide_key(request)
            request.META[IS_WEBHOOK] = authentication.is_our_token(found["token"] or "")
        return self.get_response(request)


def _hide_key(request: HttpRequest) -> None:
    root = request.path.removesuffix(request.path_info)
    environ = request.META
    for name, value in environ.items():
        if isinstance(value, str):
            environ[name] = redacted(value)
    environ["PATH_INFO"] = request.path_info = _ADMITTED
    request.path = root + _ADMITTED


class PageCompression(GZipMiddleware):
    """Compress pages and CSV, behind a random length; what programs fetch stays plain.

    A calendar that is compared by its length or its bytes is the same at each fetch.
    """

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        kind = response.headers.get("Content-Type", "").partition(";")[0]
        if kind not in {"text/html", "text/csv"}:
            return response
        return super().process_response(request, response)


class RequireLogin(LoginRequiredMiddleware):
    """Ask for a login, and lead back to the page that the person sees."""

    def handle_no_permission(
        self, request: HttpRequest, view_func: object
    ) -> HttpResponseRedirect:
        if hasattr(view_func, "admin_site") or hasattr(view_func, "model_admin"):
            raise Http404  # the admin is there for staff who are signed in, or not at all
        if request.method not in {"GET", "HEAD"}:
            warning(request, NOT_SAVED)
        elif cast(PageRequest, request).htmx:
            warning(request, SIGNED_OUT)
        return redirect_to_login(page_of_person(request))


class SightOnce:
    """Read once a request which leads its user sees."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with sight.read_once():
            return self.get_response(request)


class NothingKept:
    """Let no browser or proxy keep a page: Back after signing out would show leads."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        add_never_cache_headers(response)
        return response


class HtmxRedirects:
    """Make a redirect (an expired login, say) move the page, not land in a row."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if cast(PageRequest, request).htmx and "Location" in response:
            return HttpResponseClientRedirect(response["Location"])
        return response


class HtmxMessages:
    """Send waiting messages along with a fragment, as an out-of-band swap."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if _is_fragment(request, response) and (waiting := list(get_messages(request))):
            context = {"messages": waiting, "out_of_band": True}
            response.write(render_to_string("_messages.html", context, request))
        return response


def _is_fragment(request: HttpRequest, response: HttpResponse) -> bool:
    """Return True if htmx will swap this answer in: the request is htmx's, the status
    is 200, 409 or 422, there is no HX-Redirect, and the answer is not streamed.
    Messages in any other answer would be lost.
    """
    return (
        bool(cast(PageRequest, request).htmx)
        and response.status_code in {200, 409, 422}
        and "HX-Redirect" not in response
        and not response.streaming
    )


class ViewerTimeZone:
    """Show times in the zone of who looks at them."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        name = user.time_zone if isinstance(user, User) else ""
        with timezone.override(zone_or_default(name)):
            return self.get_response(request)
