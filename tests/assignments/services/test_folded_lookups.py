"""Spellings of one word are one word: in tables, routing, search, and for names."""

# ruff: noqa: RUF001  letters of other scripts that look like ours

import pytest

from assignments.models import LookupTable, SavedView, Team
from assignments.services.access import Role
from assignments.services.bulk import lookup_tables
from assignments.services.bulk.table_keys import lead_keys, normalized_key
from assignments.services.errors import AssignmentRefused
from assignments.services.people import invitations, members
from assignments.services.people.saved_views import rename_view, save_view
from assignments.services.routing.data import condition_key
from tests.factories import (
    MONDAY,
    make_manager,
    make_member,
    make_table,
)

NFC, NFD = "Zürich", "Zu\u0308rich"
Attribute = LookupTable.Attribute


class TestKeys:
    @pytest.mark.parametrize(
        ("in_table", "of_lead"),
        [
            (NFC, "ZU\u0308RICH"),
            ("istanbul", "İstanbul"),
            ("ISTANBUL", "ıstanbul"),
            ("Île-de-France", "I\u0302LE-DE-FRANCE"),
            ("Gro\u00dfbritannien", "GROSSBRITANNIEN"),
            ("Ｔｏｋｙｏ", "tokyo"),
            ("Zür\u00adich\u200b", NFD),
        ],
    )
    def test_a_place_is_found_however_it_is_written(self, in_table, of_lead):
        lookup = LookupTable(attribute=Attribute.LOCATION)

        assert normalized_key(in_table) in lead_keys(lookup, f"{of_lead}, Europe")

    @pytest.mark.parametrize("typed", ["münchen.example", "xn--mnchen-3ya.example"])
    @pytest.mark.parametrize("sent", ["MÜNCHEN.example", "XN--mnchen-3ya.example"])
    def test_a_domain_is_found_in_either_form(self, typed, sent):
        lookup = LookupTable(attribute=Attribute.EMAIL_DOMAIN)
        ending = LookupTable(attribute=Attribute.TOP_LEVEL_DOMAIN)

        assert lead_keys(lookup, f"ana@{sent}") == (normalized_key(f"@{typed}"),)
        assert condition_key(Attribute.EMAIL_DOMAIN, f"x@{typed}") == normalized_key(
            sent
        )
        assert lead_keys(ending, "a@b.xn--p1ai") == (normalized_key(".рф"),)

    @pytest.mark.parametrize("label", ["xn--", "xn--999999b", "xn--a", "xn--\ud800"])
    def test_a_wrong_domain_is_its_own_key(self, label):
        assert normalized_key(f"{label}.example") == f"{label}.example"


@pytest.mark.django_db
class TestTables:
    def test_a_line_that_repeats_another_is_reported_with_both_numbers(self):
        ana = make_member("Ana Sousa")
        table = make_table({})
        text = f"Value,Member\n{NFC},Ana Sousa\nBerlin,Ana Sousa\n{NFD},ANA SOUSA\n"

        taken = lookup_tables.import_entries(
            actor=make_manager(), table=table, text=text, replaces=False
        )

        said = f"Line 4 repeats line 2: “{NFD}” leads to {ana} already."
        assert (taken.new_lines, taken.repeats) == (2, (said,))

    def test_one_value_still_leads_to_several_members(self):
        make_member("Ana Sousa")
        make_member("Ben Okafor")
        table = make_table({})

        taken = lookup_tables.import_entries(
            actor=make_manager(),
            table=table,
            text=f"{NFC},Ana Sousa\n{NFD},Ben Okafor\n",
            replaces=False,
        )

        assert (taken.new_lines, taken.repeats) == (2, ())
        assert set(table.lines.values_list("key", flat=True)) == {"zürich"}

    def test_a_member_is_found_by_any_spelling_of_the_name(self):
        make_member("Jürgen İnce")
        table = make_table({})

        lookup_tables.import_entries(
            actor=make_manager(),
            table=table,
            text="DE,JU\u0308RGEN INCE",
            replaces=False,
        )

        assert table.lines.get().member.name == "Jürgen İnce"


@pytest.mark.django_db
class TestNames:
    def test_a_team_cannot_have_another_spelling_of_a_known_name(self):
        Team.objects.create(name=NFC)

        with pytest.raises(AssignmentRefused, match="already a team"):
            members.save_team(actor=make_manager(), name="ZU\u0308RICH", team_leads=[])

        assert Team.objects.count() == 1

    def test_nor_can_a_table(self):
        make_table({}, name="İstanbul")

        with pytest.raises(AssignmentRefused, match="already a table"):
            lookup_tables.save_table(
                actor=make_manager(),
                name="istanbul",
                kind="territory",
                attribute="location",
            )

    def test_nor_can_a_login(self):
        manager = make_manager(username="jürgen")

        with pytest.raises(AssignmentRefused, match="already has the login"):
            invitations.invite(
                actor=manager,
                at=MONDAY,
                login="JU\u0308RGEN",
                name="J",
                role=Role.MEMBER,
            )

    def test_a_view_saved_under_another_spelling_replaces_the_first(self):
        user = make_manager()
        save_view(user=user, name=NFC, query="q=1")

        save_view(user=user, name="ZÜRICH", query="q=2")

        view = SavedView.objects.get()
        assert (view.name, view.query) == ("ZÜRICH", "q=2")

    def test_a_view_is_not_renamed_to_another_spelling_of_one_that_is_there(self):
        user = make_manager()
        save_view(user=user, name=NFC, query="q=1")
        other = save_view(user=user, name="Other", query="q=2")

        with pytest.raises(AssignmentRefused, match="another view"):
            rename_view(view=other, name=NFD)
