"""What the frame of every page shows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from assignments.models import User
from assignments.services import first_steps, notices, system
from dashboard.looks import looks_of
from dashboard.rail import rail_of, waiting_suggestions
from dashboard.rights import Rights


def shell(request: HttpRequest) -> dict[str, Any]:
    """Lazy: a fragment pays for nothing that it does not show."""
    user = request.user
    if not isinstance(user, User):
        return {"theme": "", "density": User.Density.NORMAL}
    return {
        "theme": "" if user.theme == User.Theme.SYSTEM else user.theme,
        "density": user.density,
        "rail": SimpleLazyObject(lambda: rail_of(user, at=timezone.now())),
        "suggestion_count": SimpleLazyObject(waiting_suggestions),
        "looks": SimpleLazyObject(lambda: looks_of(user)),
        "viewer_rights": SimpleLazyObject(lambda: Rights.of(user)),
        "troubles": SimpleLazyObject(lambda: system.troubles(at=timezone.now())),
        "notice_count": SimpleLazyObject(lambda: notices.unanswered(user).count()),
        "has_first_steps": SimpleLazyObject(first_steps.are_open),
        "is_sandbox": not settings.SMARTLEAD_IS_REAL,
    }
