"""Entries of the command palette: leads, members, pages and acts, as the viewer may."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from assignments.models import Account, Assignment, Member, User
from assignments.services.ledger.undo import why_not_undo
from assignments.visible_text import folded
from dashboard.inbox.filter import BY_REPLY, InboxFilter
from dashboard.pagination import page_of
from dashboard.permissions import ViewerRights

MOST = 6  # entries of a group
LAST_RANK = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class PaletteEntry:
    """A line that leads to an address; `words` find it too, and are not shown.

    `presses` is the id of a button on the page behind, pressed instead if it is there.
    """

    label: str
    address: str
    icon: str
    hint: str = ""
    words: str = ""
    presses: str = ""

    def rank(self, words: Sequence[str]) -> int | None:
        """Return how well the entry fits the folded words, 0 best; None if one is
        missing in it: 0 where the label begins with the first, 1 where one of its words
        does, 2 else.
        """
        label = folded(self.label)
        text = f"{label} {folded(self.words)}"
        if not all(word in text for word in words):
            return None
        if not words or label.startswith(words[0]):
            return 0
        starts = any(part.startswith(words[0]) for part in label.split())
        return 1 if starts else LAST_RANK


@dataclass(frozen=True, slots=True, kw_only=True)
class PaletteGroup:
    title: str
    entries: list[PaletteEntry]


def groups_for(user: User, query: str, *, at: datetime) -> list[PaletteGroup]:
    """Return the groups with an entry that fits `query`, each with its best MOST.

    The group with the best entry comes first. Without a query: acts and pages, all of
    them. Queries do not grow with the entries.
    """
    words = folded(query).split()
    rights = ViewerRights.of(user)
    leads = _leads(user, query, at=at) if words else []
    members = _best(_members(), words) if words else []
    groups = [
        PaletteGroup(title="Leads", entries=_by_rank(leads, words)),
        PaletteGroup(title="Members", entries=members),
        PaletteGroup(title="Acts", entries=_best(_acts(user, rights), words)),
        PaletteGroup(title="Pages", entries=_best(_entries(PAGES, rights), words)),
    ]
    found = [group for group in groups if group.entries]
    return sorted(found, key=lambda group: _rank(group.entries[0], words))


def _rank(entry: PaletteEntry, words: Sequence[str]) -> int:
    """Return the rank; of an entry that fits by what it does not show, the last one."""
    rank = entry.rank(words)
    return LAST_RANK if rank is None else rank


def _by_rank(
    entries: Iterable[PaletteEntry], words: Sequence[str]
) -> list[PaletteEntry]:
    return sorted(entries, key=lambda entry: _rank(entry, words))


def _best(entries: Iterable[PaletteEntry], words: Sequence[str]) -> list[PaletteEntry]:
    fitting = [entry for entry in entries if entry.rank(words) is not None]
    found = _by_rank(fitting, words)
    return found[:MOST] if words else found


def _leads(user: User, query: str, *, at: datetime) -> list[PaletteEntry]:
    """Return the newest MOST leads that the inbox finds; none if it refuses the query."""
    wanted = InboxFilter({"q": query}, user=user)
    if not wanted.is_valid():
        return []
    found = page_of(wanted.leads(at=at), order=BY_REPLY, after=None, size=MOST)
    return [
        PaletteEntry(
            label=f"{lead}",
            address=reverse("lead", args=[lead.pk]),
            icon="inbox",
            hint=f"{lead.company or lead.campaign or ''}",
        )
        for lead in found.rows
    ]


def _members() -> Iterable[PaletteEntry]:
    """Yield each active member's page and leads; those known by id alone come last."""
    active = Member.objects.filter(is_active=True).select_related("team")
    for member in sorted(active, key=lambda one: not one.name):
        yield PaletteEntry(
            label=f"{member}",
            address=reverse("member", args=[member.pk]),
            icon="team",
            hint=f"{member.team or ''}",
        )
        yield PaletteEntry(
            label=f"Leads of {member}",
            address=f"{reverse('inbox')}?owner={member.pk}&status=open",
            icon="inbox",
            words=f"{member}",
        )


def _anybody(rights: ViewerRights) -> bool:
    return True


def _leads_people(rights: ViewerRights) -> bool:
    return rights.sees_system


def _is_manager(rights: ViewerRights) -> bool:
    return rights.is_manager


