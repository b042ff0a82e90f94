"""Bounces, automatic answers and colleagues' mails owe nothing and count nowhere."""

from datetime import datetime, timedelta

import pytest
from django.core.management import call_command

from assignments.models import Lead, MailEvent, Message, OwnAddress, Reply
from assignments.services.breaches import detect
from assignments.services.bulk.open_leads import open_lead_counts
from assignments.services.insights import invariants
from assignments.services.mirror import conversations
from assignments.services.mirror.import_leads import save_row
from assignments.services.webhooks.receive import receive
from assignments.smartlead.records import LeadRow
from tests.factories import MONDAY, make_lead, make_member, make_target, make_user
from tests.webhook_events import SECRET, encoded_body, reply_event

pytestmark = pytest.mark.django_db

LEAD, TOM, MAYA = "leo@client.example", "tom@our-firm.example", "maya@our-firm.example"
EXCHANGE = "Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@client.example>"
BOUNCE = {"from": EXCHANGE, "subject": "Undeliverable: Cold storage"}
AUTOMATIC = {"from": LEAD, "subject": "Automatic reply: Cold storage"}
COLLEAGUE = {"from": f"Tom <{TOM.upper()}>", "to": LEAD}
NO_REPLIES = pytest.mark.parametrize(
    "mail", [BOUNCE, AUTOMATIC, COLLEAGUE], ids=["bounce", "automatic", "colleague"]
)


@pytest.fixture(autouse=True)
def _office(settings) -> None:
    settings.SMARTLEAD_WEBHOOK_SECRET = SECRET
    make_target(minutes=60)
    make_user("Tom Tell", email=TOM)
    make_member(id=7)


def hour(number: float) -> datetime:
    return MONDAY + timedelta(hours=number)


def received(number: float, **said: str) -> dict[str, str]:
    values = {"type": "REPLY", "from": LEAD, "to": MAYA, "message_id": f"<{number}@x>"}
    return values | {"time": hour(number).isoformat(), "email_body": "Hello"} | said


def sent(number: float, **said: str) -> dict[str, str]:
    values = {"type": "SENT", "from": f"Maya <{MAYA}>", "to": LEAD}
    return received(number, **(values | {"message_id": f"<s{number}@x>"} | said))


def look(
    *history: dict, replied: float | None, at: float, sent_at: float | None = 0, **said
) -> Lead:
    """Take in a row of the inbox; without mails it comes as a list sends it."""
    raw = {
        "email_lead_map_id": 1,
        "email_lead_id": 1001,
        "lead_email": LEAD,
        "team_member_id": 7,
        "email_campaign_id": 5,
        "last_reply_time": None if replied is None else hour(replied).isoformat(),
        "last_sent_time": None if sent_at is None else hour(sent_at).isoformat(),
    }
    if history:
        raw["email_history"] = list(history)
    row = LeadRow.from_payload(raw | said)
    save_row(row, asked_at=hour(at), at=hour(at), by="list")
    return Lead.objects.get()


def read_thread(lead: Lead, *history: dict, at: float) -> Lead:
    row = LeadRow.from_payload({"email_lead_map_id": 1, "email_history": list(history)})
    assert row.history is not None
    conversations.save_conversation(
        lead=lead, history=row.history, at=hour(at), is_whole=True
    )
    return Lead.objects.get()


def tell(lead: Lead, *, at: float, **said) -> Lead:
    payload = reply_event(lead, at=hour(at)) | said
    receive(body=encoded_body(payload), signature=None, at=hour(at + 0.01))
    return Lead.objects.get()


def owes_nothing(lead: Lead) -> bool:
    detect.record_breaches(at=hour(1000))
    is_calm = not lead.answer_owed and lead.answer_due_at is None
    counts_nowhere = (
        lead.last_reply_at is None
        and not Lead.objects.open().exists()
        and not Lead.objects.waiting_on_us().exists()
        and not open_lead_counts()
        and not Reply.objects.exists()
        and not MailEvent.objects.filter(kind="reply").exists()
        and not lead.breaches.exists()
    )
    return is_calm and counts_nowhere and figures_are_right()


def figures_are_right() -> bool:
    return not any(list(find(hour(1000))) for find in invariants.INVARIANTS.values())


