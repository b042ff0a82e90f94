"""Hand-made requests: beyond one's role, or out of date."""

from datetime import date, timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from assignments.models import (
    Account,
    Assignment,
    Batch,
    CalendarFeed,
    Category,
    Coverage,
    DayOff,
    Hold,
    Lead,
    Mail,
    Mapping,
    MappingLine,
    Member,
    MemberHours,
    Note,
    RoutingRule,
    RuleCondition,
    RuleMember,
    SavedPlan,
    SlaTarget,
    Suggestion,
    Team,
    User,
    WorkingHours,
)
from dashboard.urls import urlpatterns
from tests.factories import (
    make_assignment,
    make_batch,
    make_coverage,
    make_drift,
    make_hold,
    make_lead,
    make_mail,
    make_manager,
    make_target,
)
from tests.trials.roles import Office, as_, make_office

pytestmark = pytest.mark.django_db

HUGE = 10**30


@pytest.fixture
def office() -> Office:
    return make_office()


def give_away(client: Client, office: Office):
    """Mo's lead to Cleo, of the same team."""
    path = reverse("assign", args=[office["mos"].pk])
    return client.post(path, {"member": office["cleo"].pk})


# Which of the three may: address, fields, who.
ALL, LEADING, MANAGING = (
    {"member", "team lead", "manager"}, {"team lead", "manager"}, {"manager"},
)  # fmt: skip
RULE = {
    "name": "New",
    "mode": "on",
    "whose": "either",
    "strategy": "round_robin",
    "member": "mo",
}


def day(number: int) -> str:
    """The day that many days from today, as a form has it."""
    return (timezone.now() + timedelta(days=number)).date().isoformat()


ABSENCE = {"first_day": day(20), "last_day": day(24), "zone": "UTC", "scope": "active",
    "arrivals": "cover", "on_return": "return"}  # fmt: skip
