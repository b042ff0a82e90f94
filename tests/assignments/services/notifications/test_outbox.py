"""Mails go out once, are tried again, and are never lost: at a real mail server."""

import logging
from datetime import timedelta

import pytest

from assignments import smtp
from assignments.models import Mail
from assignments.services.errors import NotAllowed
from assignments.services.notifications import compose, outbox
from assignments.services.notifications.notify import notify
from tests.dispatch_harness import state_of
from tests.factories import MONDAY, make_manager, make_user
from tests.notification_mails import ANA, BEN, MINUTE, make_due_mail, send_due_mails
from tests.smtp_server import PASSWORD, SmtpServer, mailers
from tests.trials import secret_search

pytestmark = pytest.mark.django_db


class TestSending:
    def test_a_mail_arrives_once(self, postbox):
        mail = make_due_mail(text="Lena Lead, Acme", path="/leads/7/")

        send_due_mails()
        send_due_mails()

        [arrived] = postbox.mails
        assert arrived["Message-ID"] == mail.message_id
        assert arrived["Subject"] == "3 leads are yours"
        assert "Lena Lead, Acme" in arrived.get_body(("plain",)).get_content()
        assert "<a href=" in arrived.get_body(("html",)).get_content()
        assert "/notifications/settings/" in arrived["List-Unsubscribe"]
        assert state_of(mail) == "sent"

    def test_an_unknown_mailbox_is_final_and_keeps_no_other_back(self, postbox):
        postbox.refuses.add(ANA)
        bad, good = make_due_mail(ANA), make_due_mail(BEN)

        send_due_mails()

        assert state_of(bad) == "refused"
        assert bad.outcome == "The mail server said: 550 5.1.1 No such mailbox"
        assert state_of(good) == "sent"

    def test_a_greylisting_server_is_asked_again_after_a_minute(self, postbox):
        postbox.greylists.add(ANA)
        mail = make_due_mail()

        send_due_mails()
        send_due_mails()
        too_soon = len(postbox.mails)
        send_due_mails(MONDAY + MINUTE)

        assert too_soon == 0
        assert state_of(mail) == "sent"

    def test_a_line_cut_after_the_mail_repeats_it_with_the_same_id(self, postbox):
        postbox.drops_after_data = True
        mail = make_due_mail()

        send_due_mails()
        postbox.drops_after_data = False
        send_due_mails(MONDAY + MINUTE)

        assert state_of(mail) == "sent"
        assert [one["Message-ID"] for one in postbox.mails] == [mail.message_id] * 2

    def test_it_is_given_up_after_three_days(self, postbox):
        postbox.drops_after_data = True
        mail = make_due_mail()

        for hours in (0, 1, 3, 9, 27, 71, 73):
            send_due_mails(MONDAY + timedelta(hours=hours))

        assert state_of(mail) == "refused"
        assert mail.outcome.startswith(
            "Tried for three days. The mail server broke off"
        )


