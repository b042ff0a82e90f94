"""People are told of a proposed absence, of what became of it, and of changes between."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace

import pytest

from assignments.models import Coverage, Notification, User
from assignments.services.coverage import actions, drafts, proposal_messages
from assignments.services.coverage.drafts import CoverageDraft, DraftCoverer
from tests.factories import (
    MONDAY,
    make_manager,
    make_member,
    make_team,
    make_team_channel,
    make_user,
)

pytestmark = pytest.mark.django_db
LATER = MONDAY + timedelta(hours=1)
NEXT_MONDAY = MONDAY.date() + timedelta(days=7)


@pytest.fixture
def people() -> SimpleNamespace:
    theo, sara = make_user("Theo Brandt"), make_manager("Sara Klein")
    ngozi = make_user("Ngozi Eze")
    team = make_team(leads=(theo,))
    away = make_member("Ngozi Eze", user=ngozi, team=team)
    luca = make_member("Luca Ferri", team=team)
    make_user("Uma Other")
    return SimpleNamespace(theo=theo, sara=sara, ngozi=ngozi, away=away, luca=luca)


def draft_of(people: SimpleNamespace) -> CoverageDraft:
    return CoverageDraft(
        member=people.away,
        first_day=NEXT_MONDAY,
        last_day=NEXT_MONDAY + timedelta(days=4),
        zone="UTC",
        coverers=(DraftCoverer(member=people.luca),),
    )


@pytest.fixture
def proposal(people) -> Coverage:
    return actions.propose(draft=draft_of(people), actor=people.ngozi, at=MONDAY)


def told(user: User) -> list[str]:
    messages = Notification.objects.filter(user=user).order_by("pk")
    return [message.subject for message in messages]


def unread(user: User) -> list[str]:
    messages = Notification.objects.filter(user=user).unread().order_by("pk")
    return [message.subject for message in messages]


def test_who_may_confirm_a_proposal_is_told_at_once(people, proposal):
    message = Notification.objects.get(user=people.theo)

    assert message.kind == "proposed"
    assert message.subject == (
        "Ngozi Eze proposes an absence from Mon 18 May to Fri 22 May"
    )
    assert message.text == "Covered by Luca Ferri."
    assert message.path == f"/coverage/{proposal.pk}/"
    assert told(people.sara) == told(people.theo)
    assert Notification.objects.count() == 2


def test_the_zone_is_named_to_whom_the_clocks_show_another_time(people):
    User.objects.filter(pk=people.theo.pk).update(time_zone="Asia/Tokyo")

    actions.propose(draft=draft_of(people), actor=people.ngozi, at=MONDAY)

    assert told(people.theo)[0].endswith("from Mon 18 May to Fri 22 May (UTC)")


def test_who_proposed_is_told_that_it_is_confirmed(people, proposal):
    actions.confirm(coverage=proposal, actor=people.theo, at=LATER)

    message = Notification.objects.get(user=people.ngozi)
    assert message.kind == "decided"
    assert message.subject == (
        "Theo Brandt confirmed your absence from Mon 18 May to Fri 22 May"
    )


def test_who_proposed_is_told_why_it_is_declined(people, proposal):
    actions.decline(
        coverage=proposal, actor=people.theo, at=LATER, why=" Quarter end. "
    )

    message = Notification.objects.get(user=people.ngozi)
    assert "Theo Brandt declined your absence" in message.subject
    assert message.text == "Why: Quarter end."


def test_the_member_is_told_once_why_a_confirmed_absence_is_cancelled(people, proposal):
    actions.confirm(coverage=proposal, actor=people.theo, at=MONDAY)

    actions.cancel(coverage=proposal, actor=people.theo, at=LATER, why="Audit")

    message = Notification.objects.filter(user=people.ngozi).latest("pk")
    assert message.kind == "decided"
    assert message.subject == (
        "Theo Brandt cancelled your absence from Mon 18 May to Fri 22 May"
    )
    assert message.text == "Why: Audit"
    assert len(told(people.ngozi)) == 2
    proposal.refresh_from_db()
    assert proposal.cancelled_why == "Theo Brandt cancelled it: Audit."


def test_who_cancels_what_they_scheduled_is_not_told_and_the_member_is(people):
    coverage = actions.schedule(draft=draft_of(people), actor=people.theo, at=MONDAY)

    actions.cancel(coverage=coverage, actor=people.theo, at=LATER)

    assert told(people.theo) == []
    assert "Theo Brandt cancelled your absence" in told(people.ngozi)[0]


def test_what_one_has_decided_waits_for_no_other(people, proposal):
    actions.confirm(coverage=proposal, actor=people.theo, at=LATER)

    assert unread(people.sara) == unread(people.theo) == []


def test_a_proposal_that_is_taken_back_waits_for_nobody(people, proposal):
    actions.cancel(coverage=proposal, actor=people.ngozi, at=LATER)

    assert unread(people.theo) == []
    assert told(people.ngozi) == []


def test_a_changed_proposal_is_told_anew_instead_of_the_old_one(people, proposal):
    draft = replace(drafts.draft_from(proposal), last_day=NEXT_MONDAY)

    actions.change_scheduled(
        coverage=proposal, draft=draft, actor=people.ngozi, at=LATER
    )

    assert unread(people.theo) == [
        "Ngozi Eze changed the proposal of an absence on Mon 18 May"
    ]
    assert Notification.objects.filter(user=people.theo).last().text == (
        "Changed: the days."
    )


def test_a_proposal_saved_without_a_change_tells_nobody(people, proposal):
    actions.change_scheduled(
        coverage=proposal,
        draft=drafts.draft_from(proposal),
        actor=people.ngozi,
        at=LATER,
    )

    assert len(told(people.theo)) == 1


def test_a_teams_channel_reads_of_a_proposal_until_it_is_decided(people):
    make_team_channel(people.away.team, kinds=["proposed"])
    proposal = actions.propose(draft=draft_of(people), actor=people.ngozi, at=MONDAY)
    message = Notification.objects.to_chat().get()
    assert message.subject == "An absence of Ngozi Eze waits to be confirmed"

    actions.decline(coverage=proposal, actor=people.theo, at=LATER)

    assert not Notification.objects.to_chat().exists()


def test_who_schedules_an_absence_tells_nobody_to_confirm_it(people):
    actions.schedule(draft=draft_of(people), actor=people.theo, at=MONDAY)

    assert not Notification.objects.filter(kind="proposed").exists()


def test_a_proposal_that_is_not_saved_is_not_told(people, monkeypatch):
    def die(*args: object, **said: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(proposal_messages, "_who_covers", die)
    with pytest.raises(KeyboardInterrupt):
        actions.propose(draft=draft_of(people), actor=people.ngozi, at=MONDAY)

    assert not Coverage.objects.exists()
    assert not Notification.objects.exists()