ACTS = [
    ("assign {mos}", {"member": "cleo"}, ALL),
    ("assign {mos}", {"member": "eve"}, MANAGING),
    ("assign {cleos}", {"member": "mo"}, LEADING),
    ("assign {eves}", {"member": "mo"}, MANAGING),
    ("assign {nobodys}", {"member": "mo"}, LEADING),
    ("assign {nobodys}", {"member": "eve"}, MANAGING),
    ("undo {waiting}", {}, LEADING),
    ("undo {done}", {}, LEADING),
    ("retry {refused}", {}, LEADING),
    ("dismiss {refused}", {}, LEADING),
    ("undo {eves_waiting}", {}, MANAGING),
    ("retry {eves_refused}", {}, MANAGING),
    ("dismiss {eves_refused}", {}, MANAGING),
    ("add_note {mos}", {"text": "A call."}, ALL),
    ("add_note {cleos}", {"text": "A call."}, LEADING),
    ("add_note {eves}", {"text": "A call."}, MANAGING),
    ("assign_many", {"lead": "cleos", "member": "mo"}, LEADING),
    ("pause_batch {batch}", {}, MANAGING),
    ("resume_batch {batch}", {}, MANAGING),
    ("cancel_batch {batch}", {}, MANAGING),
    ("retry_batch {refused_batch}", {}, MANAGING),
    ("undo_batch {batch}", {}, MANAGING),
    ("leaving {mo}", {"how_0": "least_busy", "member_0": "cleo"}, LEADING),
    ("deactivate_member {mo}", {}, MANAGING),
    (
        "mappings",
        {"name": "New", "kind": "territory", "attribute": "location"},
        MANAGING,
    ),
    (
        "mapping {table}",
        {"name": "X", "kind": "territory", "attribute": "location"},
        MANAGING,
    ),
    ("add_mapping_line {table}", {"value": "fr", "member": "cleo"}, MANAGING),
    ("import_mapping {table}", {"text": "fr,Cleo"}, MANAGING),
    ("remove_mapping {table}", {}, MANAGING),
    ("remove_mapping_line {line}", {}, MANAGING),
    ("new_rule", RULE, MANAGING),
    ("rule {rule}", RULE, MANAGING),
    ("set_rule_mode {rule}", {"mode": "suggest"}, MANAGING),
    ("move_rule {rule}", {"up": "1"}, MANAGING),
    ("duplicate_rule {rule}", {}, MANAGING),
    ("remove_rule {rule}", {}, MANAGING),
    ("accept_suggestion {suggestion}", {}, LEADING),
    ("dismiss_suggestion {suggestion}", {}, LEADING),
    ("rebalance", {"team": "team"}, LEADING),
    ("accept_change {drifted}", {}, LEADING),
    ("accept_shown", {"suggestion": "suggestion"}, LEADING),
    ("plan_coverage", ABSENCE | {"member": "cleo", "covering": "mo"}, LEADING),
    ("plan_coverage", ABSENCE | {"member": "eve", "covering": "mo"}, MANAGING),
    ("plan_coverage", ABSENCE | {"member": "mo", "covering": "cleo"}, ALL),
    ("preview_coverage", ABSENCE | {"member": "mo", "covering": "cleo"}, ALL),
    ("confirm_coverage {proposed}", {}, LEADING),
    ("decline_coverage {proposed}", {}, LEADING),
    (
        "edit_coverage {proposed}",
        ABSENCE | {"member": "cleo", "covering": "mo"},
        LEADING,
    ),
    (
        "edit_coverage {planned}",
        ABSENCE | {"member": "cleo", "covering": "mo"},
        LEADING,
    ),
    ("start_coverage {planned}", {}, LEADING),
    ("cancel_coverage {planned}", {}, LEADING),
    ("extend_coverage {running}", {"last_day": day(9)}, LEADING),
    ("shorten_coverage {running}", {"last_day": day(2)}, LEADING),
    ("coverer_coverage {running}", {"old": "eve", "new": "mo"}, LEADING),
    ("end_coverage {running}", {}, LEADING),
    ("acknowledge_coverage {missed}", {}, LEADING),
    ("hand_back {running} {held}", {}, LEADING),
    ("take_back {running} {held}", {}, LEADING),
    ("renew_feed {team}", {}, LEADING),
    ("revoke_feed {team}", {}, LEADING),
    ("confirm_categories", {}, MANAGING),
    ("put_away", {}, MANAGING),
    ("pause_writes", {"reason": "Because."}, MANAGING),
    ("resume_writes", {}, MANAGING),
    ("resume_bulk", {}, MANAGING),
    ("send_mail_again {refused_mail}", {}, MANAGING),
    ("dismiss_mail {refused_mail}", {}, MANAGING),
    ("add_member", {"member_id": "7", "name": "New"}, MANAGING),
    ("member {mo}", {"name": "Changed", "is_active": "on"}, MANAGING),
    (
        "new_target",
        {
            "category": "category",
            "amount": "3",
            "unit": "hours",
            "counts": "clock",
            "at_breach": "tell",
        },
        MANAGING,
    ),
    (
        "target {target}",
        {"amount": "3", "unit": "hours", "counts": "clock", "at_breach": "tell"},
        MANAGING,
    ),
    ("remove_target {target}", {}, MANAGING),
    ("default_hours", {"day_0": "9-17", "escalate_after": "60"}, MANAGING),
    ("member_hours {mo}", {"country": "-"}, MANAGING),
    ("add_day_off", {"day": "2026-12-24"}, MANAGING),
    ("remove_day_off {day_off}", {}, MANAGING),
    ("category_settings", {}, MANAGING),
    ("teams", {"name": "New"}, MANAGING),
    ("team_settings {team}", {"name": "Changed"}, MANAGING),
    ("remove_team {team}", {}, MANAGING),
    ("users", {"username": "new", "first_name": "New"}, MANAGING),
    ("user {member}", {"first_name": "Changed", "is_active": "on"}, MANAGING),
    ("new_password {member}", {}, MANAGING),
]


