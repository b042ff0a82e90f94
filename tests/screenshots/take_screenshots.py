"""Serves the pages from this process and takes the screenshots."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.handlers import StaticFilesHandler
from django.core.servers.basehttp import ThreadedWSGIServer, WSGIRequestHandler
from django.core.wsgi import get_wsgi_application
from django.test import Client
from playwright.sync_api import Browser, sync_playwright

from assignments.models import User
from tests.browser import chromium
from tests.screenshots import coverage_states
from tests.screenshots.sample_work import open_sample_account, work_two_days
from tests.screenshots.screenshot_list import (
    SCREENSHOTS,
    SETTLE_MILLISECONDS,
    Screenshot,
    beat_now,
)

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"


@contextmanager
def serve() -> Iterator[str]:
    server = ThreadedWSGIServer(("127.0.0.1", 0), WSGIRequestHandler)
    WSGIRequestHandler.log_message = lambda *_: None  # type: ignore[method-assign]
    server.set_app(StaticFilesHandler(get_wsgi_application()))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def take(browser: Browser, url: str, screenshot: Screenshot) -> None:
    beat_now()  # the pictures may take longer than a worker is silent
    if screenshot.before:
        screenshot.before()
    path = screenshot.path() if callable(screenshot.path) else screenshot.path
    session = _session(screenshot.user)
    for width, height in screenshot.sizes:
        for theme in ("light", "dark"):
            context = browser.new_context(
                viewport={"width": width, "height": height}, color_scheme=theme
            )
            cookie = {"name": "sessionid", "value": session, "url": url}
            context.add_cookies([cookie])
            page = context.new_page()
            page.emulate_media(media=screenshot.media)
            page.goto(url + path)
            if screenshot.act:
                screenshot.act(page)
            page.wait_for_timeout(SETTLE_MILLISECONDS)
            page.screenshot(path=FOLDER / f"{screenshot.name}-{width}-{theme}.png")
            context.close()
    if screenshot.after:
        screenshot.after()


def _session(username: str) -> str:
    client = Client()
    client.force_login(
        User.objects.get(username=username),
        "django.contrib.auth.backends.ModelBackend",
    )
    return client.cookies[settings.SESSION_COOKIE_NAME].value


def main(wanted: list[str]) -> None:
    logging.disable(logging.WARNING)  # whom a picture signed in is no news
    with (
        open_sample_account() as sample,
        serve() as url,
        sync_playwright() as playwright,
    ):
        coverage_states.add_finished_coverage(sample)
        work_two_days(sample)
        coverage_states.add_other_coverages(sample)
        settings.SMARTLEAD_RATE_LIMITS = [(8, 2.0), (55, 60.0)]
        browser = chromium.launch(playwright)
        for screenshot in SCREENSHOTS:
            if not wanted or screenshot.name in wanted:
                take(browser, url, screenshot)
        browser.close()
    print(f"{len(list(FOLDER.glob('*.png')))} pictures are in docs/screenshots.")  # noqa: T201
