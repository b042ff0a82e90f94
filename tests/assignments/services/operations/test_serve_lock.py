import pytest

from assignments.models import Heartbeat
from assignments.services.operations import serve_lock
from assignments.services.operations.serve_lock import AlreadyServed, serving_mark

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _on_a_file(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr(serve_lock, "_lock_file", lambda: tmp_path / "h.sqlite3.lock")


def test_a_database_is_served_once_at_a_time():
    refused = pytest.raises(AlreadyServed)

    with serving_mark(), refused, serving_mark():
        pass


def test_it_can_be_served_again_afterwards():
    with serving_mark():
        pass

    with serving_mark():
        assert not Heartbeat.objects.filter(name="stopped").exists()


def test_an_end_leaves_word_of_itself():
    with serving_mark():
        pass

    assert Heartbeat.objects.filter(name="stopped").exists()
