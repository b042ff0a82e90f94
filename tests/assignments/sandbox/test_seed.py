from collections import Counter
from html.parser import HTMLParser

import pytest

from assignments.sandbox.fake_smartlead import FakeSmartlead
from assignments.sandbox.names import MEMBERS
from assignments.sandbox.texts import load_texts
from tests.assignments.sandbox.http_caller import NOW


@pytest.fixture(scope="module")
def sandbox():
    return FakeSmartlead(leads=300, now=NOW, clock=lambda: NOW)


@pytest.fixture(scope="module")
def leads(sandbox):
    return list(sandbox.store.leads.values())


@pytest.fixture(scope="module")
def replies(leads):
    return [m for lead in leads for m in lead.messages if m.type == "REPLY"]


def share(leads, test):
    return sum(1 for lead in leads if test(lead)) / len(leads)


def test_the_same_seed_and_moment_make_the_same_account(sandbox):
    def facts(sandbox):
        return [lead.to_json() for lead in sandbox.store.leads.values()]

    again = FakeSmartlead(leads=300, now=NOW, clock=lambda: NOW)
    other = FakeSmartlead(leads=300, seed=2, now=NOW, clock=lambda: NOW)

    assert facts(sandbox) == facts(again) != facts(other)


def test_the_team_is_the_eight_one_of_them_off_the_board(sandbox):
    members = list(sandbox.store.members.values())

    assert [(member.id, member.name) for member in members] == list(MEMBERS)
    assert [member.name for member in members if not member.on_board] == ["Tom Whelan"]


@pytest.mark.parametrize(("wanted", "got"), [(1, 1), (3, 3), (20, 20)])
def test_more_or_fewer_members_can_be_had(wanted, got):
    account = FakeSmartlead(leads=5, members=wanted).store

    assert len(account.members) == got
    assert (7454 in account.members) == (wanted > 2)


def test_six_campaigns_or_more_with_clients_and_zones(sandbox):
    campaigns = sandbox.store.campaigns.values()

    assert len(campaigns) >= 6
    assert len({campaign.zone for campaign in campaigns}) >= 5
    assert len({campaign.client_id for campaign in campaigns}) >= 3


def test_owners_are_uneven_and_some_leads_have_none(leads):
    held = Counter(lead.owner_id for lead in leads)

    assert 30 < held[None] < 90
    assert 0 < held[7454] < 15
    assert max(held.values()) > 2 * held[7301]


@pytest.mark.parametrize(
    ("flag", "least", "most"),
    [
        ("is_unread", 0.05, 0.3),
        ("is_important", 0.03, 0.15),
        ("is_archived", 0.01, 0.15),
        ("is_snoozed", 0.01, 0.15),
        ("is_bounced", 0.005, 0.08),
        ("is_unsubscribed", 0.01, 0.1),
        ("last_reply_at", 0.8, 0.95),
        ("category_id", 0.6, 0.9),
    ],
)
def test_states_have_believable_shares(leads, flag, least, most):
    assert least < share(leads, lambda lead: getattr(lead, flag)) < most


def test_sixty_days_and_recent_ones_denser(leads):
    ages = [(NOW - lead.messages[-1].at) / 86_400 for lead in leads]

    assert min(ages) > 0
    assert 50 < max(ages) <= 61.1
    assert sum(age < 7 for age in ages) > sum(20 < age < 40 for age in ages)


def test_threads_run_forward_in_time(leads):
    for lead in leads:
        times = [message.at for message in lead.messages]
        assert times == sorted(times)
        assert lead.created_at < times[0]


def test_there_are_a_hundred_different_replies_in_ten_languages():
    voices = load_texts("replies")
    texts = [
        text for v in voices.values() for said in v["replies"].values() for text in said
    ]

    assert len(voices) >= 10
    assert len(set(texts)) == len(texts) > 100


def test_no_two_replies_of_the_account_look_cloned(replies):
    own = [reply.body.split("<blockquote")[0] for reply in replies]

    assert len(set(own)) > 0.97 * len(own)


def test_bodies_are_html_of_many_programs(replies):
    marks = ["gmail_quote", "MsoNormal", 'type="cite"', "Sent from my iPhone", "<pre>"]

    for mark in marks:
        assert sum(mark in reply.body for reply in replies) > 5
    assert sum("<img" in reply.body for reply in replies) > 20
    assert sum("<blockquote" in reply.body for reply in replies) > 100


def test_every_body_can_be_parsed(leads):
    for lead in leads:
        for message in lead.messages:
            HTMLParser().feed(message.body)
            assert "{" not in message.body.replace("{margin:0cm; font", "")


def test_sent_mails_carry_a_pixel_and_a_subject(leads):
    first = [lead.messages[0] for lead in leads]

    assert all(message.subject and 'width="1"' in message.body for message in first)


def test_addresses_lead_nowhere_real(leads):
    for lead in leads:
        assert lead.email.endswith(".example")
        assert lead.email.isascii()
        assert lead.website.endswith(".example")


def test_leads_differ_in_what_territories_and_expertise_use(leads):
    fields = [lead.custom_fields for lead in leads]

    assert len({field["country"] for field in fields}) >= 15
    assert len({field["industry"] for field in fields}) >= 15
    assert len({lead.location for lead in leads}) >= 30
    assert len({lead.company for lead in leads}) >= 100


def test_a_few_people_are_in_two_campaigns(leads):
    people = Counter(lead.lead_id for lead in leads)

    assert 2 <= sum(count > 1 for count in people.values()) <= 30
    for lead_id in (lead_id for lead_id, count in people.items() if count > 1):
        both = [lead for lead in leads if lead.lead_id == lead_id]
        assert len({lead.email for lead in both}) == 1


def test_map_ids_need_more_than_32_bits(leads):
    assert min(lead.map_id for lead in leads) > 2**31


def test_bounces_come_from_the_mailer_daemon(leads):
    bounced = [lead for lead in leads if lead.is_bounced]

    assert all(
        lead.messages[-1].sender.startswith("mailer-daemon@") for lead in bounced
    )