class TestServerInTrouble:
    def test_a_server_that_hangs_is_left_at_the_deadline(self, postbox, settings):
        postbox.hangs = True
        settings.MAILERS = mailers(postbox, timeout=0.2)
        mail = make_due_mail()

        send_due_mails()

        assert state_of(mail) == "waiting"
        assert outbox.mail_server().trouble == (
            "The mail server cannot be reached: no answer in time."
        )

    def test_a_server_found_after_the_deadline_is_given_no_mail(
        self, postbox, settings
    ):
        mail = make_due_mail()
        settings.MAIL_DEADLINE = 0

        send_due_mails()

        assert postbox.mails == []
        assert state_of(mail) == "waiting"

    def test_nobody_listening_makes_the_queue_wait_and_costs_no_mail(
        self, postbox, settings
    ):
        settings.MAILERS = mailers(postbox, port=1)
        mail = make_due_mail()

        send_due_mails()

        assert state_of(mail) == "waiting"
        assert mail.failures == 0
        assert not outbox.has_due_mail(at=MONDAY)
        assert outbox.has_due_mail(at=MONDAY + MINUTE)

    def test_what_is_told_meanwhile_goes_in_one_mail(self, postbox, settings):
        settings.MAILERS = mailers(postbox, port=1)
        first = make_due_mail()
        send_due_mails()
        for minute, key in enumerate("23"):  # the server is tried again in between
            notify(first.user, kind="assigned", key=key, subject=f"Thing {key}", text="",
                 path="/inbox/", at=MONDAY)  # fmt: skip
            compose.compose_due_mails(at=MONDAY + minute * MINUTE)
            send_due_mails(MONDAY + minute * MINUTE)
        settings.MAILERS = mailers(postbox)
        for minute in (6, 7):
            compose.compose_due_mails(at=MONDAY + minute * MINUTE)
            send_due_mails(MONDAY + minute * MINUTE)

        assert postbox.subjects == [
            (ANA, "3 leads are yours"),
            (ANA, "2 messages from Handoff"),
        ]
        assert outbox.mail_server().trouble == ""

    @pytest.mark.parametrize("wrong", [f"not-{PASSWORD}", "sesäme-and-more"])
    def test_a_wrong_password_is_said_and_shown_nowhere(
        self, postbox, settings, monkeypatch, wrong
    ):
        # The server's own log, which is no business of ours.
        monkeypatch.setattr(logging.getLogger("mail.log"), "disabled", True)
        settings.MAILERS = mailers(postbox, username="me", password=wrong)
        mail = make_due_mail()

        with secret_search.captured_logs() as logged:
            send_due_mails()

        assert state_of(mail) == "waiting"
        assert "password" in outbox.mail_server().trouble
        assert not secret_search.encodings_in(
            logged.getvalue() + secret_search.database_text(), wrong
        )

    @pytest.mark.parametrize(
        ("answer", "outcome", "is_trouble"),
        [
            ("530 Log in first", "waiting", True),
            ("550 We do not relay", "waiting", True),
            ("421 Come back later", "waiting", True),
            ("452 4.3.1 Disk full", "waiting", True),
            ("552 5.2.2 Your quota is used up", "waiting", True),
            ("552 Too big", "refused", False),
            ("552 5.3.4 Too big", "refused", False),
        ],
    )
    def test_a_server_that_turns_us_away_is_nobodys_fault_but_mostly_ours(
        self, postbox, answer, outcome, is_trouble
    ):
        postbox.to_senders = answer
        mail = make_due_mail()

        send_due_mails()

        assert state_of(mail) == outcome
        assert bool(outbox.mail_server().trouble) is is_trouble

    def test_a_line_that_has_carried_enough_mails_is_followed_by_another(self, postbox):
        postbox.most_on_a_line = 2
        for number in range(5):
            make_due_mail(f"person-{number}@example.com")

        send_due_mails()

        assert len(postbox.mails) == 5
        assert not outbox.mail_server().trouble

    def test_the_right_password_is_taken(self, postbox, settings):
        postbox.wants_login = True
        settings.MAILERS = mailers(postbox, username="me", password=PASSWORD)
        make_due_mail()

        send_due_mails()

        assert len(postbox.mails) == 1


class Killed(BaseException):
    """The process ends here; nothing after it runs."""


class TestKilled:
    """At each step: nothing is lost, and only after DATA may it come twice."""

    def kill(self, *, before: bool) -> None:
        claim = outbox.claim_next(at=MONDAY)
        assert claim

        class Mortal(smtp.Postman):
            def deliver(self, message):
                if before:
                    raise Killed
                super().deliver(message)
                raise Killed

        with smtp.postman() as postman:
            mortal = Mortal(postman._backend)
            with pytest.raises(Killed):
                outbox.deliver_claimed(claim, postman=mortal, clock=lambda: MONDAY)

    @pytest.mark.parametrize(("before", "times"), [(True, 1), (False, 2)])
    def test_the_lease_ends_and_another_sends_it(self, postbox, before, times):
        mail = make_due_mail()

        self.kill(before=before)
        send_due_mails(MONDAY + MINUTE)
        too_soon = state_of(mail)
        send_due_mails(MONDAY + 2 * MINUTE)

        assert too_soon == "sending"
        assert state_of(mail) == "sent"
        assert [one["Message-ID"] for one in postbox.mails] == [mail.message_id] * times

    def test_who_slept_through_the_lease_sends_nothing(self, postbox):
        mail = make_due_mail()
        claim = outbox.claim_next(at=MONDAY)
        send_due_mails(MONDAY + 2 * MINUTE)

        with smtp.postman() as postman:
            late = MONDAY + 3 * MINUTE
            outbox.deliver_claimed(claim, postman=postman, clock=lambda: late)

        assert len(postbox.mails) == 1
        assert state_of(mail) == "sent"


