import pytest
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import Note
from assignments.services.ledger.notes import write_note
from tests.dashboard.pages import htmx
from tests.factories import MONDAY, make_lead


def post(client, lead, text, *, headers=None, **data):
    headers = htmx("note-form") if headers is None else headers
    return client.post(
        f"/leads/{lead.pk}/notes/", {"text": text, **data}, headers=headers
    )


@pytest.fixture
def lead(db):
    return make_lead("Lena Lead", thread_at=timezone.now())


class TestAddNote:
    def test_answers_an_empty_form_and_tells_the_list(self, client, manager, lead):
        response = post(client, lead, "He asked for a call in June.")

        assertContains(response, 'id="note-form"')
        assertNotContains(response, "call in June")
        assertNotContains(response, "<html")
        assert "notes-changed" in response["HX-Trigger"]
        assert lead.notes.get().author == manager

    def test_works_without_javascript(self, client, manager, lead):
        here = f"/leads/{lead.pk}/?list=owner%3Dme"

        response = post(client, lead, "A call in June.", headers={}, next=here)

        assertRedirects(response, here)
        assertContains(client.get(here), "A call in June.")

    @pytest.mark.parametrize("headers", [{}, None])
    def test_a_text_that_is_too_long_is_said_and_kept(
        self, client, manager, lead, headers
    ):
        text = "x" * 10_000

        response = post(client, lead, text, headers=headers)

        assertContains(response, "10000 characters; 5000 is the most", status_code=422)
        assertContains(response, text, status_code=422)
        assert not lead.notes.exists()

    def test_an_empty_one_asks_for_a_text(self, client, manager, lead):
        response = post(client, lead, "  ")

        assertContains(response, "Write something first.", status_code=422)

    def test_a_lead_that_is_gone_takes_none(self, client, manager, lead):
        lead.gone_at = MONDAY
        lead.save()

        response = post(client, lead, "Still there?")

        assertContains(response, "Smartlead no longer has Lena Lead", status_code=409)
        assertContains(response, "Still there?", status_code=409)

    def test_is_not_for_who_may_not_move_the_lead(self, client, stranger, lead):
        assert post(client, lead, "Hello").status_code == 403
        assertNotContains(client.get(f"/leads/{lead.pk}/"), 'id="note-form"')
        assert not Note.objects.exists()


class TestNotesOfALead:
    def ask(self, client, lead):
        return client.get(f"/leads/{lead.pk}/", headers=htmx("notes"))

    def test_one_on_its_way_is_looked_at_again(self, client, manager, lead):
        write_note(lead=lead, text="A call.", author=manager, at=timezone.now())

        response = self.ask(client, lead)

        assertContains(response, "waiting to be sent")
        assertContains(response, "every 2s")

    def test_an_old_one_is_looked_at_less_often(self, client, manager, lead):
        write_note(lead=lead, text="A call.", author=manager, at=MONDAY)

        assertContains(self.ask(client, lead), "every 15s")

    @pytest.mark.parametrize(
        ("state", "words"),
        [
            ("done", "in Smartlead"),
            ("unconfirmed", "not confirmed: Perhaps."),
            ("refused", "refused: Perhaps."),
        ],
    )
    def test_one_that_is_over_says_how(self, client, manager, lead, state, words):
        note = write_note(lead=lead, text="A call.", author=manager, at=MONDAY)
        Note.objects.filter(pk=note.pk).update(
            state=state, finished_at=MONDAY, outcome="Perhaps."
        )

        response = self.ask(client, lead)

        assertContains(response, words)
        assertNotContains(response, "every")
