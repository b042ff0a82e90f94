from pathlib import Path

import pytest

from assignments.demo_environment import prepare, use_kept_secret

PRODUCTION = {
    "SECRET_KEY": "of-production",
    "DATABASE_URL": "postgres://handoff@db/handoff",
    "SITE_URL": "https://handoff.example.com",
    "ALLOWED_HOSTS": "handoff.example.com",
    "EMAIL_URL": "smtp://me:sesame@mail.example.com",
}


class TestWithoutAKey:
    def test_the_sandbox_has_a_database_of_its_own(self, tmp_path: Path):
        environ = dict(PRODUCTION)

        prepare(environ, tmp_path)

        assert environ["DATABASE_URL"] == f"sqlite:///{tmp_path}/demo.sqlite3"
        assert environ["SMARTLEAD_BASE_URL"].startswith("http://127.0.0.1:")
        assert environ["SMARTLEAD_API_KEY"].startswith("sandbox-")

    def test_two_folders_have_keys_that_are_good_for_their_own_sandbox_only(
        self, tmp_path: Path
    ):
        keys = set()
        for name in ("one", "other", "one"):
            environ: dict[str, str] = {}
            prepare(environ, tmp_path / name)
            keys.add(environ["SMARTLEAD_API_KEY"])

        assert len(keys) == 2

    def test_nothing_of_production_reaches_the_sandbox(self, tmp_path: Path):
        environ = dict(PRODUCTION)

        prepare(environ, tmp_path)

        assert not set(environ.values()) & set(PRODUCTION.values())

    @pytest.mark.parametrize("key", ["", "  ", '""'])
    def test_an_empty_key_counts_as_none(self, tmp_path: Path, key: str):
        environ = {"SMARTLEAD_API_KEY": key}

        prepare(environ, tmp_path)

        assert environ["SMARTLEAD_API_KEY"].startswith("sandbox-")

    def test_the_secret_is_made_once_and_only_its_owner_may_read_it(
        self, tmp_path: Path
    ):
        first: dict[str, str] = {}
        second: dict[str, str] = {}

        prepare(first, tmp_path)
        prepare(second, tmp_path)

        assert first["SECRET_KEY"] == second["SECRET_KEY"]
        assert len(first["SECRET_KEY"]) >= 50
        assert (tmp_path / "secret_key").stat().st_mode & 0o777 == 0o600


class TestWithAKey:
    def test_the_settings_stay_as_they_are(self, tmp_path: Path):
        environ = {**PRODUCTION, "SMARTLEAD_API_KEY": "real"}

        prepare(environ, tmp_path)

        assert environ == {**PRODUCTION, "SMARTLEAD_API_KEY": "real"}

    def test_a_missing_secret_is_made(self, tmp_path: Path):
        environ = {"SMARTLEAD_API_KEY": "real"}

        prepare(environ, tmp_path)

        assert len(environ["SECRET_KEY"]) >= 50
        assert "DATABASE_URL" not in environ

    @pytest.mark.parametrize(
        "url", ["sqlite:///var/demo.sqlite3", "sqlite:////srv/var/demo.sqlite3"]
    )
    def test_the_database_of_the_sandbox_is_refused(self, tmp_path: Path, url: str):
        environ = {"SMARTLEAD_API_KEY": "real", "DATABASE_URL": url}

        with pytest.raises(SystemExit, match="names the sandbox's database"):
            prepare(environ, tmp_path / "var")


class TestUseKeptSecret:
    def test_other_commands_find_the_secret_that_demo_made(self, tmp_path: Path):
        made: dict[str, str] = {}
        prepare(made, tmp_path)
        environ: dict[str, str] = {}

        use_kept_secret(environ, tmp_path)

        assert environ == {"SECRET_KEY": made["SECRET_KEY"]}

    def test_a_secret_of_the_environment_wins(self, tmp_path: Path):
        prepare({}, tmp_path)
        environ = {"SECRET_KEY": "mine"}

        use_kept_secret(environ, tmp_path)

        assert environ == {"SECRET_KEY": "mine"}

    def test_without_either_there_is_none(self, tmp_path: Path):
        environ: dict[str, str] = {}

        use_kept_secret(environ, tmp_path)

        assert environ == {}
