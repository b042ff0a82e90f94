"""What pages show to somebody who does not see all leads: nothing of the others."""

from dataclasses import dataclass

import pytest
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from assignments.models import Assignment, Batch, Lead, Member, Reply, Suggestion, User
from tests.dashboard.pages import htmx, queries_of
from tests.factories import (
    make_account,
    make_assignment,
    make_batch,
    make_campaign,
    make_coverage,
    make_hold,
    make_lead,
    make_manager,
    make_member,
    make_suggestion,
    make_team,
    make_user,
)


@dataclass
class Desk:
    """A member with a lead, who does not see that of another team."""

    user: User
    member: Member
    own: Lead
    mate: Member
    stranger: Member
    hidden: Lead


@pytest.fixture
def desk(client) -> Desk:
    make_account(members_see="own")
    team = make_team()
    user = make_user("Nia Member")
    member = make_member("Nia Diallo", user=user, team=team)
    stranger = make_member("Zoe Zeller", team=make_team())
    client.force_login(user)
    return Desk(
        user=user,
        member=member,
        own=make_lead("Olga Own", owner=member, answer_owed=True),
        mate=make_member("Ben Okafor", team=team),
        stranger=stranger,
        hidden=make_lead("Hidden Hanna", owner=stranger, answer_owed=True),
    )


def lead_of_team(desk: Desk) -> User:
    user = make_user("Tom Lead")
    desk.member.team.team_leads.add(user)
    return user


def test_the_inbox_lists_and_counts_what_is_seen(client, desk):
    make_lead("Free Frida")

    page = client.get("/inbox/")

    assertContains(page, "Olga Own")
    assertContains(page, "Free Frida")
    assertNotContains(page, "Hidden")
    assert page.context["total"] == "2"
    assertNotContains(page, "Zoe Zeller")  # not in the menu of owners either


def test_the_owner_menu_counts_what_is_seen(client, desk):
    lent = make_lead("Lent Lisa", owner=desk.stranger)
    make_hold(make_coverage(desk.member, desk.stranger), lent)

    assertContains(client.get("/inbox/"), "Zoe Zeller (1)")


@pytest.mark.parametrize(
    "path",
    [
        "/inbox/?q=hidden",
        "/palette/?q=hidden",
        "/history/",
        "/batches/",
        "/team/",
        "/team/performance/",
        "/today/",
        "/coverage/",
        "/notifications/",
    ],
)
def test_a_hidden_lead_is_on_no_page(client, desk, path):
    make_batch([desk.hidden], desk.mate)
    Batch.objects.update(name="Hidden Hanna to Ben")

    page = client.get(path)

    assert page.status_code == 200
    assertNotContains(page, "Hidden Hanna")


def test_new_replies_are_those_of_leads_that_are_seen(client, desk):
    since = "2020-01-01T00:00:00+00:00"
    seen = {"since": since, "opened": since}

    page = client.get("/inbox/", seen, headers=htmx("new-replies"))

    assert page.context["news"] == 1


SINGLE = [
    ("get", "lead", {}),
    ("get", "lead_row", {}),
    ("get", "assign", {}),
    ("post", "assign", {"member": "1"}),
    ("post", "add_note", {"text": "Hello."}),
    ("post", "mark_lead", {"as": "read"}),
    ("post", "accept_change", {}),
]


@pytest.mark.parametrize(("method", "name", "data"), SINGLE)
def test_a_hidden_lead_answers_like_one_that_does_not_exist(
    client, desk, method, name, data
):
    ask = getattr(client, method)

    hidden = ask(reverse(name, args=[desk.hidden.pk]), data)
    missing = ask(reverse(name, args=[987_654_321]), data)

    assert hidden.status_code == missing.status_code == 404
    text = hidden.content.decode().replace(str(desk.hidden.pk), "987654321")
    assert _without_tokens(text) == _without_tokens(missing.content.decode())


def _without_tokens(html: str) -> list[str]:
    return [
        part for part in html.split("<") if "csrf" not in part and "nonce" not in part
    ]


