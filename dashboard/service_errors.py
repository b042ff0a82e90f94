"""Refusals of services, told to the browser."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied

from assignments.services.errors import AssignmentRefused, NotAllowed
from dashboard.htmx import PageRequest


def refuse(request: PageRequest, refusal: AssignmentRefused) -> None:
    """Add the refusal's text to the request's messages, as an error.

    For NotAllowed raise PermissionDenied with that text instead. The status of the
    answer is the caller's.
    """
    if isinstance(refusal, NotAllowed):
        raise PermissionDenied(str(refusal)) from refusal
    messages.error(request, str(refusal))


def say(request: PageRequest, sentence: str, *, undo: str) -> None:
    """Add `sentence` to the request's messages, as a success.

    `undo`, the address that undoes the act, goes along as the message's extra tag.
    """
    messages.success(request, sentence, extra_tags=undo)
