"""A lead's row: its owner, and what becomes of the last decision."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from django.db.models import Max

from assignments.models import (
    Assignment,
    Coverage,
    Hold,
    Lead,
    Member,
    Suggestion,
    User,
)
from assignments.models.assignment import Cause, State
from assignments.models.lead import NEVER
from assignments.services.absences import absences_at
from assignments.services.ledger.undo import undo_obstacles, why_no_way_back
from dashboard.permissions import ViewerRights
from dashboard.templatetags.handoff import age

FAST = timedelta(seconds=10)  # polled twice a second that long, then every five seconds
JUST_DONE = timedelta(minutes=10)  # how long the key undoes what its reader did
TELLS_DONE = timedelta(minutes=1)  # how long a row says so, with a button to undo it
A_DAY = timedelta(days=1)
DUE_SOON = timedelta(hours=1)


class Look(StrEnum):
    CALM = "calm"
    SENDING = "sending"
    DONE = "done"
    REFUSED = "refused"
    OVERTAKEN = "overtaken"


class AnswerState(NamedTuple):
    """The answer that a lead waits for: classes, icon and words; no icon if it does not."""

    look: str
    icon: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InboxRow:
    lead: Lead
    # The newest decision made here that the row still tells about.
    change: Assignment | None
    rights: ViewerRights
    at: datetime
    # Why the viewer cannot take the change back; empty: they can.
    no_undo: str = ""
    # What a routing rule suggests, and nobody has answered yet.
    suggestion: Suggestion | None = None
    # The live holds of the lead, lowest first: the steps from its home to its owner.
    holds: tuple[Hold, ...] = ()
    # Whose absence runs now.
    away: Mapping[int, Coverage] = field(default_factory=dict)

    @property
    def suggested(self) -> Suggestion | None:
        """Return the suggestion; None if there is none, the lead has another owner than
        when it was made, a change is being sent, or the lead is gone.
        """
        one = self.suggestion
        if one is None or self.look == Look.SENDING or self.lead.gone_at:
            return None
        return one if one.owner_id == self.lead.owner_id else None

    @property
    def held_for(self) -> Member | None:
        """Return the member from whom the lowest hold took the lead; None if it is not
        held.
        """
        return self.holds[0].origin if self.holds else None

    @property
    def absence(self) -> Coverage | None:
        """Return the running absence of the lead's owner; None if they are here or
        there is no owner.
        """
        return self.away.get(self.lead.owner_id or 0)

    @property
    def look(self) -> Look:
        change = self.change
        if change is None:
            return Look.CALM
        if change.is_pending:
            return Look.SENDING
        if change.state == State.DONE:
            return Look.DONE if self._is_done_within(TELLS_DONE) else Look.CALM
        if change.dismissed_at:
            return Look.CALM
        return Look(change.state)

    @property
    def is_polled(self) -> bool:
        return self.look == Look.SENDING

    @property
    def poll(self) -> str:
        """Return when a row is read again, as htmx writes it; empty for never.

        One that is sending is asked often; one that says that it is done, once it no
        longer has to, and then each minute, if somebody was just using it.
        """
        if self.change is None or self.look not in {Look.SENDING, Look.DONE}:
            return ""
        if self.look == Look.DONE:
            assert self.change.finished_at is not None  # noqa: S101  it is done
            left = self.change.finished_at + TELLS_DONE - self.at
            return f"load delay:{left.seconds + 1}s, every {TELLS_DONE.seconds}s"
        young = self.at - self.change.created_at < FAST
        return "every 500ms" if young else "every 5s"

    @property
    def is_slow(self) -> bool:
        """Return True if the change is still waiting FAST (10 seconds) after it was
        made: it is no longer called sending.
        """
        change = self.change
        return (
            change is not None
            and change.state == State.WAITING
            and self.at - change.created_at >= FAST
        )

    @property
    def expected(self) -> str | None:
        """Return what the assign form sends as `expected`, the id of the owner whom the
        page shows. That is the receiver of a pending change, else the owner; empty
        for nobody. None leaves the field out: the owner is not known.
        """
        if self.change and self.change.is_pending:
            return str(self.change.to_id)
        if not self.lead.owner_is_known:
            return None
        return str(self.lead.owner_id or "")

    @property
    def may_move(self) -> bool:
        return self.rights.may_move(self.lead) and self.lead.gone_at is None

    @property
    def why_not_move(self) -> str:
        """Return a sentence why the lead is not the viewer's to move; "" if it is."""
        if self.lead.gone_at:
            return "Smartlead no longer has this lead, so nobody can be given it."
        return self.rights.why_not_move(self.lead)

    @property
    def may_select(self) -> bool:
        return self.rights.may_assign_many and self.may_move

    @property
    def may_undo(self) -> bool:
        """Return True if the row can undo its change: one on its way, or one that the
        viewer made in the last ten minutes and that is done.
        """
        is_new = self.look == Look.SENDING or self._is_done_within(JUST_DONE)
        return self.is_undoable and is_new

    @property
    def is_undoable(self) -> bool:
        """Return True if the viewer can undo the newest change, however old it is."""
        change = self.change
        is_made = change is not None and (
            change.is_pending or change.state == State.DONE
        )
        return is_made and not self.no_undo

    @property
    def is_for_key(self) -> bool:
        """Return True if the key for undo may take the change back: the viewer made it
        within a day.
        """
        change = self.change
        return (
            change is not None
            and change.actor_id == self.rights.user_id
            and self.at - change.created_at < A_DAY
        )

    @property
    def no_way_back(self) -> str:
        """Return the sentence that tells, before the lead is assigned, why that cannot
        be undone; empty if it can.
        """
        change = self.change
        is_sent = change is not None and change.state == State.SENDING
        return "" if is_sent else why_no_way_back(self.lead)

    @property
    def may_dismiss(self) -> bool:
        change = self.change
        is_mine = change is not None and change.actor_id == self.rights.user_id
        return is_mine or self.may_move

    @property
    def is_own(self) -> bool:
        """Return True if the lead's owner is the viewer's member."""
        owner = self.lead.owner
        return owner is not None and owner.user_id == self.rights.user_id

    @property
    def is_troubled(self) -> bool:
        return self.look in {Look.REFUSED, Look.OVERTAKEN}

    @property
    def answer(self) -> AnswerState:
        if self.is_overdue:
            return AnswerState("bad strong", "late", "answer overdue")
        if self.is_due_soon:
            return AnswerState("warn", "soon", "answer due within the hour")
        if self.lead.answer_owed:
            return AnswerState("muted", "fine", "answer owed")
        return AnswerState("muted", "", "")

    @property
    def late_by(self) -> str:
        """Return how late the answer is, by the clock: `3 h`; `in 2 h` if it is due
        later; empty if none is due.
        """
        due = self.lead.answer_due_at
        if due is None or not self.lead.answer_owed:
            return ""
        span = age(due, self.at)
        return span if self.is_overdue else f"in {span}"

    @property
    def is_overdue(self) -> bool:
        due = self.lead.answer_due_at
        return self.lead.answer_owed and due is not None and due <= self.at

    @property
    def is_due_soon(self) -> bool:
        due = self.lead.answer_due_at
        soon = due is not None and self.at < due < self.at + DUE_SOON
        return self.lead.answer_owed and soon

    def _is_done_within(self, span: timedelta) -> bool:
        """Return True if the viewer's own change was done less than `span` ago and the
        lead is still with its receiver.
        """
        change = self.change
        finished = change.finished_at if change and change.state == State.DONE else None
        return (
            change is not None
            and finished is not None
            and self.at - finished < span
            and change.actor_id == self.rights.user_id
            and change.to_id == self.lead.owner_id
            and change.dismissed_at is None
        )


