"""Tables of territories and expertise: kept whole, and read as a lead needs them."""

import pytest

from assignments.models import LookupTable
from assignments.services.bulk import lookup_tables
from assignments.services.bulk.lookup_tables import BrokenRows
from assignments.services.bulk.table_keys import lead_keys
from assignments.services.errors import AssignmentRefused, NotAllowed
from tests.factories import (
    make_lead,
    make_manager,
    make_member,
    make_plan,
    make_user,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def sara():
    return make_manager()


@pytest.fixture
def table(sara) -> LookupTable:
    return lookup_tables.save_table(
        actor=sara, name="Countries", kind="territory", attribute="top_level_domain"
    )


def lines(table: LookupTable) -> list[tuple[str, str]]:
    return [(line.value, str(line.member)) for line in table.lines.all()]


def load(table, text, *, actor, replaces=False) -> int:
    return lookup_tables.import_entries(
        actor=actor, table=table, text=text, replaces=replaces
    ).new_lines


def test_two_tables_of_one_name_at_the_same_moment_are_refused_in_words(
    table, sara, monkeypatch
):
    real = LookupTable.objects.filter
    asked = []

    def filter_before_the_other_saved(**said):
        asked.append(said)
        return real(**said) if len(asked) > 1 else LookupTable.objects.none()

    monkeypatch.setattr(LookupTable.objects, "filter", filter_before_the_other_saved)

    with pytest.raises(AssignmentRefused, match="already a table “Countries”"):
        lookup_tables.save_table(
            actor=sara, name="Countries", kind="expertise", attribute="campaign"
        )


class TestImporting:
    def test_members_are_named_by_mail_id_or_name(self, table, sara):
        ana = make_member("Ana Sousa", email="ana@example.com")
        text = f"value,member\nDE,Ana@example.com\n.fr,{ana.pk}\n\nco.uk, ana  sousa\n"

        assert load(table, text, actor=sara) == 3
        assert lines(table) == [
            ("co.uk", "Ana Sousa"), ("DE", "Ana Sousa"), (".fr", "Ana Sousa"),
        ]  # fmt: skip

    @pytest.mark.parametrize("delimiter", [";", "\t"])
    def test_other_delimiters_are_understood(self, table, sara, delimiter):
        make_member("Ana")

        assert load(table, f"de{delimiter}Ana", actor=sara) == 1

    def test_every_broken_row_is_named_and_nothing_is_taken_in(self, table, sara):
        make_member("Ana")
        make_member("Twin")
        make_member("Twin")
        make_member("Gone", is_active=False)
        text = "de,Ana\nfr,Nobody\nit\n,Ana\nes,Twin\npt,Gone\n" + "x" * 201 + ",Ana"

        with pytest.raises(BrokenRows) as broken:
            load(table, text, actor=sara)

        assert broken.value.problems == [
            "Line 2: no member “Nobody”.",
            "Line 3: 1 column instead of 2, a value and a member.",
            "Line 4: the value is missing.",
            "Line 5: “Twin” fits 2 members; use the e-mail or the id.",
            "Line 6: Gone has been deactivated.",
            "Line 7: the value has 201 characters; 200 is the most.",
        ]
        assert str(broken.value) == "Nothing was imported: 6 rows are broken."
        assert lines(table) == []

    def test_twice_adds_nothing(self, table, sara):
        make_member("Ana")
        load(table, "de,Ana", actor=sara)

        assert load(table, "DE ,Ana\nde,Ana", actor=sara) == 0

    def test_may_replace_all_that_was_there(self, table, sara):
        make_member("Ana")
        load(table, "de,Ana", actor=sara)

        load(table, "fr,Ana", actor=sara, replaces=True)

        assert lines(table) == [("fr", "Ana")]

    @pytest.mark.parametrize("text", ["", "\n\n", "value,member\n"])
    def test_an_empty_one_is_refused(self, table, sara, text):
        with pytest.raises(AssignmentRefused, match="There is no row in it"):
            load(table, text, actor=sara)

    @pytest.mark.parametrize(
        ("first", "header"),
        [
            ("Value;Member", "Value, Member"),
            ("Gebiet;Zuständig", "Gebiet, Zuständig"),
            ("Territory;Owner (e-mail)", "Territory, Owner (e-mail)"),
            ("it;Ana", ""),
        ],
    )
    def test_a_header_may_be_in_any_words_and_is_told(self, table, sara, first, header):
        make_member("Ana")

        done = lookup_tables.import_entries(
            actor=sara, table=table, text=f"{first}\nde;Ana", replaces=False
        )

        assert done.header == header
        assert done.new_lines == (1 if header else 2)

    @pytest.mark.parametrize(
        "text",
        ["it;Zoe", "it;zoe@example.com\nde;Ana", "it;99\nde;Ana", ";Zoe\nde;Ana"],
    )
    def test_a_first_row_that_may_be_meant_is_no_header(self, table, sara, text):
        make_member("Ana")

        with pytest.raises(BrokenRows) as broken:
            load(table, text, actor=sara)

        assert broken.value.problems[0].startswith("Line 1: ")

    @pytest.mark.parametrize(
        ("text", "values"),
        [
            (
                '"Meyer; Sons GmbH",ana@our-firm.example\n'
                "Bayern,ben@our-firm.example\nTirol,ana@our-firm.example\n",
                ["Bayern", "Meyer; Sons GmbH", "Tirol"],
            ),
            (
                "sep=;\r\nValue;Member\r\nBayern;ana@our-firm.example\r\n"
                "Tirol;ben@our-firm.example\r\n",
                ["Bayern", "Tirol"],
            ),
            (
                "\ufeffValue;Member;\r\nBayern;ana@our-firm.example;\r\n"
                "Tirol;ben@our-firm.example;\r\n;;\r\n",
                ["Bayern", "Tirol"],
            ),
        ],
    )
    def test_files_of_spreadsheets_are_taken_in(self, table, sara, text, values):
        make_member("Ana", email="ana@our-firm.example")
        make_member("Ben", email="ben@our-firm.example")

        load(table, text, actor=sara)

        assert [line.value for line in table.lines.all()] == values

    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    def test_lines_end_as_any_program_ends_them(self, table, sara, end):
        make_member("Ana")

        assert load(table, f"de,Ana{end}fr,Ana{end}", actor=sara) == 2

    def test_a_quote_that_never_ends_is_named_by_its_line(self, table, sara):
        make_member("Ana")

        with pytest.raises(BrokenRows) as broken:
            load(table, 'it,Ana\nde,"Ana\nfr,Ana', actor=sara)

        assert broken.value.problems == [
            "Line 2: the quote that opens there is never closed."
        ]


class TestKeeping:
    def test_only_by_a_sales_manager(self, table):
        with pytest.raises(NotAllowed, match="Only a sales manager can change"):
            load(table, "de,Ana", actor=make_user())

    def test_names_are_used_once(self, table, sara):
        with pytest.raises(AssignmentRefused, match="already a table “countries”"):
            lookup_tables.save_table(
                actor=sara, name="countries", kind="expertise", attribute="location"
            )

    def test_a_custom_field_has_its_name(self, sara):
        with pytest.raises(AssignmentRefused, match="Name the custom field"):
            lookup_tables.save_table(
                actor=sara, name="X", kind="expertise", attribute="custom"
            )

    def test_an_entry_is_refused_twice(self, table, sara):
        ana = make_member("Ana")
        lookup_tables.add_entry(actor=sara, table=table, value="DE", member=ana)

        with pytest.raises(AssignmentRefused, match="“DE” leads to Ana already"):
            lookup_tables.add_entry(actor=sara, table=table, value=" de", member=ana)


@pytest.mark.parametrize(
    ("attribute", "value", "keys"),
    [
        ("location", "Berlin, Germany", ("berlin, germany", "berlin", "germany")),
        ("top_level_domain", "a@shop.example.co.uk", ("example.co.uk", "co.uk", "uk")),
        ("email_domain", "a@Example.COM", ("example.com",)),
        ("campaign", "Cold  Storage ", ("cold storage",)),
        ("client", 42, ("42",)),
        ("client", None, ()),
        ("custom", {"Industry ": "Dairy"}, ("dairy",)),
        ("custom", {"other": "Dairy"}, ()),
        ("custom", ["no", "object"], ()),
    ],
)
def test_keys_of_a_lead_by_attribute(attribute, value, keys):
    table = LookupTable(attribute=attribute, custom_field="industry")

    assert lead_keys(table, value) == keys


class TestChoosingByATable:
    def plan(self, table, *leads, default=()):
        return make_plan(leads, *default, strategy=table.kind, table=table)

    def test_each_lead_goes_where_the_table_says(self, table, sara):
        ana, ben = make_member("Ana"), make_member("Ben")
        load(table, "de,Ana\nfr,Ben", actor=sara)
        german, french = make_lead(email="a@b.de"), make_lead(email="a@b.fr")

        plan = self.plan(table, german, french)

        chosen = {entry.lead_id: entry.to_id for entry in plan.entries()}
        assert chosen == {german.pk: ana.pk, french.pk: ben.pk}
        assert {entry.reason for entry in plan.entries()} == {
            "Ana: territory de.", "Ben: territory fr.",
        }  # fmt: skip

    def test_the_rest_goes_to_the_default_or_stays(self, table, sara):
        ana = make_member("Ana")
        lead = make_lead(email="a@b.it")

        assert self.plan(table, lead).moving == 0
        (entry,) = self.plan(table, lead, default=[ana]).entries()

        assert entry.reason == (
            "Ana: the only one free, 0 open "
            "(by default: the territory table does not know it)."
        )

    def test_a_custom_field_leads_to_expertise(self, sara):
        make_member("Ana")
        table = lookup_tables.save_table(
            actor=sara, name="Industries", kind="expertise",
            attribute="custom", custom_field="industry",
        )  # fmt: skip
        load(table, "Dairy,Ana", actor=sara)

        plan = self.plan(table, make_lead(custom_fields={"Industry": "dairy"}))

        assert plan.moving == 1
