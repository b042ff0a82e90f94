"""Settings about signing in, read from what people write.

Each function raises `SettingRefused` with one sentence for what cannot be used.
"""

import re
from urllib.parse import parse_qsl, urlsplit

from dashboard.env import SettingRefused

EVERYBODY = "all"
LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def listed(text: str) -> list[str]:
    """Return the parts between commas or semicolons, each once and without blanks."""
    parts = (part.strip() for part in re.split("[,;]", text))
    return list(dict.fromkeys(filter(None, parts)))


def mail_domains(text: str) -> list[str]:
    """Return the domains in lower case; an @ in front is dropped."""
    domains = [part.lower().removeprefix("@") for part in listed(text)]
    for domain in domains:
        if not re.fullmatch(r"[\w-]+(\.[\w-]+)+", domain):
            raise SettingRefused(
                f"{domain!r} is no domain of mail addresses; write it like example.com."
            )
    return domains


def password_names(text: str) -> frozenset[str] | None:
    """Return the logins that LOCAL_SIGN_IN names; None for `all`."""
    if text.strip().lower() == EVERYBODY:
        return None
    return frozenset(listed(text))


def issuer(text: str, *, client_id: str, client_secret: str) -> str:
    """Return OIDC_ISSUER without a slash at the end; empty if there is no provider.

    Client id and secret must be set with it, and nothing but https is taken, except on
    this machine.
    """
    if not text:
        return ""
    address = text.removesuffix("/.well-known/openid-configuration").rstrip("/")
    parts = urlsplit(address)
    is_safe = parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in LOOPBACK
    )
    if not (is_safe and parts.hostname) or parts.query or len(address) > 200:
        raise SettingRefused(
            f"OIDC_ISSUER is {text!r}; write the issuer's address with https, like "
            "https://login.example.com/realms/main"
        )
    if not (client_id and client_secret):
        raise SettingRefused(
            "OIDC_ISSUER is set; set OIDC_CLIENT_ID and OIDC_CLIENT_SECRET, too."
        )
    return address


def parameters(text: str) -> dict[str, str]:
    """Return `prompt=consent&hd=example.com` as a mapping."""
    try:
        return dict(parse_qsl(text, strict_parsing=True)) if text else {}
    except ValueError:
        raise SettingRefused(
            f"OIDC_AUTH_PARAMS is {text!r}; write it like prompt=consent&hd=example.com"
        ) from None
