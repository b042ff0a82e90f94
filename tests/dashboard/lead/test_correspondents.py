import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.asserts import assertContains, assertNotContains

from tests.factories import MONDAY, make_lead, make_member, make_user


@pytest.fixture
def lead():
    return make_lead("Lena Lead", email="lena@firm.example")


def write(lead, *, sender, recipient="", direction="sent"):
    lead.messages.create(
        key=f"{sender}{recipient}", direction=direction, at=MONDAY,
        sender=sender, recipient=recipient,
    )  # fmt: skip


def test_the_lead_is_named_and_the_address_is_its_title(client, manager, lead):
    write(lead, sender="Lena <LENA@firm.example>", direction="reply")

    page = client.get(f"/leads/{lead.pk}/")

    assertContains(
        page,
        '<bdi class="strong" title="Lena &lt;LENA@firm.example&gt;">Lena Lead</bdi>',
    )


def test_a_member_is_named_by_their_own_mail_address(client, manager, lead):
    make_member("Ana Sousa", email="ana@ours.example")
    write(lead, sender="ana@ours.example", recipient="lena@firm.example")

    page = client.get(f"/leads/{lead.pk}/")

    assertContains(page, '<bdi class="strong" title="ana@ours.example">Ana Sousa</bdi>')
    assertContains(page, '<bdi title="lena@firm.example">Lena Lead</bdi>')


def test_a_login_is_named_too(client, manager, lead):
    make_user("Theo Brandt", email="theo@ours.example")
    write(lead, sender="theo@ours.example")

    assertContains(client.get(f"/leads/{lead.pk}/"), ">Theo Brandt</bdi>")


def test_a_mailbox_with_the_whole_name_of_one_member_is_theirs(client, manager, lead):
    make_member("Ana Sousa")
    write(lead, sender="ana.sousa@sends-for-us.example")

    assertContains(client.get(f"/leads/{lead.pk}/"), ">Ana Sousa</bdi>")


def test_a_name_that_two_members_share_names_neither(client, manager, lead):
    make_member("Ana Sousa")
    make_member("Ana Sousa")
    write(lead, sender="ana.sousa@sends-for-us.example")

    assertNotContains(client.get(f"/leads/{lead.pk}/"), ">Ana Sousa</bdi>")


def test_a_strangers_mailbox_is_no_members_whatever_it_is_called(client, manager, lead):
    make_member("Ana Sousa")
    write(lead, sender="ana.sousa@elsewhere.example", direction="reply")

    assertContains(
        client.get(f"/leads/{lead.pk}/"), ">ana.sousa@elsewhere.example</bdi>"
    )


def test_the_name_beside_an_unknown_address_is_shown(client, manager, lead):
    write(lead, sender='"Otto Office" <office@firm.example>', direction="reply")

    assertContains(client.get(f"/leads/{lead.pk}/"), ">Otto Office</bdi>")


def test_many_mails_cost_no_more_queries_than_one(client, manager, lead):
    write(lead, sender="ana@ours.example")
    client.get(f"/leads/{lead.pk}/")
    with CaptureQueriesContext(
        connection,
    ) as few:
        client.get(f"/leads/{lead.pk}/")
    for number in range(20):
        write(lead, sender=f"ana{number}@ours.example")

    with CaptureQueriesContext(connection) as many:
        client.get(f"/leads/{lead.pk}/")

    assert len(many) <= len(few) + 1  # the earlier ones
