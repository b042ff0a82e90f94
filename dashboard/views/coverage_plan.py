"""Planning an absence: one form, and beside it what it would do."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from assignments.models import Coverage, Member
from assignments.services.access import members_to_choose
from assignments.services.coverage import acts, drafts
from assignments.services.coverage.drafts import Draft
from assignments.services.coverage.preview import Preview, preview
from assignments.services.refusals import AssignmentRefused
from dashboard.acts import refuse
from dashboard.coverage_defaults import defaults, like, redrawn
from dashboard.coverage_form import CoverageForm, id_in, members_to_plan
from dashboard.coverage_people import people_of, scope_of
from dashboard.coverage_preview import Shown, shown_preview
from dashboard.forms import zone_choices
from dashboard.htmx import PageRequest, render_page
from dashboard.rights import Rights

TEMPLATE = "coverage/plan.html"
FRAGMENTS = ("planner",)
LONGEST = timedelta(days=400)


@dataclass(slots=True, kw_only=True)
class Planner:
    """The form as it stands, with what the planner says to it."""

    form: CoverageForm
    at: datetime
    is_asked: bool  # whether somebody has pressed or typed: only then errors are shown
    problems: dict[str, list[str]]
    found: Preview | None = None

    @property
    def away(self) -> Member | None:
        if self.is_read:
            return self.form.draft.member
        known: Member | None = self.form.cleaned_data.get("member")
        return known

    @property
    def is_read(self) -> bool:
        """Whether all of it could be read, wrong as it may be."""
        return "draft" in vars(self.form)

    @property
    def window(self) -> tuple[datetime, datetime] | None:
        if not self.is_read or drafts.cannot_be_reckoned(self.form.draft, self.at):
            return None
        return self.form.draft.window(self.at)


@require_http_methods(["GET", "HEAD", "POST"])
def plan_coverage(request: PageRequest) -> HttpResponse:
    at = timezone.now()
    if request.method != "POST":
        return _page(request, _look(request, _first_sight(request, at), at))
    planner = _look(request, request.POST, at, is_asked=True)
    if planner.problems or not planner.found:
        return _page(request, planner, status=422)
    return _save(request, planner)


@require_POST
def preview_coverage(request: PageRequest) -> HttpResponse:
    """The same page with what it would do; the live one asks for its changing part."""
    at = timezone.now()
    planner = _look(request, _as_typed(request), at, is_asked=True)
    return _page(request, planner, status=422 if planner.problems else 200)


def _first_sight(request: PageRequest, at: datetime) -> QueryDict:
    asked: QueryDict = request.GET
    if (other := id_in(asked, "like")) is not None:
        known = Coverage.objects.select_related("member")
        asked = like(get_object_or_404(known, pk=other))
    mates = members_to_choose(request.user)
    return defaults(request.user, at=at, mates=mates, asked=asked)


def _as_typed(request: PageRequest) -> QueryDict:
    """Where somebody else was chosen to be away, who covers is chosen anew."""
    data: QueryDict = request.POST
    member = data.get("member", "")
    known = id_in(data, "member")
    if member == data.get("drawn_for", member) or known is None:
        return data
    chosen = members_to_plan(request.user).filter(pk=known).first()
    if chosen is None:
        return data
    return redrawn(data, chosen, mates=members_to_choose(request.user))


def _look(
    request: PageRequest, data: QueryDict, at: datetime, *, is_asked: bool = False
) -> Planner:
    form = CoverageForm(data, user=request.user, today=timezone.localdate(at))
    planner = Planner(form=form, at=at, is_asked=is_asked, problems={})
    if form.is_valid():
        draft = form.draft
        planner.problems = drafts.problems(draft, at, request.user)
        if _is_previewable(draft, at):
            planner.found = preview(draft, at)
        form.say(planner.problems)
    else:
        planner.problems = {name: [] for name in form.errors}
    return planner


def _is_previewable(draft: Draft, at: datetime) -> bool:
    """Wrong as it may be otherwise, its days and shares can be reckoned with."""
    if drafts.cannot_be_reckoned(draft, at):
        return False
    starts_at, ends_at = draft.window(at)
    return timedelta(0) < ends_at - starts_at < LONGEST


def _save(request: PageRequest, planner: Planner) -> HttpResponse:
    draft = planner.form.draft
    is_theirs = Rights.of(request.user).may_cover(draft.member)
    act = acts.schedule if is_theirs else acts.propose
    try:
        coverage = act(draft=draft, actor=request.user, at=planner.at)
    except acts.DraftRefused as refusal:
        planner.form.say(refusal.problems)
        return _page(request, planner, status=422)
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return _page(request, planner, status=409)
    messages.success(request, _done(coverage))
    return redirect("show_coverage", coverage.pk)


def _done(coverage: Coverage) -> str:
    match coverage.state:
        case Coverage.State.PROPOSED:
            return "Proposed. A team lead or a sales manager confirms it."
        case Coverage.State.SCHEDULED:
            return "Scheduled. You can cancel it until it starts."
        case _:
            return "It is starting. You can follow it here."


def _page(request: PageRequest, planner: Planner, *, status: int = 200) -> HttpResponse:
    form = planner.form
    rights = Rights.of(request.user)
    context: dict[str, Any] = {
        "form": form,
        "said": form.data,
        "away": planner.away,
        "people": people_of(form, planner.away, window=planner.window),
        "scope": scope_of(planner.away),
        "zones": zone_choices("")[1:],
        "errors": form.sentences if planner.is_asked else [],
        "may_decide": planner.away is not None and rights.may_cover(planner.away),
        "preview": _shown(planner),
    }
    return render_page(request, TEMPLATE, context, fragments=FRAGMENTS, status=status)


def _shown(planner: Planner) -> Shown | None:
    if planner.found is None:
        return None
    return shown_preview(planner.found, planner.form.draft)
