"""The second factor: set up, asked for, never walked around."""

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import SignInEvent, User
from tests.dashboard.accounts.second_step import (
    CODE,
    LOGIN,
    PASSWORD,
    App,
    is_signed_in,
    make_user_with_app,
    prove,
    recovery_codes,
    type_code,
    type_password,
)
from tests.dashboard.pages import htmx
from tests.factories import make_manager, make_user

FACTORS = "/accounts/second-factor/"


@pytest.fixture
def app(db) -> App:
    return make_user_with_app()[1]


def kinds() -> list[str]:
    return list(SignInEvent.objects.order_by("id").values_list("kind", flat=True))


class TestSettingUpAnApp:
    def test_asks_for_the_password_and_shows_a_qr_code_without_style(
        self, client, db, django_capture_on_commit_callbacks
    ):
        user = make_user()
        client.force_login(user)
        assertRedirects(
            client.get(f"{FACTORS}app/"),
            f"/accounts/prove/password/?next={FACTORS}app/",
        )
        prove(client)

        page = client.get(f"{FACTORS}app/")

        assertContains(page, "data:image/svg+xml")
        assertNotContains(page, "style=")
        app = App.__new__(App)
        app.secret = client.session["mfa.totp.secret"]
        with django_capture_on_commit_callbacks(execute=True):
            response = client.post(f"{FACTORS}app/", {"code": app.code()})
        assertRedirects(response, f"{FACTORS}codes/")
        assertContains(client.get(f"{FACTORS}codes/"), "<li><code>", count=10)
        assert kinds()[-1] == "factor_added"

    def test_keeps_no_secret_in_the_clear(self, db):
        app = make_user_with_app()[1]

        assert app.secret not in str(Authenticator.objects.get().data)


class TestSigningIn:
    def test_takes_password_and_code_and_leads_to_the_page_that_was_wanted(
        self, client, app
    ):
        assertRedirects(type_password(client, next="/history/"), CODE)

        response = type_code(client, app.code())

        assertRedirects(response, "/history/")
        assert kinds() == ["password_right", "signed_in"]

    def test_takes_a_recovery_code_once(self, client, app):
        code = recovery_codes(User.objects.get())[0]
        type_password(client)
        type_code(client, code)
        assert is_signed_in(client)
        other = Client()
        type_password(other)

        assertContains(type_code(other, code), "not right, or was used")

        assert not is_signed_in(other)
        assert "recovery_code_used" in kinds()

    def test_refuses_a_code_that_was_used(self, client, app):
        code = app.code()
        type_password(client)
        type_code(client, code)
        thief = Client()
        type_password(thief)

        assertContains(type_code(thief, code), "not right, or was used")

        assert not is_signed_in(thief)

    def test_locks_after_five_wrong_codes_even_in_new_sessions(self, client, app):
        for _ in range(5):
            thief = Client()
            type_password(thief)
            type_code(thief, app.wrong_code())
        type_password(client)

        assertContains(type_code(client, app.code()), "Too many wrong ones")

        assert not is_signed_in(client)
        assert kinds().count("wrong_code") == 5

    def test_ends_a_half_finished_login_with_the_button(self, client, app):
        type_password(client)

        client.post("/accounts/logout/")

        assertContains(client.get(LOGIN), "Name or mail address")


class TestNoWayAround:
    def test_by_going_to_a_page_with_the_half_finished_login(self, client, app):
        type_password(client)

        for path in ("/inbox/", "/accounts/me/", FACTORS, f"{FACTORS}app/remove/"):
            assert LOGIN in client.get(path)["Location"], path
        assertRedirects(client.get(LOGIN), CODE)

    def test_by_asking_for_the_second_step_alone(self, client, app):
        assertRedirects(client.get(CODE), LOGIN)
        assertRedirects(type_code(client, app.code()), LOGIN)

    def test_by_a_login_that_was_switched_off_between_the_steps(self, client, app):
        type_password(client)
        User.objects.update(is_active=False)

        response = type_code(client, app.code())

        assertRedirects(response, LOGIN)
        assert "signed_in" not in kinds()

    def test_by_a_password_that_was_changed_between_the_steps(self, client, app):
        type_password(client)
        user = User.objects.get()
        user.set_password("another one entirely")
        user.save()

        type_code(client, app.code())

        assert not is_signed_in(client)

    def test_by_removing_it_with_the_password_alone(self, client, app):
        client.force_login(User.objects.get())

        response = client.get(f"{FACTORS}app/remove/")

        assert response["Location"].startswith("/accounts/prove/code/")
        answer = prove(client)
        assert answer["Location"].startswith("/accounts/prove/code/")
        assert client.post(f"{FACTORS}app/remove/").status_code == 302
        assert Authenticator.objects.exists()

    def test_the_session_of_the_first_step_is_not_the_one_that_is_signed_in(
        self, client, app
    ):
        client.get(LOGIN)
        client.session.save()
        type_password(client)
        before = client.session.session_key

        type_code(client, app.code())

        assert client.session.session_key != before


