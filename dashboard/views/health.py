from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from assignments.services import system

PLAIN = "text/plain; charset=utf-8"


@never_cache
@login_not_required
@require_safe
def healthz(request: HttpRequest) -> HttpResponse:
    """This process answers."""
    return HttpResponse("ok\n", content_type=PLAIN)


@never_cache
@login_not_required
@require_safe
def readyz(request: HttpRequest) -> HttpResponse:
    """The database answers and a worker is alive."""
    try:
        connection.ensure_connection()
        silent = system.worker_is_silent(at=timezone.now())
    except DatabaseError:
        return _not_ready("The database does not answer.\n")
    if silent:
        return _not_ready("The worker is silent.\n")
    return HttpResponse("ready\n", content_type=PLAIN)


def _not_ready(sentence: str) -> HttpResponse:
    return HttpResponse(sentence, status=503, content_type=PLAIN)
