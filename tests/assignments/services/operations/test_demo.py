from datetime import timedelta

import pytest

from assignments.demo_environment import SANDBOX_PORT, demo_database
from assignments.models import Account, Member, SlaTarget, Team, User
from assignments.services import access
from assignments.services.operations import demo
from tests.factories import MONDAY, make_account, make_category, make_member

pytestmark = pytest.mark.django_db


@pytest.fixture
def on_sandbox(monkeypatch):
    monkeypatch.setattr(demo, "on_demo_database", lambda: True)


def make_sandbox_members() -> None:
    for names in demo.TEAMS.values():
        for name in names:
            make_member(name)


class TestCountAnswersFrom:
    def test_only_in_the_demo_and_before_it_was_connected(self, on_sandbox):
        Account.objects.update_or_create(
            pk=1, defaults={"fingerprint": "", "answers_count_from": None}
        )

        demo.count_answers_from(MONDAY)
        demo.count_answers_from(MONDAY + timedelta(days=1))

        assert Account.objects.get().answers_count_from == MONDAY

    def test_is_refused_elsewhere(self):
        with pytest.raises(demo.OnlyOnSandbox):
            demo.count_answers_from(MONDAY)


class TestCreatePeople:
    def test_it_makes_logins_only_in_the_database_of_the_demo(self):
        with pytest.raises(demo.OnlyOnSandbox):
            demo.create_people()

        assert not User.objects.exists()

    def test_each_login_works_and_belongs_to_a_member(self, on_sandbox):
        make_sandbox_members()

        demo.create_people()

        for login in demo.LOGINS:
            user = User.objects.get(username=login.username)
            assert user.check_password(demo.PASSWORD)
            assert user.member.name == login.member

    def test_each_login_has_the_role_it_is_printed_with(self, on_sandbox):
        make_sandbox_members()

        demo.create_people()

        roles = [
            access.role_of(User.objects.get(username=login.username)).label.lower()
            for login in demo.LOGINS
        ]
        assert roles == [login.role for login in demo.LOGINS]

    def test_every_member_has_a_team(self, on_sandbox):
        make_sandbox_members()

        demo.create_people()

        assert not Member.objects.filter(team=None).exists()

    def test_replies_are_answered_in_working_hours(self, on_sandbox):
        make_category("Interested")

        demo.create_people()

        minutes = SlaTarget.objects.values_list("category__name", "minutes")
        assert dict(minutes) == {None: 480, "Interested": 60}

    def test_what_people_have_changed_since_is_left_alone(self, on_sandbox):
        make_sandbox_members()
        demo.create_people()
        Team.objects.filter(name="North").update(name="Nordics")

        demo.create_people()

        assert set(Team.objects.values_list("name", flat=True)) == {"Nordics", "South"}


class TestOnDemoDatabase:
    def test_another_database_is_not_the_demo(self):
        assert not demo.on_demo_database()

    def test_the_file_of_the_demo_is(self, settings, monkeypatch):
        path = demo_database(settings.BASE_DIR / "var")
        monkeypatch.setitem(demo.connection.settings_dict, "NAME", str(path))

        assert demo.on_demo_database()

    def test_not_even_that_file_when_smartlead_is_the_real_one(
        self, settings, monkeypatch
    ):
        path = demo_database(settings.BASE_DIR / "var")
        monkeypatch.setitem(demo.connection.settings_dict, "NAME", str(path))
        settings.SMARTLEAD_IS_REAL = True

        assert not demo.on_demo_database()


class TestFollowSandbox:
    def test_the_sandbox_is_looked_for_where_it_was_last(self):
        make_account(base_url="http://127.0.0.1:9001/api/v1", fingerprint="f")

        assert demo.sandbox_port() == 9001

    def test_at_first_it_is_at_its_usual_place(self):
        assert demo.sandbox_port() == SANDBOX_PORT

    def test_the_database_goes_with_a_sandbox_that_moved(self, on_sandbox):
        make_account(base_url="http://127.0.0.1:9001/api/v1", fingerprint="f")

        demo.follow_sandbox("http://127.0.0.1:9002/api/v1")

        assert Account.objects.get().base_url == "http://127.0.0.1:9002/api/v1"
        assert Account.objects.get().paused_at is None

    def test_a_database_that_was_never_tied_stays_so(self, on_sandbox):
        make_account(base_url="", fingerprint="")

        demo.follow_sandbox("http://127.0.0.1:9002/api/v1")

        assert Account.objects.get().base_url == ""

    def test_no_other_database_follows(self):
        with pytest.raises(demo.OnlyOnSandbox):
            demo.follow_sandbox("http://127.0.0.1:9002/api/v1")
