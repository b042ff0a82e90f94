"""Invitations: one login for one person, and a link that works once."""

from datetime import timedelta

import pytest
from django.utils import timezone

from assignments import smtp
from assignments.models import Mail, User
from assignments.services.access import Role, role_of
from assignments.services.errors import AssignmentRefused, NotAllowed
from assignments.services.notifications.invitation_mail import (
    LINK_MARK,
    VALID_FOR,
    invited_user,
)
from assignments.services.notifications.outbox import claim_next, deliver_claimed
from assignments.services.people import invitations
from tests.factories import (
    MONDAY,
    make_manager,
    make_member,
    make_team,
    make_user,
)
from tests.notification_mails import send_due_mails

pytestmark = pytest.mark.django_db
PASSWORD = "a long enough one"


def invite(**said) -> invitations.Invitation:
    fields = {"login": "cem@x.test", "name": "Cem Kaya", "role": Role.MEMBER}
    actor = said.pop("actor", None) or make_manager()
    return invitations.invite(actor=actor, at=MONDAY, **(fields | said))


def parts_of(path: str) -> dict[str, str]:
    key, token = path.strip("/").split("/")[-2:]
    return {"key": key, "token": token}


class TestInvite:
    def test_makes_a_login_that_cannot_sign_in_yet(self):
        user = invite().user

        assert (user.username, user.email, str(user)) == (
            "cem@x.test", "cem@x.test", "Cem Kaya",
        )  # fmt: skip
        assert not user.has_usable_password()
        assert role_of(user) == Role.MEMBER

    def test_links_the_member_and_puts_them_into_the_team(self):
        cem, team = make_member("Cem Kaya", email="cem@x.test"), make_team()

        user = invite(login="cem", member=cem, team=team).user

        cem.refresh_from_db()
        assert (cem.user, cem.team, user.email) == (user, team, "cem@x.test")

    def test_a_team_lead_leads_the_team(self):
        team = make_team()

        user = invite(role=Role.TEAM_LEAD, team=team).user

        assert list(user.leads_teams.all()) == [team]

    def test_a_team_lead_without_a_team_is_refused(self):
        with pytest.raises(AssignmentRefused, match="Choose the team"):
            invite(role=Role.TEAM_LEAD)

        assert not User.objects.filter(username="cem@x.test").exists()

    def test_a_sales_manager_is_one(self):
        assert role_of(invite(role=Role.SALES_MANAGER).user) == Role.SALES_MANAGER

    @pytest.mark.parametrize("login", ["CEM@x.test", "cem@X.TEST"])
    def test_no_login_twice_in_whatever_case(self, login):
        invite()

        with pytest.raises(AssignmentRefused, match=r"Cem Kaya.*already has"):
            invite(login=login, name="Other")

    def test_no_login_twice_if_two_managers_invite_at_once(self, monkeypatch):
        check = User.full_clean

        def check_and_be_overtaken(user: User) -> None:
            check(user)
            make_user("Cem Kaya", username=user.username)

        monkeypatch.setattr(User, "full_clean", check_and_be_overtaken)

        with pytest.raises(AssignmentRefused, match=r"Cem Kaya already has the login"):
            invite(name="Other", actor=make_manager())

    def test_no_address_twice(self):
        make_user("Cem Kaya", username="cem", email="Cem@x.test")

        with pytest.raises(AssignmentRefused, match=r"sign in as “cem”"):
            invite()

    def test_no_member_twice(self):
        cem = make_member("Cem Kaya", user=make_user(username="cem"))

        with pytest.raises(AssignmentRefused, match="already has a login"):
            invite(member=cem)

    def test_is_for_sales_managers(self):
        for act in (
            lambda user: invite(actor=user),
            lambda user: invitations.renew(actor=user, user=user, at=MONDAY),
        ):
            with pytest.raises(NotAllowed, match="Only a sales manager can invite"):
                act(make_user())


