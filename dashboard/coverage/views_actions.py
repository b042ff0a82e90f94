"""Actions on a coverage: each has a page that says first what it will do."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from assignments.models import Coverage, Member
from assignments.services import access
from assignments.services.absence_wording import (
    absence_in_words,
    join_names,
    last_day_away,
)
from assignments.services.coverage import actions, calendar
from assignments.services.coverage.certificate import StatusCounts, status_counts
from assignments.services.coverage.drafts import draft_from
from assignments.services.coverage.preview import preview_draft
from assignments.services.coverage.proposal_messages import concerned_users
from assignments.services.errors import AssignmentRefused
from assignments.services.sight import Sight, visible_leads
from dashboard.coverage.form import NOT_A_DAY, NOT_A_TIME
from dashboard.coverage.labels import act_sentence, end_button, ended_words
from dashboard.coverage.preview import moving_words
from dashboard.form_fields import LinesField
from dashboard.htmx import PageRequest, back
from dashboard.service_errors import refuse

State = Coverage.State


class NoForm(forms.Form):
    """The form of an action that asks nothing."""


class ConfirmForm(forms.Form):
    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)


class EndForm(forms.Form):
    last_day = forms.DateField(
        label="Last day away",
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="This day is included.",
        error_messages={"required": "Choose the last day.", "invalid": NOT_A_DAY},
    )
    last_time = forms.TimeField(
        label="Until what time, for part of a day",
        required=False,
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        error_messages={"invalid": NOT_A_TIME},
    )


class ReasonForm(forms.Form):
    why = LinesField(required=False, max_length=200, label="Reason")


class CovererForm(forms.Form):
    old = forms.ModelChoiceField(
        Member.objects.none(),
        label="No longer covers",
        empty_label=None,
        error_messages={
            "required": "Choose who no longer covers.",
            "invalid_choice": "That member does not cover here.",
        },
    )
    new = forms.ModelChoiceField(
        Member.objects.none(),
        label="Covers instead",
        empty_label="Choose a member",
        error_messages={
            "required": "Choose who covers from now on.",
            "invalid_choice": "Choose an active member of your team.",
        },
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    title: str
    button: str
    done: str
    form: type[forms.Form] = NoForm
    is_ending: bool = False
    do: Callable[..., object]


ACTS = {
    "confirm": Act(
        title="Confirm", button="Confirm absence",
        done="Confirmed.{told}",
        form=ConfirmForm, do=actions.confirm,
    ),
    "decline": Act(
        title="Decline", button="Decline absence",
        done="Declined.{told}",
        form=ReasonForm, do=actions.decline, is_ending=True,
    ),
    "start": Act(
        title="Start now", button="Start coverage now", done="It is starting.",
        do=actions.start_now,
    ),
    "extend": Act(
        title="Extend", button="Extend coverage",
        done="Extended until {last_day}.", form=EndForm, do=actions.extend,
    ),
    "shorten": Act(
        title="Shorten", button="Shorten coverage", done="Shortened to {last_day}.",
        form=EndForm, do=actions.shorten,
    ),
    "end": Act(
        title="End early", button="Return the leads now",
        done="", do=actions.end_early, is_ending=True,
    ),
    "cancel": Act(
        title="Cancel", button="Cancel coverage",
        done="Cancelled. No lead has moved.{told}",
        form=ReasonForm, do=actions.cancel, is_ending=True,
    ),
    "coverer": Act(
        title="Change who covers", button="Change who covers",
        done="Changed. The leads move now.",
        form=CovererForm, do=actions.change_coverer,
    ),
}  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
def act_on_coverage(request: PageRequest, pk: int, act: str) -> HttpResponse:
    coverage = get_object_or_404(
        calendar.coverages_with_coverers().select_related("member__user"), pk=pk
    )
    chosen = ACTS[act]
    check_may_act(request, coverage, own_proposal=act == "cancel")
    if request.method != "POST":
        return _page(request, coverage, act, _form(request, coverage, chosen))
    form = _form(request, coverage, chosen)
    if not form.is_valid():
        return _page(request, coverage, act, form, status=422)
    return _do(request, coverage, act, form)


@require_POST
def acknowledge_coverage(request: PageRequest, pk: int) -> HttpResponse:
    """Record that what went wrong in a coverage has been read, and redirect to its
    page. A refusal's sentence is shown there. Raises Http404, and PermissionDenied
    if the service says NotAllowed.
    """
    coverage = get_object_or_404(Coverage, pk=pk)
    try:
        actions.acknowledge(coverage=coverage, actor=request.user, at=timezone.now())
    except AssignmentRefused as refusal:
        refuse(request, refusal)
    return redirect("show_coverage", pk)


@require_POST
def return_lead(request: PageRequest, pk: int, map_id: int) -> HttpResponse:
    """Give one lead of the coverage back to the away member, and redirect to its page.

    One view for who covers (hand back) and who is away (take back). The outcome or a
    refusal's sentence is shown there. Raises Http404 for an unknown coverage or lead,
    and PermissionDenied if the service says NotAllowed.
    """
    coverage = get_object_or_404(Coverage, pk=pk)
    lead = get_object_or_404(visible_leads(request.user), pk=map_id)
    try:
        actions.hand_back(
            coverage=coverage, lead=lead, actor=request.user, at=timezone.now()
        )
    except AssignmentRefused as refusal:
        refuse(request, refusal)
    else:
        messages.success(request, f"{lead} goes back to {coverage.member}.")
    return redirect("show_coverage", pk)


def check_may_act(
    request: PageRequest, coverage: Coverage, *, own_proposal: bool
) -> None:
    """Raise PermissionDenied if the user may not decide about absences of the
    coverage's member. With `own_proposal`, users may also act on absences of their
    own that are still proposed.
    """
    is_own = access.is_own_member(request.user, coverage.member)
    if own_proposal and is_own and coverage.state == State.PROPOSED:
        return
    try:
        access.check_decides_absences(request.user, coverage.member)
    except AssignmentRefused as refusal:
        refuse(request, refusal)


def _do(
    request: PageRequest, coverage: Coverage, name: str, form: forms.Form
) -> HttpResponse:
    act = ACTS[name]
    at: datetime = timezone.now()
    try:
        act.do(coverage=coverage, actor=request.user, at=at, **form.cleaned_data)
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return _page(request, coverage, name, form, status=409)
    messages.success(request, _done(request, name, coverage.pk))
    return back(request, "show_coverage", coverage.pk)


def _done(request: PageRequest, name: str, pk: int) -> str:
    known = Coverage.objects.select_related("member__user", "created_by")
    coverage = known.get(pk=pk)
    if name == "end":
        sight = Sight.of(request.user)
        return ended_words(coverage, status_counts(coverage, sight=sight))
    last_day = last_day_away(coverage, timezone.get_current_timezone())
    users = concerned_users(coverage, request.user)
    have = "has" if len(users) == 1 else "have"
    names = join_names([f"{user}" for user in users])
    told = f" {names} {have} been told." if users else ""
    return ACTS[name].done.format(told=told, last_day=last_day)


def _form(request: PageRequest, coverage: Coverage, act: Act) -> forms.Form:
    bound = request.POST if request.method == "POST" else None
    initial = {
        "seen": actions.last_event_id(coverage.pk),
        "last_day": request.GET.get("last_day") or coverage.last_day,
        "last_time": coverage.last_time,
        "old": request.GET.get("old"),
    }
    form = act.form(bound, initial=initial)
    if isinstance(form, CovererForm):
        _choose(request, coverage, form)
    return form


def _choose(request: PageRequest, coverage: Coverage, form: CovererForm) -> None:
    covering = [one.member_id for one in coverage.coverers.all() if not one.replaced_at]
    old, new = form.fields["old"], form.fields["new"]
    assert isinstance(old, forms.ModelChoiceField)  # noqa: S101  for the type checker
    assert isinstance(new, forms.ModelChoiceField)  # noqa: S101
    stepping_in = [coverage.fallback_id] if coverage.fallback_id else []
    old.queryset = Member.objects.filter(pk__in=[*covering, *stepping_in])
    choosable = access.choosable_members(request.user)
    new.queryset = choosable.exclude(pk__in=[*covering, coverage.member_id])


def _button(name: str, coverage: Coverage, tally: StatusCounts, sight: Sight) -> str:
    if name == "end":
        return end_button(coverage, tally)
    is_ahead = coverage.state == State.SCHEDULED and coverage.coverers.exists()
    at = timezone.now()
    if name != "start" or not is_ahead or coverage.ends_at <= at:
        return ACTS[name].button
    draft = replace(draft_from(coverage), from_now=True)
    moving = moving_words(preview_draft(draft, at, sight=sight))
    return f"{ACTS[name].button}: {moving}" if moving else ACTS[name].button


def _page(
    request: PageRequest,
    coverage: Coverage,
    name: str,
    form: forms.Form,
    *,
    status: int = 200,
) -> HttpResponse:
    tally = status_counts(coverage, sight=Sight.of(request.user))
    act = ACTS[name]
    context: dict[str, Any] = {
        "coverage": coverage,
        "name": name,
        "act": act,
        "sentence": act_sentence(
            name, coverage, tally, told=concerned_users(coverage, request.user)
        ),
        "button": _button(name, coverage, tally, Sight.of(request.user)),
        "form": form,
        "action": reverse(f"{name}_coverage", args=[coverage.pk]),
        "days": absence_in_words(coverage, today=timezone.localdate()),
    }
    return render(request, "coverage/act.html", context, status=status)
