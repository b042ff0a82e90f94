"""Wrong passwords: whom they lock, whom they do not, and the log of it all."""

import logging
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import SignInEvent, User
from assignments.services.operations.tick import tick
from assignments.services.people import sign_ins
from dashboard.env import networks
from dashboard.server.client_address import client_address
from tests.factories import make_manager, make_user

DESK, CAFE = "203.0.113.7", "198.51.100.9"
RIGHT, WRONG = "correct horse", "wrong"


@pytest.fixture
def sara() -> User:
    return make_user("Sara Klein", username="sara")


def sign_in(name: str = "sara", password: str = WRONG, *, at: str = DESK, **sent: str):
    """As the proxy on this machine hands it on."""
    headers = {"X-Forwarded-For": at} | sent
    data = {"username": name, "password": password}
    return Client().post("/accounts/login/", data, headers=headers)


def guess(times: int, name: str = "sara", *, at: str = DESK) -> None:
    for _ in range(times):
        sign_in(name, at=at)


def is_locked(name: str = "sara", *, at: str = DESK) -> bool:
    return sign_in(name, RIGHT, at=at).status_code == 429


def kinds() -> list[str]:
    return list(SignInEvent.objects.order_by("id").values_list("kind", flat=True))


class TestWhomWrongPasswordsLock:
    def test_five_lock_the_name_at_that_address(self, sara):
        guess(4)
        assertContains(sign_in(), "Too many wrong passwords", status_code=429)

        response = sign_in(password=RIGHT)

        assertContains(response, "a sales manager can unlock", status_code=429)
        assert response["Retry-After"] == "900"

    def test_the_owner_elsewhere_is_not_locked(self, sara):
        guess(20, at=CAFE)

        assert is_locked(at=CAFE)
        assert not is_locked(at=DESK)

    def test_others_at_that_address_are_not_locked(self, sara):
        make_user("Theo", username="theo")

        guess(20)

        assert not is_locked("theo")

    @pytest.mark.parametrize("name", ["SARA", "Sara ", "s\uff21ra", "\uff53\uff41ra"])
    def test_a_name_written_otherwise_counts_as_the_same(self, sara, name):
        guess(5, name)

        assert is_locked("sara")

    def test_a_lock_ends_after_fifteen_minutes(self, sara, time_machine):
        time_machine.move_to(timezone.now(), tick=False)
        guess(5)
        assert is_locked()

        time_machine.shift(timedelta(minutes=14, seconds=59))
        assert is_locked()
        time_machine.shift(timedelta(seconds=2))

        assert not is_locked()

    def test_a_name_that_nobody_has_is_locked_like_any_other(self, sara):
        guess(5, "nobody")

        assert is_locked("nobody")

    def test_a_success_forgets_ones_own_wrong_passwords(self, sara):
        guess(4)
        sign_in(password=RIGHT)
        guess(4)

        assert not is_locked()

    def test_a_success_of_somebody_else_there_forgets_nothing(self, sara):
        make_user("Mallory", username="mallory")
        guess(4)
        sign_in("mallory", RIGHT)
        guess(1)

        assert is_locked()


class TestGuessesThatAreSpread:
    @pytest.fixture(autouse=True)
    def _low_limits(self, monkeypatch):
        monkeypatch.setattr(sign_ins, "GUESSES_PER_ADDRESS", 8)
        monkeypatch.setattr(sign_ins, "GUESSES_PER_NAME", 10)

    def test_over_many_names_they_lock_the_address(self, sara):
        for number in range(8):
            sign_in(f"name{number}")

        assert is_locked("sara")
        assert not is_locked("sara", at=CAFE)

    def test_over_many_addresses_they_lock_the_name_where_it_never_signed_in(
        self, sara
    ):
        sign_in(password=RIGHT, at=DESK)

        for number in range(10):
            sign_in(at=f"198.51.100.{number}")

        assert is_locked(at=CAFE)
        assert not is_locked(at=DESK)

    def test_who_signed_in_before_is_not_locked_by_others_behind_the_same_proxy(
        self, sara
    ):
        sign_in(password=RIGHT)

        for number in range(20):
            sign_in(f"name{number}")

        assert is_locked("theo")
        assert not is_locked("sara")

    def test_the_addresses_of_one_ipv6_network_count_as_one(self, sara):
        for number in range(5):
            sign_in(at=f"2001:db8:0:1::{number:x}")

        assert is_locked(at="2001:db8:0:1:ffff::1")
        assert not is_locked(at="2001:db8:0:2::1")


