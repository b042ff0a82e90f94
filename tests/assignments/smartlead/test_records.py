from datetime import UTC, datetime
from decimal import Decimal

import pytest

from assignments.smartlead.payload_values import as_flag, as_id, as_moment, as_text
from assignments.smartlead.records import (
    CampaignLeadRow,
    CampaignRow,
    CategoryRow,
    HistoryEntry,
    LeadRow,
    MemberRow,
    NoteRow,
)

FLAT = {
    "email_lead_map_id": "2433664091",
    "email_lead_id": "2101431211",
    "lead_email": "lena@example.com",
    "lead_first_name": "Lena",
    "lead_last_name": None,
    "lead_category_id": 1,
    "lead_status": "INPROGRESS",
    "team_member_id": 7301,
    "has_new_unread_email": True,
    "last_sent_time": "2026-05-01T08:00:00.000Z",
    "last_reply_time": "2026-05-02T16:48:44.000Z",
    "email_account_id": 11,
    "email_campaign_id": 5,
    "email_campaign_name": "Spring",
    "client_id": None,
    "revenue": "12.50",
    "is_important": True,
    "is_archived": False,
    "is_snoozed": False,
    "lead_next_timestamp_to_send": "2026-06-01T08:00:00.000Z",
}
NESTED_MAIL = {"received_at": "2026-05-02T16:48:44Z"}
NESTED = {
    "id": "msg_123",
    "campaign_lead_map_id": "2433664091",
    "lead": {
        "id": 2101431211,
        "email": "lena@example.com",
        "first_name": "Lena",
        "company": "Acme",
        "phone": "+49 30 1",
    },
    "campaign": {"id": 5, "name": "Spring"},
    "email_account": {"id": 11, "email": "us@example.com"},
    "last_message": NESTED_MAIL,
    "category": {"id": 1, "name": "Interested"},
    "assigned_to": {"id": 7301, "name": "Ana Sousa"},
    "is_read": False,
    "is_important": True,
}


def lead(**changes) -> LeadRow:
    return LeadRow.from_payload(FLAT | changes)


class TestNestedRowsWithoutAReply:
    """`received_at` is the time of the last message, whoever wrote it."""

    @pytest.mark.parametrize("field", ["lead_status", "email_status"])
    @pytest.mark.parametrize(
        "status",
        ["Not Replied", "NOT_REPLIED", "Clicked", "Opened", "opened", "sent",
         "Accepted", "Bounced"],
    )  # fmt: skip
    def test_by_their_status(self, field, status):
        assert LeadRow.from_payload(NESTED | {field: status}).last_reply_at is None

    @pytest.mark.parametrize(
        "said",
        [
            {"stats": {"total_replied": 0}},
            {"stats": {"replies": "0"}},
            {"last_reply_time": None},
            {"last_message": NESTED_MAIL | {"sent_from": "Us <US@example.com>"}},
            {"last_message": NESTED_MAIL | {"direction": "outbound"}},
            {"last_message": NESTED_MAIL | {"sent_from": "mailer-daemon@example.com"}},
            {"last_message": NESTED_MAIL | {"subject": "Undeliverable: Spring"}},
            {"last_message": {"sent_at": NESTED_MAIL["received_at"]}},
            {"last_message": None},
        ],
    )
    def test_by_what_else_they_say(self, said):
        assert LeadRow.from_payload(NESTED | said).last_reply_at is None

    @pytest.mark.parametrize(
        "said",
        [
            {},
            {"email_status": "Replied"},
            {"email_status": "REPLIED", "stats": {"total_replied": 0}},
            {"email_status": "Clicked", "stats": {"total_replied": 2}},
            {"email_status": "Unsubscribed"},
            {"lead_status": "INPROGRESS"},
            {"email_status": "Clicked", "last_message": {
                "replied_at": NESTED_MAIL["received_at"]}},
        ],
    )  # fmt: skip
    def test_others_have_replied(self, said):
        row = LeadRow.from_payload(NESTED | said)

        assert row.last_reply_at == datetime(2026, 5, 2, 16, 48, 44, tzinfo=UTC)


