"""Rules made, ordered, tried and removed on their pages."""

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import RoutingRule, User
from assignments.services.operations.tick import tick
from tests.dashboard.pages import htmx, queries_of
from tests.factories import (
    make_absence,
    make_campaign,
    make_category,
    make_lead,
    make_member,
    make_rule,
    make_table,
    make_team,
    make_user,
)

NEW = {
    "name": "DACH",
    "mode": "on",
    "whose": "nobodys",
    "strategy": "round_robin",
    "top_level_domain": "de, at; ch",
    "custom": "industry = food, wine\nsize = 10",
}


@pytest.fixture
def team_lead(client) -> User:
    user = make_user("Theo Brandt")
    make_team(leads=(user,))
    client.force_login(user)
    return user


def names() -> list[str]:
    return [rule.name for rule in RoutingRule.objects.kept()]


class TestMaking:
    def test_a_rule_with_its_conditions_and_pool(self, client, manager, ana, ben):
        campaign, category = make_campaign(), make_category()
        said = {
            "member": [ana.pk, ben.pk],
            f"weight_{ana.pk}": "0.5",
            f"cap_{ben.pk}": "40",
            "campaign": [campaign.pk],
            "category": [category.pk],
            "since": "2026-05-01T08:00",
        }

        response = client.post("/routing/new/", NEW | said)

        assertRedirects(response, "/routing/")
        rule = RoutingRule.objects.get()
        pool = [
            (str(one.member), float(one.weight), one.cap) for one in rule.pool.all()
        ]
        assert sorted(pool) == [("Ana Sousa", 0.5, None), ("Ben Okafor", 1.0, 40)]
        asked = {
            one.custom_field or one.attribute: one.values
            for one in rule.conditions.all()
        }
        assert asked == {
            "campaign": [str(campaign.pk)],
            "category": [str(category.pk)],
            "top_level_domain": ["de", "at", "ch"],
            "industry": ["food", "wine"],
            "size": ["10"],
        }

    def test_the_form_shows_what_was_saved(self, client, manager, ana):
        client.post("/routing/new/", NEW | {"member": ana.pk, f"weight_{ana.pk}": "2"})
        rule = RoutingRule.objects.get()

        page = client.get(f"/routing/{rule.pk}/")

        assertContains(page, "industry = food, wine")
        assertContains(page, 'value="de, at, ch"')
        assertContains(page, 'inputmode="decimal" placeholder="1" value="2"')

    @pytest.mark.parametrize(
        ("said", "sentence"),
        [
            ({}, "Choose who should have the leads."),
            ({"strategy": "territory"}, "Choose the table that says who."),
            ({"custom": "industry"}, "is not a field and its values"),
            ({"client": "Acme"}, "id in Smartlead, which is a number."),
            ({"strategy": "member", "member": "both"}, "Choose one member only"),
            ({"since": "soon"}, "Enter a valid date/time."),
        ],
    )
    def test_what_is_wrong_is_said(self, client, manager, said, sentence):
        if said.get("member") == "both":
            said = said | {"member": [make_member().pk, make_member("Ben").pk]}

        response = client.post("/routing/new/", NEW | said)

        assertContains(response, sentence, status_code=422)
        assert names() == []

    def test_a_name_that_is_taken(self, client, manager, ana):
        make_rule(ana, name="dach")

        response = client.post("/routing/new/", NEW | {"member": ana.pk})

        assertContains(response, "There is already a rule “DACH”.", status_code=422)

    def test_a_bad_weight_or_cap(self, client, manager, ana):
        for field in ("weight", "cap"):
            said = {"member": ana.pk, f"{field}_{ana.pk}": "-1"}
            response = client.post("/routing/new/", NEW | said)
            assertContains(response, "must be a number", status_code=422)

    def test_a_member_who_has_gone_meanwhile(self, client, manager, ana):
        gone = make_member("Gone Gil", is_active=False)

        response = client.post("/routing/new/", NEW | {"member": [ana.pk, gone.pk]})

        assertContains(response, "cannot be chosen (any more).", status_code=422)
        assert not RoutingRule.objects.exists()


