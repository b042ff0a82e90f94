"""A typed address reaches nothing inside this network, whatever its name leads to."""

import ipaddress
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from assignments import webhook_sender
from assignments.outgoing_address import AddressRefused
from assignments.webhook_sender import SendFailed, checked_url
from tests.webhook_receiver import open_receiver, resolver

LOOK_UP = "assignments.outgoing_address.socket.getaddrinfo"
HEADERS = {"webhook-id": "msg_1", "webhook-signature": "v1,x"}
PUBLIC = "93.184.216.34"


def send(url: str) -> webhook_sender.SentAnswer:
    return webhook_sender.post(url, headers=HEADERS, body=b"{}")


class TestTypedAddresses:
    @pytest.mark.parametrize("address", [PUBLIC, "2606:2800:220:1:248:1893:25c8:1946"])
    def test_a_public_one_is_taken(self, monkeypatch, address):
        monkeypatch.setattr(LOOK_UP, resolver(address))

        assert checked_url(" https://hooks.example.com/a?b=ü ") == (
            "https://hooks.example.com/a?b=%C3%BC"
        )

    @pytest.mark.parametrize(
        ("typed", "said"),
        [
            ("http://hooks.example.com/", "must begin with https://"),
            ("ftp://hooks.example.com/", "must begin with https://"),
            ("hooks.example.com", "must begin with https://"),
            ("", "must begin with https://"),
            ("https://", "must begin with https://"),
            ("https://me:secret@hooks.example.com/", "no user name"),
            ("https://me@hooks.example.com/", "no user name"),
            ("https://hooks.example.com/#part", "after a #"),
            ("https://hooks.example.com:99999/", "from 1 to 65535"),
            ("https://hooks.example.com/" + "a" * 1000, "1000 characters"),
            ("https://hooks\0.example.com/", "no address"),
        ],
    )
    def test_others_are_refused_in_words(self, monkeypatch, typed, said):
        monkeypatch.setattr(LOOK_UP, resolver(PUBLIC))

        with pytest.raises(AddressRefused, match=said) as refusal:
            checked_url(typed)
        assert "secret" not in str(refusal.value)

    @pytest.mark.parametrize(
        "address",
        ["127.0.0.1", "10.1.2.3", "169.254.169.254", "::1", "::ffff:192.168.0.1"],
    )
    def test_an_address_inside_is_refused(self, monkeypatch, address):
        monkeypatch.setattr(LOOK_UP, resolver(address))

        with pytest.raises(AddressRefused, match="inside this network"):
            checked_url("https://hooks.example.com/")

    def test_loopback_by_number_is_refused(self):
        with pytest.raises(AddressRefused, match="inside this network"):
            checked_url("https://127.1/")

    def test_with_the_setting_they_are_allowed_without_tls_too(self, settings):
        settings.OUTGOING_PRIVATE = True

        assert checked_url("http://127.0.0.1:8000/x") == "http://127.0.0.1:8000/x"


class TestRebinding:
    def test_a_name_that_leads_inside_by_then_is_not_called(self, monkeypatch):
        with open_receiver() as receiver:
            url = f"https://hooks.example.com:{receiver.port}/"
            monkeypatch.setattr(LOOK_UP, resolver(PUBLIC, "127.0.0.1"))
            checked_url(url)

            with pytest.raises(SendFailed, match="inside this network"):
                send(url)

        assert receiver.calls == 0

    def test_the_connection_goes_to_the_checked_address(self, monkeypatch, settings):
        settings.OUTGOING_PRIVATE = True
        with open_receiver() as receiver:
            # A second look-up would lead to where nobody answers.
            monkeypatch.setattr(LOOK_UP, resolver("127.0.0.1", "0.0.0.1"))

            answer = send(f"http://hooks.example.com:{receiver.port}/a")

        assert answer.status == 204
        assert receiver.hosts == [f"hooks.example.com:{receiver.port}"]

    def test_an_endpoint_kept_from_when_private_ones_were_allowed_is_not_called(self):
        with open_receiver() as receiver, pytest.raises(SendFailed, match="https://"):
            send(receiver.url)

        assert receiver.calls == 0


class TestCertificates:
    @pytest.fixture
    def authority(self, tmp_path: Path, monkeypatch, settings) -> Path:
        """A certificate for hooks.example.com, trusted as an authority is."""
        settings.OUTGOING_PRIVATE = True
        monkeypatch.setattr(LOOK_UP, resolver("127.0.0.1"))
        path = write_certificate(tmp_path, "hooks.example.com")
        trusting = ssl.create_default_context(cafile=str(path))
        monkeypatch.setattr(webhook_sender, "_ssl_context", lambda: trusting)
        return path

    @pytest.mark.parametrize(
        ("host", "is_right"),
        [("hooks.example.com", True), ("other.example.com", False)],
    )
    def test_the_certificate_must_be_that_of_the_name(
        self, authority: Path, host: str, *, is_right: bool
    ):
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(authority)
        with open_receiver(tls=tls) as receiver:
            url = f"https://{host}:{receiver.port}/"
            if is_right:
                assert send(url).status == 204
            else:
                with pytest.raises(SendFailed, match="certificate"):
                    send(url)

        assert receiver.calls == is_right


class TestFailures:
    def test_errors_do_not_tell_the_address(self, settings):
        settings.OUTGOING_PRIVATE = True
        with open_receiver() as gone:
            pass

        with pytest.raises(SendFailed) as failure:
            send(f"{gone.url}?token=very-secret")

        assert "very-secret" not in repr(failure.value)
        assert failure.value.__context__ is None

    def test_a_look_up_that_hangs_is_left(self, monkeypatch):
        blocked = open_receiver()
        monkeypatch.setattr(webhook_sender, "DEADLINE", 0.05)
        with blocked as receiver:
            monkeypatch.setattr(
                LOOK_UP, lambda *_, **__: receiver.until_released.wait(5) and []
            )

            with pytest.raises(SendFailed, match="took too long"):
                send("https://hooks.example.com/")


def write_certificate(folder: Path, host: str) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName(
                [x509.DNSName(host), x509.IPAddress(ipaddress.ip_address("192.0.2.1"))]
            ),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path
