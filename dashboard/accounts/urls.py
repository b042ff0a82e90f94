"""Addresses of accounts. Of django-allauth's only those that are used: nobody signs up.

Its views find each other by the names that begin with account_, mfa_ and usersessions_.
"""

from allauth.account import views as account
from allauth.mfa.base import views as second_factors
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as passkeys
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.views import LogoutView
from django.urls import path

from dashboard.accounts import (
    views,
    views_address,
    views_invitation,
    views_reset,
    views_sessions,
)

logout = login_not_required(LogoutView.as_view())

# Without login: signing in and out, and what a secret link opens.
public = [
    path("accounts/login/", views.login, name="login"),
    path("accounts/login/", views.login, name="account_login"),
    path("accounts/login/code/", second_factors.authenticate, name="mfa_authenticate"),
    path("accounts/login/passkey/", views.passkey, name="mfa_login_webauthn"),
    path("accounts/logout/", logout, name="logout"),
    # For whoever has the link, until they have a password.
    path("accounts/invitation/", views_invitation.invitation, name="invitation"),
    path(
        "accounts/invitation/<slug:key>/<slug:token>/",
        views_invitation.open_invitation,
        name="open_invitation",
    ),
    path(
        "accounts/password/forgotten/", views_reset.forgotten, name="forgotten_password"
    ),
    path("accounts/password/reset/", views_reset.reset, name="reset_password"),
    path(
        "accounts/password/reset/<slug:key>/<slug:token>/",
        views_reset.open_reset,
        name="open_reset",
    ),
    path("accounts/address/confirm/", views_address.confirm, name="confirm_address"),
    path(
        "accounts/address/confirm/<slug:key>/<slug:token>/",
        views_address.open_confirmation,
        name="open_confirmation",
    ),
]

FACTORS = "accounts/second-factor/"
urlpatterns = [
    path("accounts/me/", views.me, name="me"),
    path("accounts/zone/", views.answer_zone, name="answer_zone"),
    path("accounts/look/", views.change_appearance, name="look"),
    path("accounts/password/", views.password, name="password"),
    path("accounts/address/", views_address.address, name="address"),
    path("accounts/sessions/", views_sessions.sessions, name="usersessions_list"),
    path(
        "accounts/prove/password/",
        account.reauthenticate,
        name="account_reauthenticate",
    ),
    path(
        "accounts/prove/code/", second_factors.reauthenticate, name="mfa_reauthenticate"
    ),
    path(
        "accounts/prove/passkey/",
        passkeys.reauthenticate_webauthn,
        name="mfa_reauthenticate_webauthn",
    ),
    path(FACTORS, second_factors.index, name="mfa_index"),
    path(FACTORS, second_factors.index, name="mfa_list_webauthn"),
    path(f"{FACTORS}app/", totp.activate_totp, name="mfa_activate_totp"),
    path(f"{FACTORS}app/remove/", totp.deactivate_totp, name="mfa_deactivate_totp"),
    path(
        f"{FACTORS}codes/",
        recovery_codes.view_recovery_codes,
        name="mfa_view_recovery_codes",
    ),
    path(
        f"{FACTORS}codes/new/",
        recovery_codes.generate_recovery_codes,
        name="mfa_generate_recovery_codes",
    ),
    path(f"{FACTORS}passkeys/add/", passkeys.add_webauthn, name="mfa_add_webauthn"),
    path(
        f"{FACTORS}passkeys/<int:pk>/",
        passkeys.edit_webauthn,
        name="mfa_edit_webauthn",
    ),
    path(
        f"{FACTORS}passkeys/<int:pk>/remove/",
        passkeys.remove_webauthn,
        name="mfa_remove_webauthn",
    ),
]
