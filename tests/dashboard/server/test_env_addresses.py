from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from dashboard.env import SettingRefused
from dashboard.server.env_addresses import (
    address,
    database,
    host_names,
    mail_server,
    sender,
    site_url,
)

SITE = "https://handoff.example.com"
FOLDER = Path("/opt/handoff")


class TestHostNames:
    @pytest.mark.parametrize(
        "text",
        [
            "handoff.example.com,b.example",
            " handoff.example.com , b.example ",
            "handoff.example.com,,b.example,",
            "handoff.example.com b.example",
            "handoff.example.com;b.example",
            "Handoff.Example.COM,B.example",
            "https://handoff.example.com/,http://b.example:8000",
            "handoff.example.com:443,b.example.",
            "'handoff.example.com','b.example'",
            "handoff.example.com,b.example,b.example",
        ],
    )
    def test_are_read_however_they_are_written(self, text):
        assert host_names(text, SITE) == ["handoff.example.com", "b.example"]

    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("*.example.com", ".example.com"),
            (".example.com", ".example.com"),
            ("*", "*"),
            ("::1", "[::1]"),
            ("[::1]:8000", "[::1]"),
            ("bücher.example", "xn--bcher-kva.example"),
            ("handoff_1", "handoff_1"),
        ],
    )
    def test_are_told_the_way_django_compares_them(self, text, name):
        assert host_names(text, SITE) == [name]

    @pytest.mark.parametrize("text", ["", ",", " , "])
    def test_without_any_the_host_of_the_site_and_this_machine_are_let_in(self, text):
        names = ["handoff.example.com", "localhost", "127.0.0.1", "[::1]"]

        assert host_names(text, "https://handoff.example.com:8443") == names

    @pytest.mark.parametrize("text", ["a!b", "*example.com", "-a", "a..b", "['a']"])
    def test_what_is_no_name_is_refused_in_a_sentence(self, text):
        with pytest.raises(SettingRefused, match=r"ALLOWED_HOSTS holds .*example\.com"):
            host_names(text, SITE)


class TestSiteUrl:
    @pytest.mark.parametrize(
        "text",
        [
            SITE,
            f"{SITE}/",
            f"{SITE}//",
            "HTTPS://Handoff.Example.com",
            f"{SITE}:443",
            f"{SITE}:443/",
        ],
    )
    def test_is_told_the_way_a_browser_tells_an_origin(self, text):
        assert site_url(text) == SITE

    @pytest.mark.parametrize(
        ("text", "origin"),
        [
            ("http://localhost:8000/", "http://localhost:8000"),
            ("http://h:80", "http://h"),
            ("https://h:80", "https://h:80"),
            ("http://[::1]:8000", "http://[::1]:8000"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
        ],
    )
    def test_keeps_a_port_that_is_not_the_usual_one(self, text, origin):
        assert site_url(text) == origin

    @pytest.mark.parametrize(
        "text",
        [
            "handoff.example.com",
            "//handoff.example.com",
            "ftp://handoff.example.com",
            "https://",
            f"{SITE}/handoff",
            f"{SITE}/?x=1",
            f"{SITE}/#top",
            f"{SITE}:port",
            f"{SITE}:99999",
            "https://[::1",
            "https://a b",
            "https://*.example.com",
            f"{SITE},https://b.example",
            "https://me:sesame@handoff.example.com",
            "me:sesame@handoff.example.com",
        ],
    )
    def test_what_is_none_is_refused_in_a_sentence(self, text):
        with pytest.raises(
            SettingRefused, match=r"SITE_URL .*write it like"
        ) as refusal:
            site_url(text)

        assert "sesame" not in str(refusal.value)


class TestAddress:
    @pytest.mark.parametrize(
        "text",
        [
            "http://127.0.0.1:8765/api/v1",
            "http://127.0.0.1:8765/api/v1//",
            "HTTP://127.0.0.1:8765/api/v1",
        ],
    )
    def test_slashes_at_the_end_and_capitals_make_no_difference(self, text):
        assert address(text) == "http://127.0.0.1:8765/api/v1"

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "server.smartlead.ai",
            "http://[::1",
            "ftp://x",
            "http://x:port",
            "http://x y",
        ],
    )
    def test_what_is_no_address_is_said_in_a_sentence(self, text):
        with pytest.raises(ImproperlyConfigured, match="is no address"):
            address(text)

    @pytest.mark.parametrize(
        "text", ["https://me:secret@host/api", "https://h/?api_key=k", "https://h/#k=k"]
    )
    def test_an_address_that_holds_a_secret_is_refused_without_showing_it(self, text):
        with pytest.raises(ImproperlyConfigured) as refusal:
            address(text)

        assert "secret" not in str(refusal.value)
        assert "k=k" not in str(refusal.value)


