import pytest
from django.core.exceptions import ImproperlyConfigured

from dashboard.env import address, database, mail_server, rate_limits, sender


class TestAddress:
    def test_a_trailing_slash_makes_no_difference(self):
        assert (
            address("http://127.0.0.1:8765/api/v1/") == "http://127.0.0.1:8765/api/v1"
        )

    @pytest.mark.parametrize(
        "text", ["", "server.smartlead.ai", "http://[::1", "ftp://x"]
    )
    def test_what_is_no_address_is_said_in_a_sentence(self, text):
        with pytest.raises(ImproperlyConfigured, match="is no address"):
            address(text)

    @pytest.mark.parametrize(
        "text", ["https://me:secret@host/api", "https://h/?api_key=k"]
    )
    def test_an_address_that_holds_a_secret_is_refused_without_showing_it(self, text):
        with pytest.raises(ImproperlyConfigured) as refusal:
            address(text)

        assert "secret" not in str(refusal.value)
        assert "api_key=k" not in str(refusal.value)


class TestRateLimits:
    def test_all_windows_are_read(self):
        assert rate_limits("8/2s, 55/60s") == [(8, 2.0), (55, 60.0)]

    @pytest.mark.parametrize("text", ["", "55", "1/60s", "x/60s", "5/0s"])
    def test_what_is_no_limit_is_said_in_a_sentence(self, text):
        with pytest.raises(ImproperlyConfigured, match="write it like"):
            rate_limits(text)


class TestDatabase:
    def test_sqlite_takes_the_write_lock_at_begin(self):
        options = database("sqlite:////srv/handoff.sqlite3")["OPTIONS"]

        assert options["transaction_mode"] == "IMMEDIATE"

    def test_a_password_may_hold_any_character(self):
        assert database("postgres://me:p%40ss@db:5432/handoff")["PASSWORD"] == "p@ss"

    def test_another_kind_is_refused(self):
        with pytest.raises(ImproperlyConfigured, match="must begin with"):
            database("mysql://db/handoff")


def options(url: str) -> dict[str, object]:
    return mail_server(url, timeout=10)["default"]["OPTIONS"]


class TestMailServer:
    def test_an_empty_address_is_no_server(self):
        assert mail_server("", timeout=10) == {}

    def test_a_line_is_encrypted_before_anything_is_said(self):
        said = options("smtp://me:p%40ss%2F@mail.example.com")

        assert (said["host"], said["port"]) == ("mail.example.com", 587)
        assert (said["username"], said["password"]) == ("me", "p@ss/")
        assert (said["use_tls"], said["use_ssl"]) == (True, False)

    def test_smtps_is_encrypted_from_the_first_byte(self):
        said = options("smtps://mail.example.com")

        assert (said["port"], said["use_tls"], said["use_ssl"]) == (465, False, True)

    def test_a_server_on_this_machine_may_do_without(self):
        assert options("smtp://localhost:25?tls=no")["use_tls"] is False

    @pytest.mark.parametrize(
        "url",
        [
            "mail.example.com",
            "http://me:sesame@mail.example.com",
            "smtp://",
            "smtp://me:sesame@mail.example.com:port",
            "smtp://me:ses/ame@mail.example.com",
            "smtp://me:sesame@[::1",
            "smtp://me:sesame@mail.example.com?tls=maybe",
            "smtp://me:sesame@mail.example.com?ssl=yes",
            "smtp://me:sesame@mail.example.com?sesame",
        ],
    )
    def test_what_is_none_is_refused_in_words_without_its_password(self, url):
        with pytest.raises(ImproperlyConfigured) as refusal:
            mail_server(url, timeout=10)

        assert "EMAIL_URL" in str(refusal.value)
        assert "ses" not in str(refusal.value)


class TestSender:
    def test_is_handoff_at_the_host_of_the_site_by_default(self):
        default = sender("", "https://handoff.example.com:8000")

        assert default == "Handoff <handoff@handoff.example.com>"

    @pytest.mark.parametrize("text", ["Handoff", "a@b.c\nBcc: x@y.z", "<>"])
    def test_what_is_no_address_is_refused_in_words(self, text):
        with pytest.raises(ImproperlyConfigured, match="EMAIL_FROM is no address"):
            sender(text, "https://example.com")
