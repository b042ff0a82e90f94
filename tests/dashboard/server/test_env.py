import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from dashboard.env import (
    SettingRefused,
    choice,
    env,
    env_bool,
    env_number,
    load_env_file,
    long_secret,
    rate_limits,
    secret,
    secrets,
    time_zone,
)

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def _environment_is_put_back(monkeypatch) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))


class TestEnv:
    @pytest.mark.parametrize("text", ["x", " x ", '"x"', "'x'", '" x "', "x\r"])
    def test_blanks_and_quotes_around_a_value_are_left_out(self, text):
        os.environ["NAME"] = text

        assert env("NAME") == "x"

    @pytest.mark.parametrize("text", ["", "  ", '""', "''"])
    def test_an_empty_value_counts_as_none(self, text):
        os.environ["NAME"] = text

        assert env("NAME", "default") == "default"
        with pytest.raises(SettingRefused, match="Set the environment variable NAME"):
            env("NAME")

    @pytest.mark.parametrize(
        ("text", "is_on"),
        [("1", True), ("True", True), (" on ", True), ("no", False), ('"0"', False)],
    )
    def test_a_switch_takes_the_usual_words(self, text, is_on):
        os.environ["NAME"] = text

        assert env_bool("NAME", default=not is_on) is is_on

    @pytest.mark.parametrize("text", ["maybe", "2", "tru", "1,"])
    def test_a_switch_refuses_what_is_neither(self, text):
        os.environ["NAME"] = text

        with pytest.raises(SettingRefused, match=r"NAME is .*write 1 for yes"):
            env_bool("NAME")

    @pytest.mark.parametrize("text", ["x", "-1", "nan", "inf", "1,5", "1 2"])
    def test_a_number_refuses_what_is_none(self, text):
        os.environ["NAME"] = text

        with pytest.raises(SettingRefused, match=r"NAME is .*, like 1\."):
            env_number("NAME", "1", least=0)

    @pytest.mark.parametrize("text", ["se same", "se\nsame", "se\tsame"])
    def test_a_key_with_a_blank_in_it_is_refused_without_showing_it(self, text):
        os.environ["NAME"] = text

        with pytest.raises(SettingRefused) as refusal:
            secret("NAME")

        assert "NAME" in str(refusal.value)
        assert "same" not in str(refusal.value)


class TestEnvFile:
    @pytest.mark.parametrize(
        "line",
        [
            "NAME=x y",
            "NAME = x y ",
            'NAME="x y"',
            "NAME='x y'",
            "export NAME=x y",
            "NAME=x y # a comment",
            'NAME="x y" # a comment',
            "\ufeffNAME=x y",
            "NAME=x y\r",
            "NAME=old\nNAME=x y",
        ],
    )
    def test_a_value_is_read_however_it_is_written(self, tmp_path, line):
        (tmp_path / ".env").write_text(line, encoding="utf-8")

        load_env_file(tmp_path / ".env")

        assert os.environ["NAME"] == "x y"

    @pytest.mark.parametrize("value", ["a#b", "a'b", 'a"b', "a=b", '"a" <b@c.d>'])
    def test_a_value_keeps_what_belongs_to_it(self, tmp_path, value):
        (tmp_path / ".env").write_text(f"NAME={value}")

        load_env_file(tmp_path / ".env")

        assert os.environ["NAME"] == value

    def test_the_environment_wins(self, tmp_path):
        os.environ["NAME"] = "mine"
        (tmp_path / ".env").write_text("NAME=other")

        load_env_file(tmp_path / ".env")

        assert os.environ["NAME"] == "mine"

    def test_what_is_no_text_is_said_in_a_sentence(self, tmp_path):
        (tmp_path / ".env").write_bytes(b"NAME=\xff\xfe")

        with pytest.raises(SettingRefused, match="is not UTF-8 text"):
            load_env_file(tmp_path / ".env")


class TestTimeZone:
    @pytest.mark.parametrize("text", ["Europe/Berlin", "europe/berlin"])
    def test_is_known_in_any_case(self, text):
        assert time_zone(text) == "Europe/Berlin"

    @pytest.mark.parametrize("text", ["Berlin", "/etc/passwd", "../x", "Europe", "é"])
    def test_is_refused_in_a_sentence_if_there_is_none_of_that_name(self, text):
        with pytest.raises(SettingRefused, match=r"TIME_ZONE is .*Europe/Berlin"):
            time_zone(text)


class TestRateLimits:
    @pytest.mark.parametrize(
        "text", ["8/2s, 55/60s", "8/2s,,55/60s,", " 8 / 2 s ;55/60", "8/2s,55/60s"]
    )
    def test_all_windows_are_read(self, text):
        assert rate_limits(text) == [(8, 2.0), (55, 60.0)]

    @pytest.mark.parametrize(
        "text", ["", ",", "55", "1/60s", "x/60s", "5/0s", "5/nans", "5/infs", "5/1/2"]
    )
    def test_what_is_no_limit_is_said_in_a_sentence(self, text):
        with pytest.raises(ImproperlyConfigured, match="write it like"):
            rate_limits(text)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ALLOWED_HOSTS", "handoff!example"),
        ("SITE_URL", "handoff.example.com"),
        ("TIME_ZONE", "Berlin"),
        ("DATABASE_URL", "postgres://me:sesame@db:port/handoff"),
        ("EMAIL_URL", "smtp://me:sesame@"),
        ("SECRET_KEY", ""),
        ("SECRET_KEY_FALLBACKS", "one-key another"),
        ("HSTS_SECONDS", "long"),
    ],
)
def test_a_wrong_setting_ends_the_command_with_one_sentence(name, value):
    environ = {"PATH": "", "SECRET_KEY": "x" * 50, name: value}

    done = subprocess.run(
        [sys.executable, ROOT / "manage.py", "check"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert name in done.stderr
    assert "sesame" not in done.stderr


def test_the_version_is_told_without_any_setting():
    done = subprocess.run(
        [sys.executable, ROOT / "manage.py", "version"],
        env={"PATH": ""},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == "Handoff 0.2.0\n"


class TestChoice:
    @pytest.mark.parametrize("text", ["json", "JSON", "Json"])
    def test_case_does_not_matter(self, text):
        assert choice("LOG_FORMAT", text, ("text", "json")) == "json"

    def test_anything_else_is_refused_with_the_choices(self):
        with pytest.raises(SettingRefused, match="write one of: text, json"):
            choice("LOG_FORMAT", "xml", ("text", "json"))


def test_a_short_token_is_refused_without_being_shown():
    with pytest.raises(SettingRefused, match="less than 16") as refused:
        long_secret("METRICS_TOKEN", "s3cret")

    assert "s3cret" not in str(refused.value)
    assert long_secret("METRICS_TOKEN", "") == ""


def test_old_keys_are_a_list_with_commas(monkeypatch):
    monkeypatch.setenv("OLD_KEYS", '"one, another,"')

    assert secrets("OLD_KEYS") == ["one", "another"]
    assert secrets("OF_NOBODY") == []
