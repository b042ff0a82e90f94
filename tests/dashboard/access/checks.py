"""Asks all that the table lists and returns where an answer is not what it says."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from django.db import connection, transaction
from django.http import HttpResponseBase
from django.template import engines
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from tests.dashboard.access.sample import LEADS, AccessWorld, marker
from tests.dashboard.access.table import FORMS, OF_LEADS, PAGES, PERSONS

SIGN_IN = "/accounts/login/"
# What a request may write although it is refused: its own session, and the log of it.
OWN_TABLES = ("django_session", "usersessions_", "axes_", "assignments_signinevent")
# A lead's texts as the world writes them; small without an @ is what somebody typed.
_NAMED = re.compile(r"Zq[a-z]+|zq[a-z]+(?=@)")
_ROW = re.compile(r'id="lead-(\d+)"')
_TOTAL = re.compile(r'id="total">\s*(\d+) lead')
_NEWS = re.compile(r"(\d+) new")
NEWS = "/inbox/?since=2020-01-01T00:00:00%2B00:00"
NEWS_TARGET = {"HX-Target": "new-replies"}
_WRITE = re.compile(r"(?:INSERT INTO|INSERT OR IGNORE INTO|UPDATE|DELETE FROM) (\S+)")


# The frame of a page is the same on all: one line per person looks at the real one.
SMALL_FRAME = """
{% block title %}{% endblock %}
{% block body %}
  {% include "_messages.html" %}
  {% block main %}{% endblock %}
{% endblock %}
"""


@contextmanager
def small_frame() -> Iterator[None]:
    """Draw pages without the menus around them, which cost more than most pages."""
    engine = engines["django"].engine
    loaders = engine.template_loaders
    engine.__dict__["template_loaders"] = [
        engine.find_template_loader(
            (
                "django.template.loaders.cached.Loader",
                [
                    (
                        "django.template.loaders.locmem.Loader",
                        {"base.html": SMALL_FRAME},
                    ),
                    *engine.loaders[0][1],
                ],
            )
        )
    ]
    try:
        yield
    finally:
        engine.__dict__["template_loaders"] = loaders


class FastClient(Client):
    """A client that keeps no copies of templates and their contexts."""

    def request(self, **request: Any) -> Any:
        return self.handler(self._base_environ(**request))


@dataclass(frozen=True, slots=True)
class AccessLine:
    """A line of the table: a route, its parts and data as written, and the letters."""

    route: str
    parts: tuple[str, ...]
    data: str
    target: str
    letters: Mapping[str, str]

    def __str__(self) -> str:
        return " ".join(filter(None, [self.route, *self.parts, self.data, self.target]))

    @property
    def headers(self) -> dict[str, str]:
        if not self.target:
            return {}
        return {"HX-Request": "true", "HX-Target": self.target}


def parsed_lines(table: str) -> list[AccessLine]:
    """Return the lines of a table, whose first line names the columns.

    Raises ValueError for a line that has not one known letter for each column.
    """
    head, *rows = (line for line in table.splitlines() if line.strip())
    columns = head.split()
    lines = []
    for row in rows:
        words = row.split()
        letters = words[-len(columns) :]
        if not set(letters) <= set("ynls") or len(words) <= len(columns):
            raise ValueError(f"No letter for each of {columns}: {row}")
        route, *rest = words[: -len(columns)]
        data = [word for word in rest if word[0] == "?" or "=" in word]
        target = [word for word in rest if word[0] == "#"]
        lines.append(
            AccessLine(
                route=route,
                parts=tuple(word for word in rest if word not in data + target),
                data="&".join(word.lstrip("?") for word in data),
                target="".join(target).lstrip("#"),
                letters=dict(zip(columns, letters, strict=True)),
            )
        )
    return lines


def seen_leads(table: str) -> dict[str, set[str]]:
    """Return the names of the leads that each column of a table of sight sees."""
    columns = next(line for line in table.splitlines() if line.strip()).split()
    seen: dict[str, set[str]] = {column: set() for column in columns}
    for row in parsed_lines(table):
        for column, letter in row.letters.items():
            if letter == "y":
                seen[column].add(row.route)
    return seen


class AccessMatrix:
    """The people of a world, signed in, and the lines asked of each of them."""

    def __init__(self, world: AccessWorld, *, seen: str) -> None:
        self.world = world
        self.seen = seen_leads(seen)
        self.clients = {letter: self._client(name) for letter, name in PERSONS.items()}
        gone = world.users["deactivated"]
        # The session stays here: it is the login that must not open anything.
        type(gone).objects.filter(pk=gone.pk).update(is_active=False)

    def _client(self, name: str) -> FastClient:
        client = FastClient(raise_request_exception=False)
        if name != "anonymous":
            client.force_login(self.world.users[name])
        return client

    def page_faults(self, *tables: str) -> Iterator[str]:
        """Yield a sentence for each page that answers otherwise, or that names a lead
        which its reader does not see.
        """
        with small_frame():
            for line in (line for table in tables for line in parsed_lines(table)):
                for lead in LEADS if "{lead}" in f"{line}" else ("",):
                    for letter in line.letters:
                        yield from self._page_faults(line, letter, lead)

    def form_faults(self, table: str) -> Iterator[str]:
        """Yield a sentence for each form that is answered otherwise, or that changes
        something though it is refused. What a form does is taken back.
        """
        with small_frame():
            for line in parsed_lines(table):
                for letter in line.letters:
                    yield from self._form_faults(line, letter)

    def count_faults(self) -> Iterator[str]:
        """Yield a sentence for each number of leads that is not the number of those
        which its reader sees; and for a frame that names one of the others.
        """
        for letter in self.seen:
            client, who = self.clients[letter], PERSONS[letter]
            keys = {self.world.key(name): name for name in LEADS}
            wanted = sorted(self.seen[letter])
            with _taken_back():
                page = client.get("/inbox/")
                news = client.get(NEWS, headers={"HX-Request": "true", **NEWS_TARGET})
            shown = {keys.get(int(pk), "") for pk in _ROW.findall(_text(page))} - {""}
            if sorted(shown) != wanted:
                yield f"{who}: the inbox lists {sorted(shown)} instead of {wanted}"
            rows = len(_ROW.findall(_text(page)))
            for what, found in (
                ("the total", _TOTAL.search(_text(page))),
                ("the news", _NEWS.search(_text(news))),
            ):
                number = int(found[1]) if found else 0
                if number != rows:
                    yield f"{who}: {what} says {number} for {rows} leads"
            if named := self._unseen_in(letter, _text(page)):
                yield f"{who}: the inbox with its frame names {', '.join(named)}"

    def _page_faults(self, line: AccessLine, letter: str, lead: str) -> Iterator[str]:
        expected = line.letters[letter]
        if expected == "s":
            expected = "y" if lead in self.seen[letter] else "n"
        address = self._address(line, lead)
        if line.data:
            address += f"?{self._filled(line.data, lead)}"
        with _taken_back():
            response = self.clients[letter].get(address, headers=line.headers)
            body = _text(response)
        asked = f"{PERSONS[letter]}: GET {line} {lead}".strip()
        if (answer := _answer(response)) != expected:
            yield f"{asked}: {expected} expected, {answer} ({response.status_code})"
        named = self._unseen_in(letter, body)
        if named and not (expected == "n" and answer == "y"):
            yield f"{asked}: names {', '.join(named)}"

    def _unseen_in(self, letter: str, body: str) -> list[str]:
        unseen = set(LEADS) - self.seen.get(letter, set())
        named = {word.capitalize() for word in _NAMED.findall(body)}
        return sorted(name for name in unseen if marker(name) in named)

    def _form_faults(self, line: AccessLine, letter: str) -> Iterator[str]:
        expected = line.letters[letter]
        data = dict(parse_qsl(self._filled(line.data)))
        with _taken_back(), _Writes() as writes:
            response = self.clients[letter].post(self._address(line), data)
            body = _text(response)
        asked = f"{PERSONS[letter]}: POST {line}"
        answer = _answer(response, is_form=True)
        is_only_told = expected == "n" and answer == "y" and not writes.tables
        if answer != expected and not is_only_told:
            yield f"{asked}: {expected} expected, {answer} ({response.status_code})"
        if expected != "y" and writes.tables:
            yield f"{asked}: changes {', '.join(writes.tables)}"
        if named := self._unseen_in(letter, body):
            yield f"{asked}: names {', '.join(named)}"

    def _address(self, line: AccessLine, lead: str = "") -> str:
        parts = [self._filled(part, lead) for part in line.parts]
        return reverse(line.route, args=parts)

    def _filled(self, text: str, lead: str = "") -> str:
        def key(match: re.Match[str]) -> str:
            return str(self.world.key(lead if match[1] == "lead" else match[1]))

        return re.sub(r"\{(\w+)\}", key, text)


@contextmanager
def _taken_back() -> Iterator[None]:
    """Undo in the database what is done in the block."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


