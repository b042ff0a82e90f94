"""The tables of Handoff. Leads, members, campaigns and categories have Smartlead's ids."""

from assignments.models.access_change import AccessChange
from assignments.models.account import Account, Heartbeat, HostPart, TaskLease
from assignments.models.assignment import Assignment, Batch
from assignments.models.budget import Budget
from assignments.models.chat_channel import ChatChannel
from assignments.models.conversation import LeadNote, Message
from assignments.models.coverage import (
    CalendarFeed,
    Coverage,
    CoverageEvent,
    CoveredLead,
    CoveringMember,
    Hold,
)
from assignments.models.lead import Campaign, Category, Lead
from assignments.models.lookup_table import LookupEntry, LookupTable
from assignments.models.mail import Mail, MailServer
from assignments.models.note import Note
from assignments.models.notification import (
    CoverageNotice,
    MailSchedule,
    Notification,
    NotificationChoice,
    PendingAnnouncement,
)
from assignments.models.outgoing_webhook import (
    OutgoingDelivery,
    OutgoingEndpoint,
    OutgoingEvent,
)
from assignments.models.own_address import OwnAddress
from assignments.models.people import ClientLimit, Member, Team, User
from assignments.models.plan import Rotation, RotationTurn, SavedPlan
from assignments.models.reply import MailEvent, Reply
from assignments.models.routing import (
    RoutingRule,
    RuleCondition,
    RuleMember,
    Suggestion,
)
from assignments.models.saved_view import SavedView
from assignments.models.shared_cache import SharedCacheEntry
from assignments.models.sign_in import SignInEvent
from assignments.models.single_sign_on import (
    GroupMapping,
    ProviderSession,
    SeenLogoutToken,
)
from assignments.models.sla import (
    Breach,
    DayOff,
    MemberHours,
    SlaTarget,
    WorkingHours,
)
from assignments.models.sync_source import SyncSource, UnreadableRow
from assignments.models.webhook import WebhookEvent, WebhookRefusal

__all__ = [
    "AccessChange",
    "Account",
    "Assignment",
    "Batch",
    "Breach",
    "Budget",
    "CalendarFeed",
    "Campaign",
    "Category",
    "ChatChannel",
    "ClientLimit",
    "Coverage",
    "CoverageEvent",
    "CoverageNotice",
    "CoveredLead",
    "CoveringMember",
    "DayOff",
    "GroupMapping",
    "Heartbeat",
    "Hold",
    "HostPart",
    "Lead",
    "LeadNote",
    "LookupEntry",
    "LookupTable",
    "Mail",
    "MailEvent",
    "MailSchedule",
    "MailServer",
    "Member",
    "MemberHours",
    "Message",
    "Note",
    "Notification",
    "NotificationChoice",
    "OutgoingDelivery",
    "OutgoingEndpoint",
    "OutgoingEvent",
    "OwnAddress",
    "PendingAnnouncement",
    "ProviderSession",
    "Reply",
    "Rotation",
    "RotationTurn",
    "RoutingRule",
    "RuleCondition",
    "RuleMember",
    "SavedPlan",
    "SavedView",
    "SeenLogoutToken",
    "SharedCacheEntry",
    "SignInEvent",
    "SlaTarget",
    "Suggestion",
    "SyncSource",
    "TaskLease",
    "Team",
    "UnreadableRow",
    "User",
    "WebhookEvent",
    "WebhookRefusal",
    "WorkingHours",
]