class TestLeadRow:
    def test_reads_the_shape_that_the_server_sends(self):
        row = LeadRow.from_payload(FLAT)

        assert (row.map_id, row.lead_id) == (2433664091, 2101431211)
        assert (row.first_name, row.last_name) == ("Lena", "")
        assert (row.owner_id, row.owner_known, row.owner_name) == (7301, True, None)
        assert row.last_reply_at == datetime(2026, 5, 2, 16, 48, 44, tzinfo=UTC)
        assert row.next_send_at == datetime(2026, 6, 1, 8, 0, tzinfo=UTC)
        assert row.revenue == Decimal("12.50")
        assert (row.unread, row.important, row.snoozed) == (True, True, False)
        assert row.history is None

    def test_reads_the_documented_shape(self):
        row = LeadRow.from_payload(NESTED)

        assert (row.map_id, row.lead_id) == (2433664091, 2101431211)
        assert (row.email, row.company, row.phone) == (
            "lena@example.com",
            "Acme",
            "+49 30 1",
        )
        assert (row.campaign_id, row.campaign_name) == (5, "Spring")
        assert (row.category_id, row.category_name) == (1, "Interested")
        assert (row.owner_id, row.owner_name) == (7301, "Ana Sousa")
        assert row.unread is True
        assert row.last_reply_at == datetime(2026, 5, 2, 16, 48, 44, tzinfo=UTC)

    @pytest.mark.parametrize(
        ("said", "owner"),
        [
            ({"team_member_id": 7}, (7, True)),
            ({"team_member_id": "7"}, (7, True)),
            ({"team_member_id": None}, (None, True)),
            ({"assigned_to": {"id": 7, "name": "Ana"}}, (7, True)),
            ({"assigned_to": None}, (None, True)),
            ({}, (None, False)),
            ({"team_member_id": "Ana"}, (None, False)),
            ({"team_member_id": 0}, (None, False)),
            ({"assigned_to": {}}, (None, False)),
            ({"assigned_to": {"name": "Ana"}}, (None, False)),
        ],
    )
    def test_nobody_is_not_the_same_as_not_said(self, said, owner):
        row = LeadRow.from_payload({"email_lead_map_id": 1} | said)

        assert (row.owner_id, row.owner_known) == owner

    @pytest.mark.parametrize(
        "map_id", [None, "", "abc", 0, -1, True, 1.5, [], {}, 2**70, "9" * 5000]
    )
    def test_fails_only_without_a_usable_map_id(self, map_id):
        with pytest.raises(ValueError, match="no usable map id"):
            lead(email_lead_map_id=map_id)

    @pytest.mark.parametrize(
        "junk", [None, "", "junk", [], {}, [1], {"a": 1}, True, -5, 1e400]
    )
    def test_survives_junk_in_every_other_field(self, junk):
        others = set(FLAT) | set(NESTED) - {"campaign_lead_map_id"}
        raw = dict.fromkeys(others, junk) | {"email_lead_map_id": 1}

        assert LeadRow.from_payload(raw).map_id == 1

    def test_reads_the_mails_when_they_are_there(self):
        row = lead(email_history=[{"type": "SENT", "message_id": "<a>"}, "junk"])

        assert row.history is not None
        assert [entry.message_id for entry in row.history] == ["<a>"]