OVERDUE = "?mine=yes&sla=overdue&sort=late"
# Label, name of the view, query, icon, words that find it too, who may.
type Place = tuple[str, str, str, str, str, Callable[[ViewerRights], bool]]
PAGES: tuple[Place, ...] = (
    ("Today", "today", "", "today", "morning late due", _anybody),
    ("Inbox", "inbox", "", "inbox", "leads all", _anybody),
    ("My leads", "inbox", "?owner=me&status=open", "inbox", "mine", _anybody),
    ("Leads I cover", "inbox", "?owner=covering", "inbox", "covering", _anybody),
    ("Leads of nobody", "inbox", "?owner=nobody&status=open", "inbox", "unowned", _anybody),
    ("Overdue answers", "inbox", OVERDUE, "late", "late", _anybody),
    ("Important leads", "inbox", "?status=important", "inbox", "starred", _anybody),
    ("Snoozed leads", "inbox", "?status=snoozed", "inbox", "later", _anybody),
    ("Archived leads", "inbox", "?status=archived", "inbox", "filed away", _anybody),
    ("Coverage", "coverage", "", "cover", "absences calendar away", _anybody),
    ("History", "history", "", "history", "changes ledger", _anybody),
    ("Batches", "batches", "", "history", "bulk", _anybody),
    ("Team", "team", "", "team", "members load", _anybody),
    ("Performance", "performance", "", "team", "figures answers numbers", _anybody),
    ("Notifications", "notifications", "", "bell", "news messages", _anybody),
    ("What you are told", "notification_settings", "", "bell", "mails", _anybody),
    ("Time zone and password", "me", "", "sliders", "account profile", _anybody),
    ("Saved filters", "saved_views", "", "inbox", "views", _anybody),
    ("Routing", "routing", "", "routing", "rules", _leads_people),
    ("Try the rules on a lead", "try_rules", "", "routing", "why him", _leads_people),
    ("Review", "review", "", "review", "suggestions", _leads_people),
    ("System", "system", "", "system", "status health worker", _leads_people),
    ("Settings", "settings", "", "sliders", "targets tables", _leads_people),
    ("Teams", "teams", "", "sliders", "settings", _is_manager),
    ("Logins", "users", "", "sliders", "users roles settings", _is_manager),
    ("Webhooks", "webhooks", "", "sliders", "settings", _is_manager),
    ("Outgoing webhooks", "outgoing_webhooks", "", "sliders", "settings", _is_manager),
    ("Sign-ins", "sign_in_log", "", "sliders", "settings log", _is_manager),
)  # fmt: skip
ACTS: tuple[Place, ...] = (
    ("Level the load of a team", "rebalance", "", "team", "rebalance", _leads_people),
    ("Invite a person", "invite", "", "plus", "new login member", _is_manager),
    ("Add a member", "add_member", "", "plus", "new", _is_manager),
    ("Add a routing rule", "new_rule", "", "plus", "new territory", _is_manager),
    ("Add an answer target", "new_target", "", "plus", "new sla", _is_manager),
)  # fmt: skip


PLAN: Place = (
    "Plan an absence", "plan_coverage", "", "cover", "coverage holiday away", _anybody,
)  # fmt: skip
PAUSE: Place = (
    "Pause sending to Smartlead", "system", "", "system", "stop writes", _is_manager,
)  # fmt: skip
RESUME: Place = (
    "Resume sending to Smartlead", "system", "", "system", "writes", _is_manager,
)  # fmt: skip


def _entry(place: Place) -> PaletteEntry:
    label, view, query, icon, words, _ = place
    address = reverse(view) + query
    return PaletteEntry(label=label, address=address, icon=icon, words=words)


def _entries(places: Iterable[Place], rights: ViewerRights) -> Iterable[PaletteEntry]:
    """Yield the entries of the places that somebody with these rights may open."""
    return (_entry(place) for place in places if place[-1](rights))


def _acts(user: User, rights: ViewerRights) -> Iterable[PaletteEntry]:
    if rights.may_assign_many:
        yield PaletteEntry(
            label="Assign the selected leads",
            address=reverse("inbox"),
            icon="to",
            words="selection give",
            presses="assign-many",
        )
    if change := _last_undoable(user):
        yield PaletteEntry(
            label="Undo my last change",
            address=reverse("undo", args=[change.pk]),
            icon="undo",
            hint=f"{change.lead} to {change.to}",
        )
    yield from _entries([PLAN] if _may_plan(user, rights) else [], rights)
    yield from _entries(ACTS, rights)
    if rights.is_manager:
        is_paused = Account.objects.filter(paused_at__isnull=False).exists()
        yield _entry(RESUME if is_paused else PAUSE)


def _may_plan(user: User, rights: ViewerRights) -> bool:
    return rights.may_schedule or Member.objects.filter(user=user).exists()


def _last_undoable(user: User) -> Assignment | None:
    """Return the user's newest change, if it is one of a single lead and can be undone;
    otherwise None. A batch is undone as a whole, on its page.
    """
    changes = Assignment.objects.filter(actor=user)
    known = changes.select_related("lead__owner", "to", "expected")
    change = known.order_by("-pk").first()
    if change is None or change.batch_id is not None or why_not_undo(change, user):
        return None
    return change
