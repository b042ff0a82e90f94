from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from tests.factories import make_lead


@pytest.mark.parametrize(
    ("hours", "words"), [(-3.1, "late by 3 h"), (2.1, "due in 2 h")]
)
def test_the_top_names_the_day_and_how_late_it_is(client, manager, hours, words):
    due = timezone.now() + timedelta(hours=hours)
    lead = make_lead(answer_owed=True, answer_due_at=due)

    page = client.get(f"/leads/{lead.pk}/")

    assertContains(page, words)
    assertContains(page, f"{timezone.localtime(due):%a %-d %b, %H:%M}</time> ·")


def test_a_lead_that_is_owed_nothing_says_nothing(client, manager):
    lead = make_lead(answer_due_at=timezone.now())

    assertNotContains(client.get(f"/leads/{lead.pk}/"), "Answer due")


def test_an_answer_without_a_time_says_so(client, manager):
    lead = make_lead(answer_owed=True)

    assertContains(client.get(f"/leads/{lead.pk}/"), "Answer owed, with no time set")