class TestDatabase:
    def test_sqlite_takes_the_write_lock_at_begin(self):
        options = database("sqlite:////srv/handoff.sqlite3", folder=FOLDER)["OPTIONS"]

        assert options["transaction_mode"] == "IMMEDIATE"

    @pytest.mark.parametrize(
        ("url", "name"),
        [
            ("sqlite:////srv/h.sqlite3", "/srv/h.sqlite3"),
            ("sqlite:///h.sqlite3", "/opt/handoff/h.sqlite3"),
            ("SQLite:///data/h.sqlite3", "/opt/handoff/data/h.sqlite3"),
            ("sqlite:////srv/my%20data/h#1?.sqlite3", "/srv/my data/h#1?.sqlite3"),
            ("sqlite:///:memory:", ":memory:"),
        ],
    )
    def test_a_file_is_the_same_wherever_a_command_is_started(self, url, name):
        assert database(url, folder=FOLDER)["NAME"] == name

    @pytest.mark.parametrize(
        ("written", "password"),
        [
            ("p%40ss", "p@ss"),
            ("p@ss", "p@ss"),
            ("p:ss", "p:ss"),
            ("p/ss#1?x=[2]", "p/ss#1?x=[2]"),
            ("p+s s", "p+s s"),
            ("100%", "100%"),
            ("100%25", "100%"),
            ("pä", "pä"),
            ("", ""),
        ],
    )
    def test_a_password_may_hold_any_character(self, written, password):
        said = database(f"postgres://me:{written}@db:5433/handoff", folder=FOLDER)

        assert said["PASSWORD"] == password
        assert (said["USER"], said["HOST"], said["PORT"]) == ("me", "db", "5433")

    @pytest.mark.parametrize(
        ("url", "user", "host"),
        [
            ("postgres:///handoff", "", ""),
            ("postgresql://me@db/handoff", "me", "db"),
            ("Postgres://me@db/handoff/", "me", "db"),
            ("postgres://me@srv:pw@db/handoff", "me@srv", "db"),
            ("postgres://me:pw@[::1]:5432/handoff", "me", "::1"),
            (
                "postgres://me:pw@%2Fvar%2Frun%2Fpostgresql/handoff",
                "me",
                "/var/run/postgresql",
            ),
        ],
    )
    def test_a_server_may_be_named_in_any_way(self, url, user, host):
        said = database(url, folder=FOLDER)

        assert (said["USER"], said["HOST"], said["NAME"]) == (user, host, "handoff")

    def test_options_of_the_line_are_handed_on(self):
        url = "postgres://me:pw@db/handoff?sslmode=require&connect_timeout=3"

        said = database(url, folder=FOLDER)["OPTIONS"]

        assert said == {"sslmode": "require", "connect_timeout": "3"}

    @pytest.mark.parametrize(
        "url",
        [
            "mysql://me:sesame@db/handoff",
            "me:sesame@db/handoff",
            "postgres://me:sesame@db",
            "postgres://me:sesame@db/",
            "postgres://me:sesame@db:port/handoff",
            "postgres://me:sesame@db:99999/handoff",
            "postgres://me:sesame@db/hand off/x",
            "postgres://me:sesame@db/handoff?sslmode",
            "sqlite://handoff.sqlite3",
            "sqlite:///",
            "sqlite:handoff.sqlite3",
            "sqlite:////srv/handoff/",
            "/srv/handoff.sqlite3",
        ],
    )
    def test_what_is_none_is_refused_in_a_sentence_without_its_password(self, url):
        with pytest.raises(SettingRefused, match=r"DATABASE_URL .*write it") as refusal:
            database(url, folder=FOLDER)

        assert "sesame" not in str(refusal.value)


def options(url: str) -> dict[str, object]:
    return mail_server(url, timeout=10)["default"]["OPTIONS"]


class TestMailServer:
    def test_an_empty_address_is_no_server(self):
        assert mail_server("", timeout=10) == {}

    @pytest.mark.parametrize("password", ["p%40ss%2F", "p@ss/"])
    def test_a_line_is_encrypted_before_anything_is_said(self, password):
        said = options(f"smtp://me:{password}@mail.example.com")

        assert (said["host"], said["port"]) == ("mail.example.com", 587)
        assert (said["username"], said["password"]) == ("me", "p@ss/")
        assert (said["use_tls"], said["use_ssl"]) == (True, False)

    @pytest.mark.parametrize("password", ["a#b", "12#b", "12?b", "a:b", "a b", "[a]"])
    def test_a_password_may_hold_any_character(self, password):
        said = options(f"smtp://me:{password}@mail.example.com:25/?tls=no")

        assert (said["password"], said["host"]) == (password, "mail.example.com")
        assert (said["port"], said["use_tls"]) == (25, False)

    def test_smtps_is_encrypted_from_the_first_byte(self):
        said = options("SMTPS://mail.example.com/")

        assert (said["port"], said["use_tls"], said["use_ssl"]) == (465, False, True)

    def test_a_server_on_this_machine_may_do_without(self):
        assert options("smtp://localhost:25?tls=no")["use_tls"] is False

    @pytest.mark.parametrize(
        "url",
        [
            "mail.example.com",
            "http://me:sesame@mail.example.com",
            "smtp://",
            "smtp://me:sesame@",
            "smtp://me:sesame@mail.example.com:port",
            "smtp://me:sesame@mail.example.com:99999",
            "smtp://me:sesame@mail.example.com/inbox",
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
