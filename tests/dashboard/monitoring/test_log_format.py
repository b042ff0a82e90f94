import json
import logging
import sys

import pytest
from django.db import IntegrityError, OperationalError

from assignments import request_id
from dashboard.monitoring.log_format import JsonLine, TextLine

SECRET = "lena@example.com"


def record(message: str = "It broke.", *args: object, **fields: object):
    factory = logging.getLogRecordFactory()
    made = factory("assignments.trial", logging.ERROR, __file__, 7, message, args, None)
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def record_of(error: Exception) -> logging.LogRecord:
    factory = logging.getLogRecordFactory()
    try:
        raise error
    except Exception:
        return factory(
            "assignments.trial", logging.ERROR, __file__, 7, "No.", (), sys.exc_info()
        )


def test_a_line_of_text_has_time_level_logger_id_and_message():
    with request_id.set_to("0123456789abcdef"):
        line = TextLine().format(record("%d rows", 3))

    assert line.endswith(" ERROR assignments.trial [0123456789abcdef] 3 rows")


def test_json_is_one_object_a_line_whatever_is_in_it():
    line = JsonLine().format(record('two\nlines "and" \ud800 %s', b"\xff"))

    assert "\n" not in line
    assert json.loads(line)["message"].startswith("two\nlines")


def test_json_has_the_fields_that_may_be_there_and_no_other():
    said = json.loads(JsonLine().format(record(page="inbox", ms=3, request=object())))

    assert said["page"] == "inbox"
    assert said["ms"] == 3
    assert "request" not in said


@pytest.mark.parametrize("formatter", [TextLine, JsonLine])
class TestExceptions:
    def test_keep_class_and_place_and_lose_what_they_say(self, formatter):
        line = formatter().format(record_of(IntegrityError(f"Key ({SECRET}) exists")))

        assert SECRET not in line
        assert "django.db.utils.IntegrityError: (left out)" in line
        assert "in record_of" in line

    def test_say_what_cannot_hold_data(self, formatter):
        error = OperationalError("connection refused")

        assert "connection refused" in formatter().format(record_of(error))

    def test_tell_their_causes_without_data_too(self, formatter):
        error = ValueError(SECRET)
        error.__cause__ = KeyError(SECRET)

        line = formatter().format(record_of(error))

        assert SECRET not in line
        assert line.index("KeyError: (") < line.index("ValueError: (")


def test_json_has_the_exception_as_fields():
    said = json.loads(JsonLine().format(record_of(KeyError(SECRET))))

    assert said["exception"] == "KeyError"
    assert said["traceback"].startswith("Traceback (most recent call last)")


def test_django_q_does_not_repeat_the_traceback_of_a_task():
    made = record("Failed 'assignments.tasks.sync' (one) - %s : Traceback", SECRET)
    made.name = "django-q"

    assert TextLine().format(made).endswith("Failed 'assignments.tasks.sync' (one)")


@pytest.mark.django_db
def test_a_token_in_an_address_is_left_out(client, caplog):
    client.get("/coverage/calendar/abc123def456.ics")

    lines = [TextLine().format(record) for record in caplog.records]
    assert "/coverage/calendar/***" in "".join(lines)
    assert "abc123def456" not in "".join(lines)
