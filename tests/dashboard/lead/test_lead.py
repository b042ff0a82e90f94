from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from assignments.models import Account
from assignments.models.assignment import State
from tests.dashboard.pages import htmx, queries_of
from tests.factories import MONDAY, make_assignment, make_lead, make_message

OPEN_LEAD = "assignments.tasks.open_lead"


def nudged(queued):
    return [task[1] for task in queued if task[0] == OPEN_LEAD]


def visit(client, lead, capture, headers=None):
    with capture(execute=True):
        return client.get(f"/leads/{lead.pk}/", headers=headers or {})


def with_thread(lead):
    lead.thread_at = timezone.now()
    lead.save()
    return lead


class TestConversation:
    def test_asks_for_a_thread_that_is_older_than_the_last_reply(
        self, client, manager, queued, django_capture_on_commit_callbacks
    ):
        lead = make_lead(thread_at=MONDAY - timedelta(days=1))

        response = visit(client, lead, django_capture_on_commit_callbacks)

        assert nudged(queued) == [lead.pk]
        assertContains(response, "Fetching the newest messages")

    def test_asks_for_nothing_it_has(
        self, client, manager, queued, django_capture_on_commit_callbacks
    ):
        response = visit(
            client, with_thread(make_lead()), django_capture_on_commit_callbacks
        )

        assert nudged(queued) == []
        assertNotContains(response, "Fetching the newest messages")

    def test_the_poll_of_the_thread_does_not_ask_again(
        self, client, manager, queued, django_capture_on_commit_callbacks
    ):
        response = visit(
            client, make_lead(), django_capture_on_commit_callbacks, htmx("thread")
        )

        assert nudged(queued) == []
        assertContains(response, 'hx-trigger="every 2s"')
        assertNotContains(response, "<html")

    def test_stops_waiting_after_a_minute(self, client, manager):
        asked = (timezone.now() - timedelta(seconds=61)).isoformat()

        response = client.get(
            f"/leads/{make_lead().pk}/", {"asked": asked}, headers=htmx("thread")
        )

        assertNotContains(response, "hx-trigger")
        assertContains(response, "newer messages that are not here yet")

    def test_says_so_when_smartlead_is_down(self, client, manager):
        at = timezone.now()
        Account.objects.update(
            outage_since=at, outage_sentence="Smartlead does not answer.", probe_at=at
        )

        response = client.get(f"/leads/{make_lead().pk}/")

        assertContains(response, "Smartlead does not answer. The newest messages")
        assertNotContains(response, "every 2s")

    def test_a_hostile_mail_is_shown_harmless(self, client, manager):
        lead = with_thread(make_lead())
        make_message(
            lead,
            "<p>Hello</p><img src='https://t.test/p.gif'><script>x</script>",
            sender='"><script>alert(1)</script>',
            subject="<b>Urgent</b>",
            attachments=[{"file_name": "<i>deck.pdf</i>"}],
        )

        response = client.get(f"/leads/{lead.pk}/")

        assertContains(response, '<p dir="auto">Hello</p>')
        assertContains(response, "1 image not loaded")
        assertContains(response, "&lt;i&gt;deck.pdf")
        assertNotContains(response, "t.test")
        assertNotContains(response, "<script>")

    def test_an_address_that_is_no_web_address_is_no_link(self, client, manager):
        lead = with_thread(make_lead(website="javascript:alert(1)"))

        assertNotContains(client.get(f"/leads/{lead.pk}/"), 'href="javascript')


class TestTimeline:
    def test_tells_who_when_why_and_what_became_of_it(self, client, manager, ana, ben):
        lead = with_thread(make_lead(owner=ana))
        make_assignment(
            lead,
            ben,
            actor=manager,
            reason="Ben speaks Dutch.",
            state=State.OVERTAKEN,
            outcome="Theo was first.",
            finished_at=MONDAY,
        )

        response = client.get(f"/leads/{lead.pk}/", headers=htmx("timeline"))

        for words in ("Ana Sousa", "Ben Okafor", "Ben speaks Dutch.", "Theo was first"):
            assertContains(response, words)
        assertContains(response, "Sara Klein decided it")

    def test_many_changes_cost_no_more_than_one(self, client, manager, ana, ben):
        lead = with_thread(make_lead(owner=ana))
        done = {"state": State.DONE, "finished_at": MONDAY, "actor": manager}
        make_assignment(lead, ben, **done)
        make_message(lead)
        client.get(f"/leads/{lead.pk}/")
        one = queries_of(lambda: client.get(f"/leads/{lead.pk}/"))
        for _ in range(49):
            make_assignment(lead, ben, **done)
            make_message(lead)

        assert queries_of(lambda: client.get(f"/leads/{lead.pk}/")) == one


