import pytest
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from tests.dashboard.pages import htmx
from tests.factories import MONDAY, make_lead


@pytest.fixture
def lead(manager):
    return make_lead(is_unread=True)


def mark(client, lead, *, headers=None, **data):
    headers = htmx("read-mark") if headers is None else headers
    return client.post(f"/leads/{lead.pk}/read/", data, headers=headers)


def test_marks_it_read_says_that_smartlead_is_told_and_tells_the_row(client, lead):
    response = mark(client, lead, **{"as": "read"})

    status = (
        '<span class="visually-hidden" role="status">Being sent to Smartlead</span>'
    )
    assertContains(response, status)
    assertContains(response, "Mark unread")
    assert "lead-changed" in response.headers["HX-Trigger"]
    lead.refresh_from_db()
    assert not lead.is_unread


def test_marks_it_unread_again(client, lead):
    mark(client, lead, **{"as": "read"})

    assertContains(mark(client, lead, **{"as": "unread"}), "Mark read")


def test_works_without_javascript(client, lead):
    response = mark(client, lead, headers={}, **{"as": "read"}, next="/inbox/")

    assertRedirects(response, "/inbox/")


def test_is_polled_until_smartlead_was_told(client, lead):
    assertContains(mark(client, lead, **{"as": "read"}), "every 2s")
    type(lead).objects.filter(pk=lead.pk).update(read_due_at=None)

    part = client.get(f"/leads/{lead.pk}/", headers=htmx("read-mark"))

    assertNotContains(part, "every 2s")
    assertContains(part, "Mark unread")


def test_a_refusal_is_said(client, lead):
    sentence = "Smartlead refused it: “No”"
    type(lead).objects.filter(pk=lead.pk).update(read_refusal=sentence)

    assertContains(client.get(f"/leads/{lead.pk}/"), sentence)


def test_a_lead_that_is_gone_cannot_be_marked(client, lead):
    type(lead).objects.filter(pk=lead.pk).update(gone_at=MONDAY)

    assert mark(client, lead, **{"as": "read"}).status_code == 409


def test_is_not_for_who_may_not_move_the_lead(client, stranger, ana):
    lead = make_lead(owner=ana, is_unread=True)

    assert mark(client, lead, **{"as": "read"}).status_code == 403
    assertNotContains(client.get(f"/leads/{lead.pk}/"), "Mark read")
