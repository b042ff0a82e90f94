"""Readers of all kinds decode from our headers just what was put in."""

import email
import email.header
import email.policy
from email.headerregistry import Address
from email.message import EmailMessage

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from assignments.mail_encoding import EXACT, wire_address

text = st.text(
    st.one_of(
        st.sampled_from('ab üß😀é =?_"\\(),<>\u00a0字\u0301א'),
        st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")),
    ),
    max_size=150,
)
ADDRESS = {"username": "handoff", "domain": "example.com"}


def written(**headers) -> bytes:
    message = EmailMessage(policy=EXACT)
    for name, value in headers.items():
        message[name] = value
    message.set_content("x")
    return message.as_bytes()


def head_lines(mail: bytes) -> list[bytes]:
    return mail.partition(b"\r\n\r\n")[0].split(b"\r\n")


class TestSubjects:
    @given(text)
    @example("a  b")
    @example(" both ends ")
    @example("=?utf-8?q?Eve=0ABcc:_x?=")
    @example("a =?")
    @example("w" * 200)
    @example("word " * 40 + "ü")
    @example("👨\u200d👩\u200d👧" * 20)
    @example("שלום " * 20)
    def test_are_decoded_as_they_were(self, subject):
        mail = written(Subject=subject)

        modern = email.message_from_bytes(mail, policy=email.policy.default)
        assert str(modern["Subject"]) == subject
        old = email.header.decode_header(email.message_from_bytes(mail)["Subject"])
        assert str(email.header.make_header(old)) == subject

    @given(text)
    def test_are_ascii_in_lines_of_76_with_words_of_75(self, subject):
        lines = head_lines(written(Subject=subject))

        assert all(line.isascii() and len(line) <= 76 for line in lines)
        words = [word for line in lines for word in line.split() if b"=?" in word]
        assert all(len(word) <= 75 for word in words)

    @pytest.mark.parametrize(
        "subject", ["3 leads are yours", "Re: <b> 100% (x)", "e" * 67]
    )
    def test_that_need_no_encoding_stay_readable(self, subject):
        assert f"Subject: {subject}".encode() in head_lines(written(Subject=subject))


class TestNames:
    @pytest.mark.parametrize(
        "name",
        ["Handoff", "Händler & Söhne", "Sara (Sales), Klein", 'Sara "S" Klein', "a.b",
         "שלום", "😀 Team", "=?x?=", "Anne-Françoise Lévêque de la Tour", "a" * 40 + "@"],
    )  # fmt: skip
    def test_are_decoded_as_they_were(self, name):
        mail = written(From=[Address(name, **ADDRESS)], To="leo@example.com")

        [sender] = email.message_from_bytes(mail, policy=email.policy.default)[
            "From"
        ].addresses
        assert (sender.display_name, sender.addr_spec) == (name, "handoff@example.com")

    @given(text.filter(str.strip))
    @example("Vertrieb für Österreich, Südtirol und die Schweiz — Büro Zürich, Köln")
    def test_of_any_length_are_one_name_of_the_one_address(self, name):
        mail = written(From=[Address(name, **ADDRESS)])

        [(raw, address)] = email.utils.getaddresses(
            [str(email.message_from_bytes(mail)["From"])]
        )
        decoded = email.header.make_header(email.header.decode_header(raw))
        assert " ".join(str(decoded).split()) == " ".join(name.split())
        assert address == "handoff@example.com"


def test_an_address_of_a_page_is_neither_folded_nor_encoded():
    host = "handoff.sales-department-of-a-company-with-a-rather-long-name.example.com"
    link = f"<https://{host}/notifications/settings/>"

    lines = head_lines(written(**{"List-Unsubscribe": link}))

    assert f"List-Unsubscribe: {link}".encode() in lines


class TestAddresses:
    @pytest.mark.parametrize(
        ("address", "on_the_wire"),
        [
            ("leo@example.com", "leo@example.com"),
            ("Leo@Example.COM", "Leo@Example.COM"),
            ("leo@MÜNCHEN.example", "leo@xn--mnchen-3ya.example"),
            ("leo@mu\u0308nchen.example", "leo@xn--mnchen-3ya.example"),
            ("leo@münchen。example", "leo@xn--mnchen-3ya.example"),
            ("jürgen@faß.example", "jürgen@xn--fa-hia.example"),
            ("no address", "no address"),
        ],
    )
    def test_have_their_domain_in_ascii(self, address, on_the_wire):
        assert wire_address(address) == on_the_wire

    @pytest.mark.parametrize(
        "address", ["a@-ü.example", "a@ü..example", "a@ü\u202ex.de"]
    )
    def test_of_no_domain_are_refused(self, address):
        with pytest.raises(ValueError, match=r"[Ll]abel|[Cc]odepoint"):
            wire_address(address)
