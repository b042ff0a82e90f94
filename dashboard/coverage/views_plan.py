"""Planning and changing an absence: one form, and beside it what it would do."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from assignments.models import Coverage, Member, User
from assignments.services.absence_wording import city_of_zone, join_names
from assignments.services.access import choosable_members
from assignments.services.coverage import actions, calendar, drafts
from assignments.services.coverage.drafts import CoverageDraft
from assignments.services.coverage.preview import CoveragePreview, preview_draft
from assignments.services.errors import AssignmentRefused
from assignments.services.sight import Sight
from dashboard.coverage.candidates import people_of, scope_of
from dashboard.coverage.defaults import defaults, like, redrawn, with_later_end
from dashboard.coverage.form import CoverageForm, id_in, members_to_plan
from dashboard.coverage.page import RUNNING, title_of
from dashboard.coverage.preview import ShownPreview, shown_preview
from dashboard.coverage.views_actions import check_may_act
from dashboard.form_fields import zone_choices
from dashboard.htmx import PageRequest, render_page
from dashboard.permissions import ViewerRights
from dashboard.service_errors import refuse

TEMPLATE = "coverage/plan.html"
FRAGMENTS = ("planner",)
LONGEST = timedelta(days=400)
AHEAD = (Coverage.State.PROPOSED, Coverage.State.SCHEDULED)


@dataclass(slots=True, kw_only=True)
class FormPlanner:
    """The form as it stands, with what the planner finds."""

    form: CoverageForm
    at: datetime
    is_asked: bool  # whether somebody has pressed or typed: only then errors are shown
    problems: dict[str, list[str]]
    found: CoveragePreview | None = None
    existing: Coverage | None = None  # the one that is planned anew
    seen: int | None = None  # its last change that the page showed

    @property
    def away(self) -> Member | None:
        if self.is_read:
            return self.form.draft.member
        known: Member | None = self.form.cleaned_data.get("member")
        return known

    @property
    def is_read(self) -> bool:
        """Return True if the form's draft has been made, as it is of a valid form.

        The draft may still have problems.
        """
        return "draft" in vars(self.form)

    @property
    def window(self) -> tuple[datetime, datetime] | None:
        if not self.is_read or drafts.cannot_be_previewed(self.form.draft, self.at):
            return None
        return self.form.draft.window(self.at)

    @property
    def clash(self) -> Coverage | None:
        """Return the member's first other absence in the time of the draft.

        None if there is none, if the draft cannot be previewed, or if no problem stands
        at `first_day`.
        """
        window = self.window
        if window is None or "first_day" not in self.problems or self.away is None:
            return None
        return drafts.overlapping_coverage(self.away, *window, existing=self.existing)

    @property
    def is_zone_open(self) -> bool:
        """Return True if a time was typed, `moved_to` is not empty, or the zone or a
        time is wrong.
        """
        said, errors = self.form.data, self.form.errors
        is_typed = said.get("first_time") or said.get("last_time") or self.moved_to
        names = ("zone", "first_time", "last_time")
        return bool(is_typed) or any(name in errors for name in names)

    @property
    def moved_to(self) -> str:
        """Return the city of the member's zone if the coverage being changed was typed
        for another zone that the form still has; else empty.
        """
        known, away = self.existing, self.away
        if known is None or away is None or self.form.data.get("zone") != known.zone:
            return ""
        moved = away.time_zone and away.time_zone != known.zone
        return city_of_zone(away.time_zone) if moved else ""


@require_http_methods(["GET", "HEAD", "POST"])
def plan_coverage(request: PageRequest) -> HttpResponse:
    at = timezone.now()
    if request.method != "POST":
        return _page(request, _look(request, _first_sight(request, at), at))
    planner = _look(request, with_later_end(request.POST), at, is_asked=True)
    if planner.problems or not planner.found:
        return _page(request, planner, status=422)
    return _save(request, planner)


@require_http_methods(["GET", "HEAD", "POST"])
def edit_coverage(request: PageRequest, pk: int) -> HttpResponse:
    """Show the form of a coverage that has not started (GET), or save it and redirect
    to its page. With problems the form has status 422; if it is refused, 409; if the
    coverage has started, a page with 409 says so. Raises Http404 and
    PermissionDenied.
    """
    at, seen = timezone.now(), actions.last_event_id(pk)
    coverage = get_object_or_404(calendar.coverages_with_coverers(), pk=pk)
    check_may_act(request, coverage, own_proposal=True)
    if coverage.state not in AHEAD:
        return _too_late(request, coverage)
    if request.method != "POST":
        planner = _look(
            request, like(coverage, request.user), at, is_asked=True, existing=coverage
        )
        planner.seen = seen
        return _page(request, planner)
    said = with_later_end(request.POST)
    planner = _look(request, said, at, is_asked=True, existing=coverage)
    planner.seen = id_in(request.POST, "seen")
    if planner.problems:
        return _page(request, planner, status=422)
    return _save(request, planner)


@require_POST
def preview_coverage(request: PageRequest) -> HttpResponse:
    """Show the posted form with a preview of what it would do; nothing is saved.

    Status 422 with problems. htmx can ask for the fragment `planner` alone. `editing`
    is the id of the coverage being changed; an unknown one is ignored.
    """
    at = timezone.now()
    editing = Coverage.objects.filter(pk=id_in(request.POST, "editing") or 0)
    existing = editing.select_related("member").first()
    planner = _look(request, _as_typed(request), at, is_asked=True, existing=existing)
    planner.seen = id_in(request.POST, "seen")
    return _page(request, planner, status=422 if planner.problems else 200)


def _first_sight(request: PageRequest, at: datetime) -> QueryDict:
    asked: QueryDict = request.GET
    if (other := id_in(asked, "like")) is not None:
        known = Coverage.objects.select_related("member")
        asked = like(get_object_or_404(known, pk=other), request.user)
    mates = choosable_members(request.user)
    return defaults(request.user, at=at, mates=mates, asked=asked)


def _as_typed(request: PageRequest) -> QueryDict:
    """Return the posted data, `with_later_end`.

    If another away member was chosen since the form was drawn, and the user may plan
    for that one, it is `redrawn`.
    """
    data = with_later_end(request.POST)
    member = data.get("member", "")
    known = id_in(data, "member")
    if member == data.get("drawn_for", member) or known is None:
        return data
    chosen = members_to_plan(request.user).filter(pk=known).first()
    if chosen is None:
        return data
    return redrawn(data, chosen, mates=choosable_members(request.user))


def _look(
    request: PageRequest,
    data: QueryDict,
    at: datetime,
    *,
    is_asked: bool = False,
    existing: Coverage | None = None,
) -> FormPlanner:
    today, also = timezone.localdate(at), _covering_already(existing)
    form = CoverageForm(data, user=request.user, today=today, also=also)
    planner = FormPlanner(
        form=form, at=at, is_asked=is_asked, problems={}, existing=existing
    )
    if form.is_valid():
        draft = form.draft
        planner.problems = drafts.draft_problems(
            draft, at, request.user, existing=existing
        )
        if _is_previewable(draft, at):
            sight = Sight.of(request.user)
            planner.found = preview_draft(draft, at, sight=sight)
        if is_asked:
            form.say(planner.problems)
    else:
        planner.problems = {name: [] for name in form.errors}
        if not is_asked:  # nothing was typed yet
            form.errors.clear()
    return planner


def _covering_already(existing: Coverage | None) -> list[int]:
    if existing is None:
        return []
    covering = [one.member_id for one in existing.coverers.all()]
    return [*covering, existing.fallback_id] if existing.fallback_id else covering


def _is_previewable(draft: CoverageDraft, at: datetime) -> bool:
    """Return True if days and shares have no problem and the absence lasts more than 0
    and less than LONGEST.
    """
    if drafts.cannot_be_previewed(draft, at):
        return False
    starts_at, ends_at = draft.window(at)
    return timedelta(0) < ends_at - starts_at < LONGEST


def _save(request: PageRequest, planner: FormPlanner) -> HttpResponse:
    try:
        coverage = _act(request.user, planner)
    except actions.DraftRefused as refusal:
        planner.form.say(refusal.problems)
        return _page(request, planner, status=422)
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        if planner.existing:
            planner.seen = actions.last_event_id(planner.existing.pk)
        return _page(request, planner, status=409)
    messages.success(
        request, _done(coverage, request.user, is_new=planner.existing is None)
    )
    return redirect("show_coverage", coverage.pk)


def _act(actor: User, planner: FormPlanner) -> Coverage:
    draft, at = planner.form.draft, planner.at
    if planner.existing:
        known = planner.existing
        return actions.change_scheduled(
            coverage=known, draft=draft, actor=actor, at=at, seen=planner.seen
        )
    is_theirs = ViewerRights.of(actor).may_cover(draft.member)
    act = actions.schedule if is_theirs else actions.propose
    return act(draft=draft, actor=actor, at=at)


def _done(coverage: Coverage, actor: User, *, is_new: bool) -> str:
    match coverage.state:
        case Coverage.State.PROPOSED:
            said = "Proposed" if is_new else "Saved"
            return f"{said}. {_told(coverage, actor)}"
        case Coverage.State.SCHEDULED:
            said = "Scheduled" if is_new else "Saved"
            return f"{said}. You can cancel it until it starts."
        case _:
            return "It is starting. You can follow it here."


def _told(coverage: Coverage, actor: User) -> str:
    """Return who has been told to confirm a proposal of `actor`: the team leads, else
    sales managers in general.
    """
    team = coverage.member.team
    leads = list(team.team_leads.filter(is_active=True)) if team else []
    others = [f"{lead}" for lead in leads if lead != actor]
    if len(others) > 1:
        return f"{join_names(others)} have been told. One of them confirms it."
    return f"{others[0] if others else 'A sales manager'} has been told and can confirm it."


def _too_late(request: PageRequest, coverage: Coverage) -> HttpResponse:
    """Return the page, with status 409, that says what can still be done instead."""
    context = {
        "coverage": coverage,
        "title": title_of(coverage),
        "is_running": coverage.state in RUNNING[:2],
    }
    return render(request, "coverage/begun.html", context, status=409)


def _is_theirs(member: Member | None, user: User) -> bool:
    return member is not None and member.user_id == user.pk


def _page(
    request: PageRequest, planner: FormPlanner, *, status: int = 200
) -> HttpResponse:
    form = planner.form
    rights = ViewerRights.of(request.user)
    is_alone = members_to_plan(request.user).count() == 1
    is_named = is_alone or "member" in request.GET
    if not planner.is_asked and is_named:
        form.fields["first_day"].widget.attrs["autofocus"] = True
    context: dict[str, Any] = {
        "form": form,
        "said": form.data,
        "away": planner.away,
        "people": people_of(form, planner.away, window=planner.window),
        "scope": scope_of(planner.away, form.data, Sight.of(request.user)),
        "zones": zone_choices("")[1:],
        "errors": form.sentences if planner.is_asked else [],
        "is_first_sight": not planner.is_asked,
        "may_decide": planner.away is not None and rights.may_cover(planner.away),
        "is_own": is_named and _is_theirs(planner.away, request.user),
        "is_alone": is_alone,
        "preview": _shown(planner),
        "clash": planner.clash,
        "moved_to": planner.moved_to,
        "is_zone_open": planner.is_zone_open,
        **_editing(planner.existing),
        "seen": planner.seen,
    }
    return render_page(request, TEMPLATE, context, fragments=FRAGMENTS, status=status)


def _editing(existing: Coverage | None) -> dict[str, Any]:
    if existing is None:
        return {"action": reverse("plan_coverage"), "leave": reverse("coverage")}
    return {
        "editing": existing,
        "title": title_of(existing),
        "action": reverse("edit_coverage", args=[existing.pk]),
        "leave": reverse("show_coverage", args=[existing.pk]),
    }


def _shown(planner: FormPlanner) -> ShownPreview | None:
    if planner.found is None:
        return None
    return shown_preview(planner.found, planner.form.draft)
