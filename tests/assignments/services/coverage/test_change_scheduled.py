"""A coverage that has not begun is planned anew: the same checks, and its history."""

from dataclasses import replace
from datetime import date, time, timedelta
from decimal import Decimal

import pytest

from assignments.models import Coverage, Member
from assignments.services.coverage import actions, tick
from assignments.services.coverage.drafts import CoverageDraft, DraftCoverer, draft_from
from assignments.services.errors import NotAllowed, Stale
from tests.assignments.services.coverage.scenario import DAY, plan
from tests.factories import (
    MONDAY,
    make_campaign,
    make_manager,
    make_member,
    make_team,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def maya() -> Member:
    return make_member("Maya")


@pytest.fixture
def draft(maya) -> CoverageDraft:
    return CoverageDraft(
        member=maya,
        first_day=date(2026, 5, 12),
        last_day=date(2026, 5, 15),
        zone="Europe/Berlin",
        coverers=(DraftCoverer(member=make_member("Luca")),),
        start_note="{covering} covers for {away}.",
    )


@pytest.fixture
def scheduled(draft) -> Coverage:
    return actions.schedule(draft=draft, actor=make_manager(), at=MONDAY)


def change(
    coverage: Coverage, draft: CoverageDraft, *, actor=None, at=MONDAY
) -> Coverage:
    actor = actor or make_manager("Sara Klein")
    return actions.change_scheduled(coverage=coverage, draft=draft, actor=actor, at=at)


def history(coverage: Coverage) -> list[str]:
    return [event.sentence for event in coverage.events.all()][1:]


def test_everything_is_as_in_the_new_draft(scheduled, draft):
    theo, ngozi = make_member("Theo"), make_member("Ngozi")
    campaign = make_campaign().pk
    new = replace(
        draft,
        first_day=date(2026, 5, 13), last_day=date(2026, 5, 20),
        first_time=time(12), last_time=time(18, 30), zone="Asia/Tokyo",
        scope=Coverage.Scope.ALL, campaigns=(campaign,),
        coverers=(
            DraftCoverer(member=theo, share=Decimal("0.25")),
            DraftCoverer(member=draft.coverers[0].member, campaigns=(campaign,)),
        ),
        arrivals=Coverage.Arrivals.LEAVE, on_return=Coverage.OnReturn.KEEP,
        fallback=ngozi, start_note="", return_note="{away} is back.", comment="Trip",
    )  # fmt: skip

    change(scheduled, new)

    changed = Coverage.objects.get()
    assert draft_from(changed) == new
    assert (changed.starts_at, changed.ends_at) == new.window(MONDAY)


def test_what_changed_stands_in_its_history(scheduled, draft):
    theo = (DraftCoverer(member=make_member("Theo")),)

    change(scheduled, replace(draft, last_day=date(2026, 5, 20), coverers=theo))

    assert history(scheduled) == ["Sara Klein changed the days and who covers."]


def test_saved_as_it_was_nothing_changes(scheduled):
    before = Coverage.objects.values().get()

    change(scheduled, draft_from(scheduled))

    assert Coverage.objects.values().get() == before
    assert history(scheduled) == []


def test_saved_twice_though_the_members_zone_changed_the_days_stay_as_typed(
    scheduled, draft, maya
):
    Member.objects.filter(pk=maya.pk).update(time_zone="Pacific/Kiritimati")
    typed = replace(draft, first_time=time(8, 15))

    change(scheduled, typed)
    change(Coverage.objects.get(), draft_from(Coverage.objects.get()))

    assert draft_from(Coverage.objects.get()) == typed


def test_its_days_may_touch_its_own_days_and_nobody_elses(scheduled, draft, maya):
    plan(maya, starts_at=MONDAY + 9 * DAY, ends_at=MONDAY + 10 * DAY)
    change(scheduled, replace(draft, last_day=date(2026, 5, 18)))

    with pytest.raises(actions.DraftRefused, match="already away"):
        change(scheduled, replace(draft, last_day=date(2026, 5, 22)))


def test_what_is_wrong_with_it_stands_at_its_field_and_nothing_is_saved(
    scheduled, draft
):
    with pytest.raises(actions.DraftRefused) as refused:
        change(scheduled, replace(draft, coverers=(), comment="Trip"))

    assert list(refused.value.problems) == ["covering"]
    assert draft_from(Coverage.objects.get()) == draft


def test_it_stays_an_absence_of_the_same_member(scheduled, draft):
    with pytest.raises(actions.DraftRefused, match="plan a new one"):
        change(scheduled, replace(draft, member=make_member("Ngozi")))


def test_from_now_it_begins_at_once(scheduled, draft):
    changed = change(scheduled, replace(draft, from_now=True))

    assert changed.began_at == changed.starts_at == MONDAY
    assert changed.first_time == time(11)  # as the clocks of Berlin show it


@pytest.mark.parametrize(
    ("later", "word"), [(2 * DAY, "has started"), (9 * DAY, "is cancelled by now")]
)
def test_once_it_has_begun_or_is_over_it_is_refused_in_words(
    scheduled, draft, later, word
):
    tick.tick(MONDAY + later)

    with pytest.raises(Stale, match=word):
        change(scheduled, draft, at=MONDAY + later)


def test_a_member_changes_an_own_proposal_which_stays_one(draft, maya):
    user = make_user("Maya M")
    Member.objects.filter(pk=maya.pk).update(user=user, team=make_team())
    maya.refresh_from_db()
    mate = make_member("Theo", team=maya.team)
    proposal = replace(draft, member=maya, coverers=(DraftCoverer(member=mate),))
    proposed = actions.propose(draft=proposal, actor=user, at=MONDAY)

    later = replace(proposal, first_day=proposal.first_day + timedelta(days=1))
    changed = change(proposed, later, actor=user)

    assert (changed.state, changed.first_day) == ("proposed", later.first_day)


def test_a_member_does_not_change_what_was_agreed(scheduled, draft, maya):
    user = make_user("Maya M")
    Member.objects.filter(pk=maya.pk).update(user=user)

    with pytest.raises(NotAllowed):
        change(scheduled, draft, actor=user)
