"""The row of a lead whose owner changes: sending, done, refused, and what it offers."""

from datetime import timedelta

from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from assignments.models.assignment import State
from tests.dashboard.pages import htmx, without_layout
from tests.factories import (
    make_assignment,
    make_lead,
)


class TestRow:
    def row(self, client, lead):
        return client.get(f"/leads/{lead.pk}/row/", headers=htmx(f"lead-{lead.pk}"))

    def finished(self, lead, to, *, state, ago=0, **fields):
        at = timezone.now() - timedelta(seconds=ago)
        return make_assignment(
            lead, to, state=state, created_at=at, finished_at=at, **fields
        )

    def test_polls_slower_after_ten_seconds(self, client, manager, ana, ben):
        lead = make_lead(owner=ana)
        make_assignment(lead, ben, created_at=timezone.now() - timedelta(seconds=11))

        response = self.row(client, lead)

        assertContains(response, 'hx-trigger="every 5s"')
        assertContains(response, "· waiting")

    def test_settles_with_a_tick_and_undo_for_who_did_it(
        self, client, manager, ana, ben
    ):
        lead = make_lead(owner=ben)
        change = self.finished(lead, ben, state=State.DONE, actor=manager, expected=ana)

        response = self.row(client, lead)

        assertContains(response, "done</span>")
        assertContains(response, f"/assignments/{change.pk}/undo/")
        assertContains(response, 'hx-trigger="load delay:')

    def test_is_calm_after_a_minute_and_still_undone_by_the_key(
        self, client, manager, ana, ben
    ):
        lead = make_lead(owner=ben)
        change = self.finished(
            lead, ben, state=State.DONE, actor=manager, expected=ana, ago=60
        )

        response = self.row(client, lead)

        assertContains(response, 'data-look="calm"')
        assertNotContains(response, "done</span>")
        assertNotContains(response, "hx-trigger")
        form = without_layout(response.content.decode()).partition("<form")[2]
        assert form.partition(">")[0].endswith(" hidden")
        assert f'data-mine="{change.pk}"' in form

    def test_undo_ends_after_ten_minutes(self, client, manager, ana, ben):
        lead = make_lead(owner=ben)
        self.finished(lead, ben, state=State.DONE, actor=manager, expected=ana, ago=700)

        assertNotContains(self.row(client, lead), "/undo/")

    def test_says_why_it_was_refused_and_offers_to_retry(
        self, client, manager, ana, ben
    ):
        lead = make_lead(owner=ana)
        change = self.finished(
            lead, ben, state=State.REFUSED, outcome="Lead is archived."
        )

        response = self.row(client, lead)

        assertContains(response, "Refused: Lead is archived.")
        assertContains(response, f"/assignments/{change.pk}/retry/")
        assertContains(response, f"/assignments/{change.pk}/dismiss/")

    def test_says_it_was_overtaken_and_offers_to_send_anyway(
        self, client, manager, ana, ben
    ):
        lead = make_lead(owner=ana)
        self.finished(lead, ben, state=State.OVERTAKEN, outcome="Theo was first.")
        # What was found is itself a row of the ledger, and newer.
        self.finished(lead, ana, state=State.DONE, cause="outside", actor=None)

        response = self.row(client, lead)

        assertContains(response, "Overtaken: Theo was first.")
        assertContains(response, "Send anyway")

    def test_offers_nothing_to_who_may_not_move_the_lead(
        self, client, stranger, ana, ben
    ):
        lead = make_lead(owner=ana)
        self.finished(lead, ben, state=State.REFUSED, outcome="Lead is archived.")

        response = self.row(client, lead)

        assertNotContains(response, "Retry")
        assertNotContains(response, "/assign/")