def address(act: str, office: Office) -> str:
    name, *wanted = act.split(" ")
    known = rows(office)
    return reverse(name, args=[known[word.strip("{}")]().pk for word in wanted])


def rows(office: Office) -> dict:
    """Made when they are asked for: a lead has one waiting assignment at most."""
    now = timezone.now()
    final = {"created_at": now, "finished_at": now}
    known = {name: lambda row=row: row for name, row in office.items()}
    return known | {
        "waiting": lambda: make_assignment(office["cleos"], office["mo"]),
        "done": lambda: make_assignment(
            office["cleos"], office["cleo"], expected=office["mo"], state="done",
            **final
        ),
        "refused": lambda: make_assignment(
            office["cleos"], office["mo"], state="refused", **final
        ),
        "drifted": lambda: make_drift(office["cleos"], office["mo"]),
        "batch": lambda: make_batch([office["cleos"]], office["mo"]),
        "refused_batch": lambda: make_refused_batch(office),
        "refused_mail": lambda: make_mail(outcome="No."),
        "table": make_table,
        "target": make_target,
        "day_off": lambda: DayOff.objects.create(day=date(2026, 12, 31)),
        "proposed": lambda: make_absence(office, 12, state="proposed"),
        "planned": lambda: make_absence(office, 30, state="scheduled"),
        "missed": lambda: make_absence(
            office, -20, state="cancelled", cancelled_at=now, cancelled_why="Missed."
        ),
        "running": lambda: make_running(office),
        "held": lambda: Hold.objects.latest("pk").lead,
        "line": make_line,
        "eves_waiting": lambda: make_assignment(office["eves"], office["mo"]),
        "eves_refused": lambda: make_assignment(
            office["eves"], office["mo"], state="refused", **final
        ),
    }  # fmt: skip


def make_absence(office: Office, begins: int, **fields) -> Coverage:
    """Cleo is away for five days, and Eve covers."""
    first = (timezone.now() + timedelta(days=begins)).date()
    return make_coverage(office["cleo"], office["eve"], first_day=first, **fields)


def make_running(office: Office) -> Coverage:
    at = timezone.now()
    coverage = make_absence(office, -1, state="active", began_at=at)
    make_hold(coverage, make_lead(owner=office["eve"]))
    return coverage


def make_table() -> Mapping:
    name = f"Table {Mapping.objects.count()}"
    return Mapping.objects.create(name=name, kind="territory", attribute="location")


def make_line() -> MappingLine:
    member = Member.objects.order_by("pk")[0]
    return MappingLine.objects.create(
        mapping=make_table(), value="DE", key="de", member=member
    )


def make_refused_batch(office: Office) -> Batch:
    batch = make_batch([make_lead(owner=office["cleo"])], office["mo"])
    batch.assignments.update(state="refused", finished_at=timezone.now())
    return batch


def everything() -> list[list[dict]]:
    """All that an act could have changed."""
    models = (
        Assignment, Batch, Lead, Member, Team, User, Account, Category, SavedPlan,
        Mapping, MappingLine, RoutingRule, RuleCondition, RuleMember, Suggestion,
        Coverage, Hold, CalendarFeed, Note, SlaTarget, WorkingHours, MemberHours,
        DayOff, Mail,
    )  # fmt: skip
    known = [list(model.objects.order_by("pk").values()) for model in models]
    return [*known, list(Team.team_leads.through.objects.values())]


def takes_posts(route: str) -> bool:
    path = route.replace("<int:pk>", str(HUGE)).replace("<int:map_id>", str(HUGE))
    return as_(make_manager()).post(f"/{path}").status_code != 405