class TestProvingOneself:
    def test_removes_the_app_after_a_code(self, client, app):
        client.force_login(User.objects.get())
        client.post("/accounts/prove/code/", {"code": app.code()})

        client.post(f"{FACTORS}app/remove/")

        assert not Authenticator.objects.exists()
        assert kinds()[-1] == "factor_removed"

    def test_counts_wrong_passwords(self, client, db):
        client.force_login(make_user())
        for _ in range(5):
            assertContains(prove(client, "wrong"), "not your password")

        assertContains(prove(client), "Too many wrong ones")

    def test_with_the_right_password_leaves_no_wrong_one_in_the_log(self, client, db):
        client.force_login(make_user())

        prove(client)

        assert "wrong_password" not in kinds()
        assert "wrong_old_password" not in kinds()


class TestWhereItIsRequired:
    @pytest.fixture(autouse=True)
    def _required(self, settings):
        settings.REQUIRE_SECOND_FACTOR = "managers"

    def test_a_manager_without_one_reaches_nothing_else(self, client, manager):
        for path in ("/inbox/", "/today/", "/settings/users/", "/accounts/me/"):
            assertRedirects(client.get(path), FACTORS)
        posted = client.post("/system/pause/", follow=True)
        assertContains(posted, "This was not saved")

    @pytest.mark.parametrize(
        ("path", "element"),
        [("/banner/", "banner"), ("/today/", "today-news"), ("/system/", "health")],
    )
    def test_a_page_that_asks_again_by_itself_is_not_left(
        self, client, manager, path, element
    ):
        polls = htmx(element) | {"HX-Trigger": element}

        polled = client.get(path, headers=polls)

        assert polled.status_code == 204
        assert "HX-Redirect" not in polled

    def test_a_click_leads_to_the_page_of_factors(self, client, manager):
        clicked = client.get("/today/", headers=htmx("main") | {"HX-Trigger": "a-link"})

        assert clicked["HX-Redirect"] == FACTORS

    def test_a_manager_who_sets_one_up_goes_on(self, client, manager):
        prove(client)
        client.get(f"{FACTORS}app/")
        app = App.__new__(App)
        app.secret = client.session["mfa.totp.secret"]

        client.post(f"{FACTORS}app/", {"code": app.code()})

        assert client.get("/today/").status_code == 200

    def test_a_member_goes_on_unless_everybody_must(self, client, db, settings):
        client.force_login(make_user())
        assert is_signed_in(client)

        settings.REQUIRE_SECOND_FACTOR = "everybody"

        assertRedirects(client.get("/inbox/"), FACTORS)

    def test_recovery_codes_alone_are_none(self, client, manager):
        recovery_codes(manager)

        assertRedirects(client.get("/today/"), FACTORS)


class TestALostOne:
    def test_is_reset_by_a_manager_who_is_named_in_the_log(self, client, app):
        user = User.objects.get()
        phone = Client()
        phone.force_login(user)
        client.force_login(make_manager())
        page = client.get(f"/settings/users/{user.pk}/")
        assertContains(page, "Authenticator app")

        client.post(f"/settings/users/{user.pk}/second-factor/")

        assert not Authenticator.objects.exists()
        assert not is_signed_in(phone)
        event = SignInEvent.objects.latest("id")
        assert (event.kind, event.user, str(event.by)) == (
            "factor_reset", user, "Sara Klein"
        )  # fmt: skip
        assertContains(client.get(f"/settings/users/{user.pk}/"), "by Sara Klein")

    def test_of_an_administrator_is_not_a_managers_to_reset(self, client, app):
        User.objects.update(is_superuser=True)
        client.force_login(make_manager())
        admin = User.objects.get(username="uma")

        response = client.post(
            f"/settings/users/{admin.pk}/second-factor/", follow=True
        )

        assertContains(response, "only an administrator")
        assert Authenticator.objects.exists()

    def test_is_reset_on_the_server_when_no_manager_can_sign_in(self, app, capsys):
        call_command("reset_second_factor", "uma")

        assert not Authenticator.objects.exists()
        with pytest.raises(CommandError, match="has no second factor"):
            call_command("reset_second_factor", "uma")

    def test_is_refused_for_codes_of_another_secret_key(self, client, app, settings):
        settings.SECRET_KEY = "another one" * 9
        type_password(client)

        assertContains(type_code(client, app.code()), "not right")


def test_a_mail_address_and_a_password_are_enough_without_a_factor(client, db):
    make_user("Uma", username="uma", email="Uma@X.test")

    client.post(LOGIN, {"username": "uma@x.TEST ", "password": PASSWORD})

    assert is_signed_in(client)
