"""Refusals of services, told to the browser."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied

from assignments.services.errors import AssignmentRefused, NotAllowed
from dashboard.htmx import PageRequest


def refuse(request: PageRequest, refusal: AssignmentRefused) -> None:
    """Show the refusal's sentence; the caller answers 409.

    Raises PermissionDenied for NotAllowed.
    """
    if isinstance(refusal, NotAllowed):
        raise PermissionDenied(str(refusal)) from refusal
    messages.error(request, str(refusal))


def say(request: PageRequest, sentence: str, *, undo: str) -> None:
    """Show the sentence of an act that no row shows, with the address that undoes it."""
    messages.success(request, sentence, extra_tags=undo)
