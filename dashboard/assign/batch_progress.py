"""Progress of a batch: one outcome per lead, troubles first, and what is left to do."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.humanize.templatetags.humanize import intcomma
from django.db.models import (
    Case,
    Count,
    Exists,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Value,
    When,
)
from django.utils.functional import cached_property

from assignments.models import Assignment, Batch, SavedPlan, User
from assignments.models.assignment import PENDING, Cause, State
from assignments.services.bulk import batch_actions
from assignments.services.bulk.call_estimates import CallEstimate
from assignments.services.bulk.undo import UndoPreview
from assignments.services.sight import Sight

TROUBLES_FIRST = (
    State.REFUSED,
    State.OVERTAKEN,
    State.SENDING,
    State.WAITING,
    State.SKIPPED,
    State.CANCELLED,
    State.DONE,
)
LOOKS = {
    State.DONE: "good",
    State.REFUSED: "bad",
    State.OVERTAKEN: "warn",
}
BARS = {
    State.DONE: "done",
    State.SKIPPED: "stay",
    State.CANCELLED: "stay",
    State.OVERTAKEN: "warned",
    State.REFUSED: "failed",
}
# How often a page asks: the longer a batch goes on, the less.
POLLS = ((timedelta(minutes=1), "2s"), (timedelta(minutes=10), "5s"))
SLOWEST = "15s"


@dataclass(frozen=True, slots=True)
class OutcomeShare:
    """One outcome of a batch: its number of leads, and its piece of the bar."""

    state: State
    count: int
    start: int

    def __str__(self) -> str:
        return f"{self.count} {self.words}"

    @property
    def words(self) -> str:
        return self.state.label.lower()

    @property
    def look(self) -> str:
        return LOOKS.get(self.state, "")

    @property
    def bar(self) -> str:
        return BARS.get(self.state, "")


class BatchProgress:
    def __init__(self, batch: Batch, *, at: datetime, viewer: User) -> None:
        self.batch = batch
        self.at = at
        self.viewer = viewer
        self.sight = Sight.of(viewer)
        plans = SavedPlan.objects.filter(batch=batch).select_related("leaver", "about")
        self.plan = plans.defer("packed").first()

    @property
    def _rows(self) -> QuerySet[Assignment]:
        """Return the rows of leads that the viewer sees: nothing else is counted."""
        return self.batch.assignments.filter(self.sight.leads("lead__"))

    @cached_property
    def unseen(self) -> int:
        """Return how many leads of the batch the viewer does not see."""
        if self.sight.sees_all:
            return 0
        return self.batch.assignments.count() - self.counts.total()

    @cached_property
    def counts(self) -> Counter[str]:
        rows = self._rows.order_by().values_list("state")
        return Counter(dict(rows.annotate(Count("pk"))))

    @cached_property
    def verified(self) -> int:
        return self._rows.filter(verified_at__isnull=False).count()

    @property
    def unwritten(self) -> int:
        is_shown = self.sight.sees_all or self.batch.actor_id == self.viewer.pk
        return self.plan.unwritten if self.plan and is_shown else 0

    @property
    def total(self) -> int:
        return self.counts.total() + self.unwritten

    @property
    def unsent(self) -> int:
        return self.counts[State.WAITING] + self.unwritten

    @cached_property
    def clicked(self) -> int:
        """Return the number of waiting rows that somebody also asked for by themselves:
        they are sent even if the batch is paused or cancelled.
        """
        waiting = self.counts[State.WAITING]
        unsent = batch_actions.unsent_rows(self.batch)
        seen = unsent.filter(self.sight.leads("lead__"))
        return waiting and waiting - seen.count()

    @property
    def clicked_sentence(self) -> str:
        is_one = self.clicked == 1
        itself = "itself" if is_one else "themselves"
        goes = "it goes" if is_one else "they go"
        return (
            f"Somebody also assigned {intcomma(self.clicked)} of the waiting leads by"
            f" {itself}: {goes} out even if you pause or cancel this batch."
        )

    @property
    def cancellable(self) -> int:
        return self.unsent - self.clicked

    @cached_property
    def unwritten_stays(self) -> int:
        """Return how many of the unwritten leads stay where they are by the plan."""
        if self.plan is None or not self.unwritten:
            return 0
        moving = self._rows.filter(to__isnull=False).count()
        return max(self.unwritten - (self.plan.moving - moving), 0)

    @property
    def staying(self) -> int:
        return self.counts[State.SKIPPED] + self.unwritten_stays

    @property
    def to_assign(self) -> int:
        return self.total - self.staying

    @property
    def done(self) -> int:
        return self.counts[State.DONE]

    @property
    def is_final(self) -> bool:
        return not self.unwritten and not any(self.counts[state] for state in PENDING)

    @property
    def refused(self) -> int:
        rows = self._rows.filter(state=State.REFUSED, dismissed_at=None)
        return rows.count() if self.counts[State.REFUSED] else 0

    @cached_property
    def shares(self) -> list[OutcomeShare]:
        """Return the outcomes in the order of the bar: done, skipped, cancelled,
        overtaken, refused, sending, waiting. Waiting includes rows not written yet.
        Outcomes without rows are left out, except done. `start` is the number of
        rows in the outcomes before.
        """
        start, found = 0, []
        for state in (*BARS, State.SENDING, State.WAITING):
            count = self.counts[state]
            if state == State.WAITING:
                count += self.unwritten
            if count or state == State.DONE:
                found.append(OutcomeShare(state, count, start))
            start += count
        return found

    @property
    def duration(self) -> str:
        left = self.unsent + self.counts[State.SENDING]
        with_notes = bool(self.plan and self.plan.note)
        return CallEstimate.of(left, with_notes=with_notes).duration

    @property
    def poll(self) -> str:
        """Return the interval after which the page asks again; empty once the batch is
        final. It is `2s` in the first minute of the batch, `5s` until ten minutes,
        then `15s`.
        """
        if self.is_final:
            return ""
        age = self.at - self.batch.created_at
        return next((every for young, every in POLLS if age < young), SLOWEST)

    @cached_property
    def why_not_steer(self) -> str:
        return batch_actions.why_not_control(self.viewer, self.batch)

    @property
    def may_steer(self) -> bool:
        return not self.why_not_steer

    @property
    def may_undo(self) -> bool:
        return self.may_steer and (
            self.cancellable > 0
            or self.counts[State.DONE] + self.counts[State.SENDING] > 0
        )

    @property
    def cause(self) -> str:
        return Cause(self.batch.cause).label


def rows_of(batch: Batch, state: str, sight: Sight) -> QuerySet[Assignment]:
    """Return the rows of the batch in this state, or all of them if `state` is empty.

    Only those of leads that are seen.

    They are ordered by state (refused, overtaken, sending, waiting, skipped, cancelled,
    done) and then by id, with lead, members and actor loaded.
    """
    rank = Case(
        *(When(state=one, then=Value(n)) for n, one in enumerate(TROUBLES_FIRST)),
        default=Value(len(TROUBLES_FIRST)),
        output_field=IntegerField(),
    )
    seen = batch.assignments.filter(sight.leads("lead__"))
    rows = seen.select_related("lead", "expected", "to", "found", "actor")
    if state:
        rows = rows.filter(state=state)
    return rows.annotate(rank=rank).order_by("rank", "pk")


def undo_sentences(undo: UndoPreview) -> list[str]:
    """Return up to four sentences about the undo of a batch, none for a part without
    leads. In this order: leads that go back, with calls and time; unsent ones, which
    are cancelled; changed ones and ones that had no owner before, which stay.
    """
    back, changed, nobodys = len(undo.back), len(undo.changed), len(undo.nobodys)
    estimate = CallEstimate.of(back)
    return [
        *_if(
            back,
            f"{{}} of {intcomma(undo.total)} goes back to who had it before: {{calls}}",
            f"{{}} of {intcomma(undo.total)} go back to who had them before: {{calls}}",
            calls=f"{intcomma(estimate.calls)} calls, {estimate.duration}.",
        ),
        *_if(
            undo.unsent,
            "{} has not been sent and is cancelled without a call.",
            "{} have not been sent and are cancelled without a call.",
        ),
        *_if(
            changed,
            "{} cannot go back; the reason is listed below.",
            "{} cannot go back; the reasons are listed below.",
        ),
        *_if(
            nobodys,
            "{} had no owner before and stays with whom it went to: Smartlead cannot take"
            " an owner away.",
            "{} had no owner before and stay with whom they went to: Smartlead cannot take"
            " an owner away.",
        ),
    ]


def _if(count: int, one: str, many: str, **words: str) -> list[str]:
    """Return one sentence in a list, or an empty list if `count` is 0.

    It is `one` for 1, else `many`, with the count and `words` put in.
    """
    sentence = one if count == 1 else many
    return [sentence.format(intcomma(count), **words)] if count else []


def visible_batches(user: User) -> QuerySet[Batch]:
    """Return the batches that the user made, and those with a lead that they see.

    The name of a batch may tell of its leads.
    """
    sight = Sight.of(user)
    if sight.sees_all:
        return Batch.objects.all()
    rows = Assignment.objects.filter(sight.leads("lead__"), batch=OuterRef("pk"))
    return Batch.objects.filter(Q(actor=user) | Exists(rows))


def outcomes_of(batches: Iterable[Batch], sight: Sight) -> dict[int, Counter[str]]:
    """Return, by batch id, the number of seen rows in each state, in one query.

    Batches without rows are left out.
    """
    seen = Assignment.objects.filter(sight.leads("lead__"))
    rows = seen.filter(batch__in=list(batches)).order_by()
    found: dict[int, Counter[str]] = {}
    counted = rows.values_list("batch", "state").annotate(count=Count("pk"))
    for batch_id, state, count in counted:
        if batch_id is not None:
            found.setdefault(batch_id, Counter())[state] = count
    return found
