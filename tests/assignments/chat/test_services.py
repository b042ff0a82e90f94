"""Each service of our table as it is really called: apprise's requests, over TLS, to a
server that stands in for all of them.
"""

import datetime
import ipaddress
import json
import logging
import socket
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote_plus

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from urllib3.util import connection

from assignments.chat.addresses import read_address
from assignments.chat.delivery import ChannelGone, ChatFailure, send_chat
from assignments.chat.services import BY_SCHEME, SERVICES

SECRET = "s3cr3ts3cr3ts3cr3ts3cr3t"
ADDRESSES = {
    "slack": f"https://hooks.slack.com/services/T1JJ3T3L2/A1BRTD4JD/{SECRET}",
    "workflows": (
        "https://prod-1.westeurope.logic.azure.com:443/workflows/643e69f83c89/triggers/"
        f"manual/paths/invoke?api-version=2016-06-01&sp=x&sv=1.0&sig={SECRET}"
    ),
    "mattermost": f"https://chat.example.com/hooks/{SECRET}",
    "rocket": f"https://chat.example.com/hooks/5f3d8e0a9f1c/{SECRET}",
    "gchat": (
        f"https://chat.googleapis.com/v1/spaces/AAAA/messages?key=k&token={SECRET}"
    ),
    "discord": f"https://discord.com/api/webhooks/4174216298/{SECRET}",
    "tgram": f"tgram://123456789:{SECRET}/12315544/",
    "ntfy": f"https://ntfy.sh/{SECRET}",
    "webex": "https://webexapis.com/v1/webhooks/incoming/" + SECRET.ljust(90, "x"),
    "zulip": "zulip://handoff@acme/" + SECRET.ljust(32, "x") + "/sales",
    "matrix": "matrix://" + SECRET.ljust(64, "x") + "?mode=t2bot",
    "zoom": f"https://inbots.zoom.us/incoming/hook/abcdefghijkl?token={SECRET}",
    "cliq": f"cliq://1001.{SECRET}.abcdef/sales",
    "flock": f"https://api.flock.com/hooks/sendMessage/{SECRET}",
    "ryver": "https://acme.ryver.com/application/webhook/ckhrjW8w672m6HG",
    "lark": f"https://open.larksuite.com/open-apis/bot/v2/hook/{SECRET}",
    "feishu": "feishu://" + SECRET,
    "dingtalk": "dingtalk://" + SECRET,
    "wecombot": f"https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key={SECRET}",
}
HOSTS = [
    "hooks.slack.com",
    "prod-1.westeurope.logic.azure.com",
    "chat.example.com",
    "chat.googleapis.com",
    "discord.com",
    "api.telegram.org",
    "ntfy.sh",
    "api.ciscospark.com",
    "webexapis.com",
    "acme.zulipchat.com",
    "webhooks.t2bot.io",
    "inbots.zoom.us",
    "cliq.zoho.com",
    "api.flock.com",
    "acme.ryver.com",
    "open.larksuite.com",
    "open.feishu.cn",
    "oapi.dingtalk.com",
    "qyapi.weixin.qq.com",
]
TEXT = "Mia_Berg gave you 3 leads\nhttp://localhost:8000/notifications/5/?a=b&c_d=e_f"


class Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.headers["Host"], self.path, body.decode()))
        self.send_response(self.server.status)
        self.end_headers()
        is_slack = self.headers["Host"] == "hooks.slack.com"
        said = {"ok": True, "errcode": 0, "code": 0, "StatusCode": 0}
        self.wfile.write(b"ok" if is_slack else json.dumps(said).encode())

    def log_message(self, *_):
        pass


def make_certificate(folder):
    """Make a certificate for all hosts, which is its own authority."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "all of them")])
    now = datetime.datetime.now(datetime.UTC)
    names = [x509.DNSName(host) for host in HOSTS]
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    form = serialization.Encoding.PEM
    both = certificate.public_bytes(form) + key.private_bytes(
        form, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "both.pem").write_bytes(both)
    return folder / "both.pem"


@pytest.fixture(scope="module")
def stand_in(tmp_path_factory):
    certificate = make_certificate(tmp_path_factory.mktemp("tls"))
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None
    server.certificate = certificate
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def internet(stand_in, monkeypatch):
    """Every name has a public address, behind which the stand-in listens."""
    stand_in.received, stand_in.status = [], 200
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.216.34", 443))]
    monkeypatch.setattr(
        "assignments.outgoing_address.socket.getaddrinfo", lambda *_, **__: found
    )

    def to_stand_in(address, *arguments, **options):
        assert ipaddress.ip_address(address[0]).is_global  # the one that was checked
        line = socket.socket()
        line.settimeout(5)
        line.connect(("127.0.0.1", stand_in.server_port))
        return line

    monkeypatch.setattr(connection, "create_connection", to_stand_in)
    monkeypatch.setenv("SSL_CERT_FILE", str(stand_in.certificate))
    return stand_in


def test_every_service_has_an_address_here():
    assert set(ADDRESSES) == set(SERVICES)


@pytest.mark.parametrize("code", ADDRESSES)
class TestEachService:
    def test_takes_our_message_with_the_whole_link(self, code, internet):
        channel = read_address(ADDRESSES[code])
        assert channel.service.code == code

        send_chat(code, channel.address, TEXT)

        [(host, _, body)] = internet.received
        assert host.partition(":")[0] in HOSTS
        said = unquote_plus(body.encode().decode("unicode_escape"))
        assert "3 leads" in said
        assert "http://localhost:8000/notifications/5/" in said

    def test_says_that_an_address_is_gone_and_names_no_secret(
        self, code, internet, caplog
    ):
        caplog.set_level(logging.DEBUG)
        internet.status = 404

        with pytest.raises(ChannelGone) as refusal:
            send_chat(code, read_address(ADDRESSES[code]).address, TEXT)

        assert SECRET not in str(refusal.value) + caplog.text


class TestTls:
    def test_a_certificate_that_nobody_signed_is_refused(self, internet, monkeypatch):
        monkeypatch.delenv("SSL_CERT_FILE")

        with pytest.raises(ChatFailure):
            send_chat("slack", ADDRESSES["slack"], TEXT)

        assert internet.received == []


class TestAllowlist:
    @pytest.mark.parametrize(
        "scheme",
        ["file", "exec", "dbus", "syslog", "json", "jsons", "xml", "form", "mailto"],
    )
    def test_nothing_else_of_apprise_is_reached(self, scheme):
        assert scheme not in BY_SCHEME
