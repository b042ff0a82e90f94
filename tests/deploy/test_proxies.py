"""The proxies of docs/deploy, run with their own programs before the real `serve`."""

import json
import os
import shutil
import sqlite3
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from assignments.services.webhooks import authentication
from tests.deploy.served import (
    HOST,
    PASSWORD,
    ROOT,
    SECRET,
    Site,
    free_port,
    listens,
    running,
    serving,
    wait_until,
)

PROXIES = ("nginx", "caddy")
INSTALL = {"nginx": "apt-get install nginx", "caddy": "apt-get install caddy"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A proxy that runs: its two ports, what it logs, and who it trusts."""

    http: int
    https: int
    folder: Path
    trust: ssl.SSLContext

    def client(self, *, tls: bool = True) -> httpx.Client:
        base = (
            f"https://127.0.0.1:{self.https}"
            if tls
            else f"http://127.0.0.1:{self.http}"
        )
        return httpx.Client(
            base_url=base,
            headers={"Host": HOST},
            verify=self.trust,
            event_hooks={"request": [_speak_tls_by_name]},
            timeout=30,
        )

    def logs(self) -> str:
        return "".join(
            path.read_text(errors="replace") for path in self.folder.glob("*.log")
        )


def _speak_tls_by_name(request: httpx.Request) -> None:
    request.extensions["sni_hostname"] = HOST


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[Site]:
    with serving(tmp_path_factory.mktemp("site")) as served:
        yield served


@pytest.fixture(scope="module", params=PROXIES)
def door(request, site, tmp_path_factory) -> Iterator[Door]:
    name = request.param
    program = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if program is None:
        pytest.skip(f"{name} is not on this machine ({INSTALL[name]})")
    folder = tmp_path_factory.mktemp(name)
    door = Door(
        http=free_port(), https=free_port(), folder=folder, trust=_certificate(folder)
    )
    start = {"nginx": _nginx, "caddy": _caddy}[name]
    with start(program, door, site):
        yield door


def _certificate(folder: Path) -> ssl.SSLContext:
    words = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    words += ["-keyout", "key.pem", "-out", "cert.pem", "-subj", f"/CN={HOST}"]
    words += ["-addext", f"subjectAltName=DNS:{HOST}"]
    subprocess.run(words, cwd=folder, check=True, capture_output=True)
    return ssl.create_default_context(cafile=folder / "cert.pem")


def _put(text: str, changes: dict[str, str]) -> str:
    for old, new in changes.items():
        assert old in text, old
        text = text.replace(old, new)
    return text


@contextmanager
def _nginx(program: str, door: Door, site: Site) -> Iterator[None]:
    folder = door.folder
    changes = {
        "listen 80;": f"listen 127.0.0.1:{door.http};",
        "listen [::]:80;": "",
        "listen 443 ssl;": f"listen 127.0.0.1:{door.https} ssl;",
        "listen [::]:443 ssl;": "",
        f"/etc/letsencrypt/live/{HOST}/fullchain.pem": f"{folder}/cert.pem",
        f"/etc/letsencrypt/live/{HOST}/privkey.pem": f"{folder}/key.pem",
        "/var/log/nginx/": f"{folder}/",
        "127.0.0.1:8000": f"127.0.0.1:{site.port}",
    }
    ours = _put((ROOT / "docs/deploy/nginx.conf").read_text(), changes)
    (folder / "handoff.conf").write_text(ours)
    temporary = "".join(
        f"{kind}_temp_path {folder}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"{'user root;' if os.geteuid() == 0 else ''} daemon off; "
        f"pid {folder}/pid; events {{}} "
        f"http {{ access_log {folder}/default.log; {temporary} include handoff.conf; }}"
    )
    log = folder / "error.log"
    words = [program, "-p", str(folder), "-c", "nginx.conf", "-e", str(log)]
    with running(words, dict(os.environ), log):
        wait_until(lambda: listens(door.http) and listens(door.https), log)
        yield


@contextmanager
def _caddy(program: str, door: Door, site: Site) -> Iterator[None]:
    folder = door.folder
    ours = _put(
        (ROOT / "docs/deploy/Caddyfile").read_text(),
        {
            "{\n\tservers": "{\n\tadmin off\n\tauto_https disable_redirects\n"
            f"\thttp_port {door.http}\n\thttps_port {door.https}\n\tservers",
            "handoff.example.com} {\n": (
                f"handoff.example.com}} {{\n\ttls {folder}/cert.pem {folder}/key.pem\n"
            ),
            "127.0.0.1:8000": f"127.0.0.1:{site.port}",
        },
    )
    (folder / "Caddyfile").write_text(ours)
    log = folder / "caddy.log"
    words = [program, "run", "--config", str(folder / "Caddyfile")]
    words += ["--adapter", "caddyfile"]
    homes = dict.fromkeys(("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME"), str(folder))
    with running(words, {**os.environ, **homes}, log):
        wait_until(lambda: listens(door.http) and listens(door.https), log)
        yield


def hook_path(settings) -> str:
    settings.SMARTLEAD_WEBHOOK_SECRET = SECRET
    return f"/webhooks/smartlead/{authentication.path_token()}/"


def test_a_person_signs_in_through_it(door):
    with door.client() as client:
        page = client.get("/accounts/login/")
        token = page.text.partition('name="csrfmiddlewaretoken" value="')[2][:64]

        answer = client.post(
            "/accounts/login/",
            data={
                "username": "mia",
                "password": PASSWORD,
                "csrfmiddlewaretoken": token,
            },
            headers={"Origin": f"https://{HOST}", "Referer": f"https://{HOST}/"},
        )
        inbox = client.get(answer.headers["Location"])

    assert answer.status_code == 302
    assert all("Secure" in line for line in answer.headers.get_list("set-cookie"))
    assert "max-age=" in page.headers["Strict-Transport-Security"]
    assert inbox.status_code == 200
    assert "mia" in inbox.text


def test_a_webhook_arrives(door, site, settings):
    event = {"event_type": "EMAIL_REPLY", "event_timestamp": "2026-05-11T10:00:00Z"}
    event |= {"sl_email_lead_map_id": 7, "stats_id": str(door.https)}

    with door.client() as client:
        answer = client.post(hook_path(settings), content=json.dumps(event))

    assert answer.status_code == 200, answer.text
    with sqlite3.connect(site.database) as database:
        assert database.execute(
            "SELECT count(*) FROM assignments_webhookevent"
        ).fetchone()[0]
    database.close()


def test_the_address_of_a_webhook_is_in_no_log(door, settings):
    path = hook_path(settings)
    with door.client() as client, door.client(tls=False) as plain:
        for sender in (client, plain):
            sender.post(path, content="{}")
            sender.post(f"{sender.base_url}/{path}", content="{}")
            sender.post(path.removeprefix("/webhooks"), content="{}")
            sender.post(path.replace("webhooks", "%77ebhooks"), content="{}")
            sender.post(path, content=b"x" * 4_000_000)
        client.get("/inbox/?q=acme", headers={"Referer": f"https://{HOST}{path}"})

    assert authentication.path_token() not in door.logs()


def test_the_address_of_a_webhook_is_in_no_log_when_handoff_does_not_answer(
    door, site, settings, tmp_path_factory
):
    path = hook_path(settings)
    gone = Site(port=free_port(), database=site.database, log=site.log)
    folder = tmp_path_factory.mktemp("gone")
    shutil.copy(door.folder / "cert.pem", folder)
    shutil.copy(door.folder / "key.pem", folder)
    alone = Door(http=free_port(), https=free_port(), folder=folder, trust=door.trust)
    is_nginx = (door.folder / "nginx.conf").exists()
    program = shutil.which("nginx", path="/usr/sbin:/usr/bin") if is_nginx else "caddy"
    start = _nginx if is_nginx else _caddy

    with start(str(program), alone, gone), alone.client() as client:
        answer = client.post(path, content="{}")
        client.get("/coverage/calendar/a-secret.ics")

    assert answer.status_code == 502
    assert authentication.path_token() not in alone.logs()
    assert "a-secret.ics" not in alone.logs()


def test_what_people_search_for_is_in_no_log(door):
    with door.client() as client:
        client.get("/inbox/?q=acme-corporation")

    assert "acme-corporation" not in door.logs()


def test_monitors_are_answered_with_and_without_tls(door):
    with door.client() as client, door.client(tls=False) as plain:
        assert client.get("/healthz").text == "ok\n"
        assert plain.get("/healthz").text == "ok\n"
        assert plain.get("/readyz").status_code in {200, 503}


def test_plain_http_is_led_to_https_with_its_method(door):
    with door.client(tls=False) as plain:
        answer = plain.post("/inbox/?q=x", headers={"Host": HOST})

    assert answer.status_code == 308
    assert answer.headers["Location"] == f"https://{HOST}/inbox/?q=x"


def test_what_a_caller_claims_about_itself_is_not_believed(door):
    claims = {"X-Forwarded-Proto": "http", "X-Forwarded-Host": "evil.example"}
    claims |= {"X-Request-ID": "of-the-caller"}
    with door.client() as client:
        answer = client.get("/accounts/login/", headers=claims)

    assert answer.status_code == 200
    assert answer.headers.get_list("X-Request-ID") != ["of-the-caller"]


def test_a_body_that_is_too_large_is_refused_by_whoever_says_why(door, settings):
    with door.client() as client:
        answer = client.post(hook_path(settings), content=b"x" * 2_500_000)

    assert answer.status_code == 413
    assert answer.text == "The body is larger than 2 MB.\n"
