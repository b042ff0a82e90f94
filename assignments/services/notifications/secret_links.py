"""The secret link of a mail, put in at the moment at which it is sent."""

from collections.abc import Callable
from urllib.parse import urljoin

from django.conf import settings

from assignments.models import Mail, User
from assignments.services.notifications.account_mail import LINK_MARK
from assignments.services.notifications.invitation_mail import invitation_path
from assignments.services.notifications.reset_mail import address_path, reset_path

SIGN_IN_PATH = "/accounts/login/"


def with_link(text: str, mail: Mail) -> str:
    """Return a text of a mail about a login with its link; of any other as it is.

    An invited login that has a password by now gets the page for signing in instead.
    """
    path_of = _PATHS.get(mail.purpose)
    if path_of is None or mail.user is None:
        return text
    path = path_of(mail.user, mail)
    return text.replace(LINK_MARK, urljoin(settings.SITE_URL, path))


def _invitation(user: User, mail: Mail) -> str:
    return SIGN_IN_PATH if user.has_usable_password() else invitation_path(user)


_PATHS: dict[str, Callable[[User, Mail], str]] = {
    Mail.Purpose.INVITATION: _invitation,
    Mail.Purpose.RESET: lambda user, mail: reset_path(user),
    Mail.Purpose.NEW_ADDRESS: lambda user, mail: address_path(user, mail.address),
}
