"""Which pages are taken, in which state, by whom."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Page

from assignments.models import Account, Heartbeat, User
from assignments.services import account
from tests.screenshots import batch_states, coverage_states, notification_states
from tests.screenshots.sample_work import lead_with_history

SETTLED = 250  # ms: until what an act has asked for is drawn
PAPER = ((794, 1123),)
WIDE = ((1920, 1080),)
LAPTOP = ((1440, 900),)
PHONE = ((390, 844),)


Step = Callable[[Page], None]


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One page in one state: where, by whom, and what happens before the picture."""

    name: str
    path: str | Callable[[], str]
    user: str = "sara"
    before: Callable[[], object] | None = None
    after: Callable[[], object] | None = None
    act: Step | None = None
    sizes: tuple[tuple[int, int], ...] = ((1440, 900), (390, 844))
    media: str = "screen"


def pause() -> None:
    account.pause_writes(
        actor=User.objects.get(username="sara"),
        reason="We look through the restored backup first.",
        at=timezone.now(),
    )


def resume() -> None:
    Account.objects.update(paused_at=None, paused_by=None, pause_reason="")


def silence() -> None:
    Heartbeat.objects.update(beat_at=timezone.now() - timedelta(minutes=6))


def wake() -> None:
    Heartbeat.objects.update(beat_at=timezone.now())


def outage() -> None:
    at = timezone.now() - timedelta(minutes=11)
    Account.objects.update(
        outage_since=at,
        outage_sentence="Smartlead has not answered.",
        probe_at=at + timedelta(minutes=10),
    )


def lead_address() -> str:
    return f"/leads/{lead_with_history().pk}/"


def press(name: str) -> Step:
    return lambda page: page.get_by_role("button", name=name).first.click()


def assign_first(page: Page) -> None:
    page.locator('#rows [data-opens="picker"]').nth(2).click()
    page.wait_for_timeout(SETTLED)


def select_some(page: Page) -> None:
    for box in page.locator('#rows input[name="lead"]').all()[:4]:
        box.check()


def ask_preview(page: Page) -> None:
    press("Preview")(page)
    page.wait_for_load_state()


def open_help(page: Page) -> None:
    press("Sara Klein")(page)
    press("Keyboard and help")(page)


def spoil(page: Page) -> None:
    """An error or two, with what was typed around them."""
    page.get_by_label("Last day away").fill("2020-01-01")
    page.get_by_label("When it starts").fill("{foo} is away.")
    page.get_by_label("Private comment").fill("Family visit")
    press("Schedule coverage")(page)
    page.wait_for_load_state()


def of_coverage(comment: str, rest: str = "") -> Callable[[], str]:
    return lambda: coverage_states.address(comment, rest)


def new_for(name: str, query: str = "") -> Callable[[], str]:
    return lambda: coverage_states.new_for(name, query)


COVERAGES = [
    Shot(name="coverage", path="/coverage/"),
    Shot(name="coverage-month", path="/coverage/?by=month"),
    Shot(name="coverage-free", path="/coverage/?from=2030-01-01"),
    Shot(name="coverage-member", path="/coverage/", user="ngozi"),
    Shot(name="coverage-print", path="/coverage/", sizes=PAPER, media="print"),
    Shot(name="coverage-new", path=new_for("Theo")),
    Shot(name="coverage-new-now", path=new_for("Luca", "from_now=1")),
    Shot(name="coverage-new-errors", path=new_for("Theo"), act=spoil),
    Shot(name="coverage-new-member", path="/coverage/new/", user="ngozi"),
    Shot(name="coverage-edit", path=of_coverage("scheduled", "edit/")),
    Shot(name="coverage-edit-late", path=of_coverage("active", "edit/")),
    *[
        Shot(name=f"coverage-{state}", path=of_coverage(state))
        for state in (
            "proposed", "scheduled", "starting", "returning", "over", "cancelled",
            "gap",
        )
    ],
    *[
        Shot(
            name=f"coverage-{name}", path=path,
            before=coverage_states.trouble, after=coverage_states.calm,
        )
        for name, path in (
            ("attention", "/coverage/"),
            ("active", of_coverage("active")),
            ("missed", of_coverage("missed")),
        )
    ],
    *[
        Shot(name=f"coverage-act-{act}", path=of_coverage("active", f"{act}/"))
        for act in ("extend", "shorten", "coverer", "end")
    ],
    Shot(name="coverage-act-start", path=of_coverage("scheduled", "start/")),
    Shot(name="coverage-act-cancel", path=of_coverage("scheduled", "cancel/")),
    Shot(name="coverage-act-decline", path=of_coverage("proposed", "decline/")),
    Shot(name="certificate", path=of_coverage("over", "certificate/")),
    Shot(
        name="certificate-print",
        path=of_coverage("over", "certificate/"),
        sizes=PAPER,
        media="print",
    ),
    Shot(name="welcome", path=of_coverage("returning", "certificate/"), user="ana"),
]  # fmt: skip