class TestEachWayIn:
    @NO_REPLIES
    def test_a_row_with_its_history(self, mail):
        lead = look(sent(0), received(1, **mail), replied=1, at=2)

        assert owes_nothing(lead)

    @NO_REPLIES
    def test_a_conversation_that_follows_a_bare_row(self, mail):
        lead = look(replied=1, at=2)
        assert lead.answer_owed

        lead = read_thread(lead, sent(0), received(1, **mail), at=2)

        assert owes_nothing(lead)

    @NO_REPLIES
    def test_an_event(self, mail):
        lead = look(replied=None, at=0.5)
        subject = mail.get("subject", "Re: Cold storage")
        who = {"targetLeadEmail": LEAD, "replyReceivedFrom": mail["from"]}

        lead = tell(lead, at=1, subject=subject, leadCorrespondence=who)

        assert owes_nothing(lead)
        assert not lead.is_unread
        assert lead.recheck_at

    @NO_REPLIES
    def test_a_bare_row_after_any_of_them_changes_nothing(self, mail):
        lead = look(sent(0), received(1, **mail), replied=1, at=2)

        for at in (3, 4):
            lead = look(replied=1, at=at)

        assert owes_nothing(lead)

    @NO_REPLIES
    def test_a_row_whose_history_came_late_settles_it_as_well(self, mail):
        look(replied=1, at=3)

        lead = look(sent(0), received(1, **mail), replied=1, at=2)

        assert owes_nothing(lead)

    def test_a_bare_row_after_an_event_changes_nothing(self):
        lead = look(replied=None, at=0.5)
        who = {"targetLeadEmail": LEAD, "replyReceivedFrom": EXCHANGE}
        tell(lead, at=1, leadCorrespondence=who)

        assert owes_nothing(look(replied=1, at=2))

    def test_an_event_without_a_subject_does_not_undo_what_a_row_knew(self):
        lead = look(sent(0), received(1, **AUTOMATIC), replied=1, at=0.9)

        lead = tell(lead, at=1)

        assert owes_nothing(lead)

    def test_a_history_without_subjects_does_not_undo_what_an_event_knew(self):
        lead = look(replied=None, at=0.5)
        tell(lead, at=1, subject=AUTOMATIC["subject"])

        look(sent(0), received(1), replied=1, at=2)
        lead = read_thread(lead, sent(0), received(1), at=3)

        assert owes_nothing(lead)
        assert Message.objects.get(direction="reply").is_automatic


class TestAroundARealReply:
    @pytest.mark.parametrize("mail", [BOUNCE, AUTOMATIC], ids=["bounce", "automatic"])
    def test_what_follows_it_leaves_it_owed_as_it_was(self, mail):
        before = look(sent(0), received(1), replied=1, at=1.5)

        lead = look(sent(0), received(1), received(2, **mail), replied=2, at=3)

        assert (lead.last_reply_at, lead.answer_due_at) == (hour(1), hour(2))
        assert lead.answer_due_at == before.answer_due_at
        assert lead.listed_reply_at == hour(2)
        assert Reply.objects.get().replied_at == hour(1)

    @NO_REPLIES
    def test_one_that_follows_is_owed(self, mail):
        look(sent(0), received(1, **mail), replied=1, at=1.5)

        lead = look(sent(0), received(1, **mail), received(2), replied=2, at=3)

        assert lead.answer_owed
        assert (lead.last_reply_at, lead.answer_due_at) == (hour(2), hour(3))
        assert lead.disregarded_reply_at is None

    def test_a_colleague_answers_it(self):
        look(sent(0), received(1), replied=1, at=1.5)

        lead = look(sent(0), received(1), received(3, **COLLEAGUE), replied=3, at=4)

        assert not lead.answer_owed
        assert (lead.last_reply_at, lead.last_sent_at) == (hour(1), hour(3))
        assert Reply.objects.get().answered_at == hour(3)

    def test_a_breach_is_found_once_though_a_bounce_comes_between(self):
        look(sent(0), received(1), replied=1, at=1.5)
        detect.record_breaches(at=hour(3))
        look(replied=4, at=4)
        lead = look(sent(0), received(1), received(4, **BOUNCE), replied=4, at=5)

        detect.record_breaches(at=hour(9))

        assert [breach.reply_at for breach in lead.breaches.all()] == [hour(1)]


