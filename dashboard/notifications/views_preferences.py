"""The page of how somebody wants to be told of what: in the app, by e-mail, in chat, and
when.
"""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from assignments import smtp
from assignments.services.notifications.chat_channels import channels_of
from assignments.services.notifications.preferences import (
    NotificationPreferences,
    mail_address,
    preferences_of,
    save_preferences,
)
from dashboard.htmx import PageRequest
from dashboard.notifications.channel_forms import ChannelForm
from dashboard.notifications.channel_rows import channel_rows
from dashboard.notifications.notification_form import WishesForm

TIMES = ("digest_at", "quiet_from", "quiet_to")


@require_http_methods(["GET", "HEAD", "POST"])
def own_wishes(request: PageRequest) -> HttpResponse:
    if request.method != "POST":
        return preferences_page(request)
    has_chat = channels_of(request.user).exists()
    form = WishesForm(request.POST, wishes=_wishes(request), has_chat=has_chat)
    if form.is_valid():
        times = {name: form.cleaned_data[name] for name in TIMES}
        save_preferences(user=request.user, choices=form.choices, **times)
        messages.success(request, "Saved. It counts from the next message on.")
        return redirect("notification_settings")
    return preferences_page(request, form=form, status=422)


def preferences_page(
    request: PageRequest,
    *,
    form: WishesForm | None = None,
    channel_form: ChannelForm | None = None,
    status: int = 200,
) -> HttpResponse:
    """Return the page, with one of its two forms as it was sent and refused."""
    member = getattr(request.user, "member", None)
    wishes = _wishes(request)
    channels = channel_rows(channels_of(request.user))
    context = {
        "form": form or WishesForm(wishes=wishes, has_chat=bool(channels)),
        "zone": wishes.zone.key,
        "address": mail_address(request.user, member),
        "mails_are_sent": smtp.is_on(),
        "sender": settings.DEFAULT_FROM_EMAIL,
        "channels": channels,
        "channel_form": channel_form or ChannelForm(),
        "led_teams": request.user.leads_teams.order_by("name"),
    }
    return render(request, "notifications/preferences.html", context, status=status)


def _wishes(request: PageRequest) -> NotificationPreferences:
    member = getattr(request.user, "member", None)
    return preferences_of(request.user, zone=member.time_zone if member else "")
