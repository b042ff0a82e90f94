"""A real browser on a real server, with the sandbox behind it."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from django.conf import settings as django_settings
from django.db import connections
from django.test import Client
from django.utils import timezone
from playwright.sync_api import (
    Browser,
    BrowserContext,
    Page,
    expect,
    sync_playwright,
)
from playwright.sync_api import Error as PlaywrightError

from assignments.models import Account, Heartbeat, Lead, Member, User
from assignments.sandbox.fake_smartlead import FakeSmartlead
from assignments.services.dispatch.context import DispatchContext
from assignments.services.dispatch.dispatcher import Dispatcher
from assignments.services.mirror.scheduler import run_head_sync
from assignments.smartlead.budget import account_budget
from assignments.smartlead.client import connect
from tests.browser import chromium
from tests.factories import make_lead, make_manager, make_member

# The machine may be busy; whoever waits goes on as soon as it is true.
TIMEOUT = 30_000


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/browser/" in item.nodeid:
            item.add_marker(pytest.mark.browser)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    """Add the text of each screen to the report of a failed test."""
    report = yield
    office = getattr(item, "funcargs", {}).get("office")
    if report.failed and report.when == "call" and office:
        for number, seen in enumerate(office.describe_screens(), start=1):
            report.sections.append((f"Screen {number}", seen))
    return report


@pytest.fixture(scope="session")
def django_db_modify_db_settings(tmp_path_factory) -> None:
    """Use a file: the server's threads and the test need a connection each."""
    database = connections["default"].settings_dict
    if "sqlite" in database["ENGINE"]:
        path = tmp_path_factory.mktemp("database") / "browser.sqlite3"
        database["TEST"]["NAME"] = str(path)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if chromium.path() is None:
        pytest.skip(chromium.MISSING)
    # Playwright runs a loop in this thread, which Django takes for async code.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    expect.set_options(timeout=TIMEOUT)
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        yield browser
        browser.close()


def _silently(*_: object, **__: object) -> None:
    return


@dataclass
class LiveSite:
    """The dashboard on a port, the sandbox behind it, and browsers in front."""

    world: FakeSmartlead
    url: str
    browser: Browser
    manager: User = field(default_factory=make_manager)
    violations: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)
    console: list[str] = field(default_factory=list)

    def lead(self, name: str, owner: Member | None, *, number: int = 0) -> Lead:
        map_id = sorted(self.world.owners())[number]
        self.world.assign_outside(map_id, owner.pk if owner else None)
        person = self.world.lead(map_id)
        person.first_name, person.last_name = name.split()
        return make_lead(name, map_id=map_id, person_id=person.lead_id, owner=owner)

    def screen(
        self,
        user: User | None = None,
        *,
        width: int = 1440,
        theme: str = "light",
        javascript: bool = True,
        is_touched: bool = False,
    ) -> Page:
        """Open a page of a new browser in which this user, or the manager, is signed
        in.
        """
        context = self.browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme=theme,
            java_script_enabled=javascript,
            has_touch=is_touched,
        )
        context.set_default_timeout(TIMEOUT)
        client = Client()
        client.force_login(user or self.manager)
        session = client.cookies[django_settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": "sessionid", "value": session, "url": self.url}])
        page = context.new_page()
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.violations.append(str(error)))
        page.on("requestfailed", lambda asked: self.console.append(f"lost {asked.url}"))
        self.contexts.append(context)
        return page

    def mirror(self) -> None:
        """Read what is new in the sandbox, to the end."""
        budget = account_budget()
        with connect(budget=budget) as client:
            run_head_sync(client=client, budget=budget, progress=_silently)

    def dispatch(self) -> None:
        """Dispatch until there is no call to make just now."""
        budget = account_budget()
        with connect(budget=budget) as client:
            desk = DispatchContext(client=client, budget=budget, clock=timezone.now)
            dispatcher = Dispatcher(desk)
            while dispatcher.take_turn(timezone.now()) is None:
                pass

    def describe_screens(self) -> list[str]:
        pages = [page for context in self.contexts for page in context.pages]
        said = "\n".join(self.console[-20:])
        return [f"{page.url}\n{_text_of(page)}\n\n{said}" for page in pages]

    def _note(self, message) -> None:
        self.console.append(message.text)
        if "Content Security Policy" in message.text:
            self.violations.append(message.text)


def _text_of(page: Page) -> str:
    try:
        return page.inner_text("body", timeout=2_000)
    except PlaywrightError as error:  # it is on its way to another page
        return str(error)


@pytest.fixture
def office(
    transactional_db, settings, live_server, browser, world
) -> Iterator[LiveSite]:
    settings.WHITENOISE_AUTOREFRESH = True
    Account.objects.get_or_create(pk=1)
    Heartbeat.objects.create(name="worker", beat_at=timezone.now())
    office = LiveSite(world=world, url=live_server.url, browser=browser)
    yield office
    for context in office.contexts:
        context.close()
    assert office.violations == []


@pytest.fixture
def people(office: LiveSite) -> Callable[[int], Member]:
    """Return a function from an index to a mirrored member of the sandbox with a plain
    name.
    """
    ids = [member.id for member in office.world.store.members.values()]
    names = ("Ana Sousa", "Ben Okafor", "Cem Kaya")
    members = [make_member(name, id=pk) for name, pk in zip(names, ids, strict=False)]
    return members.__getitem__
