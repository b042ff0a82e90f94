"""Ticks, clicks and answers to suggestions at the same time.

On PostgreSQL only: SQLite has one writer at a time by nature.
"""

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from assignments.models import Assignment, Lead, Suggestion
from assignments.models.assignment import Cause, State
from assignments.services.errors import AssignmentRefused
from assignments.services.ledger.assign import assign_lead
from assignments.services.routing import rules, run, suggestions
from tests.factories import MONDAY, make_lead, make_manager, make_member, make_rule

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL"),
]


def at_once(*acts: Callable[[], object]) -> list[BaseException]:
    """All begin together; what they raised, an expected refusal apart."""
    barrier, errors = threading.Barrier(len(acts)), []

    def play(act: Callable[[], object]) -> None:
        try:
            barrier.wait(10)
            act()
        except AssignmentRefused:
            pass
        except Exception as error:
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=play, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    return errors


def tick() -> None:
    run.route_new_leads(at=MONDAY)


def waiting_rows(lead: Lead) -> list[Assignment]:
    return list(lead.assignments.filter(state=State.WAITING))


def test_two_ticks_and_many_clicks_leave_each_lead_with_one_decision(monkeypatch):
    monkeypatch.setattr(run, "CHUNK", 3)
    ana, ben, boss = make_member("Ana"), make_member("Ben"), make_manager()
    leads = [make_lead() for _ in range(24)]
    make_rule(ana)

    def click() -> None:
        for lead in reversed(leads[::2]):
            assign_lead(lead=lead, to=ben, actor=boss, at=MONDAY)

    assert at_once(tick, tick, click) == []

    for lead in leads:
        (row,) = waiting_rows(lead)
        assert row.to == (ben if lead in leads[::2] else ana)
        routed = lead.assignments.filter(cause=Cause.ROUTING).count()
        assert routed <= 1


def test_a_rule_that_is_changed_meanwhile_is_the_old_or_the_new_one():
    ana, boss = make_member("Ana"), make_manager()
    rule = make_rule(ana)
    lead = make_lead()

    def switch_off() -> None:
        rules.set_mode(actor=boss, rule=rule, mode="off", at=MONDAY)

    assert at_once(tick, switch_off, tick) == []

    assert lead.assignments.count() <= 1


def test_a_suggestion_is_answered_once():
    ana, boss, other = make_member("Ana"), make_manager(), make_manager("Max")
    lead = make_lead()
    make_rule(ana, mode="suggest")
    tick()
    one = Suggestion.objects.get()

    def accept_by(actor) -> Callable[[], object]:
        return lambda: suggestions.accept_suggestion(
            suggestion=one, actor=actor, at=MONDAY
        )

    def dismiss() -> None:
        suggestions.dismiss_suggestion(suggestion=one, actor=boss, at=MONDAY)

    assert at_once(accept_by(boss), accept_by(other), dismiss, tick) == []

    one.refresh_from_db()
    assert one.state in {"accepted", "dismissed"}
    assert lead.assignments.count() == (one.state == "accepted")
