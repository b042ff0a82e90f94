"""Extreme values in every parameter that any address reads.

Which parameters a page reads is found out by asking it, so that no list has to be kept.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.core.handlers.wsgi import WSGIRequest
from django.db import transaction
from django.http import QueryDict
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from tests.dashboard.pages import read_to_end
from tests.factories import make_coverage
from tests.trials.sample_team import SampleTeam, make_sample_team, signed_in_client

pytestmark = pytest.mark.django_db

DIGITS = "9" * 30
# An id, a number, a day, a moment and a text at the end of what can be written.
VALUES = [
    DIGITS, "9" * 5000, str(2**63), "-1", "0", "1.5", "1e9", "1e999999", "nan", "٣", "²",
    "0001-01-01", "9999-12-31", "0000-01-01", "10000-01-01", "2026-02-30", "-2026-01-01",
    "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "2026-01-01T00:00:00",
    "0001-01-01T00:00:00-23:59", "2026-01-01T00:00:00+00:00:00.000001", "2026-W01",
    "0001-01-01T00:00:00+00:00 9999-12-31T23:59:59+00:00", "9999-12-31T23:59",
    "24:00", "25:61", "00:00:00.0000001", "../../etc/passwd", "Etc/GMT+14", "Factory",
    "\x00", "a\x00b", "\ud800", "\u202e", "%00", "%", "a" * 5000, "{}", "[]", "1:2:3",
    "\r\n", "first last", "\U0001f98a",
]  # fmt: skip
# The suite takes one of these for each name in turn; `-m long` takes all for each.
HARDEST = [DIGITS, "0001-01-01T00:00:00+23:59", "9999-12-31", "\x00", "\ud800"]
ACCEPTED = {200, 204, 302, 400, 403, 404, 405, 409, 413, 422}
LEFT_OUT = ("admin/", "accounts/logout/")


@pytest.fixture
def sample() -> SampleTeam:
    return make_sample_team()


class RecordingQuery(QueryDict):
    """Records the names that are read."""

    names: set[str]

    def get(self, key, default=None):
        self.names.add(key)
        return super().get(key, default)

    def getlist(self, key, default=None):
        self.names.add(key)
        return super().getlist(key, default)

    def __getitem__(self, key):
        self.names.add(key)
        return super().__getitem__(key)

    def __contains__(self, key):
        self.names.add(key)
        return super().__contains__(key)


@contextmanager
def names_read(monkeypatch, kind: str) -> Iterator[set[str]]:
    """Yield a set that fills with the names a page reads from its query or form."""
    names: set[str] = set()
    usual = getattr(WSGIRequest, kind)

    def read(request: WSGIRequest) -> RecordingQuery:
        asked = RecordingQuery("", mutable=True)
        asked.names = names
        given = usual.fget(request) if kind == "POST" else usual.func(request)
        for name, values in given.lists():
            asked.setlist(name, values)
        return asked

    with monkeypatch.context() as patched:
        patched.setattr(WSGIRequest, kind, property(read))
        yield names
    names -= {"csrfmiddlewaretoken"}


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, str]]:
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern)
        if path.startswith(LEFT_OUT):
            continue
        if isinstance(entry, URLPattern):
            yield path, entry.name or ""
        else:
            yield from routes(entry, path)


ROUTES = dict(routes(get_resolver()))


def path_of(path: str, sample: SampleTeam) -> str:
    """Return the path with ids of existing rows, where the sample has them."""
    ids = {"leads": sample["mos"], "team": sample["mo"], "rule": sample["rule"]}
    kind = path.split("/", maxsplit=1)[0]
    pk = getattr(ids.get(kind, sample["rule"]), "pk", 1)
    path = path.replace("<int:map_id>", str(sample["mos"].pk))
    return "/" + re.sub("<int:pk>|<str:token>", str(pk), path)


def plausible_value(name: str, sample: SampleTeam) -> Any:
    """Return a value that lets a form go on to its other fields."""
    known = {
        "member": sample["cleo"].pk, "lead": sample["mos"].pk, "name": "Name",
        "expected": sample["mo"].pk, "covering": sample["cleo"].pk, "zone": "UTC",
        "first_day": "2026-11-30", "last_day": "2026-12-04", "first_time": "00:00",
        "last_time": "23:59", "strategy": "one", "text": "Text", "username": "user",
        "first_name": "User", "amount": "1", "unit": "hours", "weeks": "1",
    }  # fmt: skip
    return known.get(name, "")


def status_of(client: Client, method: str, path: str, data: dict[str, Any]) -> int:
    """Return the status, and roll back what a form changed."""
    client.raise_request_exception = False
    with transaction.atomic():
        response = getattr(client, method)(path, data)
        read_to_end(response)
        transaction.set_rollback(True)
    return response.status_code


def failures_of_route(
    sample: SampleTeam, route: str, method: str, values: list[str], monkeypatch
) -> list[str]:
    """Return what broke. Without `values`, each name gets one of the hardest."""
    client, path = signed_in_client(sample["manager"]), path_of(route, sample)
    with names_read(monkeypatch, method.upper()) as names:
        if status_of(client, method, path, {}) == 405:
            return []
        status_of(
            client,
            method,
            path,
            {name: plausible_value(name, sample) for name in names},
        )
    failures = []
    for place, name in enumerate(sorted(names)):
        usual = {each: plausible_value(each, sample) for each in names}
        for value in values or [HARDEST[place % len(HARDEST)]]:
            sent = _as_bytes(usual | {name: value})
            status = status_of(client, method, path, sent)
            if status not in ACCEPTED:
                failures.append(f"{method} {path} {name}={value[:40]!r}: {status}")
    return failures


def _as_bytes(data: dict[str, Any]) -> dict[str, Any]:
    """Encode texts as a client does that knows no Unicode."""
    return {
        name: value.encode("utf-8", "surrogatepass")
        if isinstance(value, str)
        else value
        for name, value in data.items()
    }


# Grouped by the first part of the address: an office is made once for each group.
GROUPS = sorted({route.split("/", maxsplit=1)[0] for route in ROUTES})


def failures_of_group(
    group: str, method: str, values: list[str], sample: SampleTeam, monkeypatch
) -> list[str]:
    failures = []
    for route in ROUTES:
        if route.split("/", maxsplit=1)[0] == group:
            failures += failures_of_route(sample, route, method, values, monkeypatch)
    return failures


@pytest.mark.parametrize("group", GROUPS)
def test_extremes_in_any_parameter_get_a_sentence(group, sample, monkeypatch):
    assert failures_of_group(group, "get", [], sample, monkeypatch) == []


@pytest.mark.long
@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("method", ["get", "post"])
def test_every_extreme_gets_a_sentence(group, method, sample, monkeypatch):
    assert failures_of_group(group, method, VALUES, sample, monkeypatch) == []


@pytest.mark.parametrize(
    "value", [DIGITS, str(2**63), "0", "٣", "%00", "%ED%A0%80", "-1"]
)
def test_extremes_in_the_path_get_a_sentence(value, sample):
    client = signed_in_client(sample["manager"])
    routes = [each for each in ROUTES if "<" in each]
    failures = {}
    for path in ("/" + re.sub("<[^>]+>", value, route) for route in routes):
        for method in ("get", "post"):
            status = status_of(client, method, path, {})
            if status not in ACCEPTED:
                failures[f"{method} {path}"] = status

    assert failures == {}


def test_what_is_no_query_gets_a_sentence(sample):
    client = signed_in_client(sample["manager"])
    queries = [
        "%",
        "%zz",
        "%e",
        "a=%ff%fe",
        "=",
        "&&&",
        "a[]=1",
        "q=%ED%A0%80",
        "page=1e9",
    ]
    paths = ["/inbox/", "/history/", "/review/", "/team/performance/", "/coverage/"]

    for path in paths:
        for query in queries:
            response = client.get(path, QUERY_STRING=query)
            assert response.status_code in ACCEPTED, f"{path}?{query}"


@pytest.mark.parametrize(
    "cookie",
    ["sessionid=%ff", "sessionid=\xff", ";;;=", "a" * 5000, "csrftoken=\x00", "="],
)
def test_a_broken_cookie_is_none(cookie, sample):
    assert Client().get("/inbox/", HTTP_COOKIE=cookie).status_code == 302


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("multipart/form-data", b"x"),
        ("multipart/form-data; boundary=", b"x"),
        ("multipart/form-data; boundary=\xe9", b"x"),
        (
            "multipart/form-data; boundary=b",
            b"--b\r\nContent-Disposition: form-data; na",
        ),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\n--b--"),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="member"\r\n'
            b"Content-Transfer-Encoding: base64\r\n\r\n!\r\n--b--\r\n",
        ),
        ("multipart/form-data; boundary=" + "b" * 300, b"x"),
        ("application/x-www-form-urlencoded; charset=nonsense", b"member=%ff"),
        ("application/x-www-form-urlencoded; charset=utf-16", b"member=1"),
        ("application/x-www-form-urlencoded", b"%&=%zz&member=%ff%00"),
        ("application/json", b"{"),
        ("\x00", b"x"),
        ("", b"member=1"),
    ],
)
@pytest.mark.parametrize("path", ["/assign/", "/leads/1/assign/", "/accounts/login/"])
def test_a_form_that_is_none_gets_a_sentence(path, content_type, body, sample):
    client = signed_in_client(sample["manager"])
    path = path.replace("1", str(sample["mos"].pk))
    client.raise_request_exception = False

    response = client.generic("POST", path, body, content_type=content_type)

    assert response.status_code in ACCEPTED


MOMENTS = [
    "0001-01-01T00:00:00+23:59", "0001-01-01T00:00:00-23:59", "9999-12-31T23:59:59-23:59",
    "9999-12-31T23:59:59+23:59", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z",
    "2026-01-01T00:00:00", "2026-01-01T00:00:00+00:00:00.000001", "soon", "\x00", DIGITS,
]  # fmt: skip


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Pacific/Pago_Pago"])
def test_parts_of_pages_take_any_moment(zone, sample):
    user = sample["manager"]
    user.time_zone = zone
    user.save()
    running = make_coverage(sample["mo"], sample["cleo"], state="active")
    client = signed_in_client(user)
    for moment in MOMENTS:
        seen = f"{moment} {moment}"
        for path, target, data in (
            ("/inbox/", "new-replies", {"since": moment}),
            ("/inbox/", "new-replies", {"opened": moment}),
            ("/inbox/", "new-replies", {"seen": seen}),
            (f"/coverage/{running.pk}/", "progress", {"opened": moment}),
            (f"/coverage/{running.pk}/", "", {"opened": moment}),
            (f"/leads/{sample['mos'].pk}/", "thread", {"asked": moment}),
            ("/banner/", "banner", {"seen": moment}),
        ):
            head = {"HX-Request": "true", "HX-Target": target}
            assert client.get(path, data, headers=head).status_code in ACCEPTED, data


@pytest.mark.parametrize("seen", MOMENTS)
def test_a_rule_that_was_seen_at_any_moment_gets_a_sentence(seen, sample):
    path = f"/routing/{sample['rule'].pk}/"

    response = signed_in_client(sample["manager"]).post(
        path, {"name": "Rule", "seen": seen}
    )

    assert response.status_code in ACCEPTED