class TestWhoIsOurs:
    def reply_of(self, sender: str, *before: dict, **said) -> Lead:
        return look(*before, received(1, **{"from": sender}), replied=1, at=2, **said)

    @pytest.mark.parametrize("kind", ["login", "name of a login", "member", "mailbox"])
    def test_logins_members_and_mailboxes(self, kind):
        sender = f"{kind.replace(' ', '-')}@our-firm.example"
        if kind == "login":
            make_user(email=sender.title(), is_active=False)
        elif kind == "name of a login":
            make_user(username=sender)
        elif kind == "member":
            make_member(email=sender)
        else:
            read_thread(look(replied=None, at=0), sent(0, **{"from": sender}), at=1)

        assert owes_nothing(self.reply_of(f"Anybody <{sender.upper()}>"))

    def test_the_mailbox_of_the_same_conversation(self):
        assert owes_nothing(self.reply_of(MAYA, sent(0)))

    @pytest.mark.parametrize(
        "sender",
        ["ida@our-firm.example", "tom+crm@our-firm.example", "tom@client.example", ""],
    )
    def test_a_domain_a_tag_or_a_name_decides_nothing(self, sender):
        assert self.reply_of(sender).answer_owed

    @pytest.mark.parametrize("email", [TOM, TOM.upper(), "tom+test@our-firm.example"])
    def test_a_lead_with_the_address_of_a_login_is_a_lead(self, email):
        lead = self.reply_of(TOM, lead_email=email)

        assert lead.answer_owed

    def test_a_lead_is_not_remembered_as_ours(self):
        look(sent(0, **{"from": LEAD}), sent(0.1, to="x@y.example"), replied=None, at=1)

        assert not OwnAddress.objects.exists()

    def test_an_own_automatic_answer_answers_nobody(self):
        look(received(1), replied=1, at=1.5)

        lead = look(
            received(1),
            received(2, **(COLLEAGUE | {"subject": "Automatic reply: x"})),
            replied=2,
            at=3,
        )

        assert (lead.answer_owed, lead.last_reply_at) == (True, hour(1))

    def test_it_is_shown_as_sent(self):
        lead = look(replied=1, at=2)

        read_thread(lead, received(1, **COLLEAGUE), at=2)

        assert Message.objects.get().direction == "sent"

    def test_an_event_from_the_mailbox_that_it_names(self):
        lead = look(replied=None, at=0.5)
        who = {"targetLeadEmail": LEAD, "replyReceivedFrom": MAYA}

        assert owes_nothing(tell(lead, at=1, leadCorrespondence=who))

    def test_an_event_that_names_our_mailbox_for_the_lead_is_a_reply_all_the_same(self):
        lead = look(replied=None, at=0.5)
        odd = {"sl_lead_email": None, "to_email": MAYA, "leadCorrespondence": {}}

        assert tell(lead, at=1, **odd).answer_owed


class TestMailsThatWereTakenForReplies:
    @pytest.fixture(params=[BOUNCE, AUTOMATIC, COLLEAGUE], ids=["b", "a", "c"])
    def lead(self, request) -> Lead:
        """As an earlier version left it: a reply, told by row and conversation."""
        mail = received(1, **request.param)
        lead = look(replied=1, at=2)
        lead.messages.create(
            key="1", direction="reply", at=hour(1), sender=mail["from"],
            subject=mail.get("subject", ""),
        )  # fmt: skip
        assert lead.answer_owed
        return lead

    def test_are_told_apart_by_a_command(self, lead, capsys):
        call_command("reclassify_mails")

        lead.refresh_from_db()
        assert owes_nothing(lead)
        assert capsys.readouterr().out.startswith("1 mails turned out to be no replies")

    def test_a_second_run_changes_nothing(self, lead, capsys):
        for _ in range(2):
            call_command("reclassify_mails")

        assert "\n0 mails" in capsys.readouterr().out

    def test_real_ones_stay(self, lead):
        lead.messages.create(key="2", direction="reply", at=hour(0.5), sender=LEAD)

        call_command("reclassify_mails")

        lead.refresh_from_db()
        assert lead.last_reply_at == hour(0.5)

    def test_a_mailbox_is_known_by_what_it_sent(self):
        lead = look(replied=1, at=2)
        mails = (
            ("sent", "box@our-firm.example", LEAD),
            ("reply", "box@our-firm.example", ""),
        )
        for number, (direction, sender, to) in enumerate(mails):
            lead.messages.create(
                key=f"{number}", direction=direction, at=hour(number), sender=sender,
                recipient=to,
            )  # fmt: skip

        call_command("reclassify_mails")

        lead.refresh_from_db()
        assert not lead.answer_owed


def test_rows_with_histories_cost_a_bounded_number_of_queries(
    django_assert_max_num_queries,
):
    make_lead(map_id=1)

    with django_assert_max_num_queries(40):
        look(sent(0), received(1, **COLLEAGUE), received(2), replied=2, at=3)
