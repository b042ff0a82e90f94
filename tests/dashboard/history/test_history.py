from datetime import UTC, datetime, timedelta

import pytest
from pytest_django.asserts import assertContains

from assignments.models import Batch
from assignments.models.assignment import State
from assignments.services.ledger.assign import assign_lead
from tests.dashboard.pages import htmx, queries_of
from tests.factories import MONDAY, make_assignment, make_lead, make_manager


def names(response) -> list[str]:
    return [change.lead.name for change in response.context["changes"]]


@pytest.fixture
def ledger(manager, ana, ben):
    """Three changes on three days: by hand, refused, and seen in Smartlead."""
    batch = Batch.objects.create(
        cause="bulk", actor=manager, reason="x", created_at=MONDAY
    )
    final = {"state": State.DONE, "finished_at": MONDAY}
    return [
        make_assignment(make_lead("One", owner=ana), ben, actor=manager),
        make_assignment(
            make_lead("Two"),
            ana,
            cause="bulk",
            batch=batch,
            created_at=MONDAY + timedelta(days=1),
            **(final | {"state": State.REFUSED}),
        ),
        make_assignment(
            make_lead("Three"),
            ben,
            cause="outside",
            actor=None,
            created_at=MONDAY + timedelta(days=2),
            **final,
        ),
    ]


class TestHistory:
    def test_lists_the_newest_first_and_explains_each(self, client, ledger):
        response = client.get("/history/")

        assert names(response) == ["Three", "Two", "One"]
        assertContains(response, "Seen in Smartlead")
        assertContains(response, "By hand · Sara Klein")

    def test_shows_the_note_that_went_along_with_the_reason(
        self, client, manager, ana, ben
    ):
        change = assign_lead(
            lead=make_lead(owner=ana), to=ben, actor=manager, at=MONDAY,
            note="Ask for the <yard> plan.",
        )  # fmt: skip

        response = client.get("/history/")

        assertContains(response, change.reason)
        assertContains(response, "Note: “Ask for the &lt;yard&gt; plan.”")
        assertContains(response, "Note, waiting: Ask for the &lt;yard&gt; plan.")

    def test_filters(self, client, ledger, ana):
        one, two, _ = ledger
        for query, found in {
            f"lead={one.lead_id}": ["One"],
            f"member={ana.pk}": ["Two", "One"],
            f"actor={one.actor_id}": ["One"],
            "cause=outside": ["Three"],
            "state=refused": ["Two"],
            f"batch={two.batch_id}": ["Two"],
            "from=2026-05-12&to=2026-05-12": ["Two"],
        }.items():
            assert names(client.get(f"/history/?{query}")) == found, query

    def test_days_are_those_of_the_viewer(self, client, ana):
        client.force_login(make_manager(time_zone="Asia/Tokyo"))
        late = datetime(2026, 5, 11, 16, tzinfo=UTC)
        make_assignment(make_lead("Late"), ana, created_at=late)

        assert names(client.get("/history/?from=2026-05-12")) == ["Late"]
        assert names(client.get("/history/?to=2026-05-11")) == []

    def test_pages_lead_through_all_of_it_and_back(self, client, manager, ana):
        for number in range(60):
            make_assignment(make_lead(f"Lead {number}"), ana, actor=manager)
        first = client.get("/history/")
        second = client.get(f"/history/?after={first.context['later']}")
        back = client.get(f"/history/?after={second.context['earlier']}")

        assert len(names(first)) == 50
        assert len(set(names(first) + names(second))) == 60
        assert names(back) == names(first)

    def test_htmx_gets_the_ledger_alone(self, client, ledger):
        response = client.get("/history/", headers=htmx("ledger"))

        assert b"<html" not in response.content

    def test_fifty_rows_ask_no_more_of_the_database_than_one(
        self, client, manager, ana, ben
    ):
        make_assignment(make_lead(owner=ana), ben, actor=manager)
        client.get("/history/")
        one = queries_of(lambda: client.get("/history/"))
        for _ in range(49):
            make_assignment(make_lead(owner=ana), ben)

        assert queries_of(lambda: client.get("/history/")) == one

    @pytest.mark.parametrize(
        ("query", "sentence"),
        [
            ("lead=7", "There is no lead with the id “7” here."),
            ("lead=abc", "There is no lead with the id “abc” here."),
            ("member=" + "9" * 30, "There is no member with the id"),
            ("actor=x", "There is no user with the id “x” here."),
            ("batch=7", "There is no batch with the id “7” here."),
            ("cause=luck", "The cause “luck” does not exist."),
            ("state=lost", "The state “lost” does not exist."),
            ("from=x", "That is not a day."),
            ("from=2026-05-12&to=2026-05-11", "end before it begins"),
            ("after=nonsense", "belongs to another filter"),
        ],
    )
    def test_bad_input_is_said_in_a_sentence(self, client, manager, query, sentence):
        response = client.get(f"/history/?{query}")

        assertContains(response, sentence, status_code=400)

    def test_a_cursor_of_the_inbox_is_refused(self, client, manager):
        for _ in range(51):
            make_lead()
        later = client.get("/inbox/").context["later"]

        assert client.get(f"/history/?after={later}").status_code == 400
