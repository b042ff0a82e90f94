"""The screenshots: which page, in which state, for whom."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import Page

from assignments.models import Account, Heartbeat, User
from assignments.services import account
from tests.screenshots import batch_states, coverage_states, notification_states
from tests.screenshots.sample_work import lead_with_history

SETTLE_MILLISECONDS = 250  # ms: until what an act has asked for is drawn
PAPER = ((794, 1123),)
WIDE = ((1920, 1080),)
LAPTOP = ((1440, 900),)
PHONE = ((390, 844),)


Step = Callable[[Page], None]


@dataclass(frozen=True, kw_only=True)
class Screenshot:
    """One page in one state, and what happens before and after it is taken."""

    name: str
    path: str | Callable[[], str]
    user: str = "sara"
    before: Callable[[], object] | None = None
    after: Callable[[], object] | None = None
    act: Step | None = None
    sizes: tuple[tuple[int, int], ...] = ((1440, 900), (390, 844))
    media: str = "screen"


def pause_writes() -> None:
    account.pause_writes(
        actor=User.objects.get(username="sara"),
        reason="We look through the restored backup first.",
        at=timezone.now(),
    )


def resume_writes() -> None:
    Account.objects.update(paused_at=None, paused_by=None, pause_reason="")


def stop_heartbeat() -> None:
    Heartbeat.objects.update(beat_at=timezone.now() - timedelta(minutes=6))


def beat_now() -> None:
    Heartbeat.objects.update(beat_at=timezone.now())


def begin_outage() -> None:
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
    page.wait_for_timeout(SETTLE_MILLISECONDS)


def select_some(page: Page) -> None:
    for box in page.locator('#rows input[name="lead"]').all()[:4]:
        box.check()


def ask_preview(page: Page) -> None:
    press("Preview")(page)
    page.wait_for_load_state()


def open_help(page: Page) -> None:
    press("Sara Klein")(page)
    press("Keyboard and help")(page)


def submit_errors(page: Page) -> None:
    """Submit the form with an error or two."""
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
    Screenshot(name="coverage", path="/coverage/"),
    Screenshot(name="coverage-month", path="/coverage/?by=month"),
    Screenshot(name="coverage-free", path="/coverage/?from=2030-01-01"),
    Screenshot(name="coverage-member", path="/coverage/", user="ngozi"),
    Screenshot(name="coverage-print", path="/coverage/", sizes=PAPER, media="print"),
    Screenshot(name="coverage-new", path=new_for("Theo")),
    Screenshot(name="coverage-new-now", path=new_for("Luca", "from_now=1")),
    Screenshot(name="coverage-new-errors", path=new_for("Theo"), act=submit_errors),
    Screenshot(name="coverage-new-member", path="/coverage/new/", user="ngozi"),
    Screenshot(name="coverage-edit", path=of_coverage("scheduled", "edit/")),
    Screenshot(name="coverage-edit-late", path=of_coverage("active", "edit/")),
    *[
        Screenshot(name=f"coverage-{state}", path=of_coverage(state))
        for state in (
            "proposed", "scheduled", "starting", "returning", "over", "cancelled",
            "gap",
        )
    ],
    *[
        Screenshot(
            name=f"coverage-{name}", path=path,
            before=coverage_states.show_trouble, after=coverage_states.hide_trouble,
        )
        for name, path in (
            ("attention", "/coverage/"),
            ("active", of_coverage("active")),
            ("missed", of_coverage("missed")),
        )
    ],
    *[
        Screenshot(name=f"coverage-act-{act}", path=of_coverage("active", f"{act}/"))
        for act in ("extend", "shorten", "coverer", "end")
    ],
    Screenshot(name="coverage-act-start", path=of_coverage("scheduled", "start/")),
    Screenshot(name="coverage-act-cancel", path=of_coverage("scheduled", "cancel/")),
    Screenshot(name="coverage-act-decline", path=of_coverage("proposed", "decline/")),
    Screenshot(name="certificate", path=of_coverage("over", "certificate/")),
    Screenshot(
        name="certificate-print",
        path=of_coverage("over", "certificate/"),
        sizes=PAPER,
        media="print",
    ),
    Screenshot(name="welcome", path=of_coverage("returning", "certificate/"), user="ana"),
]  # fmt: skip

SCREENSHOTS = [
    *COVERAGES,
    Screenshot(name="inbox", path="/inbox/"),
    Screenshot(name="inbox-mine", path="/inbox/?owner=me&status=waiting_on_us"),
    Screenshot(name="inbox-nothing", path="/inbox/?q=zzz"),
    Screenshot(
        name="inbox-down",
        path="/inbox/",
        before=begin_outage,
        after=account.clear_outage,
    ),
    Screenshot(
        name="inbox-silent", path="/inbox/", before=stop_heartbeat, after=beat_now
    ),
    Screenshot(name="inbox-member", path="/inbox/", user="ngozi"),
    Screenshot(name="inbox-wide", path=lead_address, sizes=WIDE),
    Screenshot(name="inbox-lead", path=lead_address, sizes=LAPTOP),
    Screenshot(name="inbox-assign", path="/inbox/", act=assign_first),
    Screenshot(
        name="lead-print",
        path=lead_address,
        sizes=PAPER,
        media="print",
    ),
    Screenshot(name="history-print", path="/history/", sizes=PAPER, media="print"),
    Screenshot(name="history-wide", path="/history/", sizes=WIDE),
    Screenshot(name="lead", path=lead_address, sizes=PHONE),
    Screenshot(name="history", path="/history/"),
    Screenshot(
        name="history-lead", path=lambda: f"/history/?lead={lead_with_history().pk}"
    ),
    Screenshot(name="history-nothing", path="/history/?cause=routing"),
    Screenshot(name="history-wrong", path="/history/?from=2026-05-12&to=2026-05-11"),
    Screenshot(
        name="assign", path=lambda: f"/assign/?plan={batch_states.preview_plan().pk}"
    ),
    Screenshot(name="assign-nothing", path="/assign/?filter=q%3Dzzz"),
    Screenshot(name="batches", path="/batches/", before=batch_states.unfinished_batch),
    Screenshot(
        name="batch", path=lambda: f"/batches/{batch_states.unfinished_batch().pk}/"
    ),
    Screenshot(
        name="batch-undo",
        path=lambda: f"/batches/{batch_states.unfinished_batch().pk}/undo/",
    ),
    Screenshot(
        name="leaving", path=lambda: f"/team/{batch_states.leaver().pk}/leaving/"
    ),
    Screenshot(
        name="mappings", path="/settings/mappings/", before=batch_states.lookup_table
    ),
    Screenshot(
        name="mapping",
        path=lambda: f"/settings/mappings/{batch_states.lookup_table().pk}/",
    ),
    Screenshot(name="inbox-selected", path="/inbox/", act=select_some),
    Screenshot(name="menu", path="/inbox/", act=press("Sara Klein")),
    Screenshot(name="help", path="/history/", act=open_help),
    Screenshot(
        name="notifications",
        path="/notifications/",
        before=notification_states.announce,
    ),
    Screenshot(name="notifications-member", path="/notifications/", user="ngozi"),
    Screenshot(name="notification-settings", path="/notifications/settings/"),
    Screenshot(
        name="system-mails",
        path="/system/",
        before=notification_states.refuse_mails,
        after=notification_states.restore_mail_server,
    ),
    Screenshot(name="notifications-none", path="/notifications/", user="ana"),
    Screenshot(name="team", path="/team/"),
    Screenshot(name="member", path="/team/7304/?period=last_90_days"),
    Screenshot(name="performance", path="/team/performance/?period=last_90_days"),
    Screenshot(
        name="performance-meaning",
        path="/team/performance/?from=2020-01-01&to=2020-01-31",
        act=lambda page: page.locator("[popovertarget=def-leads]").first.click(),
        sizes=LAPTOP,
    ),
    Screenshot(name="rebalance", path="/team/rebalance/"),
    Screenshot(name="rebalance-plan", path="/team/rebalance/?live=on", act=ask_preview),
    Screenshot(
        name="review", path="/review/", before=batch_states.change_owner_outside
    ),
    Screenshot(name="inbox-review", path="/inbox/?review=untouched&days=2"),
    Screenshot(name="member-add", path="/team/add/"),
    Screenshot(name="system", path="/system/"),
    Screenshot(
        name="system-paused", path="/system/", before=pause_writes, after=resume_writes
    ),
    Screenshot(name="start", path="/start/"),
    Screenshot(name="settings", path="/settings/"),
    Screenshot(name="teams", path="/settings/teams/"),
    Screenshot(name="users", path="/settings/users/"),
    Screenshot(name="webhooks", path="/settings/webhooks/"),
    Screenshot(name="me", path="/accounts/me/"),
    Screenshot(name="password", path="/accounts/password/"),
    Screenshot(name="not-found", path="/nowhere/"),
]