class TestHistoryEntry:
    def test_reads_a_reply(self):
        entry = HistoryEntry.from_payload(
            {
                "stats_id": "u-1",
                "type": "REPLY",
                "from": "lena@example.com",
                "to": "us@example.com",
                "message_id": "<m>",
                "time": "2026-05-02T16:48:44.000Z",
                "email_body": "<p>Yes</p>",
                "email_seq_number": "2",
                "cc": ["boss@example.com", {"address": "it@example.com"}, None],
                "attachments": [
                    {
                        "file_url": "https://x.test/a",
                        "file_name": "a",
                        "file_type": "b",
                    },
                    {"file_url": "javascript:alert(1)", "file_name": "c"},
                ],
            }
        )

        assert entry.direction == "reply"
        assert entry.sequence_number == 2
        assert entry.cc == ("boss@example.com", "it@example.com")
        assert [a.url for a in entry.attachments] == ["https://x.test/a", ""]

    def test_reads_the_documented_shape(self):
        entry = HistoryEntry.from_payload(
            {
                "id": "m1",
                "direction": "outbound",
                "body": "Hi",
                "sent_at": "2026-05-02T16:48:44Z",
            }
        )

        assert (entry.direction, entry.message_id, entry.body_html) == (
            "sent",
            "m1",
            "Hi",
        )
        assert entry.at is not None

    @pytest.mark.parametrize(
        ("sender", "is_bounce"),
        [
            ("mailer-daemon@googlemail.com", True),
            ("Mail Delivery System <MAILER-DAEMON@x.test>", True),
            ("postmaster@x.test", True),
            ("lena@postmaster.test", False),
            ("", False),
        ],
    )
    def test_knows_a_bounce_by_its_sender(self, sender, is_bounce):
        entry = HistoryEntry.from_payload({"type": "REPLY", "from": sender})

        assert entry.is_bounce is is_bounce

    def test_survives_having_nothing(self):
        assert HistoryEntry.from_payload({}).direction == "sent"


def test_campaign_leads_bring_company_and_custom_fields():
    row = CampaignLeadRow.from_payload(
        {
            "campaign_lead_map_id": "7",
            "lead": {
                "id": "9",
                "email": "a@b.c",
                "company_name": "Acme",
                "location": "Berlin",
                "custom_fields": {"Industry": "Steel", "Size": 40},
                "is_unsubscribed": True,
            },
        }
    )

    assert (row.map_id, row.lead_id, row.company) == (7, 9, "Acme")
    assert row.custom_fields == {"Industry": "Steel", "Size": "40"}
    assert row.unsubscribed


@pytest.mark.parametrize("record", [MemberRow, CategoryRow, CampaignRow])
def test_a_reference_row_needs_its_id(record):
    assert record.from_payload({"id": "5", "name": None}).name == ""
    with pytest.raises(ValueError, match="no usable"):
        record.from_payload({"name": "Ana"})


def test_a_note_is_kept_even_without_an_id():
    assert NoteRow.from_payload({"note": "Hello"}).text == "Hello"


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2026-05-02T16:48:44.000Z", datetime(2026, 5, 2, 16, 48, 44, tzinfo=UTC)),
        ("2026-05-02T18:48:44+02:00", datetime(2026, 5, 2, 16, 48, 44, tzinfo=UTC)),
        ("2026-05-02 16:48:44", datetime(2026, 5, 2, 16, 48, 44, tzinfo=UTC)),
        (1_777_740_524, datetime(2026, 5, 2, 16, 48, 44, tzinfo=UTC)),
        ("1777740524000", datetime(2026, 5, 2, 16, 48, 44, tzinfo=UTC)),
        ("0001-01-01T00:00:00+14:00", None),
        ("0001-01-01T00:00:00Z", None),  # no moment at all; further west the year 0
        ("9999-12-31T00:00:00Z", None),
        ("yesterday", None),
        (10**30, None),
        (0, None),
        (True, None),
    ],
)
def test_moments_are_aware_and_in_utc(value, moment):
    assert as_moment(value) == moment


def test_texts_are_accepted_by_every_database():
    assert as_text(" a\0b\ud800 ") == "ab?"


@pytest.mark.parametrize(
    ("value", "number"),
    [("12", 12), (12, 12), (12.0, 12), (" 12 ", 12), (float("inf"), None), ("x", None)],
)
def test_ids_come_as_numbers_or_digits(value, number):
    assert as_id(value) == number


@pytest.mark.parametrize(
    ("value", "flag"),
    [(True, True), ("true", True), (0, False), ("no", None), (None, None), ([], None)],
)
def test_flags_come_in_several_ways(value, flag):
    assert as_flag(value) is flag
