"""An authenticator app in a test, and the two steps of a sign-in."""

import time

from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.test import Client

from assignments.models import User
from tests.factories import make_user

PASSWORD = "correct horse"
LOGIN, CODE = "/accounts/login/", "/accounts/login/code/"


class App:
    """The app on somebody's phone, which is set up for a login."""

    def __init__(self, user: User) -> None:
        self.secret = totp.generate_totp_secret()
        self.row = totp.TOTP.activate(user, self.secret).instance

    def code(self, *, later: int = 0) -> str:
        """Return the code of now, or of that many half minutes later."""
        counter = int(time.time()) // 30 + later
        return totp.format_hotp_value(totp.hotp_value(self.secret, counter))

    def wrong_code(self) -> str:
        near = {self.code(later=step) for step in (-2, -1, 0, 1, 2)}
        return next(code for code in ("000000", "111111", "222222") if code not in near)


def make_user_with_app(name: str = "Uma User", **fields) -> tuple[User, App]:
    user = make_user(name, **({"username": "uma"} | fields))
    return user, App(user)


def recovery_codes(user: User) -> list[str]:
    return RecoveryCodes.activate(user).get_unused_codes()


def type_password(client: Client, name: str = "uma", **data: str):
    return client.post(LOGIN, {"username": name, "password": PASSWORD} | data)


def type_code(client: Client, code: str):
    return client.post(CODE, {"code": code})


def prove(client: Client, password: str = PASSWORD):
    return client.post("/accounts/prove/password/", {"password": password})


def is_signed_in(client: Client) -> bool:
    return client.get("/inbox/").status_code == 200
