"""The form of a rule: values of the leads are suggested, and nothing typed is lost."""

from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from tests.dashboard.routing.test_routing import NEW
from tests.factories import make_lead, make_rule, make_table


class TestValuesOfTheLeads:
    def test_the_form_suggests_what_the_leads_have(self, client, manager, ana):
        for place in ("Berlin, Germany", "Bonn, Germany", "Lyon, France"):
            make_lead(location=place, email="x@shop.de")

        page = client.get("/routing/new/")

        assertContains(page, 'value="Germany"', html=False)
        assertContains(page, 'value="shop.de"', html=False)

    def test_custom_fields_in_which_leads_agree(self, client, manager):
        for number in range(3):
            make_lead(custom_fields={"industry": "food", "note": f"text {number}"})

        page = client.get("/routing/new/")

        assertContains(page, 'data-field="industry"')
        assertNotContains(page, 'data-field="note"')


class TestATableOnTheWay:
    def make_table_first(self, client, **said):
        return client.post("/routing/new/", NEW | said | {"make_table": "1"})

    def test_nothing_typed_is_lost(self, client, manager, ana):
        left = self.make_table_first(client, member=[ana.pk], **{f"cap_{ana.pk}": "7"})
        table = make_table({"de": ana})
        tables = client.get(f"/settings/mappings/{table.pk}/")
        back = client.get(f"/routing/new/?draft=1&table={table.pk}")

        assertRedirects(left, "/settings/mappings/")
        assertContains(tables, f"/routing/new/?draft=1&amp;table={table.pk}")
        form = back.context["form"]
        assert form["name"].value() == "DACH"
        assert form["top_level_domain"].value() == "de, at; ch"
        assert form["custom"].value() == NEW["custom"]
        assert form["strategy"].value() == "territory"
        assert form["table"].value() == str(table.pk)
        assert [(seat.member, seat.cap) for seat in form.pool.ticked] == [(ana, "7")]
        assertNotContains(back, "errorlist")

    def test_it_is_kept_even_if_the_form_has_faults(self, client, manager):
        left = self.make_table_first(client, name="")

        assertRedirects(left, "/settings/mappings/")
        assertContains(client.get("/routing/new/?draft=1"), "industry = food")

    def test_a_saved_rule_leaves_no_draft(self, client, manager, ana):
        self.make_table_first(client)

        client.post("/routing/new/", NEW | {"member": [ana.pk]})

        assertNotContains(client.get("/settings/mappings/"), "is kept")

    def test_the_draft_of_one_rule_is_not_shown_in_another(self, client, manager, ana):
        rule = make_rule(ana, name="France")
        self.make_table_first(client)

        page = client.get(f"/routing/{rule.pk}/?draft=1")

        assert page.context["form"]["name"].value() == "France"
