"""Settings for everybody: answers, categories, teams, logins."""

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from assignments.models import Category, SlaTarget, Team, User
from assignments.services.errors import AssignmentRefused
from assignments.services.people import (
    members,
    preferences,
    provider_sessions,
    second_factors,
)
from assignments.services.sight import visible_leads
from assignments.services.sla.policy import SlaPolicy, week_from_lists
from dashboard.accounts.views_sessions import listed_sessions
from dashboard.configuration.forms import TeamForm, UserForm
from dashboard.configuration.person_trail import access_sentence, trail_of
from dashboard.configuration.sla_labels import (
    place_words,
    span_words,
    time_words,
    week_words,
)
from dashboard.configuration.views_sight import client_rows
from dashboard.configuration.views_targets import check_reader
from dashboard.htmx import PageRequest
from dashboard.inbox.answer_filter import unanswered_before
from dashboard.service_errors import refuse
from dashboard.team.views_members import check_manager

ACT = "change the settings"


@require_safe
def overview(request: PageRequest) -> HttpResponse:
    """Show targets, working hours and categories.

    Raises PermissionDenied unless the viewer leads a team or is a sales manager.
    """
    check_reader(request)
    return _overview(request)


@require_POST
def categories(request: PageRequest) -> HttpResponse:
    """Save what all categories mean from one form: a box that is not sent is not
    ticked. Also records that they have been confirmed, and redirects to the
    settings. If a service refuses, the settings are shown with status 409. Raises
    PermissionDenied unless the viewer is a sales manager.
    """
    check_manager(request, ACT)
    known = list(Category.objects.all())
    try:
        for category in known:
            preferences.set_category_meaning(
                actor=request.user,
                category=category,
                is_closing=f"closing_{category.pk}" in request.POST,
                is_interested=f"interested_{category.pk}" in request.POST,
                owes_no_answer=f"automatic_{category.pk}" in request.POST,
            )
        preferences.confirm_categories(actor=request.user, at=timezone.now())
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return _overview(request, status=409)
    messages.success(request, "Saved.")
    return redirect("settings")


def _overview(request: PageRequest, *, status: int = 200) -> HttpResponse:
    book = SlaPolicy()
    targets = [(one, span_words(one)) for one in sorted_targets(book)]
    context = {
        "targets": targets,
        "hours": week_words(week_from_lists(book.hours.week)),
        "holidays": place_words(book.hours.country, book.hours.subdivision),
        "told_after": time_words(book.hours.escalate_after, "working "),
        "before": unanswered_before({}, visible_leads(request.user)),
        "categories": Category.objects.all(),
    }
    return render(request, "configuration/overview.html", context, status=status)


def sorted_targets(book: SlaPolicy) -> list[SlaTarget]:
    """Return the targets in the order in which they win: with campaign and category,
    with a campaign only, with a category only, with neither. Among equals by name.
    """
    return sorted(
        book.targets.values(),
        key=lambda one: (not one.campaign_id, not one.category_id, str(one)),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def teams(request: PageRequest) -> HttpResponse:
    check_manager(request, ACT)
    return _team_form(request, TeamForm(request.POST or None), None)


@require_http_methods(["GET", "HEAD", "POST"])
def team_page(request: PageRequest, pk: int) -> HttpResponse:
    check_manager(request, ACT)
    team = get_object_or_404(Team, pk=pk)
    initial = {"name": team.name, "team_leads": team.team_leads.all()}
    return _team_form(request, TeamForm(request.POST or None, initial=initial), team)


def _team_form(request: PageRequest, form: TeamForm, team: Team | None) -> HttpResponse:
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            saved = members.save_team(
                actor=request.user, team=team, **form.cleaned_data
            )
        except AssignmentRefused as refusal:
            refuse(request, refusal)
            status = 409
        else:
            messages.success(request, f"{saved} is saved.")
            return redirect("teams")
    known = Team.objects.prefetch_related("team_leads", "members")
    context = {"form": form, "team": team, "teams": known}
    return render(request, "configuration/teams.html", context, status=status)


@require_POST
def remove_team(request: PageRequest, pk: int) -> HttpResponse:
    check_manager(request, "remove teams")
    team = get_object_or_404(Team, pk=pk)
    members.remove_team(actor=request.user, team=team)
    messages.success(request, f"{team} is removed. Its members have no team now.")
    return redirect("teams")


@require_safe
def users(request: PageRequest) -> HttpResponse:
    check_manager(request, ACT)
    return _users(request)


@require_http_methods(["GET", "HEAD", "POST"])
def user_page(request: PageRequest, pk: int) -> HttpResponse:
    check_manager(request, ACT)
    user = get_object_or_404(User, pk=pk)
    names = ("first_name", "last_name", "email", "is_sales_manager", "is_active")
    initial = {name: getattr(user, name) for name in names}
    form = UserForm(request.POST or None, initial=initial)
    if not form.is_bound:
        return _user(request, user, form)
    if not form.is_valid():
        return _user(request, user, form, status=422)
    try:
        members.edit_user(
            actor=request.user, user=user, at=timezone.now(), **form.cleaned_data
        )
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return _user(request, User.objects.get(pk=pk), form, status=409)
    if user.is_active == initial["is_active"]:
        messages.success(request, f"{user} is saved.")
        return redirect("users")
    messages.success(request, access_sentence(user))
    return redirect("user", pk)


@never_cache
@require_POST
def new_password(request: PageRequest, pk: int) -> HttpResponse:
    check_manager(request, "set the password of others")
    user = get_object_or_404(User, pk=pk)
    try:
        password = members.set_password(actor=request.user, user=user)
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return _users(request, status=409)
    return _users(request, shown={"user": user, "password": password})


def _users(
    request: PageRequest,
    *,
    shown: dict[str, Any] | None = None,
    status: int = 200,
) -> HttpResponse:
    """Return the page with the list of logins, by username.

    `shown` has a `user` and their new `password`, which is shown this once.
    """
    known = User.objects.select_related("member").prefetch_related("leads_teams")
    context = {"shown": shown, "users": known.order_by("username")}
    return render(request, "configuration/users.html", context, status=status)


def _user(
    request: PageRequest, user: User, form: Form, *, status: int = 200
) -> HttpResponse:
    sees_all = user.is_sales_manager or user.is_superuser
    has_limits = not sees_all or user.client_limits.exists()
    context = {
        "form": form,
        "person": user,
        "factors": second_factors.factors_of(user),
        "sessions": listed_sessions(user),
        "trail": trail_of(user),
        "unconfirmed_since": provider_sessions.unconfirmed_since(user),
        "provider": settings.OIDC_NAME,
        "client_rows": client_rows(user) if has_limits else [],
    }
    return render(request, "configuration/user.html", context, status=status)