@pytest.mark.parametrize("act", ["undo", "retry", "dismiss"])
def test_a_change_of_a_hidden_lead_does_not_exist(client, desk, act):
    change = make_assignment(desk.hidden, desk.mate)

    answer = client.post(reverse(act, args=[change.pk]))

    assert answer.status_code == 404
    change.refresh_from_db()
    assert change.state == "waiting"


@pytest.mark.parametrize("act", ["accept_suggestion", "dismiss_suggestion"])
def test_a_suggestion_for_a_hidden_lead_does_not_exist(client, desk, act):
    suggestion = make_suggestion(desk.hidden, desk.mate)

    answer = client.post(reverse(act, args=[suggestion.pk]))

    assert answer.status_code == 404
    assert Suggestion.objects.get().state == "open"


def _done_by(user: User, lead: Lead, to: Member) -> Assignment:
    at = timezone.now()
    change = make_assignment(
        lead, to, actor=user, state="done", created_at=at, finished_at=at
    )
    Lead.objects.filter(pk=lead.pk).update(owner=to, owner_known_at=at)
    return change


def test_who_gave_a_lead_away_is_told_and_can_take_it_back(client, desk):
    change = _done_by(desk.user, desk.own, desk.mate)
    row = reverse("lead_row", args=[desk.own.pk])

    told = client.get(row, headers=htmx(f"lead-{desk.own.pk}"))
    undone = client.post(
        reverse("undo", args=[change.pk]), headers=htmx(f"lead-{desk.own.pk}")
    )

    assertContains(told, "Given to Ben Okafor; you do not see it any more.")
    assertContains(undone, "On its way to Nia Diallo")
    assert desk.own.assignments.filter(cause="undo", to=desk.member).exists()


def test_a_lead_that_moved_on_is_gone_for_who_gave_it_away(client, desk):
    _done_by(desk.user, desk.own, desk.mate)
    _done_by(make_manager(), Lead.objects.get(pk=desk.own.pk), desk.stranger)

    assert client.get(reverse("lead_row", args=[desk.own.pk])).status_code == 404
    assert client.get(reverse("lead", args=[desk.own.pk])).status_code == 404


def test_a_lead_that_somebody_else_took_away_is_gone(client, desk):
    _done_by(make_manager(), desk.own, desk.mate)

    assert client.get(reverse("lead", args=[desk.own.pk])).status_code == 404


def test_history_cannot_be_asked_about_a_hidden_lead_or_batch(client, desk):
    batch = make_batch([desk.hidden], desk.mate)

    by_lead = client.get(f"/history/?lead={desk.hidden.pk}")
    by_batch = client.get(f"/history/?batch={batch.pk}")

    assertContains(by_lead, "There is no lead with the id", status_code=400)
    assertContains(by_batch, "There is no batch with the id", status_code=400)


def test_a_batch_counts_leads_that_are_not_seen_without_naming_them(client, desk):
    batch = make_batch([desk.own, desk.hidden], desk.mate)

    page = client.get(reverse("batch", args=[batch.pk]))

    assertContains(page, "and 1 lead that you do not see")
    assertNotContains(page, "Hidden Hanna")
    assert page.context["progress"].total == 1
    (line,) = client.get("/batches/").context["batches"]
    assert line["total"] == 1


def test_a_batch_of_hidden_leads_does_not_exist(client, desk):
    batch = make_batch([desk.hidden], desk.mate)

    assert client.get(reverse("batch", args=[batch.pk])).status_code == 404
    assert client.post(reverse("pause_batch", args=[batch.pk])).status_code == 404


def test_leads_that_are_not_seen_cannot_be_assigned_by_their_ids(client, desk):
    user = lead_of_team(desk)
    client.force_login(user)
    asked = {"lead": [desk.own.pk, desk.hidden.pk], "member": desk.mate.pk}

    answer = client.post("/assign/", asked)

    assertContains(answer, "1 of these leads cannot be found", status_code=422)


def test_a_filter_assigns_only_leads_that_are_seen(client, desk):
    client.force_login(lead_of_team(desk))

    page = client.get("/assign/?filter=")

    assert page.context["form"].count == 1


def test_the_team_page_lists_who_is_seen(client, desk):
    page = client.get("/team/")

    assertContains(page, "Nia Diallo")
    assertNotContains(page, "Zoe Zeller")
    assertContains(page, "Members whose leads you do not see are not listed.")
    assert page.context["board"].total.carried.open == 1


