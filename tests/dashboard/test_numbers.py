"""Every number that is a link equals the list that it opens, for every role.

A page is added by its address in PAGES; nothing on it is passed over: a number that leads
to a list which `LISTS` does not know fails.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.utils import timezone

from assignments.models import Account, Member, User
from tests.dashboard.pages import htmx
from tests.factories import (
    make_assignment,
    make_campaign,
    make_category,
    make_coverage,
    make_drift,
    make_hold,
    make_lead,
    make_manager,
    make_member,
    make_suggestion,
    make_team,
    make_user,
)

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
ROLES = ("manager", "team lead", "member")
# Pages with numbers. Not everybody may see all of them: 403 is no number.
PAGES = (
    "/today/",
    "/inbox/",
    "/inbox/?status=unread",
    "/team/",
    "/team/?team={team}",
    "/team/{member}/",
    "/team/performance/",
    "/team/performance/?team={team}",
    "/review/",
    "/review/?days=1",
    "/settings/",
    "/coverage/",
    "/history/",
)
# One thing each: the number in such a link is an age, a day, or part of a name.
SINGLE = re.compile(
    r"/(leads/\d+/(assign/)?|team/\d+/(leaving/|hours/)?|coverage/\d+/|settings/.*|"
    r"notifications/|history/batches/\d+/)$"
)
NUMBER = re.compile(r"\d[\d,]*\+?")


@dataclass
class Link:
    address: str
    text: str = ""


class _Links(HTMLParser):
    """Collects the links of a page, with their text as it is read."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[Link] = []
        self._is_open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._is_open = True
            self.found.append(Link(dict(attrs).get("href") or ""))

    def handle_endtag(self, tag: str) -> None:
        if tag == "a":
            self._is_open = False

    def handle_data(self, data: str) -> None:
        if self._is_open:
            self.found[-1].text += f" {data.strip()}"


def links_of(html: str) -> list[Link]:
    parser = _Links()
    parser.feed(html)
    return parser.found


def number_in(text: str) -> str | None:
    found = NUMBER.search(text)
    return found[0] if found else None


def _of_inbox(response: Any) -> str:
    return str(response.context["total"]) if response.context["rows"] else "0"


def _of_review(response: Any) -> str:
    return str(response.context["total"]) or "0"


def _of_assign(response: Any) -> str:
    return str(response.context["form"].count)


def _of_coverage(response: Any) -> str:
    """Count what the page asks of its reader: to confirm, and to look at."""
    waiting, attention = response.context["waiting"], response.context["attention"]
    return str(len(waiting) + len(attention.all))


LISTS: dict[str, Callable[[Any], str]] = {
    "/inbox/": _of_inbox,
    "/review/": _of_review,
    "/assign/": _of_assign,
    "/coverage/": _of_coverage,
}


def _is_same(said: str, found: str) -> bool:
    """Return whether two numbers are the same as far as they are counted: a page stops
    at 999+, a list at 1,000+.
    """
    if said.endswith("+"):
        least = int(said.rstrip("+").replace(",", ""))
        return int(found.rstrip("+").replace(",", "")) >= least
    return said.replace(",", "") == found.replace(",", "")


def numbers_on(page: str, html: str) -> Iterator[tuple[str, str]]:
    """Yield (address, number) of the links to lists that have a number in their text."""
    for link in links_of(html):
        path = urlsplit(link.address).path or urlsplit(page).path
        said = number_in(link.text)
        if said is None or SINGLE.match(path) or link.address.startswith("?"):
            continue
        if link.address.startswith("#"):
            yield f"{page}{link.address}", said
        elif path in LISTS or path.startswith("/"):
            yield link.address, said


@pytest.fixture
def team():
    return make_team("North", leads=(make_user("Theo Brandt"),))


@pytest.fixture
def users(team) -> dict[str, User]:
    nora = make_user("Nora Member")
    make_member("Nora Member", user=nora, team=team)
    theo = team.team_leads.get()
    make_member("Theo Brandt", user=theo, team=team)
    manager = make_manager()
    make_member("Sara Klein", user=manager, team=make_team("South"))
    return {"manager": manager, "team lead": theo, "member": nora}


