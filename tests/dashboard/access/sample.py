"""The people and objects of the access matrix: two teams, clients, and leads of each.

Every lead has a marker that stands in all its texts and in nothing else, so that a page
which must not know of it can be searched for it.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils import timezone

from assignments.models import (
    Account,
    Assignment,
    CalendarFeed,
    ClientLimit,
    DayOff,
    Heartbeat,
    Lead,
    LeadNote,
    Member,
    SavedView,
    User,
)
from assignments.models.lead import NEVER
from assignments.services.people import deactivation
from tests.factories import (
    make_assignment,
    make_batch,
    make_campaign,
    make_category,
    make_coverage,
    make_drift,
    make_feed,
    make_hold,
    make_lead,
    make_mail,
    make_manager,
    make_member,
    make_message,
    make_notification,
    make_plan,
    make_rule,
    make_suggestion,
    make_table,
    make_target,
    make_team,
    make_user,
)

OURS, THEIRS = 7, 8  # clients; the limited person sees the first one
LEADS = (
    "mos", "cleos", "eves", "nobodys", "acmes", "held", "clientless", "unknowns",
)  # fmt: skip


def marker(name: str) -> str:
    return f"Zq{name}"


@dataclass(frozen=True, slots=True)
class AccessWorld:
    """`users` by the name of their column in the table, `objects` by their name in an
    address; a lead's key is its `map_id`.
    """

    users: dict[str, User]
    objects: dict[str, Any]

    def key(self, name: str) -> Any:
        value = self.objects[name]
        return getattr(value, "pk", value)


def make_world(*, members_see: str) -> AccessWorld:
    """Make everybody and everything. Mo and Cleo are of the team North, Eve of South."""
    Heartbeat.objects.update_or_create(
        name="worker", defaults={"beat_at": timezone.now()}
    )
    Account.objects.update_or_create(
        pk=1, defaults={"members_see": members_see, "answers_count_from": NEVER}
    )
    users = _users()
    objects = _people(users)
    objects |= _leads(objects)
    objects |= _changes(users, objects)
    objects |= _coverages(users, objects)
    objects |= _belongings(users, objects)
    objects |= _settings(users, objects)
    return AccessWorld(users, objects)


def _users() -> dict[str, User]:
    users = {
        "unlinked": make_user("Uli Unlinked", username="uli"),
        "member": make_user("Mo Member", username="mo"),
        "limited": make_user("Lim Limited", username="lim"),
        "foreign lead": make_user("Fin Foreign", username="fin"),
        "team lead": make_user("Tia Teamlead", username="tia"),
        "manager": make_manager("Max Manager", username="max"),
        "deactivated": make_user("Dee Deactivated", username="dee"),
    }
    ClientLimit.objects.create(user=users["limited"], client_id=OURS)
    return users


def _people(users: dict[str, User]) -> dict[str, Any]:
    leading = (users["team lead"], users["limited"], users["deactivated"])
    north = make_team("North", leads=leading)
    south = make_team("South", leads=(users["foreign lead"],))
    return {
        "north": north,
        "south": south,
        "mo": make_member("Mo", team=north, user=users["member"]),
        "cleo": make_member("Cleo", team=north),
        "eve": make_member("Eve", team=south),
        "lone": make_member("Lone"),
    }


def _leads(known: dict[str, Any]) -> dict[str, Lead]:
    mo, cleo, eve = known["mo"], known["cleo"], known["eve"]
    campaign = make_campaign("Ours", client_id=OURS)
    leads = {
        "mos": _lead("mos", owner=mo, client_id=OURS),
        "cleos": _lead("cleos", owner=cleo, campaign=campaign),
        "eves": _lead("eves", owner=eve, client_id=OURS),
        "nobodys": _lead("nobodys", client_id=OURS),
        "acmes": _lead("acmes", owner=mo, campaign=campaign, client_id=THEIRS),
        "held": _lead("held", owner=eve, client_id=OURS),
        "clientless": _lead("clientless", owner=mo),
        "unknowns": _lead("unknowns", owner_known_at=None, client_id=OURS),
    }
    for name, lead in leads.items():
        make_message(lead, f"<p>{marker(name)} wrote this.</p>")
        LeadNote.objects.create(
            lead=lead,
            smartlead_id=lead.pk,
            text=f"{marker(name)} was called.",
            created_at=timezone.now(),
        )
    return leads


def _lead(name: str, **fields: Any) -> Lead:
    """Make a lead which replied an hour ago and waits for an answer that is late."""
    word, at = marker(name), timezone.now()
    return make_lead(
        f"{word} Lead",
        email=f"{word.lower()}@example.com",
        company=f"{word} GmbH",
        last_message=f"{word} asks for a price",
        last_reply_at=at - timedelta(hours=1),
        last_sent_at=at - timedelta(hours=5),
        answer_owed=True,
        answer_due_at=at - timedelta(minutes=5),
        **fields,
    )


def _final(**fields: Any) -> dict[str, Any]:
    at = timezone.now() - timedelta(minutes=30)
    return {"created_at": at, "finished_at": at, **fields}


def _changes(users: dict[str, User], known: dict[str, Any]) -> dict[str, Any]:
    """Make changes of owner, by the manager if not by somebody else, and batches."""
    mo, cleo, max_manager = known["mo"], known["cleo"], users["manager"]
    refused = _final(state="refused", actor=max_manager, outcome="No.")
    made = {
        f"{name}_refused": make_assignment(known[name], to, **refused)
        for name, to in (("cleos", mo), ("eves", mo), ("acmes", cleo))
    }
    made |= {
        f"{name}_done": make_assignment(
            known[name], known[name].owner, expected=cleo,
            **_final(state="done", actor=max_manager),
        )
        for name in ("mos", "eves", "acmes")
    }  # fmt: skip
    made["own_done"] = make_assignment(
        known["mos"], mo, expected=cleo, **_final(state="done", actor=users["member"])
    )
    made["norths_batch"] = make_batch(
        [_copy(known["cleos"], "cleos")], mo, actor=users["team lead"]
    )
    made["souths_batch"] = make_batch(
        [_copy(known["eves"], "eves")], known["lone"], actor=max_manager
    )
    made["drifted"] = make_drift(_copy(known["cleos"], "cleos"), mo)
    made["souths_drifted"] = make_drift(_copy(known["eves"], "eves"), mo)
    return made


def _copy(lead: Lead, name: str) -> Lead:
    """Make another lead that the same people see, with the same marker."""
    return _lead(
        name, owner=lead.owner, client_id=lead.client_id, campaign=lead.campaign
    )


def _coverages(users: dict[str, User], known: dict[str, Any]) -> dict[str, Any]:
    """Make absences of Mo, whose lead Eve holds, of Cleo, and of Lone."""
    today = timezone.now().date()

    def absence(member: Member, *covering: Member, days: int, **fields: Any) -> Any:
        first = today + timedelta(days=days)
        return make_coverage(
            member, *covering, first_day=first, created_by=users["manager"], **fields
        )

    mo, cleo, eve, lone = (known[name] for name in ("mo", "cleo", "eve", "lone"))
    at = timezone.now()
    running = absence(mo, eve, days=-1, state="active", began_at=at)
    make_hold(running, known["held"], to=eve)
    souths = absence(eve, lone, days=-1, state="active", began_at=at)
    make_hold(souths, _copy(known["eves"], "eves"), to=lone, origin=eve)
    Lead.objects.filter(holds__coverage=souths).update(owner=lone)
    return {
        "running": running,
        "souths_running": souths,
        "proposed": absence(cleo, mo, days=12, state="proposed"),
        "planned": absence(cleo, eve, days=30, state="scheduled"),
        "souths_proposed": absence(lone, eve, days=12, state="proposed"),
        "missed": absence(
            cleo, eve, days=-20, state="cancelled", cancelled_at=at,
            cancelled_why="Missed.",
        ),
    }  # fmt: skip


def _belongings(users: dict[str, User], known: dict[str, Any]) -> dict[str, Any]:
    """Make what belongs to one person: `mos_…` to the member, `tias_…` to the lead."""
    made: dict[str, Any] = {}
    for who, user in (("mos", users["member"]), ("tias", users["team lead"])):
        made[f"{who}_notification"] = make_notification(user, path="/inbox/")
        made[f"{who}_view"] = SavedView.objects.create(
            user=user, name=f"View of {who}", query="status=open"
        )
    made["tias_plan"] = make_plan(
        [known["cleos"]], known["mo"], actor=users["team lead"], at=timezone.now()
    )
    made["maxs_plan"] = make_plan(
        [known["eves"]], known["mo"], actor=users["manager"], at=timezone.now()
    )
    made["suggestion"] = make_suggestion(known["nobodys"], known["cleo"])
    made["souths_suggestion"] = make_suggestion(known["eves"], known["lone"])
    made["refused_mail"] = make_mail(outcome="No.")
    return made


def _settings(users: dict[str, User], known: dict[str, Any]) -> dict[str, Any]:
    table = make_table({"de": known["mo"]})
    feed = make_feed(known["north"], token="northstoken")
    dees = CalendarFeed.objects.create(
        team=known["south"],
        token="deestoken",
        created_by=make_user("Lea Leaver", username="lea"),
        created_at=feed.created_at,
    )
    deactivation.end_access(dees.created_by, at=timezone.now())
    return {
        "category": make_category(),
        "rule": make_rule(known["mo"], mode="off"),
        "table": table,
        "line": table.lines.get(),
        "target": make_target(),
        "feed": feed.token,
        "deesfeed": dees.token,
        "someone": make_user("Sid Someone", username="sid"),
        "invited": make_user("Ina Invited", username="ina", password=None),
        "max": users["manager"],
        "day_off": DayOff.objects.create(day="2026-12-31"),
        "done_by_mo": Assignment.objects.filter(actor=users["member"]).latest("pk"),
    }
