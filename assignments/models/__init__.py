"""The tables of Handoff. Leads, members, campaigns and categories have Smartlead's ids."""

from assignments.models.account import Account, Heartbeat, Seat
from assignments.models.assignment import Assignment, Batch
from assignments.models.budget import Budget
from assignments.models.conversation import LeadNote, Message
from assignments.models.coverage import (
    CalendarFeed,
    Coverage,
    CoverageEvent,
    CoveredLead,
    Coverer,
    Hold,
)
from assignments.models.lead import Campaign, Category, Lead
from assignments.models.lookup_table import Mapping, MappingLine
from assignments.models.mail import Mail, MailServer
from assignments.models.note import Note
from assignments.models.notification import (
    CoverageWord,
    MailTimes,
    Notification,
    NotificationChoice,
    Untold,
)
from assignments.models.own_address import OwnAddress
from assignments.models.people import Member, Team, User
from assignments.models.plan import Rotation, SavedPlan, Turn
from assignments.models.reply import Reply, SeenMail
from assignments.models.routing import (
    RoutingRule,
    RuleCondition,
    RuleMember,
    Suggestion,
)
from assignments.models.saved_view import SavedView
from assignments.models.sign_in import SignInEvent
from assignments.models.sla import (
    Breach,
    DayOff,
    MemberHours,
    SlaTarget,
    WorkingHours,
)
from assignments.models.sync_source import Source, UnreadableRow
from assignments.models.webhook import WebhookEvent, WebhookRefusal

__all__ = [
    "Account",
    "Assignment",
    "Batch",
    "Breach",
    "Budget",
    "CalendarFeed",
    "Campaign",
    "Category",
    "Coverage",
    "CoverageEvent",
    "CoverageWord",
    "CoveredLead",
    "Coverer",
    "DayOff",
    "Heartbeat",
    "Hold",
    "Lead",
    "LeadNote",
    "Mail",
    "MailServer",
    "MailTimes",
    "Mapping",
    "MappingLine",
    "Member",
    "MemberHours",
    "Message",
    "Note",
    "Notification",
    "NotificationChoice",
    "OwnAddress",
    "Reply",
    "Rotation",
    "RoutingRule",
    "RuleCondition",
    "RuleMember",
    "SavedPlan",
    "SavedView",
    "Seat",
    "SeenMail",
    "SignInEvent",
    "SlaTarget",
    "Source",
    "Suggestion",
    "Team",
    "Turn",
    "UnreadableRow",
    "Untold",
    "User",
    "WebhookEvent",
    "WebhookRefusal",
    "WorkingHours",
]
