"""The rows of the sandbox's Smartlead account. Times are epoch seconds."""

from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any, Self


def iso(at: float | None) -> str | None:
    """Return the time as Smartlead writes it, `2026-01-31T09:05:00.123Z` (UTC,
    milliseconds cut); None for None.
    """
    if at is None:
        return None
    moment = datetime.fromtimestamp(at, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


class Record:
    """A row that can be written to the state file and read back."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)  # type: ignore[call-overload, no-any-return]

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Self:
        known = {item.name for item in fields(cls)}  # type: ignore[arg-type]
        return cls(**{name: value for name, value in raw.items() if name in known})


@dataclass(slots=True, kw_only=True)
class FakeMember(Record):
    id: int
    name: str
    on_board: bool = True


@dataclass(slots=True, kw_only=True)
class FakeCategory(Record):
    id: int
    name: str
    sentiment: str | None
    created_at: float


@dataclass(slots=True, kw_only=True)
class FakeClient(Record):
    id: int
    name: str
    email: str
    uuid: str
    created_at: float


@dataclass(slots=True, kw_only=True)
class FakeCampaign(Record):
    id: int
    name: str
    status: str
    created_at: float
    zone: str
    product: str
    sequence_count: int
    owner_id: int | None = None
    client_id: int | None = None
    tag_ids: list[int] = field(default_factory=list)
    account_ids: list[int] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class FakeMessage(Record):
    stats_id: str
    type: str
    sender: str
    recipient: str
    message_id: str
    at: float
    body: str
    subject: str = ""
    sequence_number: int | None = None
    opens: int = 0
    clicks: int = 0
    cc: list[str] = field(default_factory=list)
    attachments: list[dict[str, str]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class FakeLead(Record):
    """A person in one campaign; in another campaign only `map_id` is a different one."""

    map_id: int
    lead_id: int
    campaign_id: int
    account_id: int
    mailbox: str
    email: str
    first_name: str
    last_name: str
    company: str
    website: str
    phone: str
    location: str
    linkedin: str
    custom_fields: dict[str, str]
    created_at: float
    status: str = "INPROGRESS"
    category_id: int | None = None
    owner_id: int | None = None
    revenue: float = 0.0
    situation: str = ""
    is_unread: bool = False
    is_important: bool = False
    is_archived: bool = False
    is_snoozed: bool = False
    is_unsubscribed: bool = False
    is_bounced: bool = False
    reminder_at: float | None = None
    next_send_at: float | None = None
    sub_sequence_id: int | None = None
    sequence_number: int = 1
    last_reply_at: float | None = None
    last_sent_at: float | None = None
    messages: list[FakeMessage] = field(default_factory=list)
    # (time of the change, owner until then), oldest first: what a lagging list shows.
    past_owners: list[tuple[float, int | None]] = field(default_factory=list)

    @classmethod
    def from_json(cls, raw: dict[str, Any]) -> Self:
        messages = [FakeMessage.from_json(message) for message in raw["messages"]]
        past = [(at, owner) for at, owner in raw["past_owners"]]
        return cls(**{**raw, "messages": messages, "past_owners": past})

    def add(self, message: FakeMessage) -> None:
        self.messages.append(message)
        if message.type == "REPLY":
            self.last_reply_at = max(message.at, self.last_reply_at or 0.0)
        else:
            self.last_sent_at = max(message.at, self.last_sent_at or 0.0)

    def owner_at(self, at: float) -> int | None:
        """Return the owner's id at that time, or None for nobody.

        Before the oldest change that is kept, it is the owner until that change.
        """
        for changed_at, before in self.past_owners:
            if at < changed_at:
                return before
        return self.owner_id


@dataclass(slots=True, kw_only=True)
class FakeNote(Record):
    id: int
    lead_id: int
    map_id: int
    text: str
    created_by: str
    created_at: float


@dataclass(slots=True, kw_only=True)
class FakeTask(Record):
    id: int
    lead_id: int
    map_id: int
    name: str
    description: str
    priority: str
    due_at: float | None
    created_at: float


@dataclass(slots=True, kw_only=True)
class FakeUntrackedReply(Record):
    id: int
    sender: str
    recipient: str
    subject: str
    body: str
    at: float


@dataclass(slots=True, kw_only=True)
class FakeWebhook(Record):
    """A registered webhook; `level` is user, client or campaign."""

    id: int
    name: str
    url: str
    level: str
    events: list[str]
    campaign_id: int | None = None
    client_id: int | None = None
