"""Whose fault a mail server's "no" is."""

import pytest

from assignments.smtp_replies import RefusalMeaning, SmtpStep, meaning_of

RETURNED, LATER, SERVER = (
    RefusalMeaning.RETURNED,
    RefusalMeaning.LATER,
    RefusalMeaning.SERVER,
)


@pytest.mark.parametrize(
    "answer",
    [
        "550 5.1.1 The email account that you tried to reach does not exist",
        "550 5.1.2 Bad destination system",
        "501 5.1.3 Bad recipient address syntax",
        "551 5.1.6 Moved",
        "550 5.1.10 RESOLVER.ADR.RecipientNotFound",
        "550 5.2.1 Mailbox disabled",
        "550 5.4.1 Recipient address rejected: Access denied",
        "550 5.5.0 Requested action not taken: mailbox unavailable",
        "553 5.0.0 User unknown",
        "550 No such user here",
        "550 Unknown user",
        "550 Unrouteable address",
        "550 Requested action not taken: mailbox unavailable",
        "550 sorry, no mailbox here by that name (#5.1.1)",
        "551 User not local",
        "556 Domain does not accept mail",
    ],
)
def test_the_recipients_own_faults_are_final(answer):
    assert meaning(SmtpStep.RECIPIENT, answer) is RETURNED


@pytest.mark.parametrize("step", [SmtpStep.RECIPIENT, SmtpStep.CONTENT])
@pytest.mark.parametrize(
    "answer",
    [
        "550 5.4.5 Daily user sending limit exceeded",
        "550 5.7.1 Unable to relay",
        "554 5.7.1 Service unavailable; Client host blocked using zen.spamhaus.org",
        "550 5.7.26 This mail is unauthenticated",
        "554 5.7.0 Greylisted, please try again",
        "530 5.7.0 Authentication required",
        "550 5.1.8 Access denied, bad outbound sender",
        "550 5.1.0 <me@x.example>: Sender address rejected: User unknown",
        "553 5.1.7 Bad sender address syntax",
        "550 5.1.90 Your message can't be sent because you've reached your daily limit",
        "550 5.2.1 The sender's account is disabled",
        "554 5.3.0 Other mail system problem",
        "553 sorry, that domain isn't in my list of allowed rcpthosts (#5.7.1)",
        "550 Relay not permitted",
        "550 Sender verify failed",
        "550 Administrative prohibition",
        "550 Unknown sender, rejected by policy",
        "550 You have exceeded your hourly quota",
        "554 Transaction failed",
        "503 Bad sequence of commands",
        "421 Too many connections",
        "421 4.7.0 Try again later",
        "452 Insufficient system storage",
        "452 4.3.1 Insufficient system storage",
        "451 4.3.0 Mail server temporarily rejected message",
        "451 4.4.2 Timeout",
    ],
)
def test_quota_relaying_and_policy_are_the_servers_trouble(step, answer):
    assert meaning(step, answer) is SERVER


@pytest.mark.parametrize(
    "answer",
    [
        "451 4.7.1 Greylisted",
        "450 4.2.0 Greylisted",
        "450 Mailbox busy",
        "451 Local error",
        "452 4.2.2 Mailbox full",
        "450 4.1.1 User unknown just now",
        "552 5.2.2 Mailbox full",
        "552 Mailbox full",
        "550 4.2.2 Mailbox full",
        "451 5.1.1 No such user, said too early",
        "550 5.2.0 Mailbox trouble",
        "550 5.1.5 Destination valid",
        "550 No",
        "552 Quota exceeded",
        "550 Mailbox is full, over quota",
    ],
)
def test_what_may_be_this_recipients_alone_waits_alone(answer):
    assert meaning(SmtpStep.RECIPIENT, answer) is LATER


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("550 5.1.1 No such user", RETURNED),
        ("552 5.3.4 Message too big", RETURNED),
        ("552 5.2.3 Message too long for this mailbox", RETURNED),
        ("550 5.6.7 Needs SMTPUTF8", RETURNED),
        ("554 5.2.0 STOREDRV.Submission.Exception:SendAsDeniedException", SERVER),
        ("554 5.2.252 SendAsDenied", SERVER),
        ("550 5.4.1 No answer from host", SERVER),
        ("451 4.7.1 Later", SERVER),
        ("451 Later", LATER),
        ("552 Over quota", SERVER),
        ("554 Rejected", SERVER),
    ],
)
def test_after_the_text_other_things_are_said(answer, right):
    assert meaning(SmtpStep.CONTENT, answer) is right


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("530 5.7.0 Log in first", SERVER),
        ("550 5.1.1 Who are you", SERVER),
        ("552 5.2.2 Your quota is used up", SERVER),
        ("550 5.2.1 Your account is disabled", SERVER),
        ("452 4.3.4 Too big just now", SERVER),
        ("552 Too big", RETURNED),
        ("552 5.3.4 Too big", RETURNED),
        ("553 5.6.7 Needs SMTPUTF8", RETURNED),
    ],
)
def test_before_it_knows_the_recipient_it_is_about_us(answer, right):
    assert meaning(SmtpStep.SENDER, answer) is right


def test_an_address_of_the_internet_is_no_status_code():
    assert meaning(SmtpStep.RECIPIENT, "550 5.1.1.7 is blocked") is SERVER


def meaning(step: SmtpStep, answer: str) -> RefusalMeaning:
    code, _, words = answer.partition(" ")
    return meaning_of(step, int(code), words)
