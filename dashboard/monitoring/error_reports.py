"""Errors on their way to Sentry, if SENTRY_DSN is set: class, place and nothing else.

The SDK's integrations are off: they add requests, headers, users, locals and SQL. An event
is made here from what may leave, so nothing has to be taken out of it; `only_ours` holds
that against what the SDK itself adds. It is sent by a thread of the SDK; while Sentry is
down, what does not fit into its queue is dropped.
"""

import logging
from pathlib import Path
from traceback import extract_tb
from typing import Any, cast

import sentry_sdk
from django.conf import settings
from sentry_sdk.types import Event, Hint

from assignments.version import VERSION
from dashboard.monitoring.exception_text import LEFT_OUT, causes, class_of
from dashboard.monitoring.log_format import request_id_of

# The tags that a log record may give to an event.
TAGS = ("method", "page", "endpoint", "status", "outcome", "attempt", "task")
# What may leave, of an event as the SDK would send it.
KEPT = {
    "event_id", "timestamp", "platform", "level", "logger", "release", "environment",
    "exception", "tags", "sdk", "message", "fingerprint",
}  # fmt: skip
OWN_LOGGERS = ("sentry_sdk", "urllib3")  # to report their errors would go in circles


def start() -> None:
    """Connect with Sentry if SENTRY_DSN is set; nothing is sent by that."""
    if not settings.SENTRY_DSN:
        return
    sentry_sdk.init(
        dsn=settings.SENTRY_DSN,
        release=f"handoff@{VERSION}",
        environment=settings.SENTRY_ENVIRONMENT,
        server_name="",
        default_integrations=False,
        auto_enabling_integrations=False,
        auto_session_tracking=False,
        send_client_reports=False,
        include_local_variables=False,
        include_source_context=False,
        max_request_body_size="never",
        max_breadcrumbs=0,
        traces_sample_rate=None,
        before_send=only_ours,
    )


class ErrorReports(logging.Handler):
    """Hand on errors that are logged, those of tasks and of pages alike."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.name.startswith(OWN_LOGGERS):
            return
        try:
            sentry_sdk.capture_event(event_of(record))
        except Exception:
            self.handleError(record)


def event_of(record: logging.LogRecord) -> Event:
    """Return the class, place and request id of what was logged; no text of it."""
    place = f"{record.module}.{record.funcName}:{record.lineno}"
    event: dict[str, Any] = {
        "level": "fatal" if record.levelno >= logging.CRITICAL else "error",
        "logger": record.name,
        "message": f"{record.name} at {place}",
        "tags": _tags_of(record),
    }
    error = record.exc_info[1] if record.exc_info else None
    if error is not None:
        found = [_exception(cause) for cause in causes(error)]
        event["exception"] = {"values": found[::-1]}
        del event["message"]
    return cast("Event", event)


def only_ours(event: Event, hint: Hint) -> Event:
    """Return the event without what the SDK has added to it."""
    kept = {name: value for name, value in event.items() if name in KEPT}
    return cast("Event", kept)


def _tags_of(record: logging.LogRecord) -> dict[str, str]:
    tags = {name: str(getattr(record, name, "")) for name in TAGS}
    tags["request_id"] = request_id_of(record)
    request = getattr(record, "request", None)
    if match := getattr(request, "resolver_match", None):
        tags["page"] = match.view_name or ""
    return {name: value for name, value in tags.items() if value}


def _exception(error: BaseException) -> dict[str, Any]:
    return {
        "type": class_of(error),
        "value": LEFT_OUT,
        "stacktrace": {"frames": _frames(error)},
    }


def _frames(error: BaseException) -> list[dict[str, Any]]:
    frames = []
    for step in extract_tb(error.__traceback__):
        path = Path(step.filename)
        is_ours = path.is_relative_to(settings.BASE_DIR) and ".venv" not in path.parts
        shown = path.relative_to(settings.BASE_DIR) if is_ours else path.name
        frames.append(
            {
                "filename": str(shown),
                "function": step.name,
                "lineno": step.lineno,
                "in_app": is_ours,
            }
        )
    return frames
