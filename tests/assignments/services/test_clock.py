"""The tick: each of its parts stands alone."""

import pytest

from assignments.services import clock, weekly
from assignments.services.routing import running
from tests.factories import MONDAY

pytestmark = pytest.mark.django_db


def test_a_part_that_breaks_is_said_and_stops_no_other(monkeypatch, caplog):
    def break_down(*, at):
        raise RuntimeError("Nobody has foreseen this.")

    told = []
    monkeypatch.setattr(running, "run", break_down)
    monkeypatch.setattr(weekly, "tell_all", lambda *, at: told.append(at))

    done = clock.tick(at=MONDAY)

    assert "Routing broke off." in done
    assert "empty seats cleared." in done
    assert told == [MONDAY]
    assert "Nobody has foreseen this." in caplog.text
