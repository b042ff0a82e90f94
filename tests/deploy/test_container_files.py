"""Dockerfile and compose.yaml: no rights, nothing writable, no secret, versions named."""

import re
import subprocess
from ipaddress import ip_address, ip_network

import pytest
from django.conf import settings

from tests.deploy.container_files import (
    ROOT,
    compose,
    dockerfile,
    files_in_image,
    words_of,
)

SERVICES = compose()["services"]
OURS = ("migrate", "web", "worker")
# Those that take their value from elsewhere than a person.
SET_BY_COMPOSE = {"POSTGRES_USER", "POSTGRES_DB"}


def variables(text: str) -> set[str]:
    return set(re.findall(r"\$\{(\w+)", text))


def explained_variables() -> set[str]:
    example = (ROOT / ".env.example").read_text()
    return set(re.findall(r"^#?([A-Z_]+)=", example, re.MULTILINE))


def seconds(duration: str) -> int:
    assert duration.endswith("s")
    return int(duration[:-1])


class TestDockerfile:
    def test_each_step_is_a_script_that_is_run_without_a_container(self):
        steps = [words[-1] for words in words_of("RUN")]

        assert steps == ["packages", "files", "system", "user"]
        assert all(words[0].endswith("image-build") for words in words_of("RUN"))

    def test_the_program_runs_as_a_user_without_rights(self):
        (user,) = [words for name, words in dockerfile() if name == "USER"]

        assert re.fullmatch(r"[1-9]\d+:[1-9]\d+", user)
        assert (
            f"--uid {user.partition(':')[0]}" in (ROOT / "bin/image-build").read_text()
        )

    def test_signals_reach_the_program(self):
        assert words_of("ENTRYPOINT") == [["bin/image-start"]]
        assert ("STOPSIGNAL", "SIGTERM") in dockerfile()
        assert "\nexec " in (ROOT / "bin/image-start").read_text()

    def test_its_base_is_named_by_version(self):
        (base,) = [
            words.partition("=")[2] for name, words in dockerfile() if name == "ARG"
        ]

        assert is_pinned(base)

    def test_it_copies_nothing_by_name_that_the_context_lacks(self):
        left = [
            file for file in files_in_image() if file.endswith((".env", ".sqlite3"))
        ]

        assert left == []
        assert "requirements.lock" in files_in_image()
        assert not any(file.startswith("tests/") for file in files_in_image())


class TestCompose:
    @pytest.mark.parametrize("name", SERVICES)
    def test_nothing_has_rights_or_writes_beside_its_volumes(self, name):
        service = SERVICES[name]

        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert not service.get("privileged")
        assert service.get("cap_add", []) in ([], ["NET_BIND_SERVICE"])

    @pytest.mark.parametrize("name", OURS)
    def test_our_parts_run_as_the_user_of_the_image(self, name):
        (user,) = [words for word, words in dockerfile() if word == "USER"]

        assert SERVICES[name]["user"] == user

    @pytest.mark.parametrize("name", SERVICES)
    def test_images_are_named_by_version(self, name):
        assert is_pinned(SERVICES[name]["image"])

    def test_every_variable_is_explained(self):
        text = (ROOT / "compose.yaml").read_text()
        given = set(SERVICES["web"]["environment"]) | variables(text)

        assert given - explained_variables() == set()

    def test_it_holds_no_secret(self):
        values = [
            value
            for service in SERVICES.values()
            for name, value in service["environment"].items()
            if re.search("PASSWORD|SECRET|KEY|DATABASE_URL", name)
        ]

        assert values
        assert all(variables(value) for value in values)

    @pytest.mark.parametrize("name", OURS)
    def test_a_call_to_smartlead_may_end_before_it_is_killed(self, name):
        longest = settings.SEAT_TIME + settings.CALL_DEADLINE

        assert seconds(SERVICES[name]["stop_grace_period"]) > longest

    def test_only_the_proxy_is_believed_about_callers_and_only_it_is_reached(self):
        address = SERVICES["caddy"]["networks"]["front"]["ipv4_address"]

        assert SERVICES["web"]["environment"]["TRUSTED_PROXIES"] == address
        assert [name for name in SERVICES if "ports" in SERVICES[name]] == ["caddy"]
        assert compose()["networks"]["back"]["internal"] is True
        assert SERVICES["database"]["networks"] == ["back"]

    def test_no_other_part_is_given_the_address_of_the_proxy(self):
        address = ip_address(SERVICES["caddy"]["networks"]["front"]["ipv4_address"])
        (config,) = compose()["networks"]["front"]["ipam"]["config"]

        assert address in ip_network(config["subnet"])
        assert address not in ip_network(config["ip_range"])
        assert ip_address(config["gateway"]) not in ip_network(config["ip_range"])

    def test_a_database_that_is_still_being_made_is_not_healthy(self):
        check = SERVICES["database"]["healthcheck"]["test"]

        assert check[check.index("--host") + 1] == "127.0.0.1"

    def test_without_a_name_of_the_host_nothing_starts(self):
        assert SERVICES["web"]["environment"]["HOST_NAME"].startswith("${HOST_NAME:?")

    def test_one_migrates_before_others_start(self):
        for name in ("web", "worker"):
            condition = SERVICES[name]["depends_on"]["migrate"]["condition"]
            assert condition == "service_completed_successfully"


def is_pinned(image: str) -> bool:
    tag = image.rpartition(":")[2]
    return image.startswith("handoff:") or bool(re.match(r"\d+", tag))


def test_the_scripts_refuse_steps_that_they_do_not_know():
    done = subprocess.run(
        [ROOT / "bin/image-build", "all"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert "takes one of" in done.stderr
