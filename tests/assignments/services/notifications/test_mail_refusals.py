"""Mails that a real server refuses, and unusual addresses and names."""

from datetime import timedelta

import pytest

from assignments.models import Mail
from assignments.services.notifications import outbox
from tests.dispatch_harness import state_of
from tests.factories import MONDAY
from tests.notification_mails import ANA, BEN, MINUTE, make_due_mail, send_due_mails

pytestmark = pytest.mark.django_db


class TestRefusalsThatAreNobodysOwn:
    """Quota, relaying and policy: told as the server's trouble, tried again for days."""

    @pytest.mark.parametrize(
        "answer",
        [
            "550 5.4.5 Daily user sending limit exceeded",
            "554 5.7.1 <ana@example.com>: Relay access denied",
            "550 Administrative prohibition",
            "421 4.7.28 Our system has detected an unusual rate",
        ],
    )
    @pytest.mark.parametrize("step", ["to_recipients", "to_contents"])
    def test_the_mail_waits_and_the_server_is_in_trouble(self, postbox, answer, step):
        setattr(postbox, step, answer)
        mail = make_due_mail()

        send_due_mails()

        assert state_of(mail) == "waiting"
        trouble = outbox.mail_server().trouble
        assert trouble == f"The mail server does not pass our mail on: {answer}."
        assert not outbox.refused_mails().exists()

    def test_goes_out_as_soon_as_the_server_takes_it(self, postbox):
        postbox.to_recipients = "550 5.4.5 Daily sending quota exceeded"
        mail = make_due_mail()
        send_due_mails()
        postbox.to_recipients = "250 OK"

        send_due_mails(MONDAY + MINUTE)

        assert state_of(mail) == "sent"
        assert not outbox.mail_server().trouble

    def test_one_mail_keeps_the_others_back_for_a_minute_only(self, postbox):
        postbox.policies[ANA] = "550 5.7.1 Not from you"
        bad, good = make_due_mail(ANA), make_due_mail(BEN)

        send_due_mails()
        waiting = state_of(good)
        send_due_mails(MONDAY + MINUTE)
        send_due_mails(MONDAY + 2 * MINUTE)

        assert waiting == "waiting"
        assert (state_of(bad), state_of(good)) == ("waiting", "sent")

    def test_a_server_that_refuses_all_is_asked_less_and_less(self, postbox):
        postbox.to_recipients = "550 5.7.1 No"
        for number in range(20):
            make_due_mail(f"person-{number}@example.com")

        for minute in range(60):
            send_due_mails(MONDAY + minute * MINUTE)

        # after 0, 1, 6, 21, 36 and 51 minutes
        assert postbox.asked_for == 6

    def test_ends_after_three_days_with_a_sentence(self, postbox):
        postbox.to_recipients = "550 5.7.1 No"
        mail = make_due_mail()

        for hours in range(0, 74, 2):
            send_due_mails(MONDAY + timedelta(hours=hours))

        assert state_of(mail) == "refused"
        assert mail.outcome == (
            "Tried for three days. "
            "The mail server does not pass our mail on: 550 5.7.1 No."
        )


class TestInternationalAddresses:
    @pytest.mark.parametrize(
        ("address", "recipient"),
        [
            ("leo@münchen.example", "leo@xn--mnchen-3ya.example"),
            ("leo@faß.example", "leo@xn--fa-hia.example"),
            ("leo@xn--mnchen-3ya.example", "leo@xn--mnchen-3ya.example"),
            ("jürgen@münchen.example", "jürgen@xn--mnchen-3ya.example"),
            ("ju\u0308rgen@example.com", "jürgen@example.com"),
            ("用户@例え.example", "用户@xn--r8jz45g.example"),
        ],
    )
    def test_are_mailed_to(self, postbox, address, recipient):
        mail = make_due_mail(address)

        send_due_mails()

        assert state_of(mail) == "sent"
        assert postbox.recipients == [recipient]
        assert f"To: {recipient}\r\n".encode() in postbox.raw[0]

    def test_need_no_such_server_for_their_domain(self, postbox):
        postbox.takes_utf8 = False
        mail = make_due_mail("leo@münchen.example")

        send_due_mails()

        assert state_of(mail) == "sent"

    def test_are_refused_in_words_where_the_server_cannot(self, postbox):
        postbox.takes_utf8 = False
        bad, good = make_due_mail("jürgen@example.com"), make_due_mail(BEN)

        send_due_mails()

        assert state_of(bad) == "refused"
        assert bad.outcome.startswith(
            "The mail server takes no address with characters"
        )
        assert state_of(good) == "sent"
        assert not outbox.mail_server().trouble

    def test_put_wrong_later_cost_no_other_mail(self, postbox):
        bad, good = make_due_mail(ANA), make_due_mail(BEN)
        Mail.objects.filter(pk=bad.pk).update(address="leo@-ü-..example")

        send_due_mails()

        assert (state_of(bad), state_of(good)) == ("refused", "sent")
        assert bad.outcome == "This is no address. Put it right under Team or Logins."


class TestSubjects:
    @pytest.mark.parametrize(
        "subject",
        [
            "Your answer to Zoë Müller-Lüdenscheidt und Söhne is overdue",
            "Your answer to Société Générale d\u2019Électricité et de Gestion à Genève "
            "Anne-Françoise Lévêque is overdue",
            "José Grünwald-Öztürk has answered: Re: Kühllager für Düsseldorf und Köln",
            "Sara gave you =?utf-8?q?Eve=0ABcc:_x?=",
            "😀" * 90,
        ],
    )
    def test_arrive_as_they_were_written(self, postbox, subject):
        make_due_mail(subject=subject)

        send_due_mails()

        assert postbox.mails[0]["Subject"] == subject

    def test_names_of_senders_too(self, postbox, settings):
        settings.DEFAULT_FROM_EMAIL = "Händler & Söhne (Köln) <handoff@example.com>"
        make_due_mail()

        send_due_mails()

        [sender] = postbox.mails[0]["From"].addresses
        assert sender.addr_spec == "handoff@example.com"
