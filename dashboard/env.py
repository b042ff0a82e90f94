"""What the environment says, read once by settings.py."""

import os
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured


def env(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, default)
    if value is None:
        raise ImproperlyConfigured(
            f"Set the environment variable {name} (see .env.example)."
        )
    return value


def env_bool(name: str, *, default: bool = False) -> bool:
    return env(name, "1" if default else "0").lower() in {"1", "true", "yes", "on"}


def seconds(name: str, text: str) -> float:
    """The length of time above 0 that the variable `name` holds."""
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value < float("inf"):
        raise ImproperlyConfigured(f"{name} must be a number of seconds above 0.")
    return value


def load_env_file(path: Path) -> None:
    """Read NAME=value lines; what is already in the environment wins."""
    if not path.is_file():
        return
    for line in path.read_text().splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            os.environ.setdefault(name.strip(), value.strip().strip("\"'"))


def address(text: str) -> str:
    """Smartlead's base URL: http(s), a host, and no user or password in it."""
    try:
        parts = urlsplit(text)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname)
        has_secrets = parts.username is not None or bool(parts.query)
    except ValueError:
        is_good = has_secrets = False
    if has_secrets:
        # It is shown on pages and kept with the database.
        raise ImproperlyConfigured(
            "SMARTLEAD_BASE_URL must hold no user, password or query. Put the API key "
            "into SMARTLEAD_API_KEY."
        )
    if not is_good:
        raise ImproperlyConfigured(
            "SMARTLEAD_BASE_URL is no address; write it like "
            "https://server.smartlead.ai/api/v1"
        )
    return text.rstrip("/")


def rate_limits(text: str) -> list[tuple[int, float]]:
    """`8/2s,55/60s` → [(8, 2.0), (55, 60.0)]: calls per seconds, all at once."""
    try:
        pairs = [part.strip().rstrip("s").split("/") for part in text.split(",")]
        limits = [(int(calls), float(seconds)) for calls, seconds in pairs]
    except ValueError:
        limits = []
    if not limits or any(calls < 2 or seconds <= 0 for calls, seconds in limits):
        raise ImproperlyConfigured(
            f"SMARTLEAD_RATE_LIMITS is {text!r}; write it like 8/2s,55/60s, "
            "with at least 2 calls a window."
        )
    return limits


def database(url: str) -> dict[str, Any]:
    """A Django database from sqlite:///path or postgres://user:pass@host:port/name."""
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": parts.path[1:],  # sqlite:///relative, sqlite:////absolute
            "OPTIONS": {
                # The write lock is taken at BEGIN: no deadlock between two readers
                # that both want to write, and no "database is locked" half way.
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
            },
        }
    if parts.scheme in {"postgres", "postgresql"}:
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path[1:]),
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": parts.hostname or "",
            "PORT": str(parts.port or ""),
            "CONN_MAX_AGE": 60,
            "CONN_HEALTH_CHECKS": True,
            "OPTIONS": {"connect_timeout": 10, **dict(parse_qsl(parts.query))},
        }
    raise ImproperlyConfigured(
        "DATABASE_URL must begin with sqlite:/// or postgres:// (see .env.example)."
    )


def mail_server(url: str, *, timeout: float) -> dict[str, Any]:
    """Django's MAILERS from smtp://user:pass@host:587 or smtps://…; empty: none.

    No sentence repeats the address: it holds a password.
    """
    if not url:
        return {}
    try:
        parts = urlsplit(url)
        port, said = (
            parts.port,
            dict(parse_qsl(parts.query, strict_parsing=True) if parts.query else []),
        )
    except ValueError:
        raise ImproperlyConfigured(NO_MAIL_SERVER) from None
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ImproperlyConfigured(NO_MAIL_SERVER)
    if said.keys() - {"tls"} or said.get("tls", "yes") not in {"yes", "no"}:
        raise ImproperlyConfigured("EMAIL_URL takes ?tls=yes or ?tls=no, nothing else.")
    wants_tls = said.get("tls", "yes") == "yes"
    is_smtps = parts.scheme == "smtps"
    options = {
        "host": parts.hostname,
        "port": port or (465 if is_smtps else 587),
        "username": unquote(parts.username or ""),
        "password": unquote(parts.password or ""),
        "timeout": timeout,
        "use_ssl": is_smtps,
        "use_tls": wants_tls and not is_smtps,
    }
    return {"default": {"BACKEND": "assignments.smtp.Backend", "OPTIONS": options}}


NO_MAIL_SERVER = (
    "EMAIL_URL is no address of a mail server; write it like "
    "smtp://user:password@mail.example.com:587 or smtps://user:password@mail.example.com "
    "(with %40 for an @ in the password, %2F for a /)."
)


def sender(text: str, site_url: str) -> str:
    """Whom our mails are from; by default Handoff at the site's own host."""
    text = text or f"Handoff <handoff@{urlsplit(site_url).hostname or 'localhost'}>"
    _, email = parseaddr(text)
    if "@" not in email or text.splitlines() != [text]:
        raise ImproperlyConfigured(
            "EMAIL_FROM is no address; write it like Handoff <handoff@example.com>"
        )
    return text
