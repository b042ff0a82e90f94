"""Write conversations: which kind of reply follows which, and their texts."""

from datetime import UTC, datetime
from random import Random
from typing import Any
from uuid import UUID

from assignments.sandbox.email_bodies import (
    EmailDraft,
    bounce_html,
    reply_html,
    sent_html,
)
from assignments.sandbox.names import COUNTRIES, JOBS
from assignments.sandbox.records import FakeCampaign, FakeLead, FakeMessage
from assignments.sandbox.texts import load_texts

OUR_FIRM = "Kestrel Suite"
OUR_SITE = "https://kestrel-suite.example"

# Category ids are the defaults of the facts; 4497 and 96272 are the account's own.
NURTURE, REFERRAL = 4497, 96272
CATEGORY_OF: dict[str, int | None] = {
    "interested": 1, "meeting": 2, "reschedule": 2, "pricing": 5, "haggle": 1,
    "details": 5, "security": 5, "promise": 1, "contract": 1, "later": NURTURE,
    "colleague": REFERRAL, "wrong_person": 7, "not_interested": 3, "unsubscribe": 4,
    "out_of_office": 6, "thanks": None, "complaint": None, "bounce": 9,
}  # fmt: skip
OPENINGS = {
    "interested": 22, "meeting": 8, "pricing": 9, "details": 11, "later": 10,
    "colleague": 8, "wrong_person": 4, "not_interested": 12, "unsubscribe": 5,
    "out_of_office": 9, "security": 2,
}  # fmt: skip
FOLLOW_UPS = {
    "interested": ("meeting", "pricing", "details", "promise", "thanks"),
    "meeting": ("reschedule", "pricing", "details", "complaint", "thanks"),
    "reschedule": ("meeting", "thanks", "haggle"),
    "pricing": ("haggle", "promise", "later", "details"),
    "haggle": ("promise", "contract", "haggle", "later"),
    "details": ("security", "pricing", "meeting", "colleague"),
    "security": ("promise", "contract", "details"),
    "promise": ("contract", "haggle", "later", "promise", "thanks"),
    "contract": ("thanks", "contract"),
    "later": ("interested", "promise", "thanks"),
    "colleague": ("details", "interested", "meeting"),
    "out_of_office": ("interested", "not_interested", "meeting", "later"),
    "thanks": ("promise", "pricing", "details"),
    "complaint": ("reschedule", "thanks"),
}
ENDINGS = {"wrong_person", "not_interested", "unsubscribe", "bounce"}


def outreach_campaigns() -> list[dict[str, Any]]:
    campaigns: list[dict[str, Any]] = load_texts("outreach")["campaigns"]
    return campaigns


def new_id(rng: Random) -> str:
    return str(UUID(int=rng.getrandbits(128), version=4))


