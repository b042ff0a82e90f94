import csv
from datetime import UTC, datetime
from io import StringIO

from hypothesis import given
from hypothesis import strategies as st
from pytest_django.asserts import assertContains

from assignments.models import Assignment, Lead
from dashboard.history.export import COLUMNS, csv_lines
from tests.dashboard.pages import queries_of
from tests.factories import (
    MONDAY,
    make_assignment,
    make_coverage,
    make_hold,
    make_lead,
    make_manager,
    make_member,
)


def rows_of(response) -> list[dict[str, str]]:
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.DictReader(StringIO(text, newline="")))


class TestExport:
    def test_holds_what_the_filter_finds_and_nothing_else(
        self, client, manager, ana, ben
    ):
        one = make_assignment(make_lead("One", owner=ana), ben, actor=manager)
        make_assignment(make_lead("Two", owner=ben), ana, cause="bulk")

        response = client.get("/history/export.csv?cause=manual")

        (row,) = rows_of(response)
        assert (row["Row"], row["Lead"], row["From"]) == (str(one.pk), "One", str(ana))
        assert (row["To"], row["Changed by"]) == (str(ben), "Sara Klein")
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        assert "handoff-history-" in response["Content-Disposition"]

    def test_is_one_line_a_row_newest_first_whatever_texts_hold(
        self, client, manager, ana
    ):
        lead = make_lead("Lena\nLead", company='Quote " and, comma')
        for hour in (9, 11, 10):
            at = datetime(2026, 5, 11, hour, tzinfo=UTC)
            make_assignment(
                lead, ana, created_at=at, state="done", finished_at=at, reason="A\nB"
            )

        rows = rows_of(client.get("/history/export.csv"))

        assert [row["Time"][11:13] for row in rows] == ["11", "10", "09"]
        assert rows[0]["Company"] == 'Quote " and, comma'
        assert (rows[0]["Lead"], rows[0]["Reason"]) == ("Lena Lead", "A\nB")

    def test_times_are_those_of_who_exports(self, client, ana):
        client.force_login(make_manager(time_zone="Asia/Tokyo"))
        make_assignment(make_lead(), ana, created_at=MONDAY)

        (row,) = rows_of(client.get("/history/export.csv"))

        assert row["Time"] == "2026-05-11 18:00:00+09:00"

    def test_takes_the_same_queries_for_one_row_and_for_many(
        self, client, manager, ana
    ):
        make_assignment(make_lead(), ana)
        one = queries_of(lambda: rows_of(client.get("/history/export.csv")))
        for _ in range(40):
            make_assignment(make_lead(), ana)

        many = queries_of(lambda: rows_of(client.get("/history/export.csv")))
        assert many == one

    def test_a_wrong_filter_is_said_instead_of_exporting_everything(
        self, client, manager
    ):
        response = client.get("/history/export.csv?state=lost")

        assertContains(response, "The state “lost” does not exist.", status_code=400)

    def test_names_whose_lead_it_was_where_a_change_took_it_from_a_coverer(
        self, client, manager, ana, ben
    ):
        lead = make_lead(owner=ben)
        row = make_assignment(
            lead, make_member("Cem"), state="done", finished_at=MONDAY
        )
        make_hold(make_coverage(ana, ben), lead, outcome="moved", ended_by=row)

        (line,) = rows_of(client.get("/history/export.csv"))

        assert (line["Covered for id"], line["Until back"]) == (str(ana.pk), "")

    def test_is_for_sales_managers(self, client, stranger):
        response = client.get("/history/export.csv")

        assertContains(response, "Only a sales manager can export", status_code=403)
        assert b"export.csv" not in client.get("/history/").content

    def test_the_page_links_to_it_with_its_filter(self, client, manager, ana):
        make_assignment(make_lead(), ana)

        page = client.get("/history/?cause=manual")

        assertContains(page, 'href="/history/export.csv?cause=manual"')


class TestFormulas:
    @given(text=st.text(max_size=20), sign=st.sampled_from("=+-@\t\r"))
    def test_none_survives_in_any_column(self, text, sign):
        lead = Lead(map_id=1, first_name=sign + text, company=sign + text)
        change = Assignment(
            pk=1,
            lead=lead,
            reason=sign + text,
            outcome=sign + text,
            created_at=MONDAY,
            cause="manual",
        )

        lines = "".join(csv_lines([change], zone=UTC))

        _, cells = csv.reader(StringIO(lines, newline=""))
        assert len(cells) == len(COLUMNS)
        assert not [cell for cell in cells if cell.startswith(tuple("=+-@\t\r"))]
