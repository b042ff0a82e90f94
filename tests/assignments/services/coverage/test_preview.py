from datetime import date, timedelta
from decimal import Decimal

import pytest

from assignments.models import Coverage, Lead, SyncSource
from assignments.services.coverage.drafts import CoverageDraft, DraftCoverer, draft_from
from assignments.services.coverage.preview import preview_draft
from tests.dashboard.pages import queries_of
from tests.factories import (
    MONDAY,
    make_assignment,
    make_category,
    make_coverage,
    make_hold,
    make_lead,
    make_member,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return make_member("Ana Sousa")


@pytest.fixture
def ben():
    return make_member("Ben Okafor", capacity=1)


def draft(away, *covering, **said) -> CoverageDraft:
    values = {
        "first_day": date(2026, 5, 18),
        "last_day": date(2026, 5, 22),
        "zone": "UTC",
        "start_note": "Away.",
    }
    coverers = tuple(DraftCoverer(member=one) for one in covering)
    return CoverageDraft(member=away, coverers=coverers, **(values | said))


def look(wish: CoverageDraft):
    return preview_draft(wish, MONDAY)


def test_active_is_what_replied_and_is_not_closed(ana, ben):
    make_lead(owner=ana)
    make_lead(owner=ana, last_reply_at=None)
    make_lead(owner=ana, category=make_category("No", is_closing=True))
    make_lead(owner=ana, gone_at=MONDAY)

    assert look(draft(ana, ben)).leads == 1
    assert look(draft(ana, ben, scope=Coverage.Scope.ALL)).leads == 3


def test_load_is_held_against_capacity(ana, ben):
    for _ in range(3):
        make_lead(owner=ana)

    (part,) = look(draft(ana, ben)).parts

    assert (part.open, part.then, part.over) == (0, 3, 2)


def test_who_is_away_at_the_start_gets_none(ana, ben):
    cem = make_member("Cem Kaya")
    make_coverage(ben, first_day=date(2026, 5, 18), last_day=date(2026, 5, 19))
    for _ in range(2):
        make_lead(owner=ana)

    found = look(draft(ana, ben, cem))

    assert [part.leads for part in found.parts] == [0, 2]
    assert [stretch.names for stretch in found.stretches] == [
        ["Cem Kaya"],
        ["Ben Okafor", "Cem Kaya"],
    ]
    assert found.gap == []


def test_a_fallback_steps_in_where_nobody_else_is_free(ana, ben):
    sara = make_member("Sara Klein")
    make_coverage(ben, first_day=date(2026, 5, 18), last_day=date(2026, 5, 22))
    make_lead(owner=ana)

    found = look(draft(ana, ben, fallback=sara))

    assert [(str(one.to), one.why) for one in found.choices] == [
        ("Sara Klein", "Sara Klein steps in, because nobody else is free.")
    ]


def test_without_anybody_free_the_leads_stay(ana, ben):
    make_coverage(ben, first_day=date(2026, 5, 18), last_day=date(2026, 5, 22))
    make_lead(owner=ana)

    found = look(draft(ana, ben))

    assert (found.leads, found.unplaced, len(found.gap)) == (1, 1, 5)


def test_for_whom_they_cover_already(ana, ben):
    make_coverage(make_member("Dua Lee"), ben, first_day=date(2026, 5, 20))

    (part,) = look(draft(ana, ben)).parts

    assert part.covers_for == ["Dua Lee"]


def test_calls_and_minutes_at_the_limit(ana, ben, settings):
    settings.SMARTLEAD_RATE_LIMITS = [(8, 2.0), (61, 60.0)]
    for _ in range(21):
        make_lead(owner=ana)

    found = look(draft(ana, ben))

    assert (found.calls.calls, found.calls.duration) == (63, "about 63 seconds")


def test_a_list_that_has_proven_itself_is_read_by_pages_of_twenty(ana, ben):
    SyncSource.objects.create(name="assigned-me", proof="proven")
    for _ in range(21):
        make_lead(owner=ana)

    calls = look(draft(ana, ben)).calls

    assert (calls.reads, calls.writes, calls.notes) == (2, 21, 21)


def test_a_lead_counts_where_it_is_on_its_way_to(ana, ben):
    coming, going, _ = make_lead(owner=ben), make_lead(owner=ana), make_lead(owner=ben)
    make_assignment(coming, ana)
    make_assignment(going, ben)

    found = look(draft(ana, ben))

    assert [choice.lead for choice in found.choices] == [coming]


def test_what_an_absence_before_will_have_given_back_counts(ana, ben):
    cem = make_member("Cem Kaya")
    before = make_coverage(ana, cem, state="active")
    make_hold(before, lead := make_lead(owner=cem))

    found = look(draft(ana, ben))

    assert [(choice.lead, choice.to) for choice in found.choices] == [(lead, ben)]


def test_what_they_only_hold_until_then_does_not_count(ana, ben):
    other = make_coverage(make_member("Cem Kaya"), ana, state="active")
    make_hold(other, make_lead(owner=ana))

    assert look(draft(ana, ben)).leads == 0


def test_what_they_hold_for_longer_is_lent_on(ana, ben):
    other = make_coverage(
        make_member("Cem Kaya"), ana, state="active", last_day=date(2026, 5, 29)
    )
    make_hold(other, lead := make_lead(owner=ana))

    found = look(draft(ana, ben))

    assert [(choice.lead, choice.to) for choice in found.choices] == [(lead, ben)]


def test_back_to_back_a_lead_stays_with_who_has_it(ana, ben):
    cem = make_member("Cem Kaya")
    before = make_coverage(ana, cem, state="active", last_day=date(2026, 5, 17))
    make_hold(before, make_lead(owner=cem))
    make_lead(owner=ana)

    found = look(draft(ana, ben, cem))

    assert (found.leads, found.staying, found.calls.writes) == (2, 1, 1)
    assert [part.leads for part in found.parts] == [1, 1]


def test_what_they_kept_from_another_absence_is_theirs(ana, ben):
    other = make_coverage(
        make_member("Cem Kaya"), ana, state="active", on_return="keep"
    )
    make_hold(other, make_lead(owner=ana))

    assert look(draft(ana, ben)).leads == 1


def test_no_note_costs_no_call(ana, ben):
    make_lead(owner=ana)

    assert look(draft(ana, ben, start_note=" ")).calls.calls == 2


def test_the_day_after_a_weekend_is_the_first_working_day(ana, ben):
    assert look(draft(ana, ben)).first_working_day == date(2026, 5, 25)


def test_a_saved_coverage_is_looked_at_as_it_was_planned(ana, ben):
    coverage = make_coverage(ana, ben, start_note="Away.")
    coverage.coverers.update(share=Decimal(3))

    again = draft_from(coverage)

    assert again.member == ana
    assert [(one.member, one.share) for one in again.coverers] == [(ben, 3)]


def test_many_leads_take_as_many_queries_as_few(ana, ben):
    def ask():
        look(draft(ana, ben))

    make_lead(owner=ana)
    few = queries_of(ask)
    Lead.objects.bulk_create(
        Lead(
            map_id=number, owner=ana, owner_known_at=MONDAY, first_seen_at=MONDAY,
            seen_at=MONDAY, last_reply_at=MONDAY - timedelta(hours=number % 50),
        )
        for number in range(1, 400)
    )  # fmt: skip

    assert queries_of(ask) == few


def test_a_start_that_has_passed_is_looked_at_as_of_now(ana, ben):
    an_hour_ago = MONDAY - timedelta(hours=1)
    make_coverage(ben, first_day=date(2026, 5, 8), ends_at=an_hour_ago)
    make_lead(owner=ana)

    found = look(draft(ana, ben, first_day=MONDAY.date()))

    assert (found.leads, found.unplaced) == (1, 0)
