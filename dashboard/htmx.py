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
    """The id of the element that htmx replaces; empty when a whole page is wanted."""
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
    """Render a page, or the fragment of it that carries the name of the target.

    Only the fragments that the view lists can be asked for.
    """
    if (name := target(request)) in fragments:
        template = f"{template}#{name}"
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def back(request: PageRequest, fallback: str, *args: Any) -> HttpResponse:
    """Redirect to the page that posted the form if it is one of ours, else to
    `fallback`.
    """
    return _to(request, request.POST.get("next", ""), fallback, *args)


def back_where_from(request: PageRequest, fallback: str) -> HttpResponse:
    """Redirect as `back` does, for forms of the frame: htmx may have changed the
    address since.
    """
    wanted = request.POST.get("next") or request.headers.get("Referer", "")
    return _to(request, wanted, fallback)


def _to(request: PageRequest, wanted: str, fallback: str, *args: Any) -> HttpResponse:
    if url_has_allowed_host_and_scheme(wanted, allowed_hosts={request.get_host()}):
        # Not redirect(): that takes a word for the name of a page.
        return HttpResponseRedirect(wanted)
    return redirect(fallback, *args)
