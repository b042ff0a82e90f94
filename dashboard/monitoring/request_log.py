"""The id of each request, its line in the log, and its place in the metrics."""

import logging
import time
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from assignments import request_id
from dashboard.monitoring import request_metrics
from dashboard.server.client_address import is_from_trusted_proxy

HEADER = "X-Request-ID"
STATIC = "static"
NO_PAGE = "none"
METHODS = {"GET", "HEAD", "POST", "OPTIONS"}

logger = logging.getLogger(__name__)


class RequestLog:
    """Give each request an id, answer with it, and log and count the request.

    The id is that of a trusted proxy if it sends a well-formed one. Logged is the name of
    the page and never its address, which may hold what somebody searches for.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        began = time.perf_counter()
        known = _id_for(request)
        request.request_id = known  # type: ignore[attr-defined]
        with request_id.set_to(known):
            response = self.get_response(request)
            response[HEADER] = known
            _record(request, response, time.perf_counter() - began)
        return response


def page_name(request: HttpRequest) -> str:
    """Return the name of the page's address; `static` for files, `none` for no page."""
    if match := getattr(request, "resolver_match", None):
        return match.view_name or NO_PAGE
    is_static = request.path_info.startswith(f"/{settings.STATIC_URL.lstrip('/')}")
    return STATIC if is_static else NO_PAGE


def method_name(request: HttpRequest) -> str:
    return request.method if request.method in METHODS else "other"


def _id_for(request: HttpRequest) -> str:
    sent = request.headers.get(HEADER, "")
    if request_id.is_well_formed(sent) and is_from_trusted_proxy(request):
        return sent
    return request_id.make()


def _record(request: HttpRequest, response: HttpResponse, seconds: float) -> None:
    page, method, status = (
        page_name(request),
        method_name(request),
        response.status_code,
    )
    request_metrics.count_request(page, method, status, seconds)
    if page == STATIC:
        return
    milliseconds = round(seconds * 1000)
    logger.info(
        "%s %s: %d in %d ms", method, page, status, milliseconds,
        extra={"method": method, "page": page, "status": status, "ms": milliseconds},
    )  # fmt: skip