def test_a_lead_that_is_gone_says_so_and_offers_no_owner(client, manager):
    lead = make_lead(gone_at=timezone.now())

    response = client.get(f"/leads/{lead.pk}/")

    assertContains(response, "Smartlead no longer has this lead")
    assertNotContains(response, '<select name="member"')


def test_who_may_not_move_it_reads_why(client, stranger, ana):
    response = client.get(f"/leads/{make_lead(owner=ana).pk}/")

    assertContains(response, "You can see this lead but not move it")


def test_a_note_that_may_be_lost_is_called_unconfirmed(client, manager, ben):
    lead = with_thread(make_lead())
    change = make_assignment(lead, ben, state=State.DONE, finished_at=MONDAY)
    change.notes.create(
        lead=lead,
        text="Our words",
        reference="H-1",
        created_at=MONDAY,
        state="unconfirmed",
        finished_at=MONDAY,
    )

    assertContains(client.get(f"/leads/{lead.pk}/"), "not confirmed")


def test_an_unknown_lead_is_a_404_with_a_sentence(client, manager):
    for number in (1, "9" * 30):
        response = client.get(f"/leads/{number}/")
        assertContains(response, "There is nothing at this address", status_code=404)


class TestListBeside:
    """Opened by its address, a lead comes with the list that it was looked at in."""

    def test_is_the_inbox_as_it_opens(self, client, manager, ana):
        lead = with_thread(make_lead("Lena Lead", owner=ana))
        make_lead("Omar Other", owner=ana)

        response = client.get(f"/leads/{lead.pk}/")

        assertContains(response, "Omar Other")
        assertContains(response, f'id="lead-{lead.pk}" aria-current="true"')

    def test_is_the_filtered_one_that_the_address_names(self, client, manager, ana):
        lead = with_thread(make_lead("Lena Lead", owner=ana, is_unread=True))
        make_lead("Omar Other", owner=ana)

        response = client.get(f"/leads/{lead.pk}/", {"list": "status=unread"})

        assertNotContains(response, "Omar Other")
        assertContains(response, 'data-here="/inbox/?status=unread"')

    def test_says_what_is_wrong_with_it_and_shows_the_lead(self, client, manager):
        lead = with_thread(make_lead("Lena Lead"))

        response = client.get(f"/leads/{lead.pk}/", {"list": "status=strange"})

        assertContains(response, "The status in this address is not known here")
        assertContains(response, "Conversation")

    def test_a_row_leads_on_in_its_list(self, client, manager):
        lead = make_lead(is_unread=True)
        address = f'href="/leads/{lead.pk}/?list=status%3Dunread"'

        assertContains(client.get("/inbox/?status=unread"), address)
        polled = htmx() | {"HX-Current-URL": "http://testserver/inbox/?status=unread"}
        row = client.get(f"/leads/{lead.pk}/row/", headers=polled)
        assertContains(row, address)

    def test_costs_the_parts_of_the_page_nothing(self, client, manager, ana):
        lead = with_thread(make_lead(owner=ana))
        for _ in range(5):
            make_lead("Omar Other", owner=ana)

        panel = client.get(f"/leads/{lead.pk}/", headers=htmx("panel"))
        notes = client.get(f"/leads/{lead.pk}/", headers=htmx("notes"))

        assertNotContains(panel, 'class="lrow')
        assertNotContains(notes, "Omar Other")


@pytest.mark.parametrize(
    ("field", "pill"), [("is_bounce", "bounced"), ("is_automatic", "automatic reply")]
)
def test_a_mail_of_a_program_is_marked(client, manager, field, pill):
    lead = make_lead()
    lead.messages.create(key="1", direction="reply", at=MONDAY, **{field: True})
    lead.messages.create(key="2", direction="reply", at=MONDAY)

    page = client.get(f"/leads/{lead.pk}/").content.decode()

    assert page.count(f">{pill}</span>") == 1
