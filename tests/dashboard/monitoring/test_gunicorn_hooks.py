import io
import json
import logging
import sys
from types import SimpleNamespace

import pytest
from gunicorn.config import Config

from dashboard.monitoring.gunicorn_hooks import WebLog


@pytest.fixture
def gunicorn_log():
    log = logging.getLogger("gunicorn.error")
    kept, level, passes_on = log.handlers[:], log.level, log.propagate
    log.handlers = []
    yield log
    log.handlers, log.propagate = kept, passes_on
    log.setLevel(level)


def test_lines_of_gunicorn_have_the_format_of_all_others(
    settings, gunicorn_log, monkeypatch
):
    settings.LOG_FORMAT = "json"
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)

    WebLog(Config()).info("Booting worker with pid: %s", 7)

    said = json.loads(stream.getvalue())
    assert said["message"] == "Booting worker with pid: 7"
    assert said["logger"] == "gunicorn.error"


def test_a_process_that_ends_without_the_folder_harms_nothing(monkeypatch, tmp_path):
    from dashboard.monitoring import gunicorn_hooks, request_metrics

    monkeypatch.setenv(request_metrics.FOLDER, str(tmp_path / "gone"))

    gunicorn_hooks.child_exit(None, SimpleNamespace(pid=7))

    assert request_metrics.request_families() == []
