"""`/metrics` for Prometheus, answered before everything else, as the probes are."""

import hmac
from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.cache import add_never_cache_headers
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from dashboard.monitoring.metrics import families
from dashboard.server.client_address import is_from_this_machine

PATH = "/metrics"
BEARER = "Bearer "
# One of these says that somebody else asks through a proxy.
FORWARDING = (
    "Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
    "X-Forwarded-Port", "X-Forwarded-Server", "X-Real-IP", "X-Client-IP",
    "X-Original-Host", "True-Client-IP", "CF-Connecting-IP", "CF-Ray",
)  # fmt: skip
OWN_NAMES = {"localhost", "127.0.0.1", "::1"}

View = Callable[[HttpRequest], HttpResponse]


class MetricsPage:
    """Answer `/metrics` to whoever may read it.

    Every other request is handed on, those for `/metrics` too: to all others there is
    nothing at that address.
    """

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path_info.removesuffix("/") != PATH or not may_read(request):
            return self.get_response(request)
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        body = generate_latest(_Families())
        response = HttpResponse(body, content_type=CONTENT_TYPE_PLAIN_0_0_4)
        add_never_cache_headers(response)
        return response


class _Families(Collector):
    def collect(self) -> list[Metric]:
        return list(families())


def may_read(request: HttpRequest) -> bool:
    """Return whether the request has METRICS_TOKEN as its bearer token.

    Without METRICS_TOKEN it is whether it comes from this machine itself: its peer and
    the host name it asks for are loopback, and no proxy has handed it on. A proxy on this
    machine passes neither on for others: it sets Host and X-Forwarded-For.
    """
    if settings.METRICS_TOKEN:
        sent = request.headers.get("Authorization", "")
        wanted = f"{BEARER}{settings.METRICS_TOKEN}"
        return hmac.compare_digest(sent.encode("utf-8", "replace"), wanted.encode())
    if any(name in request.headers for name in FORWARDING):
        return False
    return is_from_this_machine(request) and _asks_for_this_machine(request)


def _asks_for_this_machine(request: HttpRequest) -> bool:
    try:
        host = urlsplit(f"//{request.headers.get('Host', '')}").hostname
    except ValueError:
        return False
    return host in OWN_NAMES
