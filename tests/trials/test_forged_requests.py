"""Hand-made requests: beyond one's role, or out of date."""

from datetime import date, timedelta

import pytest
from allauth.socialaccount.models import SocialAccount
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from assignments.models import (
    Account,
    Assignment,
    Batch,
    CalendarFeed,
    Category,
    ChatChannel,
    Coverage,
    DayOff,
    GroupMapping,
    Hold,
    Lead,
    LookupEntry,
    LookupTable,
    Mail,
    Member,
    MemberHours,
    Note,
    OutgoingDelivery,
    OutgoingEndpoint,
    OutgoingEvent,
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
from dashboard.accounts import urls as account_urls
from dashboard.urls import urlpatterns
from tests.factories import (
    make_assignment,
    make_batch,
    make_coverage,
    make_delivery,
    make_drift,
    make_endpoint,
    make_hold,
    make_lead,
    make_mail,
    make_manager,
    make_target,
    make_team_channel,
    make_user,
)
from tests.trials.post_permissions import POSTS
from tests.trials.sample_team import SampleTeam, make_sample_team, signed_in_client

pytestmark = pytest.mark.django_db

HUGE = 10**30


@pytest.fixture
def sample() -> SampleTeam:
    return make_sample_team()


def give_away(client: Client, sample: SampleTeam):
    """Assign Mo's lead to Cleo, of the same team."""
    path = reverse("assign", args=[sample["mos"].pk])
    return client.post(path, {"member": sample["cleo"].pk})


def address(act: str, sample: SampleTeam) -> str:
    name, *wanted = act.split(" ")
    known = rows(sample) | {"group": make_group, "linked": make_link}
    return reverse(name, args=[known[word.strip("{}")]().pk for word in wanted])


def rows(sample: SampleTeam) -> dict:
    """Return makers of rows by name: a lead has at most one waiting assignment."""
    final = {"created_at": (now := timezone.now()), "finished_at": now}
    known = {name: lambda row=row: row for name, row in sample.items()}
    known["channel"] = lambda: make_team_channel(sample["team"])
    return known | outgoing_rows() | {
        "waiting": lambda: make_assignment(sample["cleos"], sample["mo"]),
        "done": lambda: make_assignment(
            sample["cleos"], sample["cleo"], expected=sample["mo"], state="done",
            **final
        ),
        "refused": lambda: make_assignment(
            sample["cleos"], sample["mo"], state="refused", **final
        ),
        "drifted": lambda: make_drift(sample["cleos"], sample["mo"]),
        "batch": lambda: make_batch([sample["cleos"]], sample["mo"]),
        "refused_batch": lambda: make_refused_batch(sample),
        "refused_mail": lambda: make_mail(outcome="No."),
        "table": make_table,
        "target": make_target,
        "day_off": lambda: DayOff.objects.create(day=date(2026, 12, 31)),
        "proposed": lambda: make_absence(sample, 12, state="proposed"),
        "planned": lambda: make_absence(sample, 30, state="scheduled"),
        "missed": lambda: make_absence(
            sample, -20, state="cancelled", cancelled_at=now, cancelled_why="Missed."
        ),
        "running": lambda: make_running(sample),
        "held": lambda: Hold.objects.latest("pk").lead,
        "line": make_line,
        "invited": lambda: make_user("Ina Invited", password=None),
        "eves_waiting": lambda: make_assignment(sample["eves"], sample["mo"]),
        "eves_refused": lambda: make_assignment(
            sample["eves"], sample["mo"], state="refused", **final
        ),
    }  # fmt: skip


def outgoing_rows() -> dict:
    return {
        "endpoint": make_endpoint,
        "disabled_endpoint": lambda: make_endpoint(disabled_why="Gone."),
        "failed_delivery": lambda: make_delivery(outcome="No."),
    }


def make_absence(sample: SampleTeam, begins: int, **fields) -> Coverage:
    """Plan five days away for Cleo, covered by Eve."""
    first = (timezone.now() + timedelta(days=begins)).date()
    return make_coverage(sample["cleo"], sample["eve"], first_day=first, **fields)


def make_running(sample: SampleTeam) -> Coverage:
    at = timezone.now()
    coverage = make_absence(sample, -1, state="active", began_at=at)
    make_hold(coverage, make_lead(owner=sample["eve"]))
    return coverage


def make_table() -> LookupTable:
    name = f"Table {LookupTable.objects.count()}"
    return LookupTable.objects.create(name=name, kind="territory", attribute="location")


def make_line() -> LookupEntry:
    member = Member.objects.order_by("pk")[0]
    return LookupEntry.objects.create(
        mapping=make_table(), value="DE", key="de", member=member
    )


def make_group() -> GroupMapping:
    return GroupMapping.objects.create(claim_value="g", role="sales_manager")


def make_link() -> SocialAccount:
    return SocialAccount.objects.create(
        user=make_user("Lin Linked"), provider="https://id.example.com", uid="lin"
    )


def make_refused_batch(sample: SampleTeam) -> Batch:
    batch = make_batch([make_lead(owner=sample["cleo"])], sample["mo"])
    batch.assignments.update(state="refused", finished_at=timezone.now())
    return batch


def everything() -> list[list[dict]]:
    """Return all rows that a request could have changed."""
    models = (
        Assignment, Batch, Lead, Member, Team, User, Account, Category, SavedPlan,
        LookupTable, LookupEntry, RoutingRule, RuleCondition, RuleMember, Suggestion,
        Coverage, Hold, CalendarFeed, Note, SlaTarget, WorkingHours, MemberHours,
        DayOff, Mail, ChatChannel, OutgoingEndpoint, OutgoingEvent, OutgoingDelivery,
        GroupMapping, SocialAccount,
    )  # fmt: skip
    known = [list(model.objects.order_by("pk").values()) for model in models]
    return [*known, list(Team.team_leads.through.objects.values())]


def takes_posts(route: str) -> bool:
    path = route.replace("<int:pk>", str(HUGE)).replace("<int:map_id>", str(HUGE))
    path = path.replace("<slug:token>", "x")
    return signed_in_client(make_manager()).post(f"/{path}").status_code != 405


class TestRoles:
    @pytest.mark.parametrize("is_htmx", [False, True], ids=["plain", "htmx"])
    @pytest.mark.parametrize("role", ["member", "team lead", "manager"])
    @pytest.mark.parametrize(
        "act", POSTS, ids=lambda act: f"{act[0]} {act[1].get('member', '')}"
    )
    def test_only_who_may_can(self, act, role, is_htmx, sample):
        what, fields, may = act
        where = address(what, sample)
        data = fields | {
            name: sample[value].pk
            for name, value in fields.items()
            if value in sample and name != "role"
        }
        client, before = signed_in_client(sample[role]), everything()
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
        own = {"admin_logout", "dismiss_all", "receive_webhook"}
        own |= {
            route.name for route in [*account_urls.public, *account_urls.urlpatterns]
        }
        own |= {"saved_views", "rename_view", "remove_view"}
        own |= {"read_all", "notification_settings", "add_channel"}
        own |= {"provider_sign_in", "provider_logout"}  # of whoever is not signed in

        acts = {entry.name for entry in named if takes_posts(str(entry.pattern))}

        assert acts - own == {what.partition(" ")[0] for what, *_ in POSTS}

    def test_no_act_without_the_token_of_a_form(self, sample):
        client = signed_in_client(sample["manager"], enforce_csrf_checks=True)
        for what, fields, _ in POSTS:
            where = (
                address(what, sample)
                if "{" not in what or "waiting" not in what
                else "/system/resume/"
            )
            assert client.post(where, fields).status_code == 403, what


class TestLaterOn:
    def test_who_was_switched_off_is_out_at_once(self, sample):
        client = signed_in_client(sample["member"])
        User.objects.filter(pk=sample["member"].pk).update(is_active=False)

        response = client.post(
            f"/leads/{sample['mos'].pk}/assign/", {"member": sample["cleo"].pk}
        )

        assert response.status_code == 302
        assert "/accounts/login/" in response["Location"]
        assert not Assignment.objects.exists()

    def test_who_lost_the_role_or_the_link_may_no_longer(self, sample):
        manager, member = (
            signed_in_client(sample["manager"]),
            signed_in_client(sample["member"]),
        )
        User.objects.filter(pk=sample["manager"].pk).update(is_sales_manager=False)
        Member.objects.filter(pk=sample["mo"].pk).update(user=None)

        for client in (manager, member):
            response = client.post(
                f"/leads/{sample['mos'].pk}/assign/", {"member": sample["cleo"].pk}
            )
            assert response.status_code == 403

    def test_a_member_does_not_cancel_what_a_manager_decided(self, sample):
        row = make_assignment(sample["mos"], sample["eve"])

        response = signed_in_client(sample["member"]).post(
            f"/assignments/{row.pk}/undo/"
        )

        row.refresh_from_db()
        assert (response.status_code, row.state) == (403, "waiting")

    def test_a_member_may_take_back_their_own_click(self, sample):
        row = make_assignment(sample["mos"], sample["cleo"], actor=sample["member"])

        signed_in_client(sample["member"]).post(f"/assignments/{row.pk}/undo/")

        row.refresh_from_db()
        assert row.state == "cancelled"

    def test_an_old_retry_does_not_move_a_lead_that_went_on(self, sample):
        now = timezone.now()
        lead = sample["mos"]
        old = make_assignment(
            lead, sample["eve"], state="refused", created_at=now, finished_at=now
        )
        Lead.objects.filter(pk=lead.pk).update(owner=sample["cleo"])

        response = signed_in_client(sample["manager"]).post(
            f"/assignments/{old.pk}/retry/"
        )

        assert response.status_code in {302, 409}
        assert Assignment.objects.count() == 1

    def test_whoever_decided_may_dismiss_though_the_lead_is_gone_elsewhere(
        self, sample
    ):
        now = timezone.now()
        row = make_assignment(
            sample["eves"], sample["cleo"], actor=sample["member"],
            state="overtaken", created_at=now, finished_at=now,
        )  # fmt: skip

        signed_in_client(sample["member"]).post(f"/assignments/{row.pk}/dismiss/")

        row.refresh_from_db()
        assert row.dismissed_at
