"""Checks of any page: accessible in both themes, never larger than the screen."""

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

ALL_RULES = {"resultTypes": ["violations"]}
# A theme changes colours and nothing else.
COLOUR_RULES = ALL_RULES | {"runOnly": ["color-contrast", "link-in-text-block"]}
FRAME_STAYS = """!document.querySelector("body.app")
  || document.documentElement.scrollHeight <= innerHeight"""
THEMES = (("light", ALL_RULES), ("dark", COLOUR_RULES))


def check_accessible(page: Page) -> None:
    for theme, rules in THEMES:
        page.emulate_media(color_scheme=theme, reduced_motion="reduce")
        results = Axe().run(page, options=rules)
        where = f"{page.url}, {theme}: "
        assert results.violations_count == 0, where + results.generate_report()
    page.emulate_media(color_scheme="null", reduced_motion="null")


def check_accessible_and_fits(page: Page) -> None:
    check_accessible(page)
    fits = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert fits, f"{page.url} is wider than the screen"
    assert page.evaluate(FRAME_STAYS), f"{page.url} scrolls its frame"