def test_performance_is_of_members_who_are_seen(client, desk):
    page = client.get("/team/performance/")

    assert [line.member for line in page.context["lines"]] == [desk.member]
    assert page.context["total"].waiting == 1


def test_performance_of_somebody_limited_counts_their_clients_only(client, desk):
    make_account(members_see="all")
    desk.user.client_limits.create(client_id=7)
    at = timezone.now()
    for client_id in (7, 8):
        lead = make_lead(
            owner=desk.stranger, client_id=client_id, answer_owed=True, first_seen_at=at
        )
        Reply.objects.create(
            lead=lead, owner=desk.stranger, replied_at=at, answered_at=at, minutes=3
        )
    make_lead(owner=desk.stranger, campaign=make_campaign(client_id=7))

    page = client.get("/team/performance/")

    (line,) = [one for one in page.context["lines"] if one.member == desk.stranger]
    assert (line.counts.leads, line.own.count, line.waiting) == (2, 1, 1)


def test_a_colleague_who_is_not_seen_has_no_figures(client, desk):
    page = client.get(reverse("member", args=[desk.stranger.pk]))

    assertContains(page, "You do not see the leads of Zoe Zeller")
    assert page.context["open"] == 0


def test_a_coverage_counts_what_is_seen_and_says_that_there_is_more(client, desk):
    coverage = make_coverage(desk.stranger, desk.member, state="active")
    taken = make_lead("Taken Tina", owner=desk.member)
    make_hold(coverage, taken)
    make_hold(coverage, desk.hidden, to=desk.mate, outcome="returned")

    page = client.get(reverse("show_coverage", args=[coverage.pk]))
    paper = client.get(reverse("certificate", args=[coverage.pk]))

    for answer in (page, paper):
        assertContains(answer, "Taken Tina")
        assertNotContains(answer, "Hidden Hanna")
        assertContains(answer, "And 1 lead that you do not see.")
    assert page.context["tally"].taken == 1


def test_a_hidden_lead_cannot_be_handed_back(client, desk):
    coverage = make_coverage(desk.stranger, desk.mate, state="active")
    Lead.objects.filter(pk=desk.hidden.pk).update(owner=desk.mate)
    make_hold(coverage, desk.hidden, to=desk.mate)

    answer = client.post(reverse("hand_back", args=[coverage.pk, desk.hidden.pk]))

    assert answer.status_code == 404


def test_who_is_away_finds_what_is_covered_for_them(client, desk):
    lent = make_lead("Lent Lisa", owner=desk.stranger)
    make_hold(make_coverage(desk.member, desk.stranger), lent)

    assertContains(client.get("/inbox/"), "Lent Lisa")
    assertContains(client.get(reverse("lead", args=[lent.pk])), "Lent Lisa")


def test_campaigns_of_other_clients_are_not_named(client, desk):
    desk.user.client_limits.create(client_id=7)
    make_campaign("Ours", client_id=7)
    make_campaign("Of another client", client_id=8)

    page = client.get("/inbox/")

    assertContains(page, "Ours")
    assertNotContains(page, "Of another client")


def test_a_limited_team_lead_tries_rules_on_their_leads_only(client, desk):
    client.force_login(lead_of_team(desk))

    found = client.get("/routing/try/", {"lead": "Hidden Hanna"})
    by_id = client.get("/routing/try/", {"lead": desk.hidden.pk})
    replay = client.get("/routing/try/", {"weeks": "8"})

    assert (found.status_code, by_id.status_code) == (404, 404)
    assertNotContains(replay, "Hidden Hanna")


@pytest.mark.parametrize("path", ["/inbox/", "/history/", "/batches/", "/team/"])
def test_sight_costs_the_same_for_many_leads(client, desk, path):
    def ask() -> object:
        return client.get(path)

    def add_leads() -> None:
        make_batch([make_lead(owner=desk.member)], desk.mate)
        make_lead(owner=desk.stranger)

    add_leads()
    few = queries_of(ask)
    for _ in range(9):
        add_leads()

    assert queries_of(ask) <= few
