"""Every column for text from outside cleans it, also in rows from before."""

import pytest
from django.apps import apps
from django.db import connection, models

from assignments.models import Lead
from assignments.models.text_fields import (
    NameField,
    PlainField,
    PlainTextField,
    SentenceField,
    SentenceTextField,
)
from tests.factories import make_campaign, make_lead, make_member

CLEAN = (NameField, PlainField, PlainTextField, SentenceField, SentenceTextField)
# Written by programs alone: keys, codes, addresses of ours; and bodies, which are
# sanitised elsewhere.
OF_PROGRAMS = {
    "name", "token", "key", "fingerprint", "digest", "base_url", "path", "time_zone",
    "zone", "query", "reference", "message_id", "reviewed_week", "source", "country",
    "subdivision", "status", "smartlead_status", "sentiment", "search_text",
    "body_html", "address", "password", "username", "first_name", "last_name", "email",
    "outage_kind", "display_html", "last_message_mark", "name_key", "browser",
    "network", "secret", "old_secret", "kind", "claim_value", "session_key", "issuer",
    "sub", "sid", "sealed_tokens", "version", "cache_key", "value", "service", "host",
    "ending", "machine",
}  # fmt: skip


def test_no_column_takes_text_from_outside_as_it_is():
    raw = {
        f"{model.__name__}.{column.name}"
        for model in apps.get_app_config("assignments").get_models()
        for column in model._meta.get_fields()
        if isinstance(column, models.CharField | models.TextField)
        and not (column.choices or isinstance(column, CLEAN))
        and column.name not in OF_PROGRAMS
    }

    assert raw == set()


@pytest.mark.parametrize(
    "column",
    [
        "Lead.first_name", "Lead.last_name", "Lead.email", "Lead.company",
        "Campaign.name", "Category.name", "Member.name", "Team.name", "LookupTable.name",
        "LookupEntry.value", "RoutingRule.name", "SavedView.name", "Message.subject",
        "Message.sender", "LeadNote.author",
    ],
)  # fmt: skip
def test_names_are_kept_in_columns_for_names(column):
    model, _, name = column.partition(".")

    found = apps.get_model("assignments", model)._meta.get_field(name)

    assert isinstance(found, NameField)


@pytest.mark.django_db
class TestRowsFromBefore:
    def test_a_name_that_cannot_be_seen_falls_back_to_the_email(self):
        lead = make_lead(email="nobody1@client.example")
        _write(Lead, lead.pk, first_name="\u200b\u2060", last_name="\u00ad\u3164")

        assert str(Lead.objects.get()) == "nobody1@client.example"

    def test_and_to_the_id_where_that_cannot_be_seen_either(self):
        lead = make_lead()
        _write(Lead, lead.pk, first_name="\u2800", last_name="\ufeff", email="\u200b")

        assert str(Lead.objects.get()) == f"Lead {lead.pk}"

    def test_a_company_does_not_turn_its_neighbours(self):
        lead = make_lead()
        _write(Lead, lead.pk, company="Evil\u202e Park")

        assert Lead.objects.get().company == "Evil Park"
        assert list(Lead.objects.values_list("company", flat=True)) == ["Evil Park"]

    @pytest.mark.parametrize("make", [make_member, make_campaign])
    def test_members_and_campaigns_fall_back_to_their_ids(self, make):
        thing = make("Name")
        _write(type(thing), thing.pk, name="\u115f\u1160")

        found = type(thing).objects.get()

        assert str(found) == f"{type(thing).__name__} {thing.pk}"


def _write(model, pk, **values):
    """Write the row as a version from before did."""
    columns = ", ".join(f'"{name}" = %s' for name in values)
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {model._meta.db_table} SET {columns} WHERE "
            f'"{model._meta.pk.column}" = %s',
            [*values.values(), pk],
        )
