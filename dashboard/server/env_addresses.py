"""Settings that are host names or addresses, read from what people write.

Each function raises `SettingRefused` with one sentence for what cannot be used.
"""

import re
from dataclasses import dataclass
from email.utils import parseaddr
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from dashboard.env import SettingRefused

EVERY_HOST = "*"
_IPV6 = re.compile(r"\[[0-9a-f:.]+\]")
_HOST_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*")


def host_names(text: str, site: str) -> list[str]:
    """Return ALLOWED_HOSTS from names between commas, semicolons or white space, each
    once.

    Names are put into lower case and IDNA. Of addresses the host is taken, without
    scheme, port or path, since Django compares names without a port. `*.example.com`
    becomes `.example.com`; `*` stays. Without a name: the host of `site`, `localhost`,
    `127.0.0.1` and `[::1]`. Raises SettingRefused for what is no host name.
    """
    names = [name for part in re.split(r"[,;\s]+", text) if (name := _host_name(part))]
    if names:
        return list(dict.fromkeys(names))
    own = _host_name(urlsplit(site).netloc)
    return list(dict.fromkeys([own, "localhost", "127.0.0.1", "[::1]"]))


def _host_name(part: str) -> str:
    name = part.strip("\"'").lower()
    name = name.partition("://")[2] or name
    name = name.partition("/")[0].rstrip(".")
    if name in {"", EVERY_HOST}:
        return name
    is_domain = name.startswith((".", "*."))
    bare = _without_port(
        name.removeprefix("*").removeprefix(".") if is_domain else name
    )
    bare = _in_ascii(bare)
    if not (_IPV6.fullmatch(bare) or _HOST_NAME.fullmatch(bare)):
        raise SettingRefused(
            f"ALLOWED_HOSTS holds {part!r}, which is no host name; write it like "
            "handoff.example.com, with commas between several."
        )
    return f".{bare}" if is_domain else bare


def _without_port(name: str) -> str:
    """Return the host without a port; an IPv6 address is put into brackets, as in a
    Host header.
    """
    host = name.removeprefix("[").partition("]")[0]
    try:
        return f"[{IPv6Address(host)}]"
    except ValueError:
        return re.sub(r":\d*$", "", name)


def _in_ascii(host: str) -> str:
    """Return the host as browsers send it: letters beyond ASCII in IDNA form.

    An ASCII host, or one that has no such form, comes back unchanged.
    """
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host


def site_url(text: str) -> str:
    """Return `scheme://host`, with `:port` unless it is the usual one of http or https.

    The host is in lower case and IDNA. Raises SettingRefused for a user or password,
    another scheme, a path, query or fragment, or no valid host.
    """
    example = "write it like https://handoff.example.com"
    if "@" in text:
        raise SettingRefused(f"SITE_URL must hold no user or password; {example}")
    try:
        parts = urlsplit(text)
        host, port = _in_ascii(parts.hostname or ""), parts.port
    except ValueError:
        raise SettingRefused(f"SITE_URL is no address; {example}") from None
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise SettingRefused(
            f"SITE_URL is {text!r}, which does not begin with http:// or https://; "
            f"{example}"
        )
    if parts.path.strip("/") or parts.query or parts.fragment:
        raise SettingRefused(
            f"SITE_URL is {text!r}, but Handoff needs a host name of its own, without "
            f"a path behind it; {example}"
        )
    if ":" in host:
        host = f"[{host}]"
    elif not _HOST_NAME.fullmatch(host):
        raise SettingRefused(f"SITE_URL is {text!r}, which is no address; {example}")
    usual = {"http": 80, "https": 443}[parts.scheme]
    return f"{parts.scheme}://{host}" + ("" if port in {None, usual} else f":{port}")


def address(text: str) -> str:
    """Return Smartlead's base URL with the host in lower case and no slash at the end.

    Raises SettingRefused unless it is http(s) with a host, and for a user, password,
    query, fragment, port 0 or white space in it.
    """
    try:
        parts = urlsplit(text)
        is_good = parts.scheme in {"http", "https"} and bool(parts.hostname)
        is_good = is_good and parts.port != 0 and not re.search(r"\s", text)
        has_secrets = parts.username is not None or bool(parts.query or parts.fragment)
    except ValueError:
        is_good = has_secrets = False
    if has_secrets:
        # It is shown on pages and kept with the database.
        raise SettingRefused(
            "SMARTLEAD_BASE_URL must hold no user, password or query. Put the API key "
            "into SMARTLEAD_API_KEY."
        )
    if not is_good:
        raise SettingRefused(
            "SMARTLEAD_BASE_URL is no address; write it like "
            "https://server.smartlead.ai/api/v1"
        )
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path}".rstrip("/")


