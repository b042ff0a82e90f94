import pytest
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import Assignment
from assignments.models.assignment import State
from tests.dashboard.pages import queries_of
from tests.factories import (
    MONDAY,
    make_assignment,
    make_lead,
    make_notification,
    make_team,
    make_user,
)

REFUSED = {"state": State.REFUSED, "finished_at": MONDAY, "outcome": "It is archived."}
OVERTAKEN = {"state": State.OVERTAKEN, "finished_at": MONDAY, "outcome": "Too late."}


@pytest.fixture
def refused(manager, ana, ben):
    lead = make_lead("Lena Lead", owner=ana)
    return make_assignment(lead, ben, actor=manager, **REFUSED)


class TestNotifications:
    def test_tells_what_did_not_happen_and_the_next_step(self, client, refused, ben):
        page = client.get("/notifications/")

        assertContains(page, "was not given to Ben Okafor")
        assertContains(page, "It is archived.")
        assertContains(page, f'action="/assignments/{refused.pk}/retry/"')
        assertContains(page, '<b id="news">1</b>')

    def test_leaves_out_what_is_answered_decided_anew_or_of_others(
        self, client, refused, manager, ana, ben
    ):
        make_assignment(refused.lead, ben, actor=manager)
        seen = make_lead(owner=ana)
        make_assignment(seen, ben, actor=manager, dismissed_at=MONDAY, **REFUSED)
        make_assignment(make_lead(), ben, actor=make_user(), **REFUSED)

        assertContains(client.get("/notifications/"), "Nothing to tell you.")

    def test_a_change_seen_in_smartlead_does_not_hide_it(self, client, refused, ana):
        done = {"state": State.DONE, "finished_at": MONDAY}
        make_assignment(refused.lead, ana, cause="outside", actor=None, **done)

        assertContains(client.get("/notifications/"), "It is archived.")

    def test_its_forms_lead_back_here(self, client, refused):
        data = {"next": "/notifications/"}

        response = client.post(f"/assignments/{refused.pk}/retry/", data, follow=True)

        assertRedirects(response, "/notifications/")
        assertContains(response, "Lena Lead is on its way to Ben Okafor.")
        assertContains(response, "Nothing to tell you.")

    def test_who_lost_the_lead_to_another_team_can_still_dismiss(
        self, client, stranger, ana, ben
    ):
        ana.team = make_team()
        ana.save()
        lead = make_lead(owner=ana)
        change = make_assignment(lead, ben, actor=stranger, found=ana, **OVERTAKEN)

        page = client.get("/notifications/")

        assertContains(page, "it belongs to another team")
        assertNotContains(page, "Send anyway")
        client.post(f"/assignments/{change.pk}/dismiss/")
        assert Assignment.objects.get().dismissed_at

    def test_all_are_dismissed_at_once_and_only_mine(self, client, refused, ben):
        other = make_assignment(make_lead(), ben, actor=make_user(), **REFUSED)

        response = client.post("/notifications/dismiss/", follow=True)

        assertContains(response, "1 dismissed. The history keeps them.")
        other.refresh_from_db()
        assert other.dismissed_at is None

    def test_costs_the_same_however_many_there_are(self, client, refused, manager, ben):
        client.get("/notifications/")
        one = queries_of(lambda: client.get("/notifications/"))
        for _ in range(30):
            make_assignment(make_lead(owner=ben), ben, actor=manager, **REFUSED)

        assert queries_of(lambda: client.get("/notifications/")) == one


class TestMessages:
    def test_the_newest_stands_first_and_unread_is_said(self, client, manager):
        make_notification(manager, "You cover for Ana", read_at=MONDAY)
        make_notification(manager, "Sara gave you 3 leads")

        page = client.get("/notifications/")

        assertContains(page, "Unread: </span>Sara gave you 3 leads")
        assertContains(page, '<span class="subject">You cover for Ana</span>')
        text = page.content.decode()
        assert text.index("Sara gave you") < text.index("You cover for")

    def test_says_that_they_are_not_mailed_without_a_server(self, client, manager):
        make_notification(manager)
        assertContains(client.get("/notifications/"), "1 unread. It is not mailed.")

    def test_parts_the_lines_of_a_message_once(self, client, manager):
        make_notification(manager, text="3 to Ben Okafor.\n2 to Ida\nLena Lead")

        page = client.get("/notifications/")

        assertContains(page, "3 to Ben Okafor. 2 to Ida · Lena Lead")

    def test_the_bell_counts_them_with_what_did_not_happen(
        self, client, manager, refused
    ):
        make_notification(manager)

        assertContains(client.get("/notifications/"), '<b id="news">2</b>')

    def test_opening_one_reads_it_and_leads_to_its_page(self, client, manager):
        told = make_notification(manager, path="/inbox/?owner=me")

        response = client.get(f"/notifications/{told.pk}/")

        assertRedirects(response, "/inbox/?owner=me", fetch_redirect_response=False)
        told.refresh_from_db()
        assert told.read_at

    def test_that_of_another_cannot_be_opened_or_read(self, client, manager):
        told = make_notification(make_user())

        response = client.get(f"/notifications/{told.pk}/")
        client.post("/notifications/read/", {"up_to": told.pk})

        assert response.status_code == 404
        told.refresh_from_db()
        assert told.read_at is None

    def test_all_that_the_page_showed_are_read(self, client, manager):
        seen, later = make_notification(manager), make_notification(manager)

        client.post("/notifications/read/", {"up_to": seen.pk})

        unread = manager.notifications.unread()
        assert list(unread) == [later]

    @pytest.mark.parametrize("up_to", ["", "x", "-1", "9" * 30])
    def test_nonsense_reads_nothing(self, client, manager, up_to):
        make_notification(manager)

        response = client.post("/notifications/read/", {"up_to": up_to})

        assert response.status_code == 302
        assert manager.notifications.unread().count() == 1

    def test_who_wants_a_kind_by_mail_only_does_not_see_it(self, client, manager):
        make_notification(manager, "Hidden", in_app=False)

        page = client.get("/notifications/")

        assertContains(page, "Nothing to tell you.")
        assertContains(page, '<b id="news"></b>')

    def test_older_ones_are_on_further_pages(self, client, manager):
        for number in range(51):
            make_notification(manager, f"Message {number}.")

        first = client.get("/notifications/")
        second = client.get("/notifications/", {"after": first.context["later"]})

        assertNotContains(first, "Message 0.")
        assertContains(second, "Message 0.")

    def test_a_page_of_another_list_is_refused_in_words(self, client, manager):
        response = client.get("/notifications/", {"after": "abc"})

        assertContains(response, "Start at the top.", status_code=400)

    def test_costs_the_same_however_many_there_are(self, client, manager):
        make_notification(manager)
        client.get("/notifications/")
        one = queries_of(lambda: client.get("/notifications/"))
        for _ in range(30):
            make_notification(manager)

        assert queries_of(lambda: client.get("/notifications/")) == one

    def test_a_text_from_outside_stays_text(self, client, manager):
        make_notification(manager, "<b>Eve</b>", text="<script>1</script>")

        page = client.get("/notifications/")

        assertContains(page, "&lt;b&gt;Eve")
        assertNotContains(page, "<script>1")
