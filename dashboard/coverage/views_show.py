"""The page of a coverage, live, and its certificate at the end."""

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from assignments.models import Coverage
from assignments.services.access import may_read_comment
from assignments.services.coverage import actions, calendar
from assignments.services.coverage.certificate import StatusCounts, status_counts
from assignments.services.coverage.certificate import certificate as certificate_of
from assignments.services.coverage.clashes import clash_sentences
from assignments.services.coverage.drafts import draft_from
from assignments.services.coverage.preview import preview_draft
from assignments.services.coverage.progress import CoverageProgress, coverage_progress
from assignments.services.periods import moment_from
from assignments.services.sight import Sight
from dashboard.coverage.certificate_labels import CertificateWords
from dashboard.coverage.example_notes import example_of_holds
from dashboard.coverage.labels import (
    CoverageEntry,
    act_sentence,
    end_button,
    entry_of,
    moment_in,
    state_word,
    viewers_moment,
)
from dashboard.coverage.limits import limits_so_far
from dashboard.coverage.page import (
    FILTERS,
    RUNNING,
    chips_of,
    coverage_history,
    day_of,
    held_page,
    left_words,
    nothing_held,
    refused_holds,
    rows_of,
    sum_words,
    title_of,
)
from dashboard.coverage.preview import shown_preview
from dashboard.htmx import PageRequest, render_page, target
from dashboard.pagination import BadCursor, Cursor
from dashboard.permissions import ViewerRights

TEMPLATE = "coverage/show.html"
State = Coverage.State
AHEAD = (State.PROPOSED, State.SCHEDULED)
FAST, SLOW, CALM = "2s", "10s", "60s"  # while it moves, after a while, when at rest
PATIENCE = timedelta(minutes=2)


@require_safe
def show_coverage(request: PageRequest, pk: int) -> HttpResponse:
    at, seen = timezone.now(), actions.last_event_id(pk)
    coverage = _get(pk)
    shown = request.GET.get("show", "")
    if shown not in FILTERS:
        return _no_list(request, coverage, "This list does not exist. Show all leads.")
    try:
        context = _context(request, coverage, shown=shown, seen=seen, at=at)
    except BadCursor as bad:
        return _no_list(request, coverage, str(bad))
    return render_page(request, TEMPLATE, context, fragments=("running",))


@require_safe
def certificate(request: PageRequest, pk: int) -> HttpResponse:
    """Show what became of each lead; the viewer is welcomed back if they are the member
    who was away. Raises Http404 for an unknown coverage.
    """
    coverage = _get(pk)
    found = certificate_of(coverage, sight=Sight.of(request.user))
    is_welcome = coverage.member.user_id == request.user.pk
    words = CertificateWords(certificate=found, is_welcome=is_welcome)
    context = {
        "coverage": coverage,
        "entry": entry_of(coverage, ViewerRights.of(request.user)),
        "found": found,
        "tally": found.tally,
        "parts": _bar(found.tally.parts, found.tally.taken),
        "words": words,
        "at": timezone.now(),
    }
    return render(request, "coverage/certificate.html", context)


def _context(
    request: PageRequest, coverage: Coverage, *, shown: str, seen: int, at: datetime
) -> dict[str, Any]:
    rights = ViewerRights.of(request.user)
    sight = rights.sight
    tally = status_counts(coverage, sight=sight)
    refused = refused_holds(coverage, sight).count()
    far = coverage_progress(coverage, tally, at=at, sight=sight)
    return {
        "coverage": coverage,
        "comment": may_read_comment(request.user, coverage) and coverage.comment,
        "entry": _entry(coverage, rights, at),
        "title": title_of(coverage),
        "tally": tally,
        "refused": refused,
        "progress": far,
        "day": day_of(coverage, at),
        "chips": chips_of(tally, refused=refused, shown=shown),
        "seen": seen,
        "may_decide": rights.may_cover(coverage.member),
        "may_take_back": coverage.member.user_id == rights.user_id,
        "told": coverage_history(coverage, sight),
        **_words(coverage, tally, far, shown=shown),
        **_held_leads(request, coverage, rights, shown=shown),
        **_state(coverage),
        **_moments(coverage),
        **_poll(request, coverage, settled=far.is_settled, at=at),
        "is_poll": target(request) == "running" and coverage.state in RUNNING[:2],
        **_outlook(coverage, at, sight),
    }


