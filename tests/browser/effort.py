"""Counting the steps that a task costs a person: clicks and keys, but not typing."""

from playwright.sync_api import Locator, Page


class Effort:
    """A person at a page; `steps` is the number of clicks and key presses so far."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.steps = 0

    def click(self, target: Locator) -> None:
        """Click the target; one step."""
        self.steps += 1
        target.click()

    def choose(self, target: Locator, value: str) -> None:
        """Choose an option of a select by its label or value; one step."""
        self.steps += 1
        target.select_option(value)

    def press(self, key: str) -> None:
        """Press a key or a chord, such as `a` or `Control+k`; one step."""
        self.steps += 1
        self.page.keyboard.press(key)

    def type_text(self, text: str) -> None:
        """Type into what has the focus; no step."""
        self.page.keyboard.type(text)

    def fill(self, target: Locator, text: str) -> None:
        """Click into a field and type; one step, for the click."""
        self.steps += 1
        target.fill(text)