class TestRoles:
    @pytest.mark.parametrize("is_htmx", [False, True], ids=["plain", "htmx"])
    @pytest.mark.parametrize("role", ["member", "team lead", "manager"])
    @pytest.mark.parametrize(
        "act", ACTS, ids=lambda act: f"{act[0]} {act[1].get('member', '')}"
    )
    def test_only_who_may_can(self, act, role, is_htmx, office):
        what, fields, may = act
        where = address(what, office)
        data = fields | {
            name: office[value].pk for name, value in fields.items() if value in office
        }
        client, before = as_(office[role]), everything()
        head = {"HX-Request": "true"} if is_htmx else {}

        response = client.post(where, data, headers=head)

        if role in may:
            assert response.status_code in {200, 302}, response.content
        else:
            # 422: the form offers nobody who is out of reach.
            assert response.status_code in {403, 422}
            assert everything() == before

    def test_every_act_stands_in_the_table(self):
        named = [entry for entry in urlpatterns if getattr(entry, "name", None)]
        own = {"login", "logout", "me", "password", "dismiss_all"}
        own |= {"receive_webhook"}  # whose key is its address
        own |= {"look", "saved_views", "rename_view", "remove_view"}
        own |= {"read_all", "notification_settings"}

        acts = {entry.name for entry in named if takes_posts(str(entry.pattern))}

        assert acts - own == {what.partition(" ")[0] for what, *_ in ACTS}

    def test_no_act_without_the_token_of_a_form(self, office):
        client = as_(office["manager"], enforce_csrf_checks=True)
        for what, fields, _ in ACTS:
            where = (
                address(what, office)
                if "{" not in what or "waiting" not in what
                else "/system/resume/"
            )
            assert client.post(where, fields).status_code == 403, what


class TestLaterOn:
    def test_who_was_switched_off_is_out_at_once(self, office):
        client = as_(office["member"])
        User.objects.filter(pk=office["member"].pk).update(is_active=False)

        response = client.post(
            f"/leads/{office['mos'].pk}/assign/", {"member": office["cleo"].pk}
        )

        assert response.status_code == 302
        assert "/accounts/login/" in response["Location"]
        assert not Assignment.objects.exists()

    def test_who_lost_the_role_or_the_link_may_no_longer(self, office):
        manager, member = as_(office["manager"]), as_(office["member"])
        User.objects.filter(pk=office["manager"].pk).update(is_sales_manager=False)
        Member.objects.filter(pk=office["mo"].pk).update(user=None)

        for client in (manager, member):
            response = client.post(
                f"/leads/{office['mos'].pk}/assign/", {"member": office["cleo"].pk}
            )
            assert response.status_code == 403

    def test_a_member_does_not_cancel_what_a_manager_decided(self, office):
        row = make_assignment(office["mos"], office["eve"])

        response = as_(office["member"]).post(f"/assignments/{row.pk}/undo/")

        row.refresh_from_db()
        assert (response.status_code, row.state) == (403, "waiting")

    def test_a_member_may_take_back_their_own_click(self, office):
        row = make_assignment(office["mos"], office["cleo"], actor=office["member"])

        as_(office["member"]).post(f"/assignments/{row.pk}/undo/")

        row.refresh_from_db()
        assert row.state == "cancelled"

    def test_an_old_retry_does_not_move_a_lead_that_went_on(self, office):
        now = timezone.now()
        lead = office["mos"]
        old = make_assignment(
            lead, office["eve"], state="refused", created_at=now, finished_at=now
        )
        Lead.objects.filter(pk=lead.pk).update(owner=office["cleo"])

        response = as_(office["manager"]).post(f"/assignments/{old.pk}/retry/")

        assert response.status_code in {302, 409}
        assert Assignment.objects.count() == 1

    def test_whoever_decided_may_dismiss_though_the_lead_is_gone_elsewhere(
        self, office
    ):
        now = timezone.now()
        row = make_assignment(
            office["eves"], office["cleo"], actor=office["member"],
            state="overtaken", created_at=now, finished_at=now,
        )  # fmt: skip

        as_(office["member"]).post(f"/assignments/{row.pk}/dismiss/")

        row.refresh_from_db()
        assert row.dismissed_at
