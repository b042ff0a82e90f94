"""The page of notifications."""

from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from assignments import smtp
from assignments.models import Assignment, Notification, User
from assignments.models.assignment import State
from assignments.services.ledger import unread_outcomes
from assignments.services.notifications import notify as told
from dashboard.assign.pool_fields import id_of
from dashboard.htmx import PageRequest
from dashboard.pagination import BadCursor, Cursor, Order, Page, page_of
from dashboard.permissions import ViewerRights

MOST = 100
NEWEST_FIRST = Order(first="pk", key="pk", descending=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Undone:
    """A decision that did not happen, as the page says it."""

    change: Assignment
    # Empty if the reader may move the lead.
    why_not_move: str

    @property
    def is_refused(self) -> bool:
        return self.change.state == State.REFUSED

    @property
    def look(self) -> str:
        return "bad" if self.is_refused else "warn"

    @property
    def icon(self) -> str:
        return "x" if self.is_refused else "warn"

    @property
    def again(self) -> str:
        return "Retry" if self.is_refused else "Send anyway"

    @property
    def may_try_again(self) -> bool:
        return not self.why_not_move and self.change.lead.gone_at is None

    @property
    def batch_words(self) -> str:
        batch = self.change.batch
        return f", in {batch.in_words}" if batch else ""

    @property
    def lead_now(self) -> str:
        """Return a sentence that says who has the lead, nobody included, or that it is
        gone from Smartlead. Empty if its owner is not known.
        """
        lead = self.change.lead
        if lead.gone_at:
            return "The lead is gone from Smartlead."
        if lead.owner:
            return f"It is with {lead.owner} now."
        return "It is with nobody now." if lead.owner_is_known else ""


@require_safe
def notifications(request: PageRequest) -> HttpResponse:
    try:
        page = _page(request.user, request.GET.get("after", ""))
    except BadCursor as bad:
        context: dict[str, Any] = {"problem": str(bad)}
        return render(request, "notifications/notifications.html", context, status=400)
    unread = told.notifications_of(request.user).unread().count()
    context = {
        **_undone(request.user),
        "days": _by_day(page.rows),
        "newest": page.rows[0].pk if page.rows else 0,
        "unread": unread,
        "is_first_page": not request.GET.get("after"),
        "earlier": page.earlier and page.earlier.encoded("notifications"),
        "later": page.later and page.later.encoded("notifications"),
        "mails_are_sent": smtp.is_on(),
    }
    return render(request, "notifications/notifications.html", context)


@require_safe
def open_notification(request: PageRequest, pk: int) -> HttpResponse:
    """Mark a notification of this user as read and redirect to the page it is about.

    Raises Http404 if it is not theirs or does not exist.
    """
    found = told.mark_read(user=request.user, pk=pk, at=timezone.now())
    if found is None:
        raise Http404("This message is not for you, or there is none of this number.")
    return HttpResponseRedirect(found.path)


@require_POST
def read_all(request: PageRequest) -> HttpResponse:
    up_to = id_of(request.POST.get("up_to", "")) or 0
    told.mark_all_read(user=request.user, up_to=up_to, at=timezone.now())
    return redirect("notifications")


@require_POST
def dismiss_all(request: PageRequest) -> HttpResponse:
    count = unread_outcomes.dismiss_outcomes(user=request.user, at=timezone.now())
    messages.success(request, f"{count} dismissed. The history keeps them.")
    return redirect("notifications")


def _undone(user: User) -> dict[str, Any]:
    """Return `notices`, the newest MOST of the user's `undismissed_outcomes`: own
    decisions that were refused or overtaken. `total` is the number of all; `most` is
    MOST.
    """
    waiting = unread_outcomes.undismissed_outcomes(user)
    shown = waiting.select_related("lead__owner", "to", "found", "batch")[:MOST]
    rights = ViewerRights.of(user)
    return {
        "notices": [
            Undone(change=change, why_not_move=rights.why_not_move(change.lead))
            for change in shown
        ],
        "total": waiting.count(),
        "most": MOST,
    }


def _page(user: User, after: str) -> Page[Notification]:
    cursor = Cursor.decoded(after, "notifications") if after else None
    return page_of(told.notifications_of(user), order=NEWEST_FIRST, after=cursor)


def _by_day(rows: list[Notification]) -> list[tuple[datetime, list[Notification]]]:
    days = groupby(rows, lambda one: timezone.localdate(one.created_at))
    found = [list(some) for _, some in days]
    return [(some[0].created_at, some) for some in found]
