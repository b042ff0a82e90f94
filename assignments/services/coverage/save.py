"""Save a draft as a new coverage, or over one that has not begun."""

from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from assignments.models import Coverage, CoveringMember, Member, User
from assignments.services import periods
from assignments.services.absence_wording import join_names
from assignments.services.coverage import drafts
from assignments.services.coverage.drafts import CoverageDraft, DraftCoverer, Problems
from assignments.services.errors import AssignmentRefused

ANOTHER_MEMBER = (
    "It stays an absence of {member}. Cancel it, and plan a new one for somebody else."
)
# Fields by the words that an event says of a change of any of them.
CHANGE_LABELS = {
    "the days": (
        "first_day", "last_day", "first_time", "last_time", "zone", "from_now",
    ),
    "which leads are covered": ("scope", "campaigns", "categories"),
    "who covers": ("coverers", "fallback"),
    "what happens to new leads": ("arrivals",),
    "what happens at the end": ("on_return",),
    "the notes": ("start_note", "return_note"),
    "the comment": ("comment",),
}  # fmt: skip


class DraftRefused(AssignmentRefused):
    """Raised for a draft with problems: `problems` holds sentences by field."""

    def __init__(self, problems: Problems) -> None:
        super().__init__(next(iter(problems.values()))[0])
        self.problems = problems


def save_new_coverage(
    draft: CoverageDraft, actor: User, at: datetime, *, state: Coverage.State
) -> Coverage:
    """Create a coverage with its scope and coverers from the draft; return it.

    No event is written. Raises DraftRefused.
    """
    check_draft(draft, actor, at)
    coverage = Coverage.objects.create(
        member=draft.member, state=state, created_by=actor, created_at=at,
        **_values(draft, at),
    )  # fmt: skip
    _save_scope(coverage, draft)
    return coverage


def save_changes(
    coverage: Coverage, draft: CoverageDraft, actor: User, at: datetime
) -> str:
    """Save everything as in the draft; return the labels of what changed, in words.

    Coverers are created anew. Without a change nothing is saved and the result is "".
    The caller holds the lock on the coverage. Raises DraftRefused, also for another
    member.
    """
    if draft.member != coverage.member:
        raise DraftRefused({"member": [ANOTHER_MEMBER.format(member=coverage.member)]})
    check_draft(draft, actor, at, existing=coverage)
    changes = join_names(list(_changes(drafts.draft_from(coverage), draft)))
    if not changes:
        return ""
    for name, value in _values(draft, at).items():
        setattr(coverage, name, value)
    coverage.save()
    coverage.coverers.all().delete()
    _save_scope(coverage, draft)
    return changes


def check_draft(
    draft: CoverageDraft, actor: User, at: datetime, *, existing: Coverage | None = None
) -> None:
    """Lock the row of the draft's member; raise DraftRefused if the draft has problems.

    Without the lock, of two drafts at once neither would see the other.
    """
    Member.objects.select_for_update(no_key=True, of=("self",)).get(pk=draft.member.pk)
    if problems := drafts.draft_problems(draft, at, actor, existing=existing):
        raise DraftRefused(problems)


def set_start(coverage: Coverage, at: datetime) -> None:
    """Save `at` as the start, with its day and minute in the zone of the coverage."""
    local_now = periods.in_zone(at, coverage.zone)
    coverage.starts_at = at
    coverage.first_day = local_now.date()
    coverage.first_time = periods.minute_of(local_now)
    coverage.save(update_fields=["starts_at", "first_day", "first_time"])


def set_end(
    coverage: Coverage, ends_at: datetime, last_day: date, last_time: time | None
) -> None:
    """Save another end, and the day and time that stand for it."""
    coverage.ends_at = ends_at
    coverage.last_day, coverage.last_time = last_day, last_time
    coverage.save(update_fields=["ends_at", "last_day", "last_time"])


def _values(draft: CoverageDraft, at: datetime) -> dict[str, Any]:
    starts_at, ends_at = draft.window(at)
    first_day, first_time = _local_start(draft, at)
    return {
        "first_day": first_day, "last_day": draft.last_day,
        "first_time": first_time, "last_time": draft.last_time, "zone": draft.zone,
        "starts_at": starts_at, "ends_at": ends_at, "scope": draft.scope,
        "arrivals": draft.arrivals, "on_return": draft.on_return,
        "fallback": draft.fallback, "start_note": draft.start_note,
        "return_note": draft.return_note, "comment": draft.comment,
    }  # fmt: skip


def _local_start(draft: CoverageDraft, at: datetime) -> tuple[date, time | None]:
    """Return the first day and time as typed.

    With `from_now` those of `at` in the draft's zone, to the minute.
    """
    if not draft.from_now:
        return draft.first_day, draft.first_time
    local_now = at.astimezone(ZoneInfo(draft.zone))
    return local_now.date(), periods.minute_of(local_now)


def _save_scope(coverage: Coverage, draft: CoverageDraft) -> None:
    """Set the draft's campaigns and categories, and create its coverers in their order.

    Coverers that the coverage has are not removed.
    """
    coverage.campaigns.set(draft.campaigns)
    coverage.categories.set(draft.categories)
    for position, typed in enumerate(draft.coverers):
        coverer = CoveringMember.objects.create(
            coverage=coverage, member=typed.member, position=position, share=typed.share
        )
        coverer.campaigns.set(typed.campaigns)
        coverer.categories.set(typed.categories)


def _changes(before: CoverageDraft, after: CoverageDraft) -> Iterator[str]:
    """Yield the labels of CHANGE_LABELS of which any field differs, in that order."""
    for label, names in CHANGE_LABELS.items():
        if any(_comparable(before, name) != _comparable(after, name) for name in names):
            yield label


def _comparable(draft: CoverageDraft, name: str) -> Any:
    """Return the value of a field for comparison.

    Campaigns and categories are sets of ids; coverers stay in their order.
    """
    value = getattr(draft, name)
    if name in {"campaigns", "categories"}:
        return frozenset(value)
    if name == "coverers":
        return [_comparable_coverer(coverer) for coverer in draft.coverers]
    return value


def _comparable_coverer(coverer: DraftCoverer) -> tuple[Any, ...]:
    return (
        coverer.member,
        coverer.share,
        frozenset(coverer.campaigns),
        frozenset(coverer.categories),
    )