def rows_of(leads: Iterable[Lead], *, viewer: User, at: datetime) -> list[InboxRow]:
    leads = list(leads)
    ids = [lead.pk for lead in leads]
    changes, suggestions = _newest_decisions(ids), _suggestions(ids)
    _catch_up(leads, changes)
    no_undo = _undo_obstacles(leads, changes, viewer)
    rights = ViewerRights.of(viewer)
    away = absences_at(at)
    holds = _live_holds([lead.pk for lead in leads])
    return [
        InboxRow(
            lead=lead,
            change=changes.get(lead.pk),
            rights=rights,
            at=at,
            no_undo=no_undo.get(lead.pk, ""),
            suggestion=suggestions.get(lead.pk),
            holds=tuple(holds.get(lead.pk, ())),
            away=away,
        )
        for lead in leads
    ]


def row_of(lead: Lead, *, viewer: User, at: datetime) -> InboxRow:
    return rows_of([lead], viewer=viewer, at=at)[0]


def _catch_up(leads: Iterable[Lead], changes: Mapping[int, Assignment]) -> None:
    """Read owner and `owner_known_at` again of leads whose change was done after they
    were read. Otherwise a row would show the owner of before, and no longer ask what
    became of it.
    """
    for lead in leads:
        change = changes.get(lead.pk)
        if change and _is_done_since_read(change, lead):
            lead.refresh_from_db(fields=("owner", "owner_known_at"))


def _is_done_since_read(change: Assignment, lead: Lead) -> bool:
    if change.state != State.DONE or change.to_id == lead.owner_id:
        return False
    return (change.finished_at or NEVER) > (lead.owner_known_at or NEVER)


def _undo_obstacles(
    leads: Iterable[Lead], changes: Mapping[int, Assignment], viewer: User
) -> dict[int, str]:
    """Return, by lead id, why `viewer` cannot undo the lead's change, of those that are
    on their way or done. Undoable ones are left out.
    """
    made = []
    for lead in leads:
        change = changes.get(lead.pk)
        if change and (change.is_pending or change.state == State.DONE):
            change.lead = lead  # loaded, with its owner
            made.append(change)
    found = undo_obstacles(made, viewer)
    return {change.lead_id: found[change.pk] for change in made if change.pk in found}


def _suggestions(map_ids: list[int]) -> dict[int, Suggestion]:
    waiting = Suggestion.objects.acceptable().filter(lead__in=map_ids)
    return {one.lead_id: one for one in waiting.select_related("member")}


def _live_holds(map_ids: list[int]) -> dict[int, list[Hold]]:
    live = Hold.objects.live().filter(lead__in=map_ids).order_by("pk")
    found: dict[int, list[Hold]] = {}
    for hold in live.select_related("coverage", "origin", "to"):
        found.setdefault(hold.lead_id, []).append(hold)
    return found


def _newest_decisions(map_ids: list[int]) -> dict[int, Assignment]:
    """Return, by lead id, the newest assignment that was made in Handoff and is neither
    cancelled nor skipped. Leads without one are left out. Members and actor are
    loaded.
    """
    decided = Assignment.objects.filter(lead__in=map_ids).exclude(
        cause=Cause.OUTSIDE
    ).exclude(state__in=(State.CANCELLED, State.SKIPPED))  # fmt: skip
    newest = decided.order_by().values("lead").annotate(newest=Max("pk"))
    rows = Assignment.objects.filter(pk__in=newest.values("newest"))
    known = rows.select_related("expected", "to", "found", "actor")
    return {row.lead_id: row for row in known}
