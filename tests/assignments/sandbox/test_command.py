import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from assignments.sandbox import cli_options

ROOT = Path(__file__).parents[3]


class TestOrders:
    def test_rates(self):
        assert cli_options.parse_limits("60/60s,10/2s") == ((60, 60.0), (10, 2.0))

    def test_a_tail(self):
        assert cli_options.parse_tail("0.01:5") == (0.01, 5.0)

    def test_a_fault_with_seconds_and_a_kind_of_call(self):
        fault = cli_options.parse_fault("drip_body=0.1:3@list")

        assert (fault.kind, fault.chance, fault.seconds) == ("drip_body", 0.1, 3)
        assert (fault.call, fault.times) == ("list", None)

    @pytest.mark.parametrize(
        ("read", "said"),
        [
            (cli_options.parse_limits, "sixty"),
            (cli_options.parse_limits, "0/60s"),
            (cli_options.parse_tail, "0.01"),
            (cli_options.parse_fault, "flood=0.1"),
            (cli_options.parse_fault, "error"),
            (cli_options.parse_fault, "error=often"),
        ],
    )
    def test_what_is_not_understood_is_said(self, read, said):
        with pytest.raises(cli_options.InvalidOption):
            read(said)


def run_sandbox(*words):
    command = [sys.executable, "manage.py", "sandbox", "--port", "0", *words]
    environ = {**os.environ, "SECRET_KEY": "x" * 50, "DEBUG": "1"}
    return subprocess.Popen(
        command,
        cwd=ROOT,
        env=environ,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def test_the_command_prints_its_address_serves_and_stops_when_told(tmp_path):
    words = ["--key", "mine", "--leads", "9", "--state", str(tmp_path / "state")]
    with run_sandbox(*words, "--rate", "5/60s", "--notes", "missing") as process:
        address = process.stdout.readline().split()[-1]
        url = f"{address}/campaigns"
        accepted = httpx.get(url, params={"api_key": "mine"}, trust_env=False)
        refused = httpx.get(url, params={"api_key": "sandbox-key"}, trust_env=False)
        process.terminate()
        process.wait(10)

    assert address.endswith("/api/v1")
    assert accepted.headers["x-ratelimit-limit"] == "5"
    assert (accepted.status_code, refused.status_code) == (200, 401)
    assert process.returncode == 0
    assert (tmp_path / "state").exists()


class TestHook:
    @pytest.mark.parametrize(
        ("site", "secret"),
        [("http://example.com", "a-secret-of-the-tests"), ("http://localhost:1", "")],
    )
    def test_only_a_handoff_of_this_machine_with_a_secret_is_told(
        self, settings, site, secret
    ):
        settings.SMARTLEAD_WEBHOOK_SECRET = secret

        with pytest.raises(CommandError, match="--hook needs"):
            call_command("sandbox", hook=site, leads=1)
