"""Figures of members in a period: the team's table and its exports.

Everybody signed in sees it, as they see inbox and history, which it is made of; exports
are for sales managers, like the one of the history (docs/design/design.md, section 9).
"""

from collections.abc import Callable
from typing import Any

from django.db.models import OuterRef, Subquery
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from assignments.models import Hold, Member
from assignments.services.insights.definitions import DEFINITIONS
from assignments.services.insights.lead_counts import MemberScope
from assignments.services.insights.metrics import (
    MemberMetrics,
    answered_replies,
    metrics_table,
)
from assignments.services.sight import Sight, visible_leads
from dashboard.csv_response import BATCH, csv_response
from dashboard.htmx import PageRequest
from dashboard.inbox.answer_filter import unanswered_before
from dashboard.pagination import Order, in_chunks
from dashboard.performance.export import answers_csv, figures_csv, leads_csv
from dashboard.performance.periods import PeriodForm
from dashboard.team.views_members import check_manager

TEMPLATE = "team/performance.html"
BY_ANSWER = Order(first="answered_at", key="pk", descending=False)
BY_KEY = Order(first="pk", key="pk", descending=False)


@require_safe
def performance(request: PageRequest) -> HttpResponse:
    form = PeriodForm(request.GET)
    context: dict[str, Any] = {"form": form, "definitions": DEFINITIONS}
    if not form.is_valid():
        return render(request, TEMPLATE, context, status=400)
    sight = Sight.of(request.user)
    lines, total = _table(form, sight)
    team = form.cleaned_data["team"]
    leads = visible_leads(request.user)
    context |= {
        "lines": lines,
        "sees_all_members": sight.owners is None,
        "total": total,
        "heads": _heads(form),
        **_name_head(form),
        "period_query": form.query(sort="", team=""),
        "days": form.days,
        "before": unanswered_before(
            {"team": f"{team.pk}"} if team else {},
            leads.filter(owner__team=team) if team else leads,
        ),
    }
    return render(request, TEMPLATE, context)


@require_safe
def performance_csv(request: PageRequest) -> HttpResponseBase:
    check_manager(request, "export figures")
    form = PeriodForm(request.GET)
    if not form.is_valid():
        return render(request, TEMPLATE, {"form": form}, status=400)
    return csv_response(
        request,
        name="performance",
        lines=lambda: [_figures_csv(form, Sight.of(request.user))],
    )


@require_safe
def answers_export(request: PageRequest) -> HttpResponseBase:
    """Return the replies answered in the period as a CSV download, earliest answer
    first. With times in the viewer's zone. An invalid form gives a page with status
    400; a refused download a page of `csv_response`. Raises PermissionDenied unless
    the viewer is a sales manager.
    """
    check_manager(request, "export answers")
    form = PeriodForm(request.GET)
    if not form.is_valid():
        return render(request, TEMPLATE, {"form": form}, status=400)
    seen = answered_replies(form.value).filter(Sight.of(request.user).leads("lead__"))
    replies = seen.select_related("lead", "owner", "covering_for")
    rows = in_chunks(replies, order=BY_ANSWER, size=BATCH)
    zone = timezone.get_current_timezone()
    return csv_response(
        request, name="answers", lines=lambda: answers_csv(rows, zone=zone)
    )


@require_safe
def leads_export(request: PageRequest) -> HttpResponseBase:
    check_manager(request, "export leads")
    live = Hold.objects.live().filter(lead=OuterRef("pk")).order_by("pk")
    seen = visible_leads(request.user)
    leads = seen.annotate(covered_for_id=Subquery(live.values("origin")[:1]))
    rows = in_chunks(
        leads.select_related("owner", "category"), order=BY_KEY, size=BATCH
    )
    zone = timezone.get_current_timezone()
    return csv_response(request, name="leads", lines=lambda: leads_csv(rows, zone=zone))


def _figures_csv(form: PeriodForm, sight: Sight) -> str:
    lines, total = _table(form, sight)
    return figures_csv([*lines, total], form.days)


def _table(form: PeriodForm, sight: Sight) -> tuple[list[MemberMetrics], MemberMetrics]:
    team = form.cleaned_data["team"]
    scope = MemberScope(team_id=team.pk if team else None, sight=sight)
    seen = Member.objects.filter(sight.members())
    known = seen.select_related("team").order_by("name")
    members = known.filter(team=team) if team else known
    period, at = form.value, timezone.now()
    found = metrics_table(members, period=period, at=at, scope=scope)
    shown = [one for one in found.lines if _is_shown(one)]
    return _sorted(shown, form.cleaned_data["sort"] or "name"), found.total


def _is_shown(line: MemberMetrics) -> bool:
    """Return True if the line's member is active, or one of its figures is neither 0
    nor missing.
    """
    has_some = any(line.value(one.key) for one in DEFINITIONS)
    return has_some or (line.member is not None and line.member.is_active)


def _sorted(lines: list[MemberMetrics], sort: str) -> list[MemberMetrics]:
    key, backwards = sort.removeprefix("-"), sort.startswith("-")
    if key == "name":
        return sorted(lines, key=_name, reverse=backwards)
    known = [line for line in lines if line.value(key) is not None]
    rest = [line for line in lines if line.value(key) is None]
    by_value: Callable[[MemberMetrics], float] = lambda line: line.value(key) or 0  # noqa: E731
    return sorted(sorted(known, key=_name), key=by_value, reverse=backwards) + rest


def _name(line: MemberMetrics) -> str:
    return str(line.member).lower()


def _name_head(form: PeriodForm) -> dict[str, str]:
    sort = form.cleaned_data["sort"] or "name"
    return {
        "by_name": form.query(sort="-name" if sort == "name" else "name"),
        "name_order": {"name": "ascending", "-name": "descending"}.get(sort, ""),
    }


def _heads(form: PeriodForm) -> list[tuple[Any, str, str]]:
    """Return (figure, query string, order) for each of DEFINITIONS.

    `order` is `ascending` or `descending` if the table is sorted by it now, else empty.
    The query sorts by it descending, or ascending if it is descending now.
    """
    sort = form.cleaned_data["sort"] or "name"
    heads = []
    for one in DEFINITIONS:
        now = {one.key: "ascending", f"-{one.key}": "descending"}.get(sort, "")
        wanted = one.key if now == "descending" else f"-{one.key}"
        heads.append((one, form.query(sort=wanted), now))
    return heads