class TestLink:
    def test_sets_the_password_once(self):
        made = invite()

        user = invitations.accept(**parts_of(made.path), password=PASSWORD)

        assert user == made.user
        assert user.check_password(PASSWORD)
        again = invitations.accept(**parts_of(made.path), password="another one!")
        assert again is None
        assert User.objects.get(pk=user.pk).check_password(PASSWORD)

    def test_ends_by_itself(self, monkeypatch):
        made = invite()
        later = timezone.now().replace(tzinfo=None) + VALID_FOR + timedelta(minutes=1)
        monkeypatch.setattr(
            "django.contrib.auth.tokens.PasswordResetTokenGenerator._now",
            lambda _: later + timedelta(days=1),
        )

        assert invited_user(**parts_of(made.path)) is None

    def test_ends_with_a_newer_one(self):
        made = invite()

        newer = invitations.renew(actor=make_manager(), user=made.user, at=MONDAY)

        assert invited_user(**parts_of(made.path)) is None
        assert invited_user(**parts_of(newer.path)) == made.user

    def test_ends_with_the_login(self):
        made = invite()
        User.objects.filter(pk=made.user.pk).update(is_active=False)

        assert invited_user(**parts_of(made.path)) is None

    @pytest.mark.parametrize(
        ("key", "token"),
        [("", ""), ("MQ", "x"), ("!!", "x-y"), ("OTk5OTk5OTk5OTk5OTk5OTk5OTk5", "a-b")],
    )
    def test_what_was_never_made_opens_nothing(self, key, token):
        assert invited_user(key, token) is None

    def test_is_not_made_for_who_has_a_password(self):
        user = make_user()
        user.set_password(PASSWORD)
        user.save()

        with pytest.raises(AssignmentRefused, match="a password already"):
            invitations.renew(actor=make_manager(), user=user, at=MONDAY)


class TestMail:
    def test_carries_a_link_that_the_database_does_not(self, postbox):
        made = invite()

        send_due_mails()

        [arrived] = postbox.mails
        text = arrived.get_body(("plain",)).get_content()
        html = arrived.get_body(("html",)).get_content()
        token = next(word for word in text.split() if "/accounts/invitation/" in word)
        assert invited_user(**parts_of(token)) == made.user
        assert "/accounts/invitation/" in html
        kept = Mail.objects.get()
        assert LINK_MARK in kept.text
        assert parts_of(made.path)["token"] not in kept.text + kept.html
        assert made.is_mailed

    def test_leads_to_the_sign_in_once_there_is_a_password(self, postbox):
        made = invite()
        invitations.accept(**parts_of(made.path), password=PASSWORD)

        send_due_mails()

        text = postbox.mails[0].get_body(("plain",)).get_content()
        assert "/accounts/login/" in text
        assert "/accounts/invitation/" not in text

    def test_of_an_earlier_link_that_still_waits_gives_way_to_the_newer(self, postbox):
        made = invite()
        for _ in range(3):
            invitations.renew(actor=make_manager(), user=made.user, at=MONDAY)

        send_due_mails()

        assert len(postbox.mails) == 1
        assert Mail.objects.count() == 1

    def test_that_is_being_sent_is_left_alone(self, postbox):
        made = invite()
        claim = claim_next(at=MONDAY)
        invitations.renew(actor=make_manager(), user=made.user, at=MONDAY)

        with smtp.postman() as postman:
            deliver_claimed(claim, postman=postman, clock=lambda: MONDAY)

        assert Mail.objects.filter(state=Mail.State.SENT).count() == 1
        assert Mail.objects.count() == 2

    def test_to_somebody_else_is_not_replaced(self, postbox):
        made = invite()
        invite(login="dora@x.test", name="Dora")

        invitations.renew(actor=make_manager(), user=made.user, at=MONDAY)

        assert Mail.objects.count() == 2

    def test_is_not_made_while_mail_is_off_or_nobody_knows_the_address(self):
        assert not invite().is_mailed
        assert not Mail.objects.exists()
