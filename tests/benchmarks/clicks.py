"""A sales manager who clicks, as the browser and the web process see it."""

import re
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from random import Random

import httpx
from django.utils import timezone

from assignments.models import Lead, Member, TaskLease
from assignments.task_queue import DISPATCH_LEASES

CLICK_TIMEOUT = 60.0  # seconds, at the true limit, after which a click counts as lost
CLICK_INTERVAL = (2.5, 5.5)  # seconds from one click to the next
CSRF = "b" * 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Click:
    map_id: int
    started: float  # on the monotonic clock, which the sandbox shares
    seconds: float
    look: str  # of the row in the end: done, or why it is not
    both_seats_taken: bool

    @property
    def is_done(self) -> bool:
        return self.look == "done"


def make_clicks(
    leads: Iterable[Lead], *, site: str, cookies: dict[str, str], scale: float
) -> Iterator[Click]:
    """Assign one lead after the other, waiting for each row to say that it is done."""
    headers = {"HX-Request": "true", "X-CSRFToken": CSRF}
    cookies = {**cookies, "csrftoken": CSRF}
    members = list(Member.objects.filter(is_active=True))
    rng = Random("clicks")
    with httpx.Client(base_url=site, cookies=cookies, headers=headers) as browser:
        for lead in leads:
            next_at = time.monotonic() + rng.uniform(*CLICK_INTERVAL) * scale
            to = rng.choice([member for member in members if member != lead.owner])
            yield _make_click(browser, lead, to, scale)
            time.sleep(max(0.0, next_at - time.monotonic()))


def _make_click(browser: httpx.Client, lead: Lead, to: Member, scale: float) -> Click:
    form = {"member": to.pk, "expected": lead.owner_id or ""}
    started = time.monotonic()
    row = browser.post(f"/leads/{lead.pk}/assign/", data=form).raise_for_status().text
    taken = _are_both_seats_taken()
    while (look := _row_look(row)) == "sending":
        if time.monotonic() - started > CLICK_TIMEOUT * scale:
            break
        time.sleep(_poll_interval(row) * scale)
        row = browser.get(f"/leads/{lead.pk}/row/").raise_for_status().text
    return Click(
        map_id=lead.pk,
        started=started,
        seconds=time.monotonic() - started,
        look=look,
        both_seats_taken=taken,
    )


def _are_both_seats_taken() -> bool:
    taken = TaskLease.objects.filter(name__in=DISPATCH_LEASES, until__gt=timezone.now())
    return taken.count() == len(DISPATCH_LEASES)


def _poll_interval(row: str) -> float:
    """Return the seconds after which the page asks again, as htmx reads them off the
    row.
    """
    found = re.search(r'hx-trigger="every (\d+)(m?s)"', row)
    if found is None:
        raise RuntimeError("The row says that it is sending, but does not ask again.")
    return int(found[1]) / (1000 if found[2] == "ms" else 1)


def _row_look(row: str) -> str:
    found = re.search('data-look="([a-z]+)"', row)
    return found[1] if found else "no row"
