"""The frame around each page: it stays where it is, and looks the same everywhere."""

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from tests.factories import make_lead, make_message

STAYS = """() => {
  const frame = document.documentElement, top = document.querySelector(".rail").offsetTop;
  return frame.scrollTop === 0 && document.body.scrollTop === 0
    && frame.scrollHeight <= innerHeight && document.body.scrollHeight <= innerHeight
    && document.querySelector(".rail").getBoundingClientRect().top === top;
}"""
CUT_TABS = """[...document.querySelectorAll(".rail .tab-name, .rail a > span")]
  .filter((name) => name.checkVisibility() && name.offsetWidth > 1)
  .filter((name) => name.scrollWidth > name.clientWidth).map((name) => name.textContent)"""
# Each element with what it looks like.
LOOKS = """[...document.querySelectorAll("body *")].map((part) => {
  const { x, y, width, height } = part.getBoundingClientRect();
  const { color, backgroundColor, display, fontSize } = getComputedStyle(part);
  return [part.outerHTML.slice(0, 80), x, y, width, height,
          color, backgroundColor, display, fontSize].join();
})"""
TICK = """(box) => [
  getComputedStyle(box, "::before").borderBottomColor,
  getComputedStyle(box).backgroundColor,
]"""
GROUND = "(part) => getComputedStyle(part).backgroundColor"
INK = "(part) => getComputedStyle(part).color"
OTHER_SHEETS = ("tables", "batches", "routing", "coverage")


@pytest.fixture
def leads(office, people):
    """Return forty leads of Ana's that owe an answer."""
    at = timezone.now()
    return [
        make_lead(
            f"Lena Lead{number}", owner=people(0), answer_owed=True,
            answer_due_at=at, last_reply_at=at,
        )
        for number in range(40)
    ]  # fmt: skip


@pytest.mark.parametrize("width", [1440, 390])
def test_a_link_into_the_page_scrolls_the_page_and_not_the_frame(office, leads, width):
    page = office.screen(width=width)
    page.goto(f"{office.url}/review/")
    assert page.evaluate(STAYS)

    page.locator(".contents a").last.click()

    expect(page.locator(":target")).to_be_in_viewport()
    assert page.evaluate(STAYS)


@pytest.mark.parametrize("width", [390, 360])
def test_the_names_of_the_tabs_are_whole(office, width):
    page = office.screen(width=width)

    page.goto(f"{office.url}/history/")

    expect(page.get_by_role("link", name="Notifications News")).to_be_visible()
    expect(page.get_by_role("button", name=f"{office.manager} You")).to_be_visible()
    assert page.evaluate(CUT_TABS) == []


@pytest.mark.parametrize("width", [1440, 390])
def test_the_inbox_lacks_no_style_of_the_other_pages(office, leads, people, width):
    people(1)
    make_message(leads[0], "<p>Hello</p><blockquote>Before</blockquote>")
    page = office.screen(width=width)
    page.emulate_media(reduced_motion="reduce")
    page.goto(f"{office.url}/leads/{leads[0].pk}/")
    page.get_by_role("link", name="to somebody").click()
    page.get_by_role("button", name="Ben Okafor has").wait_for()
    before = page.evaluate(LOOKS)

    for sheet in OTHER_SHEETS:
        page.add_style_tag(url=f"{office.url}/static/css/{sheet}.css")

    assert differences(before, page.evaluate(LOOKS)) == []


def differences(before: list[str], after: list[str]) -> list[str]:
    return [
        f"{was} | {now}" for was, now in zip(before, after, strict=True) if was != now
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_tick_is_seen_when_it_is_set(office, leads, theme):
    page = office.screen(theme=theme)
    page.goto(f"{office.url}/inbox/")
    box = page.get_by_label("Select Lena Lead0", exact=True)
    box.check()

    tick, ground = box.evaluate(TICK)

    # Both are opaque colours of the palette, whose contrasts are tested elsewhere.
    assert len({tick, ground}) == 2
    assert ground == page.locator("#assign-many").evaluate(GROUND)
    assert tick == page.locator("#assign-many").evaluate(INK)


@pytest.mark.parametrize("width", [1440, 390])
def test_the_picker_stands_within_the_screen_and_nothing_covers_it(
    office, leads, people, width
):
    people(1)
    page = office.screen(width=width)
    page.goto(f"{office.url}/leads/{leads[0].pk}/")
    page.get_by_role("link", name="to somebody").click()
    page.get_by_role("button", name="Ben Okafor has").wait_for()

    uncovered = page.evaluate(
        """[...document.querySelectorAll("#picker button, #picker input")]
          .filter((part) => part.checkVisibility()).map((part) => {
            const { x, y, width, height } = part.getBoundingClientRect();
            const top = document.elementFromPoint(x + width / 2, y + height / 2);
            return part.contains(top) || Boolean(top?.contains(part));
          })"""
    )

    assert uncovered
    assert all(uncovered)
    box = page.locator("#picker").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
