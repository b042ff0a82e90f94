"""Pages and buttons of chat channels: a person's own, and those of a team."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from assignments.models import ChatChannel, Team
from assignments.services.errors import AssignmentRefused
from assignments.services.notifications import chat_channels
from dashboard.htmx import PageRequest
from dashboard.notifications.channel_forms import (
    ChannelForm,
    TeamChannelForm,
    TeamChoices,
)
from dashboard.notifications.channel_rows import channel_rows
from dashboard.notifications.views_preferences import preferences_page
from dashboard.service_errors import refuse

ADDED = "Added. A test message is on its way."


@sensitive_post_parameters("address")
@require_POST
def add_channel(request: PageRequest) -> HttpResponse:
    form = ChannelForm(request.POST)
    if form.is_valid():
        try:
            chat_channels.add_own_channel(
                actor=request.user, at=timezone.now(), **form.cleaned_data
            )
        except AssignmentRefused as refusal:
            form.add_error("address", str(refusal))
        else:
            messages.success(request, ADDED)
            return redirect("notification_settings")
    return preferences_page(request, channel_form=form, status=422)


@sensitive_post_parameters("address")
@require_http_methods(["GET", "HEAD", "POST"])
def team_channels(request: PageRequest, pk: int) -> HttpResponse:
    team = get_object_or_404(Team, pk=pk)
    if not chat_channels.may_manage_team_channels(request.user, team):
        raise PermissionDenied(
            f"Only who leads {team}, or a sales manager, sees its channels."
        )
    form = TeamChannelForm(request.POST or None)
    if form.is_bound and form.is_valid():
        try:
            chat_channels.add_team_channel(
                actor=request.user, team=team, at=timezone.now(), **form.cleaned_data
            )
        except AssignmentRefused as refusal:
            form.add_error("address", str(refusal))
        else:
            messages.success(request, ADDED)
            return redirect("team_channels", pk)
    context = {
        "team": team,
        "form": form,
        "channels": channel_rows(chat_channels.team_channels(team)),
    }
    status = 422 if form.is_bound else 200
    return render(request, "notifications/team_channels.html", context, status=status)


@require_POST
def change_channel(request: PageRequest, pk: int) -> HttpResponse:
    channel = get_object_or_404(ChatChannel, pk=pk)
    form = TeamChoices(request.POST)
    if not form.is_valid():
        messages.error(request, "Choose from what is offered.")
        return _back(channel)
    try:
        chat_channels.change_team_channel(
            actor=request.user, channel=channel, **form.cleaned_data
        )
    except AssignmentRefused as refusal:
        refuse(request, refusal)
    else:
        messages.success(request, "Saved. It counts from the next message on.")
    return _back(channel)


@require_POST
def test_channel(request: PageRequest, pk: int) -> HttpResponse:
    channel = get_object_or_404(ChatChannel, pk=pk)
    try:
        chat_channels.test_channel(
            actor=request.user, channel=channel, at=timezone.now()
        )
    except AssignmentRefused as refusal:
        refuse(request, refusal)
    else:
        messages.success(request, "A test message is on its way.")
    return _back(channel)


@require_POST
def remove_channel(request: PageRequest, pk: int) -> HttpResponse:
    channel = get_object_or_404(ChatChannel, pk=pk)
    back = _back(channel)
    try:
        chat_channels.remove_channel(actor=request.user, channel=channel)
    except AssignmentRefused as refusal:
        refuse(request, refusal)
    else:
        messages.success(request, "Removed. Nothing more is sent there.")
    return back


def _back(channel: ChatChannel) -> HttpResponse:
    """Return the way back to the page that lists the channel."""
    if channel.team_id:
        return redirect("team_channels", channel.team_id)
    return redirect("notification_settings")
