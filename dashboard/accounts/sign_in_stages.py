"""Stages of a sign-in before and after those of django-allauth.

A sign-in that waits for its second factor ends if the password is changed meanwhile:
whoever had the old one could finish it.
"""

from allauth.account.stages import LoginStage
from django.http import HttpResponse
from django.shortcuts import redirect

SEEN = "handoff_password"


class RememberPassword(LoginStage):  # type: ignore[misc]  # allauth has no types
    key = "remember_password"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        self.login.state[SEEN] = self.login.user.get_session_auth_hash()
        return None, True


class ComparePassword(LoginStage):  # type: ignore[misc]  # allauth has no types
    key = "compare_password"

    def handle(self) -> tuple[HttpResponse | None, bool]:
        """Lead back to the sign-in page if it is no longer the password that was seen."""
        if self.login.state.get(SEEN) == self.login.user.get_session_auth_hash():
            return None, True
        return redirect("login"), False
