import pytest
from django.core.exceptions import ImproperlyConfigured

from dashboard.env import address, database, rate_limits


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
