"""The page of how somebody wants to be told of what: in the app, by e-mail, and when."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from assignments import smtp
from assignments.services.notifications.preferences import (
    mail_address,
    preferences_of,
    save_preferences,
)
from dashboard.htmx import PageRequest
from dashboard.notifications.notification_form import WishesForm

TIMES = ("digest_at", "quiet_from", "quiet_to")


@require_http_methods(["GET", "HEAD", "POST"])
def own_wishes(request: PageRequest) -> HttpResponse:
    member = getattr(request.user, "member", None)
    wishes = preferences_of(request.user, zone=member.time_zone if member else "")
    form = WishesForm(request.POST or None, wishes=wishes)
    if form.is_bound and form.is_valid():
        times = {name: form.cleaned_data[name] for name in TIMES}
        save_preferences(user=request.user, choices=form.choices, **times)
        messages.success(request, "Saved. It counts from the next mail on.")
        return redirect("notification_settings")
    context = {
        "form": form,
        "zone": wishes.zone.key,
        "address": mail_address(request.user, member),
        "mails_are_sent": smtp.is_on(),
        "sender": settings.DEFAULT_FROM_EMAIL,
    }
    status = 422 if form.is_bound else 200
    return render(request, "notifications/preferences.html", context, status=status)