SHOTS_TO_TAKE = [
    *COVERAGES,
    Shot(name="inbox", path="/inbox/"),
    Shot(name="inbox-mine", path="/inbox/?owner=me&status=waiting_on_us"),
    Shot(name="inbox-nothing", path="/inbox/?q=zzz"),
    Shot(name="inbox-down", path="/inbox/", before=outage, after=account.clear_outage),
    Shot(name="inbox-silent", path="/inbox/", before=silence, after=wake),
    Shot(name="inbox-member", path="/inbox/", user="ngozi"),
    Shot(name="inbox-wide", path=lead_address, sizes=WIDE),
    Shot(name="inbox-lead", path=lead_address, sizes=LAPTOP),
    Shot(name="inbox-assign", path="/inbox/", act=assign_first),
    Shot(
        name="lead-print",
        path=lead_address,
        sizes=PAPER,
        media="print",
    ),
    Shot(name="history-print", path="/history/", sizes=PAPER, media="print"),
    Shot(name="history-wide", path="/history/", sizes=WIDE),
    Shot(name="lead", path=lead_address, sizes=PHONE),
    Shot(name="history", path="/history/"),
    Shot(name="history-lead", path=lambda: f"/history/?lead={lead_with_history().pk}"),
    Shot(name="history-nothing", path="/history/?cause=routing"),
    Shot(name="history-wrong", path="/history/?from=2026-05-12&to=2026-05-11"),
    Shot(name="assign", path=lambda: f"/assign/?plan={batch_states.preview().pk}"),
    Shot(name="assign-nothing", path="/assign/?filter=q%3Dzzz"),
    Shot(name="batches", path="/batches/", before=batch_states.batch),
    Shot(name="batch", path=lambda: f"/batches/{batch_states.batch().pk}/"),
    Shot(name="batch-undo", path=lambda: f"/batches/{batch_states.batch().pk}/undo/"),
    Shot(name="leaving", path=lambda: f"/team/{batch_states.leaver().pk}/leaving/"),
    Shot(name="mappings", path="/settings/mappings/", before=batch_states.table),
    Shot(name="mapping", path=lambda: f"/settings/mappings/{batch_states.table().pk}/"),
    Shot(name="inbox-selected", path="/inbox/", act=select_some),
    Shot(name="menu", path="/inbox/", act=press("Sara Klein")),
    Shot(name="help", path="/history/", act=open_help),
    Shot(name="notifications", path="/notifications/", before=notification_states.tell),
    Shot(name="notifications-member", path="/notifications/", user="ngozi"),
    Shot(name="notification-settings", path="/notifications/settings/"),
    Shot(
        name="system-mails",
        path="/system/",
        before=notification_states.refuse,
        after=notification_states.forgive,
    ),
    Shot(name="notifications-none", path="/notifications/", user="ana"),
    Shot(name="team", path="/team/"),
    Shot(name="member", path="/team/7304/?period=last_90_days"),
    Shot(name="performance", path="/team/performance/?period=last_90_days"),
    Shot(
        name="performance-meaning",
        path="/team/performance/?from=2020-01-01&to=2020-01-31",
        act=lambda page: page.locator("[popovertarget=def-leads]").first.click(),
        sizes=LAPTOP,
    ),
    Shot(name="rebalance", path="/team/rebalance/"),
    Shot(name="rebalance-plan", path="/team/rebalance/?live=on", act=ask_preview),
    Shot(name="review", path="/review/", before=batch_states.drift),
    Shot(name="inbox-review", path="/inbox/?review=untouched&days=2"),
    Shot(name="member-add", path="/team/add/"),
    Shot(name="system", path="/system/"),
    Shot(name="system-paused", path="/system/", before=pause, after=resume),
    Shot(name="start", path="/start/"),
    Shot(name="settings", path="/settings/"),
    Shot(name="teams", path="/settings/teams/"),
    Shot(name="users", path="/settings/users/"),
    Shot(name="webhooks", path="/settings/webhooks/"),
    Shot(name="me", path="/accounts/me/"),
    Shot(name="password", path="/accounts/password/"),
    Shot(name="not-found", path="/nowhere/"),
]