_SERVER = re.compile(
    # A password may hold anything: it ends at the last @.
    r"\w+://(?:(?P<user>[^:/]*)(?::(?P<password>.*))?@)?"
    r"(?P<host>\[[^\]@]*\]|[^@:/?#\[\s]*)(?::(?P<port>\d*))?"
    r"(?:/(?P<name>[^/?#@]*))?/?(?:\?(?P<options>[^@#]*))?"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Server:
    """The parts of an address like scheme://user:password@host:port/name?options."""

    user: str
    password: str
    host: str
    port: int | None
    name: str
    options: dict[str, str]


def _server(url: str, sentence: str) -> _Server:
    """Return the parts of `url`, percent signs decoded; a missing part is empty, a
    missing port None. Raises SettingRefused with `sentence` if it is no address of a
    server.
    """
    found = _SERVER.fullmatch(url)
    try:
        options = parse_qsl((found and found["options"]) or "", strict_parsing=True)
    except ValueError:
        raise SettingRefused(sentence) from None
    port = int(found["port"] or 0) if found else 0
    if found is None or port > 65535:
        raise SettingRefused(sentence)
    return _Server(
        user=unquote(found["user"] or ""),
        password=unquote(found["password"] or ""),
        host=unquote(found["host"]).strip("[]"),
        port=port or None,
        name=unquote(found["name"] or ""),
        options=dict(options),
    )


def database(url: str, *, folder: Path) -> dict[str, Any]:
    """Return Django's settings for sqlite:///path or postgres://user:pass@host/name.

    A path that is not absolute begins in `folder`, wherever a command is started.
    Raises SettingRefused for anything else; its sentence never repeats the address,
    which holds a password.
    """
    scheme = url.partition(":")[0].lower()
    if scheme == "sqlite":
        return _sqlite(url, folder)
    if scheme in {"postgres", "postgresql"}:
        return _postgres(url)
    raise SettingRefused(
        "DATABASE_URL must begin with sqlite:/// or postgres://; write it like "
        "sqlite:////srv/handoff/handoff.sqlite3 or "
        "postgres://handoff:password@localhost:5432/handoff"
    )


def _sqlite(url: str, folder: Path) -> dict[str, Any]:
    _, has_three, path = url.partition(":///")
    path = unquote(path)
    if not has_three or not path or path.endswith("/"):
        raise SettingRefused(
            "DATABASE_URL names no file; write it like sqlite:///handoff.sqlite3 (beside "
            "manage.py) or sqlite:////srv/handoff/handoff.sqlite3"
        )
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": path if path == ":memory:" else str(folder / path),
        "OPTIONS": {
            # The write lock is taken at BEGIN: no deadlock between two readers
            # that both want to write, and no "database is locked" half way.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL;PRAGMA synchronous=NORMAL;",
        },
    }


def _postgres(url: str) -> dict[str, Any]:
    server = _server(url, NO_DATABASE)
    if not server.name:
        raise SettingRefused(NO_DATABASE)
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": server.name,
        "USER": server.user,
        "PASSWORD": server.password,
        "HOST": server.host,
        "PORT": str(server.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"connect_timeout": 10, **server.options},
    }


NO_DATABASE = (
    "DATABASE_URL is no address of a database; write it like "
    "postgres://handoff:password@localhost:5432/handoff"
)


def mail_server(url: str, *, timeout: float) -> dict[str, Any]:
    """Return Django's MAILERS for smtp://user:pass@host:587 or smtps://…; {} for an
    empty `url`. smtp uses STARTTLS unless the address ends with ?tls=no; the port is
    587, or 465 for smtps, if none is given; `timeout` is in seconds. Raises
    SettingRefused for anything else; its sentence never repeats the address, which
    holds a password.
    """
    if not url:
        return {}
    scheme = url.partition(":")[0].lower()
    server = _server(url, NO_MAIL_SERVER)
    if scheme not in {"smtp", "smtps"} or not server.host or server.name:
        raise SettingRefused(NO_MAIL_SERVER)
    tls = server.options.get("tls", "yes")
    if server.options.keys() - {"tls"} or tls not in {"yes", "no"}:
        raise SettingRefused("EMAIL_URL takes ?tls=yes or ?tls=no, nothing else.")
    is_smtps = scheme == "smtps"
    options = {
        "host": server.host,
        "port": server.port or (465 if is_smtps else 587),
        "username": server.user,
        "password": server.password,
        "timeout": timeout,
        "use_ssl": is_smtps,
        "use_tls": tls == "yes" and not is_smtps,
    }
    return {"default": {"BACKEND": "assignments.smtp.Backend", "OPTIONS": options}}


NO_MAIL_SERVER = (
    "EMAIL_URL is no address of a mail server; write it like "
    "smtp://user:password@mail.example.com:587 or smtps://user:password@mail.example.com "
    "(with %25 for a % in the password)."
)


def sender(text: str, site_url: str) -> str:
    """Return `text`, the address our mails are from; if it is empty, `Handoff
    <handoff@HOST>`. HOST is the host of `site_url`, else `localhost`. Raises
    SettingRefused for what is no e-mail address, and for more than one line.
    """
    text = text or f"Handoff <handoff@{urlsplit(site_url).hostname or 'localhost'}>"
    _, email = parseaddr(text)
    if "@" not in email or text.splitlines() != [text]:
        raise SettingRefused(
            "EMAIL_FROM is no address; write it like Handoff <handoff@example.com>"
        )
    return text
