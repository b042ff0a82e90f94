import pytest

from dashboard.env import SettingRefused
from dashboard.server.env_sign_in import (
    issuer,
    listed,
    mail_domains,
    parameters,
    password_names,
)


def read(text: str) -> str:
    return issuer(text, client_id="handoff", client_secret="x")


@pytest.mark.parametrize(
    "text",
    [
        "https://id.example.com/realms/main",
        "https://id.example.com/realms/main/",
        "https://id.example.com/realms/main/.well-known/openid-configuration",
    ],
)
def test_an_issuer_is_written_in_several_ways(text):
    assert read(text) == "https://id.example.com/realms/main"


@pytest.mark.parametrize("text", ["id.example.com", "http://id.example.com", "x://y"])
def test_an_issuer_without_https_is_refused(text):
    with pytest.raises(SettingRefused, match="with https"):
        read(text)


def test_a_provider_on_this_machine_needs_no_https():
    assert read("http://localhost:9400") == "http://localhost:9400"


def test_an_issuer_needs_a_client():
    with pytest.raises(SettingRefused, match="OIDC_CLIENT_SECRET"):
        issuer("https://id.example.com", client_id="handoff", client_secret="")
    assert issuer("", client_id="", client_secret="") == ""


def test_lists_are_read_as_people_write_them():
    assert listed(" Sales EMEA; Sales APAC,, ") == ["Sales EMEA", "Sales APAC"]
    assert mail_domains("@Example.com, example.org") == ["example.com", "example.org"]
    assert password_names("All") is None
    assert password_names("emergency, sara") == {"emergency", "sara"}
    assert parameters("prompt=consent&hd=example.com") == {
        "prompt": "consent", "hd": "example.com",
    }  # fmt: skip


def test_what_is_no_domain_or_parameter_is_refused():
    with pytest.raises(SettingRefused, match="no domain"):
        mail_domains("example")
    with pytest.raises(SettingRefused, match="OIDC_AUTH_PARAMS"):
        parameters("consent")
