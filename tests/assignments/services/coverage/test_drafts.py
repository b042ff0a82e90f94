"""Everything that may be wrong with a draft, each a sentence beside its field."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest

from assignments.models import Coverage, Member
from assignments.services.coverage import actions
from assignments.services.coverage.drafts import (
    CoverageDraft,
    DraftCoverer,
    draft_from,
    draft_problems,
    overlapping_coverage,
)
from assignments.services.errors import AssignmentRefused, NotAllowed
from tests.assignments.services.coverage.scenario import plan
from tests.factories import MONDAY, make_manager, make_member, make_team, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def maya() -> Member:
    return make_member("Maya")


@pytest.fixture
def luca() -> Member:
    return make_member("Luca")


@pytest.fixture
def draft(maya, luca) -> CoverageDraft:
    return CoverageDraft(
        member=maya,
        first_day=date(2026, 5, 12),
        last_day=date(2026, 5, 15),
        zone="Europe/Berlin",
        coverers=(DraftCoverer(member=luca),),
    )


def found(draft: CoverageDraft, **changes) -> dict[str, list[str]]:
    return draft_problems(replace(draft, **changes), MONDAY, make_manager())


def test_a_sound_draft_has_no_problems(draft):
    assert found(draft) == {}


@pytest.mark.parametrize(
    ("changes", "field", "word"),
    [
        ({"last_day": date(2026, 5, 11)}, "last_day", "ends before it starts"),
        ({"first_day": date(2031, 1, 1)}, "first_day", "years away"),
        ({"last_day": date(9999, 12, 31)}, "last_day", "years away"),
        ({"first_day": date(1, 1, 1)}, "first_day", "long past"),
        ({"zone": "Mars/Olympus"}, "zone", "no time zone"),
        ({"coverers": ()}, "covering", "Nobody covers"),
        ({"start_note": "Dear {name}"}, "start_note", "no placeholder"),
        ({"return_note": "{lead.owner.user}"}, "return_note", "no placeholder"),
        ({"start_note": "x" * 4_001}, "start_note", "Shorten it"),
    ],
)
def test_each_mistake_stands_at_its_field(draft, changes, field, word):
    assert word in found(draft, **changes)[field][0]


def test_nobody_covers_for_themselves(draft, maya):
    assert (
        "themselves"
        in found(draft, coverers=(DraftCoverer(member=maya),))["covering"][0]
    )
    assert "themselves" in found(draft, fallback=maya)["fallback"][0]


def test_shares_add_up_to_something(draft, luca):
    nothing = (DraftCoverer(member=luca, share=Decimal(0)),)

    assert "add up to nothing" in found(draft, coverers=nothing)["covering"][0]


def test_a_coverer_who_is_away_throughout_needs_a_fallback(draft, luca):
    plan(luca, starts_at=MONDAY, ends_at=MONDAY + timedelta(days=9))

    assert "away the whole time" in found(draft)["covering"][0]
    assert found(draft, fallback=make_member("Ngozi")) == {}


def test_an_overlap_names_the_other_coverage(draft, maya):
    other = plan(
        maya, starts_at=MONDAY + timedelta(days=2), ends_at=MONDAY + timedelta(days=3)
    )
    starts_at, ends_at = draft.window(MONDAY)

    assert f"coverage {other.pk}" in found(draft)["first_day"][0]
    assert overlapping_coverage(maya, starts_at, ends_at) == other


def test_back_to_back_is_no_overlap(draft, maya):
    _, ends_at = draft.window(MONDAY)
    plan(maya, starts_at=ends_at, ends_at=ends_at + timedelta(days=1))

    assert found(draft) == {}


def test_what_is_wrong_is_not_scheduled(draft):
    with pytest.raises(actions.DraftRefused) as refused:
        actions.schedule(
            draft=replace(draft, coverers=()), actor=make_manager(), at=MONDAY
        )

    assert "covering" in refused.value.problems


def test_days_stay_as_they_were_typed_though_the_members_zone_changes(draft, maya):
    coverage = actions.schedule(draft=draft, actor=make_manager(), at=MONDAY)

    Member.objects.filter(pk=maya.pk).update(time_zone="Asia/Tokyo")
    coverage.refresh_from_db()

    assert (coverage.first_day, coverage.last_day) == (draft.first_day, draft.last_day)
    assert coverage.zone == "Europe/Berlin"


class TestConfirmed:
    @pytest.fixture
    def proposed(self, draft) -> Coverage:
        return actions.propose(draft=draft, actor=make_manager(), at=MONDAY)

    def test_not_while_who_covers_has_been_deactivated(self, proposed, luca):
        Member.objects.filter(pk=luca.pk).update(is_active=False)

        with pytest.raises(AssignmentRefused) as refused:
            actions.confirm(coverage=proposed, actor=make_manager(), at=MONDAY)

        assert str(refused.value) == (
            "Luca has been deactivated. Choose somebody else. Change the proposal first, "
            "or decline it."
        )

    def test_not_while_who_covers_is_away_the_whole_time(self, proposed, luca):
        plan(luca, starts_at=MONDAY, ends_at=MONDAY + timedelta(days=9))

        with pytest.raises(AssignmentRefused, match="Change the proposal first"):
            actions.confirm(coverage=proposed, actor=make_manager(), at=MONDAY)

    def test_not_over_another_absence(self, proposed, maya):
        plan(maya, starts_at=MONDAY, ends_at=MONDAY + timedelta(days=9))

        with pytest.raises(AssignmentRefused, match="already away"):
            actions.confirm(coverage=proposed, actor=make_manager(), at=MONDAY)

    def test_its_moments_do_not_move_with_the_members_zone(self, proposed, maya):
        Member.objects.filter(pk=maya.pk).update(time_zone="Pacific/Kiritimati")

        confirmed = actions.confirm(coverage=proposed, actor=make_manager(), at=MONDAY)

        assert confirmed.starts_at == proposed.starts_at
        assert confirmed.zone == "Europe/Berlin"


class TestRights:
    def test_a_member_proposes_and_a_team_lead_confirms(self, draft, maya):
        boss, user = make_user("Tia Lead"), make_user("Maya M")
        team = make_team(leads=(boss,))
        Member.objects.update(team=team)
        Member.objects.filter(pk=maya.pk).update(user=user)
        maya.refresh_from_db()

        proposed = actions.propose(draft=draft, actor=user, at=MONDAY)
        confirmed = actions.confirm(coverage=proposed, actor=boss, at=MONDAY)

        assert proposed.state == "proposed"
        assert confirmed.state == "scheduled"

    def test_a_member_does_not_schedule(self, draft, maya):
        user = make_user("Maya M")
        Member.objects.filter(pk=maya.pk).update(user=user)
        maya.refresh_from_db()

        with pytest.raises(NotAllowed):
            actions.schedule(draft=draft, actor=user, at=MONDAY)

    @pytest.mark.parametrize("field", ["covering", "fallback"])
    def test_leads_go_to_nobody_whom_the_planner_may_not_give_any(
        self, draft, maya, field
    ):
        boss = make_user("Tia Lead")
        team = make_team(leads=(boss,))
        Member.objects.filter(pk=maya.pk).update(team=team)
        maya.refresh_from_db()
        if field == "fallback":
            mate = make_member("Theo", team=team)
            stranger = draft.coverers[0].member
            draft = replace(
                draft, coverers=(DraftCoverer(member=mate),), fallback=stranger
            )

        wrong = draft_problems(draft, MONDAY, boss)

        assert list(wrong) == [field]
        assert "not in your team" in wrong[field][0]

    def test_who_covers_already_goes_on_though_the_planner_did_not_choose_them(
        self, draft, maya
    ):
        boss = make_user("Tia Lead")
        coverage = actions.schedule(draft=draft, actor=make_manager(), at=MONDAY)
        Member.objects.filter(pk=maya.pk).update(team=make_team(leads=(boss,)))
        maya.refresh_from_db()

        assert (
            draft_problems(draft_from(coverage), MONDAY, boss, existing=coverage) == {}
        )

    def test_nobody_plans_for_another_team(self, draft):
        assert "team" in draft_problems(draft, MONDAY, make_user())["member"][0]