class ConversationWriter:
    """Write both sides of one lead's conversation. Times are epoch seconds."""

    def __init__(self, lead: FakeLead, campaign: FakeCampaign, *, rng: Random) -> None:
        self._lead, self._campaign, self._rng = lead, campaign, rng
        country = COUNTRIES.get(lead.custom_fields.get("country", ""))
        language = country.language if country else "en"
        # The rest answers an English mail in English.
        self._language = language if rng.random() < 0.6 else "en"
        self._texts = load_texts("replies")[self._language]
        self._outreach = next(
            (pitch for pitch in outreach_campaigns() if pitch["name"] == campaign.name),
            outreach_campaigns()[0],
        )

    def sequence_mail(self, number: int, *, at: float) -> FakeMessage:
        """Return mail `number` of the campaign's sequence, counted from 1, without
        adding it to the lead. From 2 on its subject begins with `Re:`. Raises
        IndexError after the last one.
        """
        text = self._outreach["steps"][number - 1]
        subject = self._fill_in(self._outreach["subject"])
        prefix = "Re: " if number > 1 else ""
        return self._sent_message(
            text, at=at, number=number, subject=f"{prefix}{subject}"
        )

    def our_answer(self, situation: str, *, at: float) -> FakeMessage:
        """Return our side's answer to a reply of this situation, or of `thanks` if
        there is no text for it, without adding it to the lead. Its subject begins
        with `Re:`.
        """
        answers = load_texts("outreach")["answers"]
        text = self._rng.choice(answers.get(situation, answers["thanks"]))
        subject = "Re: " + self._fill_in(self._outreach["subject"])
        return self._sent_message(text, at=at, number=None, subject=subject)

    def reply(
        self, situation: str, *, at: float, text: str | None = None
    ) -> FakeMessage:
        if situation == "bounce":
            return self._bounce_message(at)
        letter = self._reply_draft(text or self._choose_text(situation))
        return FakeMessage(
            stats_id=self._last_sent().stats_id,
            type="REPLY",
            sender=self._lead.email,
            recipient=self._lead.mailbox,
            message_id=f"<{new_id(self._rng)[:18]}@{_domain(self._lead.email)}>",
            at=at,
            body=reply_html(letter, rng=self._rng),
            cc=self._copied_addresses(situation),
            attachments=self._attachments(situation),
        )

    def _sent_message(
        self, text: str, *, at: float, number: int | None, subject: str
    ) -> FakeMessage:
        stats_id = new_id(self._rng)
        letter = EmailDraft(
            text=self._fill_in(text),
            farewell="Best",
            name=self._our_name(),
            title="",
            company=OUR_FIRM,
            phone="",
            website=OUR_SITE,
            quoted=self._quoted_reply(),
        )
        opens = self._rng.choice((0, 1, 1, 2, 4))
        return FakeMessage(
            stats_id=stats_id,
            type="SENT",
            sender=self._lead.mailbox,
            recipient=self._lead.email,
            message_id=f"<{new_id(self._rng)}@{_domain(self._lead.mailbox)}>",
            at=at,
            body=sent_html(letter, stats_id=stats_id, has_pixel=number is not None),
            subject=subject,
            sequence_number=number,
            opens=opens,
            clicks=int(opens > 2),
        )

    def _bounce_message(self, at: float) -> FakeMessage:
        return FakeMessage(
            stats_id=self._last_sent().stats_id,
            type="REPLY",
            sender=f"mailer-daemon@{_domain(self._lead.email)}",
            recipient=self._lead.mailbox,
            message_id=f"<{new_id(self._rng)}@mail.example>",
            at=at,
            body=bounce_html(self._lead.email),
        )

    def _reply_draft(self, text: str) -> EmailDraft:
        lead, answered = self._lead, self._last_sent()
        sent_on = datetime.fromtimestamp(answered.at, UTC)
        wrote = self._texts["wrote"].format(
            date=f"{sent_on:%d.%m.%Y}", me=self._our_name()
        )
        return EmailDraft(
            text=self._fill_in(text),
            farewell=self._rng.choice(self._texts["farewells"]),
            name=f"{lead.first_name} {lead.last_name}".strip() or lead.email,
            title=lead.custom_fields.get("title", JOBS[0]),
            company=lead.company,
            phone=lead.phone,
            website=lead.website,
            wrote=wrote,
            quoted=answered.body,
        )

    def _choose_text(self, situation: str) -> str:
        replies = self._texts["replies"].get(situation)
        if replies is None:
            replies = load_texts("replies")["en"]["replies"][situation]
        chosen: str = self._rng.choice(replies)
        return chosen

    def _fill_in(self, text: str) -> str:
        rng, lead = self._rng, self._lead
        colleague = rng.choice(self._texts["colleagues"])
        address = colleague.lower().replace(" ", ".")
        return text.format(
            first=lead.first_name or "there",
            me=self._our_name(),
            company=lead.company,
            product=self._campaign.product,
            colleague=colleague,
            colleague_mail=f"{address}@{_domain(lead.email)}",
            day=rng.choice(self._texts["days"]),
            time=rng.choice(("9:30", "10:00", "11:15", "14:00", "15:30")),
            date=f"{rng.randint(1, 28)}.{rng.randint(1, 12)}.",
            number=rng.choice((4, 6, 12, 25, 40, 60, 120, 300)),
            price=rng.choice(("€4,800", "€9,600", "€14,500", "€22,000", "£7,200")),
        )

    def _our_name(self) -> str:
        return self._lead.mailbox.split(".")[0].title()

    def _last_sent(self) -> FakeMessage:
        sent = [message for message in self._lead.messages if message.type == "SENT"]
        return sent[-1]

    def _quoted_reply(self) -> str:
        replies = [
            message for message in self._lead.messages if message.type == "REPLY"
        ]
        # Without the quotes in it, which would grow with every mail.
        return replies[-1].body.split("<blockquote")[0][:1500] if replies else ""

    def _copied_addresses(self, situation: str) -> list[str]:
        if situation not in {"colleague", "contract", "complaint"}:
            return []
        name = self._rng.choice(self._texts["colleagues"]).lower().replace(" ", ".")
        return [f"{name}@{_domain(self._lead.email)}"]

    def _attachments(self, situation: str) -> list[dict[str, str]]:
        if situation not in {"security", "contract"}:
            return []
        name = f"{situation}-{self._lead.company.split()[0].lower()}.pdf"
        url = f"https://files.kestrel-mail.example/{new_id(self._rng)}/{name}"
        return [{"file_url": url, "file_name": name, "file_type": "application/pdf"}]


def _domain(address: str) -> str:
    return address.rpartition("@")[2]
