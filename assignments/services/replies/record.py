"""Writing Reply rows from the mails that were seen. Callers hold the lead's lock.

The mails of a lead are a set that only grows, so neither order, number nor source of
sightings matters. A list knows the last mail of each side alone; what it left out
corrects the rows once a conversation brings it.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import NamedTuple

from django.db.models import Q

from assignments.models import Hold, Lead, MailEvent, Reply
from assignments.services.replies.attribution import HoldPeriod, covered_for, owner_at
from assignments.services.replies.exchanges import (
    AUTOMATIC,
    BOUNCE,
    OWN,
    REPLY,
    SENT,
    Exchange,
    Mail,
    exchanges_of,
    without_false_replies,
)
from assignments.services.sla.deadlines import (
    OwnerChange,
    OwnershipSpan,
    deadline_of,
    owner_changes,
    ownership_spans,
)
from assignments.services.sla.policy import SlaPolicy
from assignments.smartlead.records import HistoryEntry, LeadRow

type Mails = Mapping[int, Iterable[Mail]]
type Promises = Mapping[int, "DuePromise"]


class DuePromise(NamedTuple):
    """The moment an answer to the reply was due. `due_at` is None if no target applied."""

    reply_at: datetime
    due_at: datetime | None


def due_promises(leads: Iterable[Lead]) -> dict[int, DuePromise]:
    """Return, by lead id, the last reply and the stored moment when its answer is due.

    Leads without a reply, or with a mail of ours at or after it, are left out.
    """
    return {
        lead.pk: DuePromise(lead.last_reply_at, lead.answer_due_at)
        for lead in leads
        if lead.last_reply_at
        and (lead.last_sent_at is None or lead.last_sent_at < lead.last_reply_at)
    }


def mails_of_row(row: LeadRow) -> set[Mail]:
    """Return (time, kind) of the mails that a row tells of: the last of each side, and
    its history.
    """
    ends = {(row.last_sent_at, SENT), (row.last_reply_at, REPLY)}
    return {(at, kind) for at, kind in ends if at} | mails_of(row.history or ())


def mails_of(history: Iterable[HistoryEntry]) -> set[Mail]:
    """Return (time, kind) of each mail that has a time.

    The kind is OWN, AUTOMATIC or BOUNCE, the first that the mail is marked as, else the
    direction.
    """
    return {(entry.at, _kind(entry)) for entry in history if entry.at}


def _kind(entry: HistoryEntry) -> str:
    if entry.is_own:
        return OWN
    if entry.is_automatic:
        return AUTOMATIC
    return BOUNCE if entry.is_bounce else entry.direction


def known_mails(told: Mails) -> dict[int, set[Mail]]:
    """Return, by lead id, the stored mails together with those of `told`, as (time,
    kind); only leads in `told`.
    """
    known = _known(told)
    return {pk: known[pk] | set(mails) for pk, mails in told.items()}


def marked_as_known(entry: HistoryEntry, mails: Collection[Mail]) -> HistoryEntry:
    """Return the mail marked as automatic if it is a person's reply and `mails` has an
    automatic answer of its time; else the mail as it is.
    """
    is_automatic = entry.is_from_person and (entry.at, AUTOMATIC) in mails
    return replace(entry, is_automatic=True) if is_automatic else entry


def record_mails(mails: Mails, *, promised: Promises) -> None:
    """Add mails to the stored ones and rebuild the Reply rows of leads whose mails
    changed.

    False replies (see `without_false_replies`) are not stored, and deleted if they
    were. `promised` holds when each lead's answer was due before these mails were seen.
    """
    known = _known(mails)
    all_mails = {
        pk: without_false_replies([*known[pk], *told]) for pk, told in mails.items()
    }
    changed = {pk for pk, told in all_mails.items() if told != known[pk]}
    _keep({pk: all_mails[pk] for pk in changed}, known)
    if changed:
        wanted = {pk: exchanges_of(all_mails[pk]) for pk in changed}
        rebuild_replies(wanted, promised=promised)


def reattribute(lead: Lead) -> None:
    """Rebuild the lead's Reply rows after its owner became known or changed.

    Does nothing unless an answered one has no owner, or was answered at or after the
    change.
    """
    doubtful = Q(owner=None)
    if lead.owner_changed_at:
        doubtful |= Q(answered_at__gte=lead.owner_changed_at)
    answers = Reply.objects.filter(lead=lead, answered_at__isnull=False)
    if not answers.filter(doubtful).exists():
        return
    turns = exchanges_of(_known({lead.pk: ()})[lead.pk])
    rebuild_replies({lead.pk: turns}, promised=due_promises([lead]))


def rebuild_replies(turns: Mapping[int, list[Exchange]], *, promised: Promises) -> None:
    """Make the stored Reply rows of these leads equal to `replies_of` their exchanges.

    Rows whose exchange does not exist any more are deleted, others inserted or updated.
    """
    before = _replies_of(turns)
    told = replies_of(turns, before=before, promised=promised)
    stay = {(row.lead_id, row.replied_at) for row in told}
    gone = [
        row.pk
        for rows in before.values()
        for row in rows
        if (row.lead_id, row.replied_at) not in stay
    ]
    if gone:
        Reply.objects.filter(pk__in=gone).delete()
    Reply.objects.bulk_create(
        told,
        update_conflicts=True,
        unique_fields=["lead", "replied_at"],
        update_fields=["answered_at", "owner", "covering_for", "due_at", "minutes"],
    )


def replies_of(
    turns: Mapping[int, list[Exchange]],
    *,
    before: Mapping[int, list[Reply]],
    promised: Promises,
) -> list[Reply]:
    """Return a Reply row for each exchange, unsaved; only answered ones have owner, due
    moment and minutes.

    `before` holds the stored rows by lead id. A due moment that is stored there stays;
    for a row that was waiting, that of `promised` counts.
    """
    around = _surroundings(turns)
    return [
        _reply(lead_id, turn, around, _Memory(before.get(lead_id, []), lead_turns),
               promised.get(lead_id))
        for lead_id, lead_turns in turns.items()
        for turn in lead_turns
    ]  # fmt: skip


def _known(mails: Mails) -> dict[int, set[Mail]]:
    known: dict[int, set[Mail]] = {pk: set() for pk in mails}
    rows = MailEvent.objects.filter(lead__in=list(mails))
    for lead_id, at, kind in rows.values_list("lead_id", "at", "kind"):
        known[lead_id].add((at, kind))
    return known


def _keep(mails: Mapping[int, set[Mail]], known: Mapping[int, set[Mail]]) -> None:
    MailEvent.objects.bulk_create(
        [
            MailEvent(lead_id=pk, at=at, kind=kind)
            for pk, told in mails.items()
            for at, kind in told - known[pk]
        ],
        ignore_conflicts=True,
    )
    for pk, told in mails.items():
        for at, kind in known[pk] - told:  # a reply that was a bounce
            MailEvent.objects.filter(lead=pk, at=at, kind=kind).delete()


def _replies_of(lead_ids: Iterable[int]) -> dict[int, list[Reply]]:
    found: dict[int, list[Reply]] = defaultdict(list)
    for row in Reply.objects.filter(lead__in=list(lead_ids)):
        found[row.lead_id].append(row)
    return found


# ── What a reply's row depends on ───────────────────────────────────────────────
@dataclass(frozen=True, slots=True, kw_only=True)
class _ReplyContext:
    leads: Mapping[int, Lead]
    changes: Mapping[int, list[OwnerChange]]
    book: SlaPolicy = field(default_factory=SlaPolicy)
    holdings: dict[int, list[HoldPeriod]] = field(
        default_factory=lambda: defaultdict(list)
    )


def _surroundings(lead_ids: Iterable[int]) -> _ReplyContext:
    wanted = list(lead_ids)
    leads = Lead.objects.select_related("category").only(
        "owner_id",
        "campaign_id",
        "category__is_closing",
        "category__owes_no_answer",
    )
    around = _ReplyContext(leads=leads.in_bulk(wanted), changes=owner_changes(wanted))
    _add_holdings(around, wanted)
    return around


def _add_holdings(around: _ReplyContext, lead_ids: list[int]) -> None:
    holds = Hold.objects.filter(lead__in=lead_ids).order_by("pk")
    for pk, origin, taken_at, ended_at in holds.values_list(
        "lead_id", "origin_id", "taken_at", "ended_at"
    ):
        if taken_at is not None:
            around.holdings[pk].append(HoldPeriod(origin, taken_at, ended_at))


def _reply(
    lead_id: int,
    turn: Exchange,
    around: _ReplyContext,
    memory: "_Memory",
    promised: DuePromise | None,
) -> Reply:
    reply = Reply(lead_id=lead_id, replied_at=turn.replied_at)
    if (at := turn.answered_at) is None:
        return reply
    reply.answered_at, reply.minutes = at, turn.minutes
    lead, changes = around.leads[lead_id], around.changes.get(lead_id, [])
    reply.owner_id = owner_at(at, changes=changes, owner_id=lead.owner_id)
    reply.covering_for_id = covered_for(
        at, holdings=around.holdings[lead_id], owner_id=reply.owner_id
    )
    reply.due_at = _due(turn, memory, promised, lead, around)
    return reply


@dataclass(frozen=True, slots=True)
class _Memory:
    """The stored rows of a lead, and its exchanges as the mails now tell them."""

    rows: list[Reply]
    turns: list[Exchange]

    def of(self, turn: Exchange) -> Reply | None:
        """Return the stored answered row of this exchange, None if there is none.

        It has the same answer; else the same first reply, and an answer that has gone.
        """
        answered = {row.answered_at: row for row in self.rows if row.answered_at}
        if turn.answered_at in answered:
            return answered[turn.answered_at]
        present = {each.answered_at for each in self.turns}
        return next(
            (
                row
                for row in answered.values()
                if row.replied_at == turn.replied_at and row.answered_at not in present
            ),
            None,
        )

    def was_waiting(self, turn: Exchange) -> bool:
        return any(
            row.answered_at is None and row.replied_at == turn.replied_at
            for row in self.rows
        )


def _due(
    turn: Exchange,
    memory: _Memory,
    promised: DuePromise | None,
    lead: Lead,
    around: _ReplyContext,
) -> datetime | None:
    """Return when the answer was due: as stored or promised, else by today's targets;
    None if no target applies or, by today's, the lead's category owes no answer.
    """
    if row := memory.of(turn):
        return row.due_at
    if promised and memory.was_waiting(turn) and _is_about(promised, turn):
        return promised.due_at
    if lead.category and not lead.category.owes_answer:
        return None
    due = deadline_of(
        around.book,
        reply_at=turn.last_reply_at,
        campaign_id=lead.campaign_id,
        category_id=lead.category_id,
        spells=_spells(turn, lead, around.changes.get(lead.pk, [])),
    )
    return due.at if due else None


def _is_about(promised: DuePromise, turn: Exchange) -> bool:
    """Return True if the exchange is answered, and not before the reply of the promise."""
    return turn.answered_at is not None and promised.reply_at <= turn.answered_at


def _spells(
    turn: Exchange, lead: Lead, changes: Sequence[OwnerChange]
) -> list[OwnershipSpan]:
    """Return who owned the lead from the exchange's last reply to its answer, or to now
    without one; oldest first.
    """
    first = owner_at(turn.last_reply_at, changes=changes, owner_id=lead.owner_id)
    end = turn.answered_at
    known = [one for one in changes if end is None or one.at <= end]
    return ownership_spans(known, reply_at=turn.last_reply_at, owner_id=first)
