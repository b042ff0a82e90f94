"""Rows of Smartlead as typed records, read from the flat form that the server sends and
from the nested one of its documentation.

A record fails only without a usable id: `from_payload` then raises ValueError, and
`list_parsing.parse_page` counts the row as skipped. Times are aware, in UTC.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Self

from assignments.smartlead.automatic_mails import headers_of, kind_of_mail
from assignments.smartlead.payload_values import (
    Payload,
    as_decimal,
    as_dicts,
    as_flag,
    as_id,
    as_int,
    as_line,
    as_moment,
    as_text,
    first_present,
    is_list,
    nested_object,
)
from assignments.smartlead.row_shapes import flat_fields


def _required_id(value: Any, name: str) -> int:
    number = as_id(value)
    if number is None:
        raise ValueError(f"The row has no usable {name}.")
    return number


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    name: str
    url: str
    type: str

    @classmethod
    def from_payload(cls, raw: Payload) -> Self:
        url = as_text(first_present(raw, "file_url", "url"))
        return cls(
            name=as_line(first_present(raw, "file_name", "name")),
            url=url if url.startswith(("https://", "http://")) else "",
            type=as_text(first_present(raw, "file_type", "type")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One mail of a conversation. A reply has the `stats_id` of the mail it answers.

    `is_own` marks a mail that Smartlead lists as a reply although one of us wrote it;
    its direction is "sent". Only a service can know that (`services/replies/own_mail.py`).
    """

    message_id: str
    stats_id: str
    direction: Literal["sent", "reply"]
    sender: str
    recipient: str
    cc: tuple[str, ...]
    at: datetime | None
    subject: str
    body_html: str
    sequence_number: int | None
    is_bounce: bool
    is_automatic: bool = False
    is_own: bool = False
    attachments: tuple[Attachment, ...]

    @classmethod
    def from_payload(cls, raw: Payload) -> Self:
        sender = as_text(first_present(raw, "from", "sent_from"))
        subject = as_line(raw.get("subject"))
        kind = kind_of_mail(
            sender=sender,
            subject=subject,
            headers=headers_of(
                first_present(raw, "headers", "email_headers", "message_headers")
            ),
        )
        direction = _direction(raw, is_from_program=kind != "person")
        return cls(
            message_id=as_text(first_present(raw, "message_id", "id")),
            stats_id=as_text(first_present(raw, "stats_id", "email_stats_id")),
            direction=direction,
            sender=sender,
            recipient=as_text(first_present(raw, "to", "sent_to")),
            cc=_addresses(raw.get("cc")),
            at=as_moment(first_present(raw, "time", "sent_at", "received_at")),
            subject=subject,
            body_html=as_text(first_present(raw, "email_body", "body")),
            sequence_number=as_int(raw.get("email_seq_number")),
            is_bounce=direction == "reply" and kind == "bounce",
            is_automatic=direction == "reply" and kind == "automatic",
            attachments=tuple(
                Attachment.from_payload(item)
                for item in as_dicts(raw.get("attachments"))
            ),
        )

    @property
    def is_from_person(self) -> bool:
        """Return True for a reply that is neither a bounce nor automatic: it may need
        an answer.
        """
        is_from_program = self.is_bounce or self.is_automatic
        return self.direction == "reply" and not is_from_program


def _direction(raw: Payload, *, is_from_program: bool) -> Literal["sent", "reply"]:
    direction = as_text(first_present(raw, "type", "direction")).lower()
    if not direction:
        is_received = is_from_program or raw.get("received_at")
        return "reply" if is_received else "sent"
    return "reply" if direction in {"reply", "inbound", "received"} else "sent"


