"""The one provider of the settings, as allauth sees it."""

from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.openid_connect.provider import (
    OpenIDConnectProvider,
)
from allauth.socialaccount.providers.openid_connect.views import (
    OpenIDConnectOAuth2Adapter,
)
from django.conf import settings
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.crypto import get_random_string

from dashboard.accounts.oidc import provider_calls

PROVIDER = "openid_connect"
BACKEND = "django.contrib.auth.backends.ModelBackend"


class _EndpointAdapter(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    """Addresses of the provider, from a discovery that is checked and kept."""

    @property
    def openid_config(self) -> dict[str, Any]:
        config = provider_calls.provider_config()
        return {
            "authorization_endpoint": config.authorization_endpoint,
            "token_endpoint": config.token_endpoint,
        }

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        return callback_address()


class SettingsProvider(OpenIDConnectProvider):  # type: ignore[misc]
    """The provider of the settings. Nothing of a visitor's address reaches it."""

    oauth2_adapter_class = _EndpointAdapter
    pkce_enabled_default = True

    def redirect_from_request(self, request: HttpRequest) -> Any:
        raise NotImplementedError  # it would take scope and more from the address

    def get_scope(self) -> list[str]:
        return list(dict.fromkeys(["openid", *settings.OIDC_SCOPES]))

    def begin(self, request: HttpRequest, *, next_page: str) -> str:
        """Return the address at the provider to which the visitor goes.

        State, nonce and code verifier stay in their session. Raises ProviderUnreachable.
        """
        nonce = get_random_string(32)
        response = self.redirect(
            request,
            "login",
            next_url=next_page or None,
            nonce=nonce,
            scope=self.get_scope(),
            auth_params={**settings.OIDC_AUTH_PARAMS, "nonce": nonce},
        )
        address: str = response["Location"]
        return address


class SocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Knows of no provider but that of the settings, and signs nobody up by a form."""

    def list_apps(
        self, request: HttpRequest, provider: str = "", client_id: str = ""
    ) -> list[SocialApp]:
        if not settings.OIDC_ISSUER:
            return []
        app = SocialApp(
            provider=PROVIDER,
            provider_id=settings.OIDC_ISSUER,
            name=settings.OIDC_NAME[:40],
            client_id=settings.OIDC_CLIENT_ID,
            secret=settings.OIDC_CLIENT_SECRET,
            settings={"server_url": settings.OIDC_ISSUER},
        )
        return [app] if provider in {"", None, PROVIDER, app.provider_id} else []

    def get_provider(
        self, request: HttpRequest, provider: str, client_id: str | None = None
    ) -> SettingsProvider:
        return SettingsProvider(request, app=self.get_app(request, provider))

    def list_providers(self, request: HttpRequest) -> list[SettingsProvider]:
        return [SettingsProvider(request, app=app) for app in self.list_apps(request)]

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        if sociallogin.user is not None:
            sociallogin.user.backend = BACKEND

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False  # logins are made by assignments.services.people

    def on_authentication_error(self, request: HttpRequest, *_: Any, **__: Any) -> None:
        raise ImmediateHttpResponse(redirect("login"))


def callback_address() -> str:
    """Return the redirect URI, which the provider must know letter by letter."""
    return f"{settings.SITE_URL}{reverse('provider_callback')}"
