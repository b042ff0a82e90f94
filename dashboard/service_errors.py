"""An expected "no" of a service, told to the browser."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied

from assignments.services.errors import AssignmentRefused, NotAllowed
from dashboard.htmx import PageRequest


def refuse(request: PageRequest, refusal: AssignmentRefused) -> None:
    """Say the refusal's sentence; the caller answers 409. Not allowed is a 403."""
    if isinstance(refusal, NotAllowed):
        raise PermissionDenied(str(refusal)) from refusal
    messages.error(request, str(refusal))


def say(request: PageRequest, sentence: str, *, undo: str) -> None:
    """For an act that no row shows: its sentence, and the address that takes it back."""
    messages.success(request, sentence, extra_tags=undo)
