"""Checks of `doctor` that look outside the database: disks, mail server, own address."""

import http.client
import os
import ssl
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection

from assignments import smtp
from assignments.services.operations.findings import Finding, fine, note, problem

LEAST_FREE = 500 * 1024 * 1024  # bytes
GIGABYTE = 1024**3
LOGIN_PAGE = "/accounts/login/"
SITE_TIMEOUT = 10  # seconds
LOCAL = {"localhost", "127.0.0.1", "::1"}


def disk_space() -> Finding:
    """Return a problem if one of the disks of the database file, of var/ and of the
    program has less than 500 MB free or room for no file; else a fine finding.
    """
    folders = [settings.BASE_DIR / "var", settings.BASE_DIR]
    if connection.vendor == "sqlite":
        folders.insert(0, Path(connection.settings_dict["NAME"]).parent)
    there = [folder for folder in folders if folder.is_dir()]
    tightest = min(there, key=_free_bytes)
    free, has_files_left = _free_bytes(tightest), os.statvfs(tightest).f_favail != 0
    if free < LEAST_FREE or not has_files_left:
        left = f"{free / 1024**2:.0f} MB" if has_files_left else "room for no file"
        return problem(
            "disk",
            f"The disk of {tightest} is nearly full: {left} left.",
            "Make room: on a full disk nobody can sign in and nothing is saved.",
        )
    return fine("disk", f"{free / GIGABYTE:.0f} GB are free.")


def _free_bytes(folder: Path) -> int:
    disk = os.statvfs(folder)
    return disk.f_bavail * disk.f_frsize


def mail_server() -> Finding:
    """Sign in to the mail server, without a mail; return a problem if that fails, else
    a fine finding. Without EMAIL_URL it is fine without a try.
    """
    if not smtp.is_on():
        return fine("mail", "Off: without EMAIL_URL notifications are in the app only.")
    try:
        smtp.sign_in()
    except smtp.MailTrouble as trouble:
        return problem("mail", str(trouble), "Check EMAIL_URL; mails wait until then.")
    return fine("mail", "The mail server answers and lets us in.")


def plain_http() -> Finding | None:
    """Return a note if SITE_URL is not https and it or ALLOWED_HOSTS ("*" aside) names
    another machine; else None.
    """
    site = urlsplit(settings.SITE_URL)
    if site.scheme == "https":
        return None
    others = {name.strip("[]") for name in settings.ALLOWED_HOSTS} - LOCAL - {"*"}
    if site.hostname in LOCAL and others:
        return note(
            "address",
            f"SITE_URL is {settings.SITE_URL}, but ALLOWED_HOSTS lets other names in: "
            "links in mails lead to this machine, and signing in by https fails.",
            "Set SITE_URL to the address that people open.",
        )
    if site.hostname not in LOCAL:
        return note(
            "address",
            f"{settings.SITE_URL} is not https: passwords travel unencrypted, and "
            "signing in by https fails.",
            "Put TLS before it and set SITE_URL=https://…",
        )
    return None


def site() -> Finding:
    """Open the sign-in page at SITE_URL; return a fine finding if it comes with status
    200.

    Return a note if nothing answers or the proxy says 502 to 504; a problem for a wrong
    certificate and all other answers.
    """
    try:
        status, location = _open_login_page()
    except ssl.SSLCertVerificationError as error:
        return problem(
            "site",
            f"The certificate of {settings.SITE_URL} is not right: "
            f"{error.verify_message}.",
            "Give the proxy a certificate for this name.",
        )
    except (OSError, http.client.HTTPException) as error:
        return note(
            "site",
            f"{settings.SITE_URL} cannot be opened from here: {error}.",
            "Fine while proxy and Handoff do not run, or if the name leads here only "
            "from outside.",
        )
    return _judged(status, location)


def _open_login_page() -> tuple[int, str]:
    """Return the status of the sign-in page, and its Location header ("" without one)."""
    address = urlsplit(settings.SITE_URL)
    is_https = address.scheme == "https"
    kind = http.client.HTTPSConnection if is_https else http.client.HTTPConnection
    line = kind(address.hostname or "", address.port, timeout=SITE_TIMEOUT)
    try:
        line.request("GET", LOGIN_PAGE)
        answer = line.getresponse()
        return answer.status, answer.getheader("Location", "")
    finally:
        line.close()


def _judged(status: int, location: str) -> Finding:
    url = settings.SITE_URL
    if 300 <= status < 400 and location.startswith(url):
        return problem(
            "site",
            f"{url} redirects to itself: the proxy does not say that it was asked by "
            "https.",
            "Have it set X-Forwarded-Proto, see docs/deploy/nginx.conf.",
        )
    if status == 400:
        return problem(
            "site",
            f"{url} answers 400: the proxy hands on another host name.",
            "Have it set Host, see docs/deploy/nginx.conf, and look at ALLOWED_HOSTS.",
        )
    if status in {502, 503, 504}:
        return note(
            "site",
            f"The proxy answers {status} at {url}: Handoff does not run behind it.",
            "Start it: manage.py serve",
        )
    if status != 200:
        return problem(
            "site",
            f"{url} answers {status} in place of the sign-in page.",
            "Something else is served at this address; look at the proxy.",
        )
    return fine("site", f"The sign-in page is at {url}.")
