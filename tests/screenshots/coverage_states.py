"""Absences in every state, come about by services, clock and dispatcher."""

from datetime import time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import QuerySet
from django.utils import timezone

from assignments.models import Assignment, Coverage, Hold, Member, User
from assignments.services.coverage import actions, lifecycle, tick
from assignments.services.coverage.drafts import Draft, DraftCoverer
from assignments.services.ledger.assign import assign_lead
from dashboard.coverage.defaults import RETURN_NOTE, START_NOTE
from tests.screenshots.sample_work import Office

DAY = timedelta(days=1)
ZONE = "Europe/Berlin"
PART_OF_IT = 17  # calls of a start and of a return, which leave them half done


def named(comment: str) -> Coverage:
    """The coverage of a picture, by the word that it was set up with."""
    return Coverage.objects.get(comment=comment)


def address(comment: str, rest: str = "") -> str:
    return f"/coverage/{named(comment).pk}/{rest}"


def new_for(name: str, query: str = "") -> str:
    return f"/coverage/new/?member={member(name).pk}&{query}"


def member(name: str) -> Member:
    return Member.objects.get(name__startswith=name)


def before(office: Office) -> None:
    """An absence that is over when the pictures are taken."""
    _over(office)


def after(office: Office) -> None:
    """One in each other state, and a calendar with something to see."""
    office.clock.now = max(office.clock.now, timezone.now())
    _running(office)
    _ahead(office)
    _called_off(office)
    _moving(office)
    calm()


def trouble() -> None:
    """A lead that Smartlead refused, and an absence that no clock has noticed."""
    refused = Assignment.objects.get(state="refused", cause="coverage_start")
    _troubled().update(move=refused)
    Coverage.objects.filter(comment="missed").update(acknowledged_at=None)


def calm() -> None:
    """No other picture is to say so on top."""
    _troubled().update(move=None)
    Coverage.objects.filter(comment="missed").update(acknowledged_at=timezone.now())


def _troubled() -> QuerySet[Hold]:
    return Hold.objects.filter(coverage__comment="active", state="taking")


def _draft(
    office: Office,
    away: str,
    *covering: str,
    first: int = 0,
    last: int = 4,
    shares: tuple[int, ...] = (),
    **said: Any,
) -> Draft:
    today = office.clock.now.date()
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
    return Draft(member=member(away), **(values | said))


def _schedule(office: Office, away: str, *covering: str, **said: Any) -> Coverage:
    draft = _draft(office, away, *covering, **said)
    return actions.schedule(draft=draft, actor=_sara(), at=office.clock())


def _sara() -> User:
    return User.objects.get(username="sara")


def _over(office: Office) -> None:
    """Ben's: moved by hand, moved in Smartlead, an arrival, kept count of."""
    over = _schedule(office, "Ben", "Tom", "Ana", comment="over", from_now=True, last=1)
    _work(office)
    held = list(Hold.objects.live().filter(coverage=over).order_by("pk"))
    assign_lead(
        lead=held[0].lead, to=member("Luca"), actor=_sara(), at=office.clock(),
        reason="The customer asked for Luca.",
    )  # fmt: skip
    office.dispatch()
    office.world.assign_outside(held[1].lead_id, member("Sara").pk)
    actions.hand_back(
        coverage=over, lead=held[2].lead, actor=_sara(), at=office.clock()
    )
    office.dispatch()
    office.clock.advance(timedelta(hours=20).total_seconds())
    office.mirror()
    actions.end_early(coverage=over, actor=_sara(), at=office.clock())
    _work(office)


def _running(office: Office) -> None:
    """Maya's: one lead refused, one moved, one that came meanwhile."""
    coverage = _schedule(
        office, "Maya", "Theo", "Luca", comment="active", from_now=True,
        last=5, shares=(3, 2), fallback=member("Sara"),
    )  # fmt: skip
    refused, moved, *_ = Hold.objects.filter(coverage=coverage).order_by("pk")
    Assignment.objects.filter(pk=refused.move_id).update(
        state="refused",
        outcome="Smartlead said: Lead is archived.",
        finished_at=office.clock(),
    )
    _work(office)
    assign_lead(
        lead=moved.lead, to=member("Ana"), actor=_sara(), at=office.clock(),
        reason="Ana speaks Portuguese.",
    )  # fmt: skip
    arrived = office.leads("Theo Brandt")[0]
    office.world.assign_outside(arrived.pk, coverage.member_id)
    office.dispatch()
    office.mirror()
    _work(office)


def _ahead(office: Office) -> None:
    """Chains, overlaps, and a day on which nobody covers."""
    _schedule(
        office, "Theo", "Ngozi", "Luca", comment="scheduled", first=6, last=12,
        fallback=member("Sara"),
    )  # fmt: skip
    _schedule(office, "Luca", "Ngozi", comment="chain", first=9, last=14)
    _schedule(office, "Sara", "Imre", comment="gap", first=15, last=19)
    _schedule(office, "Imre", "Sara", comment="gap too", first=17, last=23)
    _schedule(office, "Maya", "Theo", comment="again", first=20, last=24)
    half = {"first": 2, "last": 2, "last_time": time(13)}
    _schedule(office, "Tom", "Ana", comment="half", **half)
    actions.propose(
        draft=_draft(
            office, "Ngozi", "Maya", "Theo", comment="proposed", first=22, last=28
        ),
        actor=User.objects.get(username="ngozi"),
        at=office.clock(),
    )


def _called_off(office: Office) -> None:
    gone = _schedule(office, "Tom", "Ana", comment="cancelled", first=30, last=33)
    actions.cancel(coverage=gone, actor=_sara(), at=office.clock())
    missed = _schedule(office, "Sara", "Ana", comment="missed", first=40, last=41)
    at = office.clock()
    Coverage.objects.filter(pk=missed.pk).update(
        starts_at=at - 3 * DAY,
        ends_at=at - DAY,
        first_day=(at - 3 * DAY).date(),
        last_day=(at - 2 * DAY).date(),
    )
    lifecycle.advance(missed.pk, at)


def _moving(office: Office) -> None:
    """A start and a return that are under way."""
    back = _schedule(office, "Ana", "Ben", "Sara", comment="returning", from_now=True)
    _work(office)
    _schedule(
        office, "Ngozi", "Luca", "Theo", comment="starting", from_now=True, last=2
    )
    office.dispatch(turns=PART_OF_IT)
    actions.end_early(coverage=back, actor=_sara(), at=office.clock())
    office.dispatch(turns=PART_OF_IT)


def _work(office: Office) -> None:
    tick.tick(office.clock())
    office.dispatch()
    tick.tick(office.clock())
