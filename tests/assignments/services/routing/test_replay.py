"""Who would have got what, beside who did; nothing is written, and it is quick."""

import time
import tracemalloc
from datetime import timedelta

import pytest

from assignments.models import Assignment, Lead, RotationTurn
from assignments.services.routing.load import load_rules
from assignments.services.routing.replay import MOST, replay_rules
from tests.factories import MONDAY, make_absence, make_lead, make_rule

pytestmark = pytest.mark.django_db


def play(weeks: int = 4):
    return replay_rules(load_rules(), weeks=weeks, at=MONDAY)


def test_counts_by_the_rules_beside_the_owners(ana, ben):
    for _ in range(3):
        make_lead(owner=ben)
    make_lead(owner=None, email="x@y.fr")
    make_rule(ana, ben, email_domain=["example.com"])

    found = play()

    assert sorted([found.would[ana.pk], found.would[ben.pk]]) == [1, 2]
    assert found.would[None] == 1
    assert found.did == {ben.pk: 3, None: 1}
    assert (found.total, found.unmatched) == (4, 1)


def test_who_was_away_then_gets_nothing_then(ana, ben):
    then = MONDAY - timedelta(days=7)
    make_absence(ana, days=1, at=then)
    during = make_lead(last_reply_at=then)
    after = make_lead(last_reply_at=then + timedelta(days=4))
    make_rule(ana, strategy="member")

    found = {row.lead_id: row.to_id for row in play().rows}

    assert found == {during.pk: None, after.pk: ana.pk}


def test_only_the_weeks_asked_for_and_not_since_when_a_rule_applies(ana):
    make_lead(last_reply_at=MONDAY - timedelta(days=3))
    make_lead(last_reply_at=MONDAY - timedelta(days=30))
    make_rule(ana, since=MONDAY)

    assert (play(1).total, play(8).total) == (1, 2)
    assert play(1).would == {ana.pk: 1}


def test_nothing_is_written(ana):
    make_lead()
    make_rule(ana)

    play()

    assert not Assignment.objects.exists()
    assert not RotationTurn.objects.exists()


def test_five_thousand_leads_in_two_seconds_and_little_memory(ana, ben):
    Lead.objects.bulk_create(
        Lead(
            map_id=n, email=f"x@shop{n}.de", owner=ana, owner_known_at=MONDAY,
            last_reply_at=MONDAY - timedelta(minutes=n % 9000), first_seen_at=MONDAY,
            seen_at=MONDAY, custom_fields={"industry": "food"},
        )
        for n in range(1, MOST + 50)
    )  # fmt: skip
    for number in range(8):
        make_rule(ana, top_level_domain=["fr"], custom={"industry": [f"x{number}"]})
    make_rule(ana, ben)

    begun = time.process_time()
    found = play()
    took = time.process_time() - begun
    tracemalloc.start()
    play()
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert (found.total, found.is_cut) == (MOST, True)
    assert took <= 2
    assert peak < 40_000_000
