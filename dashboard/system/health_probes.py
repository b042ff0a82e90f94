"""Two probes for monitors, answered before everything else.

Both work on any host name, over plain http and without a session, since a load balancer
asks by address and knows nothing of TLS or of our name.
"""

from collections.abc import Callable

from django.db import DatabaseError, InterfaceError, connection
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.cache import add_never_cache_headers

from assignments import database_clock
from assignments.services.operations import status as operations_status


class HealthProbes:
    """Answer `/healthz` and `/readyz`; hand every other request on."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        probe = PROBES.get(request.path_info.removesuffix("/"))
        if probe is None:
            return self.get_response(request)
        if request.method not in {"GET", "HEAD"}:
            return HttpResponseNotAllowed(["GET", "HEAD"])
        status, sentence = probe()
        return _plain_answer(request, status, sentence)


def healthz() -> tuple[int, str]:
    """Return 200 and `ok`: this process answers."""
    return 200, "ok"


def readyz() -> tuple[int, str]:
    """Return 200 and `ready`, or 503 and a sentence if the database does not answer or
    no worker is alive.
    """
    try:
        connection.ensure_connection()
        silent = operations_status.worker_is_silent(at=database_clock.now())
    except (DatabaseError, InterfaceError):
        return 503, "The database does not answer."
    if silent:
        return 503, "The worker is silent."
    return 200, "ready"


PROBES = {"/healthz": healthz, "/readyz": readyz}


def _plain_answer(request: HttpRequest, status: int, sentence: str) -> HttpResponse:
    body = f"{sentence}\n".encode()
    response = HttpResponse(status=status, content_type="text/plain; charset=utf-8")
    response["Content-Length"] = str(len(body))
    if request.method == "GET":
        response.content = body
    add_never_cache_headers(response)
    return response
