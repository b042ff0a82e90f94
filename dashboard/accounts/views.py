"""Signing in and out, and the settings of the viewer."""

from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import LoginView, redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from assignments.models import User
from assignments.services.absence_wording import city_of_zone
from assignments.services.people import first_manager, preferences, sign_ins
from dashboard.accounts.forms import OwnSettingsForm, ZoneAnswerForm
from dashboard.accounts.return_address import page_at
from dashboard.accounts.sign_in_guard import visitor_of
from dashboard.htmx import PageRequest, back_where_from
from dashboard.permissions import landing_page


@method_decorator(login_not_required, name="dispatch")
class _Login(LoginView):
    template_name = "accounts/login.html"
    redirect_authenticated_user = True

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        is_empty = not first_manager.has_any_login()
        return super().get_context_data(is_empty=is_empty, **kwargs)

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        """Return the posted `next`, or else that of the address, as `page_at` does.

        Empty if there is none or it is no page of ours: LoginView then goes to the
        first page of the user.
        """
        asked = self.request.POST.get("next") or self.request.GET.get("next", "")
        return page_at(self.request, asked) or ""

    def get_default_redirect_url(self) -> str:
        assert isinstance(self.request.user, User)  # noqa: S101  signed in by now
        return reverse(landing_page(self.request.user))


login = _Login.as_view()


@login_not_required
@require_safe
def admin_login(request: HttpRequest) -> HttpResponse:
    wanted = page_at(request, request.GET.get("next", ""))
    return redirect_to_login(wanted or reverse("admin:index"))


@require_http_methods(["GET", "HEAD", "POST"])
def me(request: PageRequest) -> HttpResponse:
    if request.method != "POST":
        return _me(request, OwnSettingsForm(initial=_own(request.user)))
    form = OwnSettingsForm(request.POST)
    if not form.is_valid():
        return _me(request, form, status=422)
    preferences.save_own_preferences(user=request.user, **form.cleaned_data)
    messages.success(request, "Saved.")
    return redirect("me")


@require_POST
def change_appearance(request: PageRequest) -> HttpResponse:
    """Save the settings of the viewer that were posted and keep their others.

    Redirect to the page where the form was, or answer 422 with the settings page if a
    value is not valid.
    """
    form = OwnSettingsForm(_own(request.user) | request.POST.dict())
    if not form.is_valid():
        return _me(request, form, status=422)
    preferences.save_own_preferences(user=request.user, **form.cleaned_data)
    return back_where_from(request, "me")


@require_POST
def answer_zone(request: PageRequest) -> HttpResponse:
    """Take the time zone of the browser, or keep the one there is; asked once.

    Redirect to the page where the question was. A zone that is not known here is said,
    and the question stays.
    """
    form = ZoneAnswerForm(request.POST)
    if request.POST.get("is_taken") and not form.is_valid():
        for sentence in form.errors.get("zone", ()):
            messages.error(request, str(sentence))
        return back_where_from(request, "me")
    zone = form.cleaned_data["zone"] if form.data.get("is_taken") else None
    at = timezone.now()
    preferences.answer_zone_offer(user=request.user, time_zone=zone, at=at)
    if zone:
        messages.success(request, f"Times are shown in {city_of_zone(zone)} time now.")
    return back_where_from(request, "me")


def _own(user: User) -> dict[str, Any]:
    names = ("theme", "density", "time_zone", "single_keys")
    return {name: getattr(user, name) for name in names}


def _me(
    request: PageRequest, form: OwnSettingsForm, *, status: int = 200
) -> HttpResponse:
    return render(request, "accounts/me.html", {"form": form}, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def password(request: PageRequest) -> HttpResponse:
    if request.method != "POST":
        return _password(request, PasswordChangeForm(request.user))
    at = timezone.now()
    guess = sign_ins.begin_password_change(
        user=request.user, visitor=visitor_of(request), at=at
    )
    if isinstance(guess, sign_ins.SignInLock):
        context = {"minutes": guess.minutes(at)}
        return render(request, "accounts/password.html", context, status=429)
    form = PasswordChangeForm(request.user, request.POST)
    is_done = form.is_valid()
    sign_ins.end_password_change(
        guess, was_right="old_password" not in form.errors, is_done=is_done
    )
    if not is_done:
        return _password(request, form, status=422)
    update_session_auth_hash(request, form.save())
    messages.success(request, "Your password is changed.")
    return redirect("me")


def _password(
    request: PageRequest, form: PasswordChangeForm, *, status: int = 200
) -> HttpResponse:
    return render(request, "accounts/password.html", {"form": form}, status=status)
