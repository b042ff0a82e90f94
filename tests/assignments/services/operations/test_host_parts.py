from datetime import datetime, timedelta

import pytest

from assignments.models import HostPart
from assignments.services.operations import host_parts
from assignments.services.operations.host_checks import host_findings
from tests.factories import MONDAY

pytestmark = pytest.mark.django_db
BOTH = ("web", "worker")


@pytest.fixture
def two_hosts(settings):
    """Host a runs both parts, host b only the worker."""
    settings.HOST_NAME = "b"
    host_parts.record_start(["worker"], at=MONDAY)
    settings.HOST_NAME = "a"
    host_parts.record_start(BOTH, at=MONDAY)


def words(*, at=MONDAY) -> list[str]:
    states = host_parts.part_states(at=at)
    return [f"{state.row}: {state.state_word}" for state in states]


def problems() -> list[str]:
    return [f.sentence for f in host_findings(at=MONDAY) if f.is_problem]


def test_each_host_is_known_by_what_it_runs(two_hosts):
    assert words() == ["web on a: alive", "worker on a: alive", "worker on b: alive"]


def test_one_that_was_told_to_stop_is_not_silent(two_hosts):
    host_parts.record_stop(["worker"], at=MONDAY)

    assert "worker on a: stopped" in words(at=MONDAY + timedelta(hours=1))
    assert "worker on b: silent" in words(at=MONDAY + timedelta(hours=1))


def test_one_that_starts_again_is_alive(two_hosts):
    host_parts.record_stop(BOTH, at=MONDAY)
    host_parts.record_start(BOTH, at=MONDAY)

    assert words()[0] == "web on a: alive"


def test_a_host_that_is_gone_for_days_is_forgotten(two_hosts):
    later = MONDAY + host_parts.FORGOTTEN + timedelta(seconds=1)

    host_parts.forget_old_parts(at=later)

    assert words(at=later) == []
    assert not HostPart.objects.exists()


def test_nothing_is_said_against_hosts_that_run_alike(two_hosts):
    assert problems() == []


def test_a_mixture_of_versions_is_said(two_hosts):
    HostPart.objects.filter(host="b").update(version="0.1.0")

    assert any("Different versions run: 0.1.0, " in line for line in problems())


def test_a_clock_that_is_off_is_said_once_for_its_host(two_hosts):
    HostPart.objects.filter(host="a").update(clock_ahead=-20.4)

    assert problems() == ["The clock of a is 20 s behind the database's."]


def test_a_silent_host_is_said(two_hosts):
    HostPart.objects.filter(host="b").update(beat_at=MONDAY - timedelta(minutes=4))

    assert [line.partition(" (")[0] for line in problems()] == ["The worker on b"]


class TestOneNameForTwoMachines:
    @pytest.fixture
    def beat(self, monkeypatch):
        def _beat(machine: str, *, at: datetime = MONDAY) -> None:
            monkeypatch.setattr(host_parts, "gethostname", lambda: machine)
            host_parts.record_beat("worker", at=at)

        return _beat

    def test_is_said_while_both_work(self, two_hosts, beat):
        for machine in ("one", "another", "one"):
            beat(machine)

        assert problems() == ["Two machines run the worker of a."]

    def test_is_forgotten_when_one_has_gone(self, two_hosts, beat, settings):
        settings.HEARTBEAT_STALE = 180
        for machine in ("one", "another"):
            beat(machine, at=MONDAY - timedelta(minutes=4))
        beat("another")

        assert problems() == []

    def test_is_no_matter_of_a_container_that_replaces_another(
        self, two_hosts, monkeypatch, beat
    ):
        host_parts.record_stop(BOTH, at=MONDAY)
        monkeypatch.setattr(host_parts, "gethostname", lambda: "its-successor")
        host_parts.record_start(BOTH, at=MONDAY)
        beat("its-successor")

        assert problems() == []