def _addresses(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        value = value.split(",")
    items = value if is_list(value) else []
    texts = (
        as_text(
            first_present(item, "address", "email") if isinstance(item, dict) else item
        )
        for item in items
    )
    return tuple(text for text in texts if text)


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadRow:
    """One lead of the inbox. `owner_known` is False if the row has no owner field, which
    does not mean that nobody owns the lead.
    """

    map_id: int
    lead_id: int | None
    email: str
    first_name: str
    last_name: str
    company: str
    phone: str
    category_id: int | None
    category_name: str | None
    status: str
    owner_id: int | None
    owner_known: bool
    owner_name: str | None
    unread: bool | None
    last_sent_at: datetime | None
    last_reply_at: datetime | None
    email_account_id: int | None
    campaign_id: int | None
    campaign_name: str
    client_id: int | None
    revenue: Decimal | None
    important: bool | None
    archived: bool | None
    snoozed: bool | None
    next_send_at: datetime | None
    history: tuple[HistoryEntry, ...] | None

    @classmethod
    def from_payload(cls, raw: Payload) -> Self:
        row = flat_fields(raw)
        owner_id, owner_known = _owner(raw)
        return cls(
            map_id=_required_id(row["email_lead_map_id"], "map id"),
            lead_id=as_id(row["email_lead_id"]),
            email=as_line(row["lead_email"]),
            first_name=as_line(row["lead_first_name"]),
            last_name=as_line(row["lead_last_name"]),
            company=as_line(row["company"]),
            phone=as_line(row["phone"]),
            category_id=as_id(row["lead_category_id"]),
            category_name=as_line(row["category_name"]) or None,
            status=as_text(raw.get("lead_status")),
            owner_id=owner_id,
            owner_known=owner_known,
            owner_name=as_line(nested_object(raw, "assigned_to").get("name")) or None,
            unread=_unread(raw),
            last_sent_at=as_moment(row["last_sent_time"]),
            last_reply_at=as_moment(row["last_reply_time"]),
            email_account_id=as_id(row["email_account_id"]),
            campaign_id=as_id(row["email_campaign_id"]),
            campaign_name=as_line(row["email_campaign_name"]),
            client_id=as_id(raw.get("client_id")),
            revenue=as_decimal(raw.get("revenue")),
            important=as_flag(raw.get("is_important")),
            archived=as_flag(raw.get("is_archived")),
            snoozed=_snoozed(raw),
            next_send_at=as_moment(row["lead_next_timestamp_to_send"]),
            history=_history(raw),
        )


def _owner(raw: Payload) -> tuple[int | None, bool]:
    """Return (owner id, is it known) by `team_member_id`, or else `assigned_to`, as an
    id or an object with one. Null is nobody: (None, True). A missing field or an
    unusable id is unknown: (None, False).
    """
    if "team_member_id" in raw:
        value = raw["team_member_id"]
    elif "assigned_to" in raw:
        assigned = raw["assigned_to"]
        value = assigned.get("id", "") if isinstance(assigned, dict) else assigned
    else:
        return None, False
    owner_id = as_id(value)
    return owner_id, value is None or owner_id is not None


def _unread(raw: Payload) -> bool | None:
    if (unread := as_flag(raw.get("has_new_unread_email"))) is not None:
        return unread
    is_read = as_flag(raw.get("is_read"))
    return None if is_read is None else not is_read


def _snoozed(raw: Payload) -> bool | None:
    if (snoozed := as_flag(raw.get("is_snoozed"))) is not None:
        return snoozed
    return True if raw.get("snoozed_until") else None


def _history(raw: Payload) -> tuple[HistoryEntry, ...] | None:
    entries = first_present(raw, "email_history", "message_history", "history")
    if not is_list(entries):
        return None
    return tuple(HistoryEntry.from_payload(entry) for entry in as_dicts(entries))


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRow:
    id: int
    name: str

    @classmethod
    def from_payload(cls, raw: Payload) -> Self:
        number = first_present(raw, "id", "team_member_id", "user_id")
        return cls(id=_required_id(number, "member id"), name=as_line(raw.get("name")))


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryRow:
    id: int
    name: str
    sentiment: str | None

    @classmethod
    def from_payload(cls, raw: Payload) -> Self:
        return cls(
            id=_required_id(raw.get("id"), "category id"),
            name=as_line(raw.get("name")),
            sentiment=as_text(raw.get("sentiment_type")) or None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignRow:
    """A campaign. `owner_id` is its member, or None if Smartlead does not say."""

    id: int
    name: str
    status: str
    client_id: int | None
    owner_id: int | None

    @classmethod
    def from_payload(cls, raw: Payload) -> Self:
        return cls(
            id=_required_id(raw.get("id"), "campaign id"),
            name=as_line(raw.get("name")),
            status=as_text(raw.get("status")),
            client_id=as_id(raw.get("client_id")),
            owner_id=as_id(first_present(raw, "team_member_id", "teamMemberId")),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class CampaignLeadRow:
    """A lead from its campaign's list, the only source of company and custom fields."""

    map_id: int
    lead_id: int | None
    email: str
    first_name: str
    last_name: str
    company: str
    website: str
    location: str
    phone: str
    linkedin: str
    custom_fields: dict[str, str]
    unsubscribed: bool

    @classmethod
    def from_payload(cls, raw: Payload) -> Self:
        lead = nested_object(raw, "lead") or raw
        map_id = first_present(raw, "campaign_lead_map_id", "email_lead_map_id")
        return cls(
            map_id=_required_id(map_id, "map id"),
            lead_id=as_id(first_present(lead, "id", "lead_id")),
            email=as_line(lead.get("email")),
            first_name=as_line(lead.get("first_name")),
            last_name=as_line(lead.get("last_name")),
            company=as_line(first_present(lead, "company_name", "company")),
            website=as_line(first_present(lead, "website", "company_url")),
            location=as_line(lead.get("location")),
            phone=as_line(first_present(lead, "phone_number", "phone")),
            linkedin=as_text(lead.get("linkedin_profile")),
            custom_fields={
                as_text(name): as_text(value)
                for name, value in nested_object(lead, "custom_fields").items()
            },
            unsubscribed=as_flag(lead.get("is_unsubscribed")) or False,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRow:
    id: int | None
    lead_id: int | None
    text: str
    created_at: datetime | None
    created_by: str

    @classmethod
    def from_payload(cls, raw: Payload) -> Self:
        return cls(
            id=as_id(raw.get("id")),
            lead_id=as_id(first_present(raw, "lead_id", "email_lead_id")),
            text=as_text(first_present(raw, "note_message", "note")),
            created_at=as_moment(raw.get("created_at")),
            created_by=as_line(raw.get("created_by")),
        )
