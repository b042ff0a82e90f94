"""Opens holes in who sees and may do what, one guard each, and lets the matrix look.

`python -m tests.trials.access_holes` prints a line for each hole: found, with the first
answer that told it, or not found; with names only these. It ends with 1 if one was not
found. The holes:

    sight of all            the one condition on leads leaves out nothing
    lead page               a lead is shown without a look whether it is seen
    client limit            the clients of a limited user are ignored
    history export          the export of the history asks nobody for their role
    palette                 the palette searches among all leads
    poll count              the inbox counts new replies of all leads
    undo                    everybody may take back every change
    note                    everybody may write a note on a lead they see
    saved view              a saved view is renamed for whoever knows its number
    notification            a notification is opened for whoever knows its number
    review                  the review lists leads of all teams
    history                 the history lists changes of all leads
    logins page             the page of logins asks nobody for their role
    session                 a deactivated login's session goes on
    calendar                the calendar of somebody who is deactivated goes on
    form in silence         a refused form changes something all the same
"""

import argparse
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from unittest.mock import patch

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
django.setup()

from django.contrib.auth.backends import ModelBackend  # noqa: E402
from django.db import transaction  # noqa: E402
from django.db.models import Q  # noqa: E402
from django.shortcuts import get_object_or_404  # noqa: E402
from django.test.utils import (  # noqa: E402
    setup_databases,
    setup_test_environment,
    teardown_databases,
)

from assignments.models import Lead, Notification, SavedView  # noqa: E402
from assignments.services.access import UndoRights  # noqa: E402
from assignments.services.ledger import read_marks  # noqa: E402
from assignments.services.people import deactivation  # noqa: E402
from assignments.services.sight import Sight  # noqa: E402
from dashboard.history.filter import HistoryFilter  # noqa: E402
from dashboard.inbox.filter import InboxFilter  # noqa: E402
from tests.dashboard.access import table  # noqa: E402
from tests.dashboard.access.checks import AccessMatrix  # noqa: E402
from tests.dashboard.access.sample import make_world  # noqa: E402

type Hole = Callable[[], AbstractContextManager[object]]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="hole")
    names = parser.parse_args().names or list(HOLES)
    if unknown := set(names) - set(HOLES):
        parser.error(f"no hole is named {', '.join(sorted(unknown))}")
    old = setup_databases(verbosity=0, interactive=False)
    setup_test_environment()
    logging.disable(logging.CRITICAL)
    missed = 0
    try:
        with patch("assignments.task_queue.async_task"):
            missed = sum(not _is_found(name, HOLES[name]) for name in names)
    finally:
        teardown_databases(old, verbosity=0)
    sys.stdout.write(f"{len(names) - missed} of {len(names)} holes found\n")
    return 1 if missed else 0


def _is_found(name: str, hole: Hole) -> bool:
    """Open the hole, print what the matrix says of it, and return whether it did."""
    with transaction.atomic(), hole():
        fault = next(_faults(), None)
        transaction.set_rollback(True)
    sys.stdout.write(f"{name}: {f'found: {fault}' if fault else 'NOT FOUND'}\n")
    sys.stdout.flush()
    return fault is not None


def _faults() -> Iterator[str]:
    """Yield the faults of the whole matrix, the quick parts first."""
    matrix = AccessMatrix(make_world(members_see="own"), seen=table.SEEN_OWN)
    yield from matrix.count_faults()
    yield from matrix.page_faults(table.OF_LEADS)
    yield from matrix.form_faults(table.FORMS)
    yield from matrix.page_faults(table.PAGES)


class _UnlimitedFilter(InboxFilter):
    """The inbox's filter for who sees all."""

    def __init__(self, data: object, *, user: object) -> None:
        super().__init__(data, user=user)  # type: ignore[arg-type]
        self.sight = Sight()


class _UnlimitedHistory(HistoryFilter):
    def __init__(self, data: object, **who: object) -> None:
        super().__init__(data, **who)  # type: ignore[arg-type]
        self.sight = Sight()


def _count_all_news(self: InboxFilter, since: object, *, at: object) -> int:
    return Lead.objects.present().filter(reply_order__gt=since).count()


def _any_view(_: object, *, pk: int, user: object) -> SavedView:
    return get_object_or_404(SavedView, pk=pk)


def _any_notification(*, user: object, pk: int, at: object) -> Notification | None:
    return Notification.objects.filter(pk=pk).first()


def _without_calendars() -> AbstractContextManager[object]:
    kept = [x for x in deactivation.ENDED_WITH_LOGIN if x.code != "calendars"]
    return patch.object(deactivation, "ENDED_WITH_LOGIN", kept)


def _written_before_asked() -> AbstractContextManager[object]:
    """Let marking a lead write before it asks whether it may."""
    asked = read_marks.mark_lead

    def mark(*, lead: Lead, **how: object) -> object:
        Lead.objects.filter(pk=lead.pk).update(is_unread=True)
        return asked(lead=lead, **how)  # type: ignore[arg-type]

    return patch("dashboard.lead.views.mark_lead", mark)


def _open_history() -> AbstractContextManager[object]:
    return patch("dashboard.history.views.HistoryFilter", _UnlimitedHistory)


def _shown_unasked() -> AbstractContextManager[object]:
    def get_any(map_id: int, viewer: object) -> Lead:
        return get_object_or_404(Lead, pk=map_id)

    return patch("dashboard.lead.views.get_lead", get_any)


def _unasked(place: str) -> Hole:
    return lambda: patch(place, lambda *_, **__: None)


HOLES: dict[str, Hole] = {
    "sight of all": lambda: patch.object(Sight, "leads", lambda *_, **__: Q()),
    "lead page": _shown_unasked,
    "client limit": lambda: patch.object(Sight, "of_clients", lambda *_, **__: Q()),
    "history export": _unasked("dashboard.history.views.check_manager"),
    "palette": lambda: patch("dashboard.palette.entries.InboxFilter", _UnlimitedFilter),
    "poll count": lambda: patch.object(InboxFilter, "new_since", _count_all_news),
    "undo": lambda: patch.object(UndoRights, "why_not", lambda *_: ""),
    "note": lambda: patch("assignments.services.ledger.notes.access"),
    "saved view": lambda: patch(
        "dashboard.inbox.views_saved.get_object_or_404", _any_view
    ),
    "notification": lambda: patch(
        "dashboard.notifications.views.told.mark_read", _any_notification
    ),
    "review": lambda: patch(
        "assignments.services.insights.review.movable_by", lambda _: Q()
    ),
    "history": _open_history,
    "logins page": _unasked("dashboard.configuration.views.check_manager"),
    "session": lambda: patch.object(
        ModelBackend, "user_can_authenticate", lambda *_: True
    ),
    "calendar": _without_calendars,
    "form in silence": _written_before_asked,
}


if __name__ == "__main__":
    sys.exit(main())
