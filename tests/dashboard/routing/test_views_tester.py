"""The trial of the rules: on one lead, and on the last weeks."""

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains

from tests.dashboard.routing.test_routing import NEW, names
from tests.factories import (
    make_lead,
    make_rule,
)


class TestTrying:
    def test_why_him_rule_by_rule(self, client, manager, ana, ben):
        lead = make_lead(email="x@y.de")
        make_rule(ben, name="France", top_level_domain=["fr"])
        make_rule(ana, name="DACH", top_level_domain=["de"])

        page = client.get(f"/routing/try/?lead={lead.pk}")

        assertContains(page, "ending of the e-mail is fr: it is de")
        assertContains(page, "does not match")
        assertContains(page, "It would choose Ana Sousa: the only one free.")

    def test_why_the_rules_leave_it_alone(self, client, manager, ana, ben):
        lead = make_lead(owner=ana)
        make_rule(ben)

        page = client.get(f"/routing/try/?lead={lead.pk}")

        assertContains(page, "It has an owner who is at work: Ana Sousa.")

    def test_by_email_and_from_the_lead_itself(self, client, manager, ana):
        lead = make_lead(email="lena@shop.de")

        assertContains(
            client.get("/routing/try/?lead=LENA@shop.de"), "Why Lena Lead is"
        )
        assertContains(
            client.get(f"/leads/{lead.pk}/"), f"/routing/try/?lead={lead.pk}"
        )

    def test_by_a_name_that_one_lead_has(self, client, manager, ana):
        make_lead(first_name="Lena", last_name="Vogel")
        make_lead(first_name="Jonas", last_name="Vogel")

        assertContains(client.get("/routing/try/?lead=vogel+LENA"), "Why Lena Vogel is")

    def test_a_name_of_several_leads_lets_one_choose(self, client, manager, ana):
        lena = make_lead(first_name="Lena", last_name="Vogel")
        make_lead(first_name="Jonas", last_name="Vogel")

        page = client.get("/routing/try/?lead=Vogel")

        assertContains(page, "2 leads match. Choose one.")
        assertContains(page, f"/routing/try/?lead={lena.pk}")

    def test_words_of_a_message_are_no_name(self, client, manager, ana):
        make_lead(
            first_name="Jonas", last_message="Ask Vogel", search_text="jonas ask vogel"
        )

        response = client.get("/routing/try/?lead=Vogel")

        assertContains(response, "There is no lead", status_code=404)

    def test_a_name_of_very_many_leads_asks_for_more_words(self, client, manager):
        for _ in range(21):
            make_lead(first_name="Lena")

        page = client.get("/routing/try/?lead=lena")

        assertContains(page, "More than 20 leads match.")

    @pytest.mark.parametrize("asked", ["1", "x", "", "9" * 30, "a@b", "<b>"])
    def test_a_lead_that_is_not_there(self, client, manager, asked):
        response = client.get("/routing/try/", {"lead": asked})

        assertContains(response, "There is no lead with the id", status_code=404)

    def test_a_replay_puts_the_rules_beside_the_facts(self, client, manager, ana, ben):
        make_lead(owner=ben, last_reply_at=timezone.now())
        make_rule(ana, name="Everything")

        page = client.get("/routing/try/?weeks=1")

        assertContains(page, "1 lead of the last 1 week")
        assertContains(page, "Ana Sousa")
        assertContains(page, "Ben O.")

    def test_an_edit_is_tried_before_it_is_saved(self, client, manager, ana, ben):
        make_lead(owner=ben, email="x@y.de", last_reply_at=timezone.now())
        rule = make_rule(ana, name="DACH")

        page = client.post(
            f"/routing/{rule.pk}/",
            NEW | {"custom": "", "member": ben.pk, "try": "1"},
        )

        assertContains(page, "With the rule as it stands here, not saved")
        assertContains(page, "1 would be with the member who has them.")
        assert rule.pool.get().member == ana

    def test_a_new_rule_is_tried_behind_the_others(self, client, manager, ana, ben):
        make_lead(owner=ben, last_reply_at=timezone.now())
        make_rule(ana, name="Everything")

        page = client.post("/routing/new/", NEW | {"member": ben.pk, "try": "1"})

        assertContains(page, "It is never reached")
        assert names() == ["Everything"]
