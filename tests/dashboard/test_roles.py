"""The table of roles in the README, cell by cell."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest
from pytest_django.asserts import assertContains, assertNotContains

from assignments.models import Coverage, Member, User
from tests.dashboard.pages import read_to_end
from tests.factories import (
    MONDAY,
    make_assignment,
    make_batch,
    make_coverage,
    make_feed,
    make_lead,
    make_manager,
    make_member,
    make_rule,
    make_suggestion,
    make_team,
    make_user,
)

MEMBER, TEAM_LEAD, MANAGER = ROLES = ("member", "team lead", "sales manager")


@dataclass
class House:
    """Two teams: the member Ana and her mate Ben in one, Cem in the other."""

    ana: Member
    ben: Member
    cem: Member
    users: dict[str, User]


@pytest.fixture
def house(db) -> House:
    users = {MEMBER: make_user(), TEAM_LEAD: make_user(), MANAGER: make_manager()}
    north, south = make_team(leads=(users[TEAM_LEAD],)), make_team()
    return House(
        ana=make_member("Ana Sousa", team=north, user=users[MEMBER]),
        ben=make_member("Ben Okafor", team=north),
        cem=make_member("Cem Kaya", team=south),
        users=users,
    )


@pytest.fixture
def answers(client, house) -> Callable[..., list[int]]:
    """Ask as each role in turn; the status of each answer."""

    def ask(path: str, data: dict[str, object] | None = None) -> list[int]:
        found = []
        for user in house.users.values():
            client.force_login(user)
            answer = client.get(path) if data is None else client.post(path, data)
            found.append(answer.status_code)
            read_to_end(answer)
        return found

    return ask


NOBODY_ELSE = [403, 403, 200]
WHO_LEADS = [403, 200, 200]
EVERYBODY = [200, 200, 200]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/inbox/", EVERYBODY),
        ("/today/", EVERYBODY),
        ("/history/", EVERYBODY),
        ("/palette/?q=a", EVERYBODY),
        ("/coverage/", EVERYBODY),
        ("/coverage/new/", EVERYBODY),
        ("/team/", EVERYBODY),
        ("/team/performance/", EVERYBODY),
        ("/system/", WHO_LEADS),
        ("/review/", WHO_LEADS),
        ("/team/rebalance/", WHO_LEADS),
        ("/routing/", WHO_LEADS),
        ("/routing/try/", WHO_LEADS),
        ("/settings/", WHO_LEADS),
        ("/settings/hours/", WHO_LEADS),
        ("/routing/new/", NOBODY_ELSE),
        ("/settings/targets/new/", NOBODY_ELSE),
        ("/settings/teams/", NOBODY_ELSE),
        ("/settings/users/", NOBODY_ELSE),
        ("/settings/sign-ins/", NOBODY_ELSE),
        ("/settings/webhooks/", NOBODY_ELSE),
        ("/settings/outgoing/", NOBODY_ELSE),
        ("/settings/outgoing/new/", NOBODY_ELSE),
        ("/team/add/", NOBODY_ELSE),
        ("/history/export.csv", NOBODY_ELSE),
        ("/team/performance.csv", NOBODY_ELSE),
        ("/team/performance/answers.csv", NOBODY_ELSE),
        ("/team/performance/leads.csv", NOBODY_ELSE),
    ],
)
def test_who_reads_what(answers, path, expected):
    assert answers(path) == expected


@pytest.mark.parametrize("path", ["/system/pause/", "/settings/categories/"])
def test_only_a_sales_manager_changes_what_holds_for_all(answers, path):
    assert answers(path, {"reason": "x"}) == [403, 403, 302]


class TestALead:
    @pytest.mark.parametrize(
        ("owner", "to", "refused"),
        [
            ("ana", "ben", []),
            ("ana", "cem", [MEMBER, TEAM_LEAD]),
            ("ben", "ana", [MEMBER]),
            ("cem", "ana", [MEMBER, TEAM_LEAD]),
            ("nobody", "ana", [MEMBER]),
            ("nobody", "cem", [MEMBER, TEAM_LEAD]),
        ],
    )
    def test_who_may_assign_it(self, client, house, owner, to, refused):
        for role, user in house.users.items():
            lead = make_lead(owner=getattr(house, owner, None))
            client.force_login(user)
            member = getattr(house, to)

            answer = client.post(f"/leads/{lead.pk}/assign/", {"member": member.pk})

            assert (answer.status_code == 403) == (role in refused), role

    @pytest.mark.parametrize(
        ("owner", "refused"),
        [
            ("ana", []), ("ben", [MEMBER]), ("cem", [MEMBER, TEAM_LEAD]),
            ("nobody", [MEMBER]),
        ],
    )  # fmt: skip
    def test_who_may_write_a_note(self, client, house, owner, refused):
        for role, user in house.users.items():
            lead = make_lead(owner=getattr(house, owner, None))
            client.force_login(user)

            answer = client.post(f"/leads/{lead.pk}/notes/", {"text": "Hello"})
            marked = client.post(f"/leads/{lead.pk}/read/", {"as": "unread"})

            assert (answer.status_code == 403) == (role in refused), role
            assert marked.status_code == answer.status_code

    @pytest.mark.parametrize(
        ("way", "decided_by", "refused"),
        [
            # Who decided may take it back, also if the lead is no longer theirs.
            (("ana", "ben"), MEMBER, []),
            (("ana", "ben"), TEAM_LEAD, [MEMBER]),
            (("ana", "ben"), MANAGER, [MEMBER]),
            (("ben", "ana"), MANAGER, [MEMBER]),
            (("cem", "ben"), MANAGER, [MEMBER, TEAM_LEAD]),
            (("ana", "cem"), MANAGER, [MEMBER, TEAM_LEAD]),
        ],
    )
    def test_who_may_undo_a_change(self, client, house, way, decided_by, refused):
        for role, user in house.users.items():
            before, now = (getattr(house, name) for name in way)
            change = make_assignment(
                make_lead(owner=now), now, expected=before, state="done",
                actor=house.users[decided_by], finished_at=MONDAY,
            )  # fmt: skip
            client.force_login(user)

            answer = client.post(f"/assignments/{change.pk}/undo/")

            assert (answer.status_code == 403) == (role in refused), role


def test_many_leads_at_once_are_for_those_who_lead(answers):
    lead = make_lead()

    assert answers(f"/assign/?lead={lead.pk}") == WHO_LEADS


def test_a_batch_is_undone_by_its_maker_and_by_sales_managers(answers, house):
    theirs = make_batch([make_lead(owner=house.ana)], house.ben, actor=make_manager())
    own = make_batch(
        [make_lead(owner=house.ana)], house.ben, actor=house.users[TEAM_LEAD]
    )

    assert answers(f"/batches/{theirs.pk}/undo/") == NOBODY_ELSE
    assert answers(f"/batches/{own.pk}/undo/") == WHO_LEADS


@pytest.mark.parametrize(
    ("away", "expected"),
    [("ana", WHO_LEADS), ("ben", WHO_LEADS), ("cem", NOBODY_ELSE)],
)
def test_coverages_are_decided_by_who_leads_the_team(answers, house, away, expected):
    coverage = make_coverage(getattr(house, away), house.ben, state="active")

    assert answers(f"/coverage/{coverage.pk}/end/") == expected


def test_a_member_changes_an_own_proposal(answers, house):
    coverage = make_coverage(house.ana, house.ben, state="proposed")

    assert answers(f"/coverage/{coverage.pk}/edit/") == EVERYBODY
    assert answers(f"/coverage/{coverage.pk}/confirm/") == WHO_LEADS


def test_a_calendar_is_shared_by_who_leads_the_team(answers, house):
    own, other = make_feed(house.ana.team, token="a"), make_feed(token="b")

    assert answers(f"/coverage/feeds/{own.team_id}/", {}) == [403, 302, 302]
    assert answers(f"/coverage/feeds/{other.team_id}/", {}) == [403, 403, 302]


def test_own_hours_are_read_and_a_sales_manager_changes_them(answers, house):
    assert answers(f"/team/{house.ana.pk}/hours/") == EVERYBODY
    assert answers(f"/team/{house.ben.pk}/hours/") == WHO_LEADS
    assert answers(f"/team/{house.ana.pk}/hours/", {"use": "x"})[:2] == [403, 403]


def test_suggestions_are_answered_by_who_may_give_the_lead(answers, house):
    rule = make_rule(house.ana)
    suggestion = make_suggestion(make_lead(), house.ana, rule=rule)

    assert answers(f"/routing/{rule.pk}/", {})[:2] == [403, 403]
    assert answers(f"/review/{suggestion.pk}/dismiss/", {})[:2] == [403, 302]


class TestThePrivateComment:
    SECRET = "Surgery on the knee"
    READERS = {
        "ana": {MEMBER, TEAM_LEAD, MANAGER},
        "ben": {TEAM_LEAD, MANAGER},
        "cem": {MANAGER},
    }

    @pytest.fixture(params=["ana", "ben", "cem"])
    def away(self, request) -> str:
        return request.param

    @pytest.fixture
    def coverage(self, house, away) -> Coverage:
        """Covered by the others: who covers is not who may read it."""
        others = [one for one in ("ana", "ben", "cem") if one != away]
        covering = [getattr(house, one) for one in others]
        return make_coverage(
            getattr(house, away), *covering, state="scheduled", comment=self.SECRET
        )

    @pytest.mark.parametrize("state", ["proposed", "active"])
    def test_is_for_who_is_away_and_who_decides(
        self, client, house, coverage, away, state
    ):
        Coverage.objects.filter(pk=coverage.pk).update(state=state)
        paths = (
            f"/coverage/{coverage.pk}/",
            f"/coverage/new/?like={coverage.pk}",
            f"/coverage/{coverage.pk}/certificate/",
            "/coverage/",
        )
        for role, user in house.users.items():
            client.force_login(user)
            for path in paths[: 2 if role in self.READERS[away] else 4]:
                page = client.get(path)
                if role in self.READERS[away]:
                    assertContains(page, self.SECRET)
                else:
                    assertNotContains(page, self.SECRET, status_code=page.status_code)

    def test_of_who_covers_stays_hidden_behind_every_form(
        self, client, house, coverage, away
    ):
        for role, user in house.users.items():
            client.force_login(user)
            if role in self.READERS[away]:
                continue
            paths = ["edit/", *(f"{act}/" for act in ("confirm", "end", "coverer"))]
            for path in paths:
                page = client.get(f"/coverage/{coverage.pk}/{path}")
                assertNotContains(page, self.SECRET, status_code=403)
            asked = {"editing": coverage.pk, "member": coverage.member_id}
            page = client.post("/coverage/preview/", asked)
            assertNotContains(page, self.SECRET, status_code=page.status_code)