@pytest.fixture
def nora(users) -> Member:
    return users["member"].member


@pytest.fixture(autouse=True)
def _desk(users, nora):
    """Leads of every kind: of each owner, answered and owed, closed, gone, in drift."""
    now = timezone.now()
    Account.objects.update(answers_count_from=now - 20 * DAY)
    closed = make_category("Not interested", is_closing=True)
    hot = make_category("Interested", is_interested=True)
    gone = {"is_active": False}
    owners = [
        *Member.objects.all(),
        make_member("Ola Other"),
        make_member("Ina Inactive", team=nora.team, **gone),
        make_member("", source=Member.Source.ROWS),
        None,
    ]
    for owner in owners:
        for fields in _kinds(now, closed, hot):
            make_lead(owner=owner, **fields)
    make_lead(owner_known_at=None, answer_owed=True, answer_due_at=now - HOUR)
    _add_moves(now, nora, users)


def _kinds(now, closed, hot) -> Iterator[dict[str, Any]]:
    campaign = make_campaign("Nordics")
    recent = {"last_reply_at": now - 3 * HOUR, "last_sent_at": now - DAY}
    yield recent | {"category": hot, "is_unread": True}
    yield recent | {"category": closed, "campaign": campaign}
    yield recent | {"gone_at": now, "answer_owed": True, "answer_due_at": now - HOUR}
    yield {"last_reply_at": None}
    for due in (-30, -8 * 24, 2, 40):
        yield recent | {"answer_owed": True, "answer_due_at": now + due * HOUR}
    yield {"last_reply_at": now - 30 * DAY, "last_sent_at": None, "answer_owed": True}


def _add_moves(now, nora: Member, users: dict[str, User]) -> None:
    theo = users["team lead"].member
    make_assignment(make_lead(owner=theo), nora, actor=users["manager"])
    make_suggestion(make_lead(owner=nora), theo)
    late = {"answer_owed": True, "answer_due_at": now - HOUR}
    make_suggestion(make_lead(owner=None, **late), nora)
    make_drift(make_lead(owner=nora), theo)
    away = make_coverage(
        theo, nora, first_day=now.date() - 2 * DAY, last_day=now.date() + 5 * DAY,
        state="active",
    )  # fmt: skip
    make_hold(away, make_lead(owner=nora, **late), to=nora)


@pytest.mark.parametrize("role", ROLES)
def test_every_number_equals_the_list_that_it_opens(client, users, nora, role):
    client.force_login(users[role])
    walk = _Walk(client)

    for page in PAGES:
        walk.read(page.format(team=nora.team_id, member=nora.pk))

    assert not walk.wrong
    assert min(walk.numbers.values()) >= 3, walk.numbers  # the rail's, at least
    assert walk.numbers["/team/"] > 25


@dataclass
class _Walk:
    """Pages read one after the other; each list is opened once."""

    client: Any
    opened: dict[str, str] = field(default_factory=dict)
    numbers: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def read(self, page: str) -> None:
        response = self.client.get(page)
        if response.status_code == 403:
            return
        html = response.content.decode()
        self.numbers[urlsplit(page).path] += 0
        for address, said in dict.fromkeys(numbers_on(page, html)):
            self.numbers[urlsplit(page).path] += 1
            found = self._count_behind(page, address, html)
            if not _is_same(said, found):
                self.wrong.append(f"{said} on {page}, but {found} in {address}")

    def _count_behind(self, page: str, address: str, html: str) -> str:
        if "#" in address:
            there, _, name = address.partition("#")
            if there != page:
                html = self.client.get(there).content.decode()
            return _number_of_section(html, name)
        if address not in self.opened:
            path = urlsplit(address).path
            assert path in LISTS, f"{page} has a number that opens {address}: unknown"
            response = self.client.get(address, headers=htmx("list"))
            assert response.status_code == 200, address
            self.opened[address] = LISTS[path](response)
        return self.opened[address]


def _number_of_section(html: str, name: str) -> str:
    """Return the first number in the head of a section, behind its heading."""
    section = html.partition(f'<section id="{name}"')[2].partition("</h2>")[2]
    return number_in(re.sub(r"<[^>]*>", " ", section)) or "0"
