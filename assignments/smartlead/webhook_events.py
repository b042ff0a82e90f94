"""What Smartlead tells by itself: the body of a webhook, typed.

All of its shapes are read: the long one that was seen, the old one, and the short one of
the documentation, which names no ids. A body is first cut down to what is used here
(`kept`), so that neither its secret nor the mails it repeats are ever stored.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Self

from assignments.models.webhook import EventKind
from assignments.smartlead.automatic_mails import headers_of
from assignments.smartlead.parsing import (
    Payload,
    as_dicts,
    as_id,
    as_line,
    as_moment,
    as_text,
    first_present,
    nested_object,
)
from assignments.smartlead.records import Attachment, HistoryEntry, LeadRow

MAX_BODY_LENGTH = 500_000
MAX_TEXT_LENGTH = 1_000
MAX_COPIED_ADDRESSES = 50  # addresses in copy
MAX_ATTACHMENTS = 50  # attached to a mail

KIND_BY_NAME = {
    "EMAIL_REPLY": EventKind.REPLY,
    "EMAIL_REPLIED": EventKind.REPLY,
    "LEAD_REPLIED": EventKind.REPLY,
    "UNTRACKED_REPLIES": EventKind.REPLY,
    "EMAIL_SENT": EventKind.SENT,
    "FIRST_EMAIL_SENT": EventKind.SENT,
    "LEAD_CATEGORY_UPDATED": EventKind.CATEGORY,
    "EMAIL_BOUNCE": EventKind.LOOK,
    "EMAIL_BOUNCED": EventKind.LOOK,
    "LEAD_UNSUBSCRIBED": EventKind.LOOK,
    "EMAIL_UNSUBSCRIBED": EventKind.LOOK,
}


class UnreadableEvent(Exception):
    """The body is no JSON object; the message is a finished sentence."""


def parse_body(body: bytes) -> dict[str, Any]:
    try:
        raw = json.loads(body, parse_constant=_reject_constant)
    except RecursionError:
        raise UnreadableEvent("The body is nested too deeply.") from None
    except ValueError:  # bad JSON, bad UTF-8, a number of too many digits
        raise UnreadableEvent("The body is no JSON.") from None
    if not isinstance(raw, dict):
        raise UnreadableEvent("The body is no JSON object.")
    return raw


def _reject_constant(said: str) -> None:
    raise ValueError(said)


# ── What is kept of a body ──────────────────────────────────────────────────────
_TOP_LEVEL_FIELDS = (
    "event_type", "event", "type", "event_timestamp", "timestamp", "time_replied",
    "event_id", "sl_email_lead_id", "sl_email_lead_map_id", "sl_lead_email", "lead_id",
    "lead_email", "to", "to_email", "from_email", "subject", "message_id", "stats_id",
    "campaign_id", "campaign_name", "lead_category_id", "category",
    "reply_body", "sent_message_body",
)  # fmt: skip
_NESTED_FIELDS = {
    "lead": ("email",),
    "leadCorrespondence": ("targetLeadEmail", "replyReceivedFrom"),
    "lead_category": ("new_id", "new_name"),
    "reply_message": ("message_id", "html", "text", "time", "subject"),
    "sent_message": ("message_id", "html", "text", "time"),
    "reply": ("body", "received_at"),
    "email": ("message_id",),
}
_BODY_FIELDS = {"html", "text", "body", "reply_body", "sent_message_body"}


def stored_fields(raw: Payload) -> dict[str, Any]:
    """The fields that are used, all of them plain text."""
    content: dict[str, Any] = _texts(raw, _TOP_LEVEL_FIELDS)
    for name, fields in _NESTED_FIELDS.items():
        content[name] = _texts(nested_object(raw, name), fields) | _attachment_fields(
            nested_object(raw, name)
        )
    if headers := headers_of(nested_object(raw, "reply_message").get("headers")):
        content["reply_message"]["headers"] = headers
    copied = raw.get("cc_emails")
    copied = copied[:MAX_COPIED_ADDRESSES] if isinstance(copied, list) else []
    content["cc_emails"] = [_cut_text("", each) for each in copied]
    content |= _attachment_fields(raw)
    return {
        name: value for name, value in content.items() if value or name in _BODY_FIELDS
    }


def _attachment_fields(raw: Payload) -> dict[str, list[dict[str, str]]]:
    files = [asdict(Attachment.from_payload(item)) for item in _attached_files(raw)]
    cut = [
        {name: _cut_text(name, text) for name, text in file.items()} for file in files
    ]
    return {"attachments": cut} if cut else {}


def _attached_files(raw: Payload) -> list[Payload]:
    attached = raw.get("attachments")
    return as_dicts(attached[:MAX_ATTACHMENTS]) if isinstance(attached, list) else []


def _texts(raw: Payload, names: tuple[str, ...]) -> dict[str, str]:
    cut = {name: _cut_text(name, raw.get(name)) for name in names}
    # An empty body says that there are no words, none at all says nothing.
    told = {name for name in _BODY_FIELDS if name in raw}
    return {name: text for name, text in cut.items() if text or name in told}


def _cut_text(name: str, value: Any) -> str:
    return as_text(value)[
        : MAX_BODY_LENGTH if name in _BODY_FIELDS else MAX_TEXT_LENGTH
    ]


# ── What it says ────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True, kw_only=True)
class EventPayload:
    """`at` is when it happened, by Smartlead's clock. There is never an owner in one.

    `has_body`: whether it tells the words of its mail, if only that there are none.
    """

    name: str
    kind: EventKind
    at: datetime | None
    map_id: int | None
    person_id: int | None
    email: str
    campaign_id: int | None
    campaign_name: str
    category_id: int | None
    category_name: str
    # The mailbox of ours that it names.
    mailbox: str
    mail: HistoryEntry | None
    has_body: bool

    @classmethod
    def from_payload(cls, raw: Payload) -> Self:
        name = as_text(first_present(raw, "event_type", "event", "type")).upper()
        kind = KIND_BY_NAME.get(name, EventKind.OTHER)
        category = nested_object(raw, "lead_category")
        return cls(
            name=name,
            kind=kind,
            at=_event_time(raw, kind),
            map_id=as_id(raw.get("sl_email_lead_map_id")),
            person_id=as_id(first_present(raw, "sl_email_lead_id", "lead_id")),
            email=_lead_email(raw),
            campaign_id=as_id(raw.get("campaign_id")),
            campaign_name=as_line(raw.get("campaign_name")),
            category_id=as_id(category.get("new_id") or raw.get("lead_category_id")),
            category_name=as_line(category.get("new_name") or raw.get("category")),
            mailbox=as_text(raw.get("from_email")),
            mail=_mail(raw, kind),
            has_body=_has_body(raw, kind),
        )

    def lead_row(self, map_id: int, **said: Any) -> LeadRow:
        """A row of the inbox that says this much and leaves the rest out."""
        return replace(LeadRow.from_payload({"email_lead_map_id": map_id}), **said)


def event_key(raw: Payload) -> str:
    """Return what tells this event from others, if its body says so; else empty.

    Sent again, an event says the same. Headers are no help: a proxy may give each
    delivery another id, or all of them one.
    """
    said = EventPayload.from_payload(raw)
    about = f"{said.name} {said.map_id} {said.email}"
    if event_id := as_text(raw.get("event_id")):
        return f"event {event_id} {about}"
    if said.kind == EventKind.CATEGORY:
        return ""  # a lead may have one category after the other about one mail
    if said.mail and said.mail.message_id:
        return f"mail {said.mail.message_id} {about}"
    # It may be the mail that is answered: two replies to it differ in their time.
    mail_id = as_text(raw.get("message_id"))
    return f"about {mail_id} {said.at} {about}" if mail_id else ""


_MAIL_FIELDS = {EventKind.REPLY: "reply_message", EventKind.SENT: "sent_message"}
_OLD_BODY_FIELDS = {EventKind.REPLY: "reply_body", EventKind.SENT: "sent_message_body"}


def _event_time(raw: Payload, kind: EventKind) -> datetime | None:
    mail = nested_object(raw, _MAIL_FIELDS.get(kind, ""))
    said = (
        mail.get("time"),
        raw.get("time_replied"),
        nested_object(raw, "reply").get("received_at"),
        raw.get("event_timestamp"),
        raw.get("timestamp"),
    )
    return next((moment for moment in map(as_moment, said) if moment), None)


def _lead_email(raw: Payload) -> str:
    """`from_email` is our own mailbox; `to_email` usually the lead, but not always."""
    to = as_text(first_present(raw, "to_email", "to")).lower()
    is_ours = to == as_text(raw.get("from_email")).lower()
    return as_text(
        first_present(raw, "sl_lead_email", "lead_email")
        or nested_object(raw, "lead").get("email")
        or nested_object(raw, "leadCorrespondence").get("targetLeadEmail")
        or ("" if is_ours else to)
    ).lower()


def _mail(raw: Payload, kind: EventKind) -> HistoryEntry | None:
    """The mail it is about, in the form of a thread's.

    Its message id is that of the mail's own part: outside of it, it may be the id of
    the mail that is answered.
    """
    if kind not in _MAIL_FIELDS:
        return None
    mail = nested_object(raw, _MAIL_FIELDS[kind])
    is_reply = kind == EventKind.REPLY
    moment = _event_time(raw, kind)
    if moment is None:
        return None
    lead = nested_object(raw, "leadCorrespondence").get(
        "replyReceivedFrom"
    ) or _lead_email(raw)
    ours = raw.get("from_email")
    told = HistoryEntry.from_payload(
        {
            "type": kind,
            "message_id": mail.get("message_id"),
            "stats_id": raw.get("stats_id"),
            "from": lead if is_reply else ours,
            "to": ours if is_reply else lead,
            "cc": raw.get("cc_emails"),
            "time": moment.isoformat(),
            "subject": mail.get("subject") or raw.get("subject"),
            "headers": mail.get("headers"),
            "email_body": first_present(mail, "html", "text") or _old_body(raw, kind),
            "attachments": _attached_files(mail) or _attached_files(raw),
        }
    )
    # That of a reply tells an automatic answer; as conversations do, it shows none.
    return replace(told, subject="") if is_reply else told


def _has_body(raw: Payload, kind: EventKind) -> bool:
    mail = nested_object(raw, _MAIL_FIELDS.get(kind, ""))
    return any(
        name in told
        for told in (mail, raw, nested_object(raw, "reply"))
        for name in ("html", "text", "body", "attachments", _OLD_BODY_FIELDS.get(kind))
    )


def _old_body(raw: Mapping[str, Any], kind: EventKind) -> Any:
    if kind == EventKind.SENT:
        return raw.get("sent_message_body")
    return raw.get("reply_body") or nested_object(raw, "reply").get("body")
