"""Figures, answers and leads as CSV: all that is needed to work the figures out again."""

from collections.abc import Iterable, Iterator
from datetime import tzinfo

from assignments.models import Lead, Reply
from assignments.services.insights.metrics import MemberMetrics
from dashboard.csv_writer import MARK, line_of, moment_of
from dashboard.performance.periods import Days

FIGURES = (
    "Member id", "Member", "Team", "First day", "Last day", "Leads", "Replied",
    "Interested", "Reply rate", "Interest rate", "Assigned", "Taken over",
    "Handed over", "Answers", "Median minutes", "90 % within minutes",
    "With target", "SLA kept", "SLA kept rate", "Waiting now", "Overdue now",
    "Answers while covering", "Median minutes while covering",
)  # fmt: skip
ANSWERS = (
    "Lead id", "Lead", "Replied", "Answered", "Minutes", "Due", "Answered by id",
    "Answered by", "Covering for id", "Covering for",
)  # fmt: skip
LEADS = (
    "Lead id", "Lead", "Owner id", "Owner", "Covered for id", "Category",
    "Means interest", "Closes the conversation", "Automatic answer", "Answer due",
    "First seen", "Gone",
)  # fmt: skip


def figures_csv(lines: Iterable[MemberMetrics], days: Days) -> str:
    """Return a CSV text with byte order mark, header and one row per line, in the order
    given. Each row has the days. A line without a member is the total: it has no id,
    and the name `All`.
    """
    return MARK + line_of(FIGURES) + "".join(line_of(_line(one, days)) for one in lines)


def answers_csv(replies: Iterable[Reply], *, zone: tzinfo) -> Iterator[str]:
    """Yield byte order mark and header, then a CSV line per reply in the order given.

    Times are in `zone`; what is missing is empty. The zone is passed in because the
    file is written after the request's own zone has ended.
    """
    yield MARK + line_of(ANSWERS)
    for reply in replies:
        yield line_of(
            (
                reply.lead_id,
                reply.lead.name,
                moment_of(reply.replied_at, zone),
                moment_of(reply.answered_at, zone),
                "" if reply.minutes is None else reply.minutes,
                moment_of(reply.due_at, zone),
                reply.owner_id or "",
                reply.owner or "",
                reply.covering_for_id or "",
                reply.covering_for or "",
            )
        )


def leads_csv(leads: Iterable[Lead], *, zone: tzinfo) -> Iterator[str]:
    yield MARK + line_of(LEADS)
    for lead in leads:
        category = lead.category
        yield line_of(
            (
                lead.pk,
                lead.name,
                lead.owner_id or "",
                lead.owner or "",
                getattr(lead, "covered_for_id", None) or "",
                category or "",
                "Yes" if category and category.is_interested else "",
                "Yes" if category and category.is_closing else "",
                "Yes" if category and category.owes_no_answer else "",
                moment_of(lead.answer_due_at, zone),
                moment_of(lead.first_seen_at, zone),
                moment_of(lead.gone_at, zone),
            )
        )


def _line(one: MemberMetrics, days: Days) -> Iterable[object]:
    member, counts = one.member, one.counts
    return (
        member.pk if member else "",
        member or "All",
        (member and member.team) or "",
        *days,
        counts.leads,
        counts.replied,
        counts.interested,
        _rate(one.reply_rate),
        _rate(one.interest_rate),
        counts.assigned,
        counts.taken_over,
        counts.handed_over,
        one.own.count,
        _number(one.own.median),
        _number(one.own.p90),
        one.own.promised,
        one.own.kept,
        _rate(one.own.kept_rate),
        one.waiting,
        one.overdue,
        one.covering.count,
        _number(one.covering.median),
    )


def _rate(share: float | None) -> str:
    return "" if share is None else f"{share:.4f}"


def _number(value: int | None) -> object:
    return "" if value is None else value
