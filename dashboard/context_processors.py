"""Context of the frame around every page."""

from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

from assignments import database_clock
from assignments.models import User
from assignments.services import access
from assignments.services.ledger import unread_outcomes
from assignments.services.notifications import notify
from assignments.services.operations import onboarding, status
from dashboard.accounts.appearance_menu import looks_of
from dashboard.coverage.alerts import attentions_of
from dashboard.htmx import PageRequest
from dashboard.inbox.answer_filter import due_title
from dashboard.inbox.lead_list import address_of, list_behind
from dashboard.inbox.sidebar import rail_of, to_review
from dashboard.notifications.poll_fingerprint import seen
from dashboard.permissions import ViewerRights


def shell(request: HttpRequest) -> dict[str, Any]:
    """Return the context of the frame around a page; whatever needs a query is lazy.

    A visitor gets an empty `theme` and normal `density` only. For a user `theme` is
    empty if it is that of the system; there are `is_sandbox` and, lazily, the sidebar,
    its counts, troubles, alerts, rights, and the list behind a lead.
    """
    user = request.user
    if not isinstance(user, User):
        return {"theme": "", "density": User.Density.NORMAL}
    page = cast(PageRequest, request)
    rail = SimpleLazyObject(lambda: rail_of(user, at=timezone.now()))
    troubles = SimpleLazyObject(lambda: _troubles(user))
    notice_count = SimpleLazyObject(lambda: _news(user))
    attention = SimpleLazyObject(lambda: attentions_of(user, at=timezone.now()))
    return {
        "theme": "" if user.theme == User.Theme.SYSTEM else user.theme,
        "density": user.density,
        "rail": rail,
        "review_count": SimpleLazyObject(lambda: to_review(user, at=timezone.now())),
        "looks": SimpleLazyObject(lambda: looks_of(user)),
        "viewer_rights": SimpleLazyObject(lambda: ViewerRights.of(user)),
        "troubles": troubles,
        "attention": attention,
        "notice_count": notice_count,
        "troubles_seen": SimpleLazyObject(lambda: seen(*troubles, *attention.all)),
        "counts_seen": SimpleLazyObject(
            lambda: seen(*rail.counts, str(notice_count), attention.total)
        ),
        "has_first_steps": SimpleLazyObject(onboarding.are_first_steps_open),
        "is_sandbox": not settings.SMARTLEAD_IS_REAL,
        **_list_context(page),
    }


def _list_context(page: PageRequest) -> dict[str, Any]:
    """Return the list in which a lead is looked at: its query, its address, and the
    title of its column of due moments.
    """
    return {
        "list_query": SimpleLazyObject(lambda: list_behind(page)),
        "due_title": SimpleLazyObject(lambda: due_title(list_behind(page))),
        "list_address": SimpleLazyObject(lambda: address_of(list_behind(page))),
    }


def _troubles(user: User) -> list[status.Trouble]:
    found = status.troubles(at=database_clock.now())
    if not access.is_manager(user):
        return found
    return [
        *found,
        *status.mail_troubles(),
        *status.chat_troubles(),
        *status.outgoing_troubles(),
    ]


def _news(user: User) -> int:
    unread = notify.notifications_of(user).unread()
    return unread_outcomes.undismissed_outcomes(user).count() + unread.count()
