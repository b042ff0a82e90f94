import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP

from assignments.chat.encryption import encrypt
from assignments.services.operations.secret_checks import stored_secrets
from assignments.services.outgoing_webhooks import signing_secrets
from tests.factories import make_channel, make_endpoint, make_user

pytestmark = pytest.mark.django_db


@pytest.fixture
def _secrets_of_each_kind() -> None:
    user = make_user("Uma")
    make_channel(user, secret=encrypt("tgram://1/2"))
    make_endpoint(secret=signing_secrets.encrypted("whsec_x"))
    TOTP.activate(user, "JBSWY3DPEHPK3PXP")
    RecoveryCodes.activate(user)


@pytest.mark.usefixtures("_secrets_of_each_kind")
class TestStoredSecrets:
    def test_with_the_key_of_their_making_all_is_well(self):
        assert not stored_secrets().is_problem

    def test_each_kind_that_cannot_be_read_is_named(self, settings):
        settings.SECRET_KEY = "another" * 10

        assert stored_secrets().sentence == (
            "Stored with another SECRET_KEY, and unreadable: chat channels, outgoing "
            "webhooks, second factors."
        )

    def test_an_old_key_is_of_use(self, settings):
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "another" * 10

        assert not stored_secrets().is_problem

    def test_it_is_one_query_for_each_kind(self, django_assert_num_queries):
        with django_assert_num_queries(3):
            stored_secrets()


def test_without_secrets_there_is_nothing_to_read():
    assert not stored_secrets().is_problem