class TestHostileTexts:
    @pytest.mark.parametrize(
        "name",
        [
            "Eve\r\nBcc: all@example.com",
            "Eve\nSubject: other",
            "Eve\u2028X",
            "Eve\x00\x1b[2J",
            "Eve\u202etxt.exe",
            "=?utf-8?q?Eve=0ABcc:_x?=",
            "Ève " + "x" * 400,
        ],
    )
    def test_a_name_stays_within_its_subject(self, postbox, name):
        make_due_mail(subject=f"Sara gave you {name}")

        send_due_mails()

        [mail] = postbox.mails
        assert mail["Bcc"] is None
        assert mail["To"] == ANA
        assert mail["Subject"].startswith("Sara gave you")
        assert not set(mail["Subject"]) & set("\r\n\x00\x1b\u202e\u2028")

    def test_html_in_a_name_is_text(self, postbox):
        make_due_mail(subject="<b>Eve</b>", text="<script>x</script>")

        send_due_mails()

        html = postbox.mails[0].get_body(("html",)).get_content()
        assert "<script>" not in html
        assert "&lt;b&gt;Eve" in html

    @pytest.mark.parametrize(
        "address",
        [
            "no address",
            "a@b.c\nBcc: x@y.z",
            "ä @b.de",
            "a@-ü.de",
            "a@ü..de",
            "ä\u200b@b.de",
        ],
    )
    def test_what_is_no_address_is_refused_with_a_word(self, postbox, address):
        mail = make_due_mail(address)

        send_due_mails()

        assert state_of(mail) == "refused"
        assert mail.outcome
        assert postbox.mails == []


class TestRefusedMails:
    @pytest.fixture
    def refused(self, postbox: SmtpServer) -> Mail:
        postbox.refuses.add(ANA)
        mail = make_due_mail()
        send_due_mails()
        postbox.refuses.clear()
        return mail

    def test_a_manager_sends_it_again(self, refused, postbox):
        outbox.resend(actor=make_manager(), mail=refused)
        send_due_mails()

        assert state_of(refused) == "sent"
        assert postbox.mails[0]["Message-ID"] == refused.message_id

    def test_it_goes_to_the_address_as_it_was_put_right(self, refused, postbox):
        refused.user.email = BEN
        refused.user.save()
        outbox.resend(actor=make_manager(), mail=refused)
        send_due_mails()

        assert postbox.to(BEN)

    def test_one_that_is_still_no_address_is_refused_again(self, postbox):
        mail = make_due_mail("no address")
        outbox.resend(actor=make_manager(), mail=mail)
        send_due_mails()

        assert state_of(mail) == "refused"
        assert "It cannot be sent" in mail.outcome

    def test_a_manager_puts_it_away(self, refused):
        outbox.dismiss_refused(actor=make_manager(), mail=refused, at=MONDAY)

        assert not outbox.refused_mails().exists()

    def test_nobody_else_does(self, refused):
        with pytest.raises(NotAllowed):
            outbox.resend(actor=make_user(), mail=refused)
        with pytest.raises(NotAllowed):
            outbox.dismiss_refused(actor=make_user(), mail=refused, at=MONDAY)


class TestDrippingServer:
    def test_it_is_left_at_the_deadline_though_it_never_falls_silent(
        self, dripping, settings
    ):
        settings.MAIL_DEADLINE = 0.3
        settings.MAILERS = mailers(dripping)
        mail = make_due_mail()

        send_due_mails()

        assert state_of(mail) == "waiting"
        assert "cannot be reached" in outbox.mail_server().trouble