class TestTheAddress:
    @pytest.mark.parametrize(
        ("peer", "forwarded", "address"),
        [
            ("127.0.0.1", "203.0.113.7", "203.0.113.7"),
            ("127.0.0.1", "6.6.6.6, 203.0.113.7", "203.0.113.7"),
            ("127.0.0.1", "6.6.6.6, 203.0.113.7, 127.0.0.2", "203.0.113.7"),
            ("::1", "203.0.113.7:4711", "203.0.113.7"),
            ("::ffff:127.0.0.1", "203.0.113.7", "203.0.113.7"),
            ("127.0.0.1", "[2001:DB8::1]:443", "2001:db8::1"),
            ("127.0.0.1", "::ffff:203.0.113.7", "203.0.113.7"),
            ("127.0.0.1", "fe80::1%eth0", "fe80::1"),
            ("127.0.0.1", "garbage", "127.0.0.1"),
            ("127.0.0.1", "203.0.113.7, garbage", "127.0.0.1"),
            ("127.0.0.1", "", "127.0.0.1"),
            ("127.0.0.1", ",,", "127.0.0.1"),
            ("", "203.0.113.7", "203.0.113.7"),
            ("", "", None),
            ("not an address", "203.0.113.7", None),
            ("203.0.113.7", "6.6.6.6", "203.0.113.7"),
            ("10.0.0.1", "6.6.6.6", "10.0.0.1"),
        ],
    )
    def test_it_is_believed_as_far_as_our_own_proxies_have_seen_it(
        self, rf, peer, forwarded, address
    ):
        request = rf.get("/", REMOTE_ADDR=peer, HTTP_X_FORWARDED_FOR=forwarded)

        assert client_address(request) == address

    def test_a_proxy_elsewhere_is_believed_once_it_is_named(self, rf, settings):
        settings.TRUSTED_PROXIES = networks("10.0.0.0/8")
        request = rf.get(
            "/", REMOTE_ADDR="10.1.2.3", HTTP_X_FORWARDED_FOR="6.6.6.6, 203.0.113.7"
        )

        assert client_address(request) == "203.0.113.7"

    def test_inventing_forwarded_addresses_frees_nobody(self, sara):
        for number in range(5):
            sign_in(at=f"6.6.6.{number}, {DESK}")

        assert is_locked(at=f"6.6.6.99, {DESK}")


class TestTheWayOut:
    @pytest.fixture(autouse=True)
    def _locked(self, sara):
        guess(5)

    @pytest.mark.parametrize(
        "command",
        [
            ["axes_reset"],
            ["axes_reset_username", "sara"],
            ["axes_reset_username", "SARA"],
            ["axes_reset_ip", DESK],
            ["axes_reset_ip_username", DESK, "sara"],
        ],
    )
    def test_a_command_unlocks(self, command, capsys):
        call_command(*command)

        assert "5 attempts removed." in capsys.readouterr().out
        assert not is_locked()

    @pytest.mark.parametrize(
        "command", [["axes_reset_username", "theo"], ["axes_reset_ip", CAFE]]
    )
    def test_a_command_unlocks_nobody_else(self, command):
        call_command(*command)

        assert is_locked()

    def test_the_log_keeps_what_was_unlocked(self):
        call_command("axes_reset")

        assert kinds().count("wrong_password") == 5

    def test_a_sales_manager_unlocks_on_the_page_of_the_login(self, client, sara):
        client.force_login(make_manager())

        response = client.post(f"/settings/users/{sara.pk}/unlock/", follow=True)

        assertContains(response, "can try again at once")
        assert not is_locked()

    def test_a_new_password_unlocks(self, client, sara):
        client.force_login(make_manager())

        page = client.post(f"/settings/users/{sara.pk}/password/")

        assert sign_in(password=page.context["shown"]["password"]).status_code == 302

    def test_nobody_else_unlocks(self, client, sara):
        client.force_login(sara)

        assert client.post(f"/settings/users/{sara.pk}/unlock/").status_code == 403


