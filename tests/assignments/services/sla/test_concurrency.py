"""Two sales managers, or one who clicks twice. On PostgreSQL only: SQLite has one writer
at a time by nature.
"""

import threading
from collections.abc import Callable
from datetime import date

import pytest
from django.db import connection, transaction

from assignments.models import DayOff, SlaTarget
from assignments.services.errors import AssignmentRefused
from assignments.services.sla import recalculate
from assignments.services.sla.hours import add_day_off
from assignments.services.sla.targets import save_target
from tests.factories import make_campaign, make_manager

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql",
        reason="needs PostgreSQL",
    ),
]
A_MOMENT = 0.3


def behind_another(act: Callable[[], object]) -> list[BaseException]:
    """The act begins while another, that does the same, is not committed; its errors."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            act()
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    with transaction.atomic():
        act()
        thread.start()
        thread.join(A_MOMENT)
    thread.join(10)
    assert not thread.is_alive()
    return errors


def test_the_same_target_twice_is_refused_in_words():
    recalculate.recalculate_all()
    sara, campaign = make_manager(), make_campaign()

    [error] = behind_another(
        lambda: save_target(
            actor=sara,
            campaign=campaign,
            category=None,
            minutes=60,
            in_working_hours=False,
            at_breach="tell",
        )
    )

    assert isinstance(error, AssignmentRefused)
    assert SlaTarget.objects.filter(campaign=campaign).count() == 1


def test_the_same_day_off_twice_is_refused_in_words():
    recalculate.recalculate_all()
    sara = make_manager()

    [error] = behind_another(
        lambda: add_day_off(actor=sara, day=date(2026, 12, 24), name="Eve")
    )

    assert isinstance(error, AssignmentRefused)
    assert DayOff.objects.count() == 1
