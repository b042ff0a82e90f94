"""Coverages in every state for the screenshots, made by services, tick and dispatcher."""

from datetime import time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from assignments.models import Assignment, Coverage, Hold, Member, User
from assignments.services.coverage import actions, lifecycle, tick
from assignments.services.coverage.drafts import CoverageDraft, DraftCoverer
from assignments.services.ledger.assign import assign_lead
from dashboard.coverage.defaults import RETURN_NOTE, START_NOTE
from tests.screenshots.sample_work import SampleAccount

DAY = timedelta(days=1)
ZONE = "Europe/Berlin"
HALF_THE_CALLS = 17  # calls of a start and of a return, which leave them half done


def coverage_of(comment: str) -> Coverage:
    """Return the coverage with this comment, by which the screenshots name it."""
    return Coverage.objects.get(comment=comment)


def address(comment: str, rest: str = "") -> str:
    return f"/coverage/{coverage_of(comment).pk}/{rest}"


def new_for(name: str, query: str = "") -> str:
    return f"/coverage/new/?member={member(name).pk}&{query}"


def member(name: str) -> Member:
    return Member.objects.get(name__startswith=name)


def add_finished_coverage(sample: SampleAccount) -> None:
    """Add a coverage that is over when the pictures are taken."""
    _add_completed(sample)


def add_other_coverages(sample: SampleAccount) -> None:
    """Add one in each other state, and a calendar with something to see."""
    sample.clock.now = max(sample.clock.now, timezone.now())
    _add_active(sample)
    _add_scheduled(sample)
    _add_cancelled(sample)
    _add_starting_and_returning(sample)
    hide_trouble()


def show_trouble() -> None:
    """Show a lead that Smartlead refused, and an absence that no tick has noticed."""
    refused = Assignment.objects.get(state="refused", cause="coverage_start")
    _refused_hold().update(move=refused)
    Coverage.objects.filter(comment="missed").update(acknowledged_at=None)


def hide_trouble() -> None:
    """Keep both out of the other pictures."""
    _refused_hold().update(move=None)
    Coverage.objects.filter(comment="missed").update(acknowledged_at=timezone.now())


def _refused_hold() -> QuerySet[Hold]:
    return Hold.objects.filter(coverage__comment="active", state="taking")


def _draft(
    sample: SampleAccount,
    away: str,
    *covering: str,
    first: int = 0,
    last: int = 4,
    shares: tuple[int, ...] = (),
    **fields: Any,
) -> CoverageDraft:
    today = sample.clock.now.date()
    parts = shares or (1,) * len(covering)
    values: dict[str, Any] = {
        "first_day": today + first * DAY,
        "last_day": today + last * DAY,
        "zone": ZONE,
        "start_note": START_NOTE,
        "return_note": RETURN_NOTE,
        "coverers": tuple(
            DraftCoverer(member=member(name), share=Decimal(share))
            for name, share in zip(covering, parts, strict=True)
        ),
    }
    return CoverageDraft(member=member(away), **(values | fields))


def _schedule(
    sample: SampleAccount, away: str, *covering: str, **fields: Any
) -> Coverage:
    draft = _draft(sample, away, *covering, **fields)
    return actions.schedule(draft=draft, actor=_sara(), at=sample.clock())


def _sara() -> User:
    return User.objects.get(username="sara")


def _add_completed(sample: SampleAccount) -> None:
    """Add Ben's: with leads moved by hand and in Smartlead, an arrival, a hand-back."""
    over = _schedule(sample, "Ben", "Tom", "Ana", comment="over", from_now=True, last=1)
    _tick_and_dispatch(sample)
    held = list(Hold.objects.live().filter(coverage=over).order_by("pk"))
    assign_lead(
        lead=held[0].lead, to=member("Luca"), actor=_sara(), at=sample.clock(),
        reason="The customer asked for Luca.",
    )  # fmt: skip
    sample.dispatch()
    sample.world.assign_outside(held[1].lead_id, member("Sara").pk)
    actions.hand_back(
        coverage=over, lead=held[2].lead, actor=_sara(), at=sample.clock()
    )
    sample.dispatch()
    sample.clock.advance(timedelta(hours=20).total_seconds())
    sample.mirror()
    actions.end_early(coverage=over, actor=_sara(), at=sample.clock())
    _tick_and_dispatch(sample)


