"""Read the bodies of Smartlead's webhooks.

All forms are read: the long one that was seen live, the old one, and the short one of
the documentation, which has no ids. A body is first reduced to the fields used here
(`stored_fields`), so that neither its secret nor the mails it quotes are stored.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Self

from assignments.models.webhook import EventKind
from assignments.smartlead.automatic_mails import headers_of
from assignments.smartlead.payload_values import (
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
    """The body is no JSON object; the message is a complete sentence."""


def parse_body(body: bytes) -> dict[str, Any]:
    """Return the body's JSON object; raise UnreadableEvent if it is no JSON (NaN and
    Infinity are none), no object, or nested too deeply.
    """
    try:
        raw = json.loads(body, parse_constant=_reject_constant)
    except RecursionError:
        raise UnreadableEvent("The body is nested too deeply.") from None
    except ValueError:  # bad JSON, bad UTF-8, a number of too many digits
        raise UnreadableEvent("The body is no JSON.") from None
    if not isinstance(raw, dict):
        raise UnreadableEvent("The body is no JSON object.")
    return raw


def _reject_constant(name: str) -> None:
    """Raise ValueError: NaN and Infinity are no JSON."""
    raise ValueError(name)


# ── Fields that are stored ──────────────────────────────────────────────────────
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
    """Return the fields of the body that are used, as texts of limited length, nested
    as in the body; attachments as name, url and type, reply headers if relevant. At
    most MAX_COPIED_ADDRESSES and MAX_ATTACHMENTS are kept. Empty fields are left
    out, except the texts of mails that the body has: those mean a mail without text.
    """
    content: dict[str, Any] = _texts(raw, _TOP_LEVEL_FIELDS)
    for name, fields in _NESTED_FIELDS.items():
        content[name] = _texts(nested_object(raw, name), fields) | _attachment_fields(
            nested_object(raw, name)
        )
    if headers := headers_of(nested_object(raw, "reply_message").get("headers")):
        content["reply_message"]["headers"] = headers
    copied = raw.get("cc_emails")
    copied = copied[:MAX_COPIED_ADDRESSES] if isinstance(copied, list) else []
    content["cc_emails"] = [_cut_text("", address) for address in copied]
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
    # An empty body means that the mail has no text; a missing one is unknown.
    given = {name for name in _BODY_FIELDS if name in raw}
    return {name: text for name, text in cut.items() if text or name in given}


def _cut_text(name: str, value: Any) -> str:
    return as_text(value)[
        : MAX_BODY_LENGTH if name in _BODY_FIELDS else MAX_TEXT_LENGTH
    ]


# ── The event ───────────────────────────────────────────────────────────────────
@dataclass(frozen=True, slots=True, kw_only=True)
class EventPayload:
    """A webhook event. `at` is its time by Smartlead's clock. It never names an owner.

    If `has_body`, the event includes the text of its mail, which may be empty.
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
    mailbox: str  # our address that sent or received the mail
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

    def lead_row(self, map_id: int, **fields: Any) -> LeadRow:
        """Return an inbox row of this map id with these fields of LeadRow; all others
        are unknown or empty. Raises ValueError if `map_id` is no usable id.
        """
        return replace(LeadRow.from_payload({"email_lead_map_id": map_id}), **fields)


def event_key(raw: Payload) -> str:
    """Return a text that is the same when the event is sent again, or an empty one if
    its body has no id: `event` and the event id, else `mail` and the message id of
    the mail, else `about`, the body's message id and the time; then the event's
    name, map id and lead address. For a change of category only an event id counts.

    Headers cannot be used: a proxy may give each delivery another id, or all the same.
    """
    event = EventPayload.from_payload(raw)
    about = f"{event.name} {event.map_id} {event.email}"
    if event_id := as_text(raw.get("event_id")):
        return f"event {event_id} {about}"
    if event.kind == EventKind.CATEGORY:
        return ""  # a lead may have one category after the other about one mail
    if event.mail and event.mail.message_id:
        return f"mail {event.mail.message_id} {about}"
    # This may be the id of the answered mail: two replies to it differ in time.
    mail_id = as_text(raw.get("message_id"))
    return f"about {mail_id} {event.at} {about}" if mail_id else ""


_MAIL_FIELDS = {EventKind.REPLY: "reply_message", EventKind.SENT: "sent_message"}
_OLD_BODY_FIELDS = {EventKind.REPLY: "reply_body", EventKind.SENT: "sent_message_body"}


def _event_time(raw: Payload, kind: EventKind) -> datetime | None:
    mail = nested_object(raw, _MAIL_FIELDS.get(kind, ""))
    times = (
        mail.get("time"),
        raw.get("time_replied"),
        nested_object(raw, "reply").get("received_at"),
        raw.get("event_timestamp"),
        raw.get("timestamp"),
    )
    return next((moment for moment in map(as_moment, times) if moment), None)


def _lead_email(raw: Payload) -> str:
    """Return the lead's address in lower case, or an empty text.

    It is the first of `sl_lead_email`, `lead_email`, `lead.email` and
    `leadCorrespondence.targetLeadEmail`; else `to_email` or `to`, unless it equals
    `from_email`, which is ours.
    """
    to = as_text(first_present(raw, "to_email", "to")).lower()
    is_ours = to == as_text(raw.get("from_email")).lower()
    return as_text(
        first_present(raw, "sl_lead_email", "lead_email")
        or nested_object(raw, "lead").get("email")
        or nested_object(raw, "leadCorrespondence").get("targetLeadEmail")
        or ("" if is_ours else to)
    ).lower()


def _mail(raw: Payload, kind: EventKind) -> HistoryEntry | None:
    """Return the event's mail, or None without a time or if it is no reply or sent
    mail. A reply has no subject and is from the address that replied, else from the
    lead's. The message id is of the mail's own part: elsewhere it may be the
    answered mail's.
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
    entry = HistoryEntry.from_payload(
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
    # The subject served to detect automatic replies; conversations show none for replies.
    return replace(entry, subject="") if is_reply else entry


def _has_body(raw: Payload, kind: EventKind) -> bool:
    mail = nested_object(raw, _MAIL_FIELDS.get(kind, ""))
    return any(
        name in source
        for source in (mail, raw, nested_object(raw, "reply"))
        for name in ("html", "text", "body", "attachments", _OLD_BODY_FIELDS.get(kind))
    )


def _old_body(raw: Mapping[str, Any], kind: EventKind) -> Any:
    if kind == EventKind.SENT:
        return raw.get("sent_message_body")
    return raw.get("reply_body") or nested_object(raw, "reply").get("body")
