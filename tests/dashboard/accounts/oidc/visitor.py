"""A visitor who goes from the sign-in page to the provider and back, by hand."""

import re
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import httpx
from django.test import Client

CLIENT_ID = "handoff"
SECRET = "a-secret-of-the-client"


def bind(settings: Any, issuer: str) -> None:
    settings.OIDC_ISSUER = issuer
    settings.OIDC_CLIENT_ID = CLIENT_ID
    settings.OIDC_CLIENT_SECRET = SECRET
    settings.OIDC_NAME = "Example"
    settings.SITE_URL = "http://testserver"


@dataclass
class Visit:
    client: Client
    provider: str

    def knows(self, sub: str, **claims: Any) -> None:
        """Let the provider know a person."""
        httpx.put(f"{self.provider}/users/{sub}", json=claims).raise_for_status()

    def revoke(self, sub: str) -> None:
        httpx.post(f"{self.provider}/users/{sub}/revoke-tokens").raise_for_status()

    def leave(self, *, next_page: str = "") -> str:
        """Press the button; return the address at the provider."""
        page = self.client.post("/accounts/oidc/login/", {"next": next_page})
        assert page.status_code == 200, page.content
        found = re.search(r'content="0;url=([^"]+)"', page.content.decode())
        assert found
        return unescape(found[1])

    def agree(self, there: str, sub: str) -> str:
        """Sign in at the provider; return our address to which it leads back."""
        answer = httpx.post(there, data={"sub": sub})
        assert answer.status_code == 302, answer.text
        back = urlsplit(answer.headers["Location"])
        return f"{back.path}?{back.query}"

    def sign_in(self, sub: str, *, next_page: str = "") -> Any:
        return self.client.get(self.agree(self.leave(next_page=next_page), sub))
