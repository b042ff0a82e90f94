"""The tick: each of its parts stands alone."""

import pytest

from assignments.services.insights import weekly_review
from assignments.services.operations import tick
from assignments.services.routing import run
from tests.factories import MONDAY

pytestmark = pytest.mark.django_db


def test_a_part_that_breaks_is_said_and_stops_no_other(monkeypatch, caplog):
    def break_down(*, at):
        raise RuntimeError("Nobody has foreseen this.")

    told = []
    monkeypatch.setattr(run, "route_new_leads", break_down)
    monkeypatch.setattr(
        weekly_review, "send_weekly_reviews", lambda *, at: told.append(at)
    )

    done = tick.tick(at=MONDAY)

    assert "Routing broke off." in done
    assert "empty seats cleared." in done
    assert told == [MONDAY]
    assert "Nobody has foreseen this." in caplog.text