def _add_active(sample: SampleAccount) -> None:
    """Add Maya's: with a lead refused, one moved, one that arrived meanwhile."""
    coverage = _schedule(
        sample, "Maya", "Theo", "Luca", comment="active", from_now=True,
        last=5, shares=(3, 2), fallback=member("Sara"),
    )  # fmt: skip
    refused, moved, *_ = Hold.objects.filter(coverage=coverage).order_by("pk")
    Assignment.objects.filter(pk=refused.move_id).update(
        state="refused",
        outcome="Smartlead said: Lead is archived.",
        finished_at=sample.clock(),
    )
    _tick_and_dispatch(sample)
    assign_lead(
        lead=moved.lead, to=member("Ana"), actor=_sara(), at=sample.clock(),
        reason="Ana speaks Portuguese.",
    )  # fmt: skip
    arrived = sample.leads("Theo Brandt")[0]
    sample.world.assign_outside(arrived.pk, coverage.member_id)
    sample.dispatch()
    sample.mirror()
    _tick_and_dispatch(sample)


def _add_scheduled(sample: SampleAccount) -> None:
    """Add chains, overlaps, and a day on which nobody covers."""
    _schedule(
        sample, "Theo", "Ngozi", "Luca", comment="scheduled", first=6, last=12,
        fallback=member("Sara"),
    )  # fmt: skip
    _schedule(sample, "Luca", "Ngozi", comment="chain", first=9, last=14)
    _schedule(sample, "Sara", "Imre", comment="gap", first=15, last=19)
    _schedule(sample, "Imre", "Sara", comment="gap too", first=17, last=23)
    _schedule(sample, "Maya", "Theo", comment="again", first=20, last=24)
    half = {"first": 2, "last": 2, "last_time": time(13)}
    _schedule(sample, "Tom", "Ana", comment="half", **half)
    actions.propose(
        draft=_draft(
            sample, "Ngozi", "Maya", "Theo", comment="proposed", first=22, last=28
        ),
        actor=User.objects.get(username="ngozi"),
        at=sample.clock(),
    )


def _add_cancelled(sample: SampleAccount) -> None:
    cancelled = _schedule(sample, "Tom", "Ana", comment="cancelled", first=30, last=33)
    actions.cancel(coverage=cancelled, actor=_sara(), at=sample.clock())
    missed = _schedule(sample, "Sara", "Ana", comment="missed", first=40, last=41)
    at = sample.clock()
    Coverage.objects.filter(pk=missed.pk).update(
        starts_at=at - 3 * DAY,
        ends_at=at - DAY,
        first_day=(at - 3 * DAY).date(),
        last_day=(at - 2 * DAY).date(),
    )
    lifecycle.advance_state(missed.pk, at)


def _add_starting_and_returning(sample: SampleAccount) -> None:
    """Add a start and a return that are under way."""
    back = _schedule(sample, "Ana", "Ben", "Sara", comment="returning", from_now=True)
    _tick_and_dispatch(sample)
    _schedule(
        sample, "Ngozi", "Luca", "Theo", comment="starting", from_now=True, last=2
    )
    sample.dispatch(turns=HALF_THE_CALLS)
    actions.end_early(coverage=back, actor=_sara(), at=sample.clock())
    sample.dispatch(turns=HALF_THE_CALLS)


def _tick_and_dispatch(sample: SampleAccount) -> None:
    tick.tick(sample.clock())
    sample.dispatch()
    tick.tick(sample.clock())