class TestChanging:
    def test_a_form_from_before_somebody_elses_change_is_refused(
        self, client, manager, ana
    ):
        rule = make_rule(ana)
        before = (rule.changed_at - timedelta(minutes=1)).isoformat()

        response = client.post(
            f"/routing/{rule.pk}/", NEW | {"member": ana.pk, "seen": before}
        )

        assertContains(response, "changed this rule meanwhile", status_code=409)

    def test_somebody_deactivated_stays_in_the_pool_until_taken_out(
        self, client, manager, ana, ben
    ):
        rule = make_rule(ana, ben, mode="off")
        ben.is_active = False
        ben.save()
        said = NEW | {"member": [ana.pk, ben.pk]}

        page = client.get(f"/routing/{rule.pk}/")
        client.post(f"/routing/{rule.pk}/", said)

        assertContains(page, "gets no leads")
        assert rule.pool.count() == 2

    def test_rules_change_places(self, client, manager, ana):
        first, second = make_rule(ana, name="One"), make_rule(ana, name="Two")

        client.post(f"/routing/{second.pk}/move/", {"up": "1"})
        assert names() == ["Two", "One"]
        response = client.post(
            f"/routing/{first.pk}/move/", {"up": "1"}, headers=htmx("rules")
        )

        assert names() == ["One", "Two"]
        assertContains(response, 'id="rules"')
        assertNotContains(response, "<html")

    def test_the_first_one_cannot_go_higher(self, client, manager, ana):
        rule, _ = make_rule(ana, name="One"), make_rule(ana, name="Two")

        client.post(f"/routing/{rule.pk}/move/", {"up": "1"})

        assert names() == ["One", "Two"]

    def test_the_mode_is_switched_in_the_list(self, client, manager, ana):
        rule = make_rule(ana)

        client.post(f"/routing/{rule.pk}/mode/", {"mode": "suggest"})
        wrong = client.post(f"/routing/{rule.pk}/mode/", {"mode": "never"})

        rule.refresh_from_db()
        assert rule.mode == "suggest"
        assert wrong.status_code == 409

    def test_a_copy_stands_behind_its_rule_and_is_off(self, client, manager, ana):
        rule = make_rule(ana, name="One", top_level_domain=["de"])
        make_rule(ana, name="Two")

        client.post(f"/routing/{rule.pk}/duplicate/")

        assert names() == ["One", "One (copy)", "Two"]
        copy = RoutingRule.objects.get(name="One (copy)")
        assert (copy.mode, copy.pool.count(), copy.conditions.count()) == ("off", 1, 1)

    def test_what_a_removed_rule_did_keeps_its_name(self, client, manager, ana):
        lead, rule = make_lead(), make_rule(ana, name="One")
        tick(at=timezone.now())

        client.post(f"/routing/{rule.pk}/remove/")

        assert names() == []
        assert client.get(f"/routing/{rule.pk}/").status_code == 404
        assertContains(client.get(f"/leads/{lead.pk}/"), "Rule “One” chose Ana Sousa")

    def test_a_table_that_a_rule_uses_is_not_removed(self, client, manager, ana):
        table = make_table({"de": ana})
        make_rule(strategy="territory", table=table, name="Lands")

        response = client.post(f"/settings/mappings/{table.pk}/remove/")

        assertContains(response, "The routing rule “Lands” uses it.", status_code=409)


class TestRights:
    ACTS = ("mode", "move", "duplicate", "remove")

    def test_a_team_lead_reads(self, client, team_lead, ana):
        rule = make_rule(ana)

        assert client.get("/routing/").status_code == 200
        assert client.get("/routing/try/").status_code == 200
        assertContains(client.get(f"/routing/{rule.pk}/"), "A sales manager changes it")
        assert client.get("/routing/new/").status_code == 403
        for act in ("", *(f"{act}/" for act in self.ACTS)):
            answer = client.post(f"/routing/{rule.pk}/{act}", {"mode": "off"})
            assert answer.status_code == 403

    def test_a_team_lead_reads_also_who_is_of_another_team(
        self, client, team_lead, ana
    ):
        page = client.get(f"/routing/{make_rule(ana).pk}/")

        assertContains(page, f'id="member-{ana.pk}" value="{ana.pk}" checked')

    def test_a_member_sees_nothing_of_it(self, client, stranger, ana):
        rule = make_rule(ana)

        for page in ("/routing/", "/routing/try/", f"/routing/{rule.pk}/", "/review/"):
            assert client.get(page).status_code == 403
        assertNotContains(client.get("/inbox/"), 'href="/routing/"')


class TestTheList:
    def test_it_says_what_each_rule_asks_and_gives(self, client, manager, ana):
        make_rule(ana, name="DACH", top_level_domain=["de"], custom={"size": ["9"]})

        page = client.get("/routing/")

        assertContains(page, "ending of the e-mail: de")
        assertContains(page, "In turn: Ana Sousa")

    def test_it_points_out_what_is_wrong(self, client, manager, ana, ben):
        make_rule(ana, name="Everything")
        make_rule(ben, name="DACH", top_level_domain=["de"])

        assertContains(client.get("/routing/"), "It is never reached: “Everything”")

    def test_it_says_how_many_leads_come_next_or_find_nobody(
        self, client, manager, ana, ben
    ):
        make_absence(ana, at=timezone.now())
        make_lead(email="x@y.de")
        make_lead()
        make_rule(ana, top_level_domain=["de"])
        make_rule(ben)

        page = client.get("/routing/")

        assertContains(page, "1 lead to give away with the next minute.")
        assertContains(page, "1 lead matches, and nobody can take it now.")

    def test_many_leads_are_counted_only_when_asked(
        self, client, manager, ana, monkeypatch
    ):
        monkeypatch.setattr("dashboard.routing.views.MOST_TRIED", 2)
        for _ in range(3):
            make_lead()
        make_rule(ana)

        looked = client.get("/routing/")
        asked = client.get("/routing/?try=1")

        assertContains(looked, "3 leads wait to be held against them.")
        assertNotContains(looked, "to give away")
        assertContains(asked, "3 leads to give away with the next minute.")

    def test_weights_and_the_most_leads_stand_beside_the_names(
        self, client, manager, ana, ben
    ):
        make_rule(ana, ben, weights={ana.pk: "0.5"}, caps={ana.pk: 40})

        response = client.get("/routing/")

        assertContains(response, "Ana Sousa (weight 0.5, up to 40), Ben Okafor")

    def test_more_rules_and_leads_ask_no_more(self, client, manager, ana, ben):
        def ask() -> object:
            return client.get("/routing/")

        table = make_table({"de": ana})
        category = make_category()
        make_rule(ana, ben, category=[category], custom={"size": ["9"]})
        make_rule(strategy="territory", table=table)
        make_lead(custom_fields={"size": "9"})
        one = queries_of(ask)
        for _ in range(3):
            make_rule(ana, ben, top_level_domain=["de"], category=[make_category()])
            make_rule(ben, strategy="expertise", table=make_table({"fr": ben}))
            make_lead()

        assert queries_of(ask) == one