def _entry(coverage: Coverage, rights: ViewerRights, at: datetime) -> CoverageEntry:
    proposed = [coverage] if coverage.state == State.PROPOSED else []
    return entry_of(
        coverage,
        rights,
        gaps=calendar.uncovered_days_of([coverage]),
        clashes=clash_sentences(proposed, today=timezone.localdate(at)),
    )


def _held_leads(
    request: PageRequest, coverage: Coverage, rights: ViewerRights, *, shown: str
) -> dict[str, Any]:
    after = request.GET.get("after", "")
    scope = f"coverage {coverage.pk} {shown}"
    cursor = Cursor.decoded(after, scope) if after else None
    page = held_page(coverage, rights, shown=shown, after=cursor)
    return {
        "rows": rows_of(page.rows, rights, coverage=coverage),
        "shown": shown,
        "earlier": page.earlier and page.earlier.encoded(scope),
        "later": page.later and page.later.encoded(scope),
        "list_query": f"show={shown}" if shown else "",
    }


def _words(
    coverage: Coverage, tally: StatusCounts, progress: CoverageProgress, *, shown: str
) -> dict[str, str]:
    return {
        "nothing_held": nothing_held(coverage, shown),
        "left": left_words(coverage, progress),
        "sum": sum_words(coverage, tally),
        "end_sentence": act_sentence("end", coverage, tally),
        "end_button": end_button(coverage, tally),
    }


def _state(coverage: Coverage) -> dict[str, Any]:
    return {
        "state_word": state_word(coverage),
        "is_running": coverage.state in RUNNING,
        "is_ahead": coverage.state in AHEAD,
        "may_have_gaps": coverage.state in (*RUNNING, *AHEAD),
    }


def _moments(coverage: Coverage) -> dict[str, Any]:
    return {
        "starts": moment_in(coverage.starts_at, coverage),
        "starts_yours": viewers_moment(coverage.starts_at, coverage.zone),
        "returns": moment_in(coverage.ends_at, coverage),
        "returns_yours": viewers_moment(coverage.ends_at, coverage.zone),
    }


def _poll(
    request: PageRequest, coverage: Coverage, *, settled: bool, at: datetime
) -> dict[str, Any]:
    """Return `poll`, the interval of the page's polls, and `poll_query`, their query
    string. `poll` is empty, and the query missing, if the coverage is completed,
    cancelled or proposed. FAST while leads move, SLOW once the page has been open
    for PATIENCE, CALM at rest. `opened` in the query tells since when the page is
    open.
    """
    if coverage.state in {State.COMPLETED, State.CANCELLED, State.PROPOSED}:
        return {"poll": ""}
    opened = moment_from(request.GET.get("opened", "")) or at
    busy = not settled or coverage.state in {State.STARTING, State.RETURNING}
    pace = FAST if at - opened < PATIENCE else SLOW
    query = request.GET.copy()
    query["opened"] = opened.isoformat()
    return {"poll": pace if busy else CALM, "poll_query": query.urlencode()}


def _outlook(coverage: Coverage, at: datetime, sight: Sight) -> dict[str, Any]:
    """Return `notes`, both as an example lead gets them, and `limits`, the words on
    covering members limited to some leads.

    If it lies ahead and somebody covers, also `preview`, what it would do with the
    leads of today, and `away`, its member; then `limits` is empty, as the preview has
    them.
    """
    if coverage.state not in AHEAD or not coverage.coverers.exists():
        return {
            "notes": example_of_holds(coverage, sight),
            "limits": limits_so_far(coverage, sight),
        }
    draft = draft_from(coverage)
    preview = shown_preview(preview_draft(draft, at, sight=sight), draft)
    return {"preview": preview, "notes": preview.notes, "away": coverage.member}


def _bar(
    parts: list[tuple[Any, int]], total: int
) -> list[tuple[Any, int, float, float]]:
    """Return (part, count, start, width) for each part, the last two in percent of
    `total` and rounded to two digits. Widths are 0 if `total` is 0.
    """
    bar, start = [], 0.0
    for fate, count in parts:
        width = 100 * count / total if total else 0.0
        bar.append((fate, count, round(start, 2), round(width, 2)))
        start += width
    return bar


def _no_list(request: PageRequest, coverage: Coverage, sentence: str) -> HttpResponse:
    context = {
        "coverage": coverage,
        "title": title_of(coverage),
        "entry": entry_of(coverage, ViewerRights.of(request.user)),
        "problem": sentence,
    }
    return render_page(request, TEMPLATE, context, status=400)


def _get(pk: int) -> Coverage:
    return get_object_or_404(
        calendar.coverages_with_coverers().select_related("confirmed_by"), pk=pk
    )