class _Writes:
    """Notes what is written in the block and not taken back in it, but OWN_TABLES."""

    def __enter__(self) -> "_Writes":
        self._written: list[str] = []
        self._savepoints: dict[str, int] = {}
        self._wrapper = connection.execute_wrapper(self._note)
        self._wrapper.__enter__()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._wrapper.__exit__(*exception)

    @property
    def tables(self) -> list[str]:
        return sorted(set(self._written))

    def _note(
        self, execute: Any, sql: str, params: Any, many: Any, context: Any
    ) -> Any:
        if sql.startswith("SAVEPOINT"):
            self._savepoints[sql.rsplit(maxsplit=1)[-1]] = len(self._written)
        elif sql.startswith("ROLLBACK TO"):
            del self._written[self._savepoints[sql.rsplit(maxsplit=1)[-1]] :]
        elif found := _WRITE.match(sql):
            table = found[1].strip('"')
            if not table.startswith(OWN_TABLES):
                self._written.append(table)
        return execute(sql, params, many, context)


def _answer(response: HttpResponseBase, *, is_form: bool = False) -> str:
    """Return the letter of an answer; its status if it has none.

    A form is refused with 409 or 422, too: it offers nobody who is out of reach; a page
    with 400, where its filter names what is not there, or with 410.
    """
    status = response.status_code
    onward = response.get("Location") or response.get("HX-Redirect") or ""
    if onward.startswith(SIGN_IN):
        return "l"
    if status == 302:
        return "y"
    if status in {200, 204}:
        return "y"
    refused = {403, 404, 409, 422} if is_form else {400, 403, 404, 410}
    return "n" if status in refused else str(status)


def _text(response: HttpResponseBase) -> str:
    body = response.getvalue()  # type: ignore[attr-defined]
    heads = "\n".join(f"{value}" for value in response.headers.values())
    return f"{body.decode()}\n{heads}"


def route_names(resolver: URLResolver | None = None, space: str = "") -> set[str]:
    """Return the names of all routes, those of a namespace as `space:name`; a route
    without a name as its path.
    """
    names: set[str] = set()
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLPattern):
            names.add(f"{space}{entry.name or entry.pattern}")
        else:
            inner = f"{entry.namespace}:" if entry.namespace else ""
            names |= route_names(entry, space + inner)
    return names


def listed_routes() -> set[str]:
    """Return the routes that one of the tables has."""
    return {
        line.route for table in (OF_LEADS, PAGES, FORMS) for line in parsed_lines(table)
    }
