"""Answers to htmx: a whole page, or only the part that it is about to replace."""

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.middleware import HtmxDetails

from assignments.models import User


class PageRequest(HttpRequest):
    """The request of our views: LoginRequiredMiddleware and HtmxMiddleware have run."""

    user: User
    htmx: HtmxDetails


def target(request: PageRequest) -> str:
    """Return the id of the element that htmx replaces.

    It is empty when a whole page is wanted: without htmx, without a target, and when
    htmx restores a page of its history.
    """
    if not request.htmx or request.htmx.history_restore_request:
        return ""
    return request.htmx.target or ""


def render_page(
    request: PageRequest,
    template: str,
    context: dict[str, Any],
    *,
    fragments: tuple[str, ...] = (),
    status: int = 200,
) -> HttpResponse:
    """Render `template` with this status, or only its fragment `template#target` if the
    request's target is one of `fragments`. `Vary` gets the headers HX-Request and
    HX-Target.
    """
    if (name := target(request)) in fragments:
        template = f"{template}#{name}"
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def back(request: PageRequest, fallback: str, *args: Any) -> HttpResponse:
    """Redirect to the address that the form posted as `next` if it is on this host,
    else to the view `fallback` with `args`.
    """
    return _to(request, request.POST.get("next", ""), fallback, *args)


def back_where_from(request: PageRequest, fallback: str) -> HttpResponse:
    """Redirect to the form's `next`, or to the Referer if that is empty, if on this
    host; else to the view `fallback`. For forms of the frame: htmx may have changed
    the address since the page was drawn.
    """
    wanted = request.POST.get("next") or request.headers.get("Referer", "")
    return _to(request, wanted, fallback)


def _to(request: PageRequest, wanted: str, fallback: str, *args: Any) -> HttpResponse:
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        # Not redirect(): that takes a word for the name of a page.
        return HttpResponseRedirect(wanted)
    return redirect(fallback, *args)