class TestWhatIsTyped:
    NAMES = ("", "x" * 1_000_000, "sa\0ra", "'; --", "\U0001d564" * 120, "a\nb")

    @pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
    @pytest.mark.parametrize("password", ["", "\0", "y" * 5000], ids=range(3))
    def test_nothing_breaks_and_rows_stay_small(self, sara, name, password):
        response = sign_in(name, password, **{"User-Agent": "z\0" * 9000})

        assert response.status_code == 200
        for event in SignInEvent.objects.values_list():
            assert len(repr(event)) < 400

    def test_a_password_in_the_field_of_the_name_is_kept_nowhere(self, sara, caplog):
        caplog.set_level(logging.INFO)

        sign_in("my secret passphrase")

        event = SignInEvent.objects.get()
        assert "secret" not in caplog.text + repr(event.__dict__) + event.name
        assert event.name.startswith("unknown name ")


class TestTheLog:
    def test_it_holds_success_failure_lock_and_sign_out(self, client, sara):
        guess(5)
        call_command("axes_reset")
        client.post("/accounts/login/", {"username": "sara", "password": RIGHT})
        client.post("/accounts/logout/")

        assert kinds() == [
            *["wrong_password"] * 5, "locked", "signed_in", "signed_out"
        ]  # fmt: skip

    def test_each_is_a_line_with_name_address_and_browser(self, sara, caplog):
        caplog.set_level(logging.INFO, logger="assignments.services.people.sign_ins")
        firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140"

        sign_in(password=RIGHT, **{"User-Agent": firefox})

        line = f"Signed in: sara from {DESK} with Firefox on Linux"
        assert line in caplog.text

    def test_a_lock_is_logged_once_however_long_they_go_on(self, sara):
        guess(50)

        assert len(kinds()) == 6

    def test_it_is_bounded_by_days_and_rows(self, sara, settings, time_machine):
        settings.SIGN_IN_LOG_ROWS = 3
        sign_in(password=RIGHT)
        for number in range(5):
            sign_in(f"name{number}")

        tick(at=timezone.now())
        assert kinds() == ["signed_in", *["wrong_password"] * 3]

        tick(at=timezone.now() + timedelta(days=91))
        assert kinds() == []


class TestThePage:
    def test_a_sales_manager_reads_who_came_from_where(self, client, sara):
        sign_in(password=RIGHT)
        guess(1, "who")
        client.force_login(make_manager())

        page = client.get("/settings/sign-ins/")

        assertContains(page, DESK)
        assertContains(page, "Signed in")
        assertContains(page, "unknown name")

    def test_nobody_else_reads_it(self, client, sara):
        client.force_login(sara)

        assert client.get("/settings/sign-ins/").status_code == 403

    def test_older_lines_are_a_page_further(self, client, sara):
        client.force_login(make_manager())
        for number in range(60):
            sign_in(f"name{number}", at=f"198.51.100.{number}")

        page = client.get("/settings/sign-ins/")
        further = client.get("/settings/sign-ins/", {"after": page.context["later"]})

        assertContains(page, "198.51.100.59")
        assertNotContains(page, "198.51.100.0<")
        assertContains(further, "198.51.100.0<")
        assert client.get("/settings/sign-ins/?after=x").status_code == 400


class TestGuessesOfTheOldPassword:
    def change(self, client, old: str, new: str = "a fine new passphrase"):
        data = {"old_password": old, "new_password1": new, "new_password2": new}
        return client.post("/accounts/password/", data)

    def test_five_lock_the_form_even_for_the_right_one(self, client, sara):
        client.force_login(sara)
        for _ in range(5):
            assert self.change(client, WRONG).status_code == 422

        response = self.change(client, RIGHT)

        assertContains(response, "Too many wrong passwords", status_code=429)
        assert User.objects.get().check_password(RIGHT)

    def test_another_session_does_not_start_anew(self, client, sara):
        for _ in range(5):
            client.force_login(sara)
            self.change(client, WRONG)

        assert self.change(client, RIGHT).status_code == 429

    def test_it_does_not_lock_signing_in(self, client, sara):
        client.force_login(sara)
        for _ in range(6):
            self.change(client, WRONG)

        assert not is_locked()

    def test_a_bad_new_password_is_no_guess(self, client, sara):
        client.force_login(sara)
        for _ in range(6):
            assert self.change(client, RIGHT, "1").status_code == 422

        assertRedirects(self.change(client, RIGHT), "/accounts/me/")


def test_guesses_whose_password_is_still_being_checked_count(sara):
    """Whoever sends a hundred at the same moment has five of them checked."""
    visitor = sign_ins.Visitor(address=DESK, browser="")

    begun = [
        sign_ins.begin_sign_in(name="sara", visitor=visitor, at=timezone.now())
        for _ in range(100)
    ]

    assert sum(isinstance(one, SignInEvent) for one in begun) == 5
