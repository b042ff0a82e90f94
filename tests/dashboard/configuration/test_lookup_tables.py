import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django.asserts import assertContains, assertRedirects

from assignments.models import LookupTable
from tests.dashboard.pages import queries_of
from tests.factories import make_lead

NEW = {"name": "Countries", "kind": "territory", "attribute": "top_level_domain"}


@pytest.fixture
def table(client, manager) -> LookupTable:
    client.post("/settings/mappings/", NEW)
    return LookupTable.objects.get()


def test_a_table_is_made_and_changed(client, table):
    client.post(f"/settings/mappings/{table.pk}/", NEW | {"name": "Lands"})

    assertContains(client.get("/settings/mappings/"), "Lands")


def test_a_name_that_is_taken_is_said(client, table):
    response = client.post("/settings/mappings/", NEW)

    assertContains(response, "There is already a table", status_code=409)


def test_lines_are_added_and_removed(client, table, ana):
    path = f"/settings/mappings/{table.pk}/lines/"
    client.post(path, {"value": "de", "member": ana.pk})
    again = client.post(path, {"value": "DE", "member": ana.pk})
    wrong = client.post(path, {"value": "", "member": "x"})

    assertContains(again, "leads to Ana Sousa already", status_code=409)
    assert wrong.status_code == 422
    client.post(f"/settings/mapping-lines/{table.lines.get().pk}/remove/")
    assert not table.lines.exists()


class TestImport:
    def post(self, client, table, **said):
        return client.post(f"/settings/mappings/{table.pk}/import/", said)

    def test_a_file(self, client, table, ana):
        file = SimpleUploadedFile("t.csv", b"value,member\nde,Ana Sousa\n")

        response = self.post(client, table, file=file)

        assertRedirects(response, f"/settings/mappings/{table.pk}/")
        assert table.lines.count() == 1

    def test_broken_rows_are_listed_with_their_lines(self, client, table, ana):
        response = self.post(client, table, text="de,Ana Sousa\nfr,Zoe")

        assertContains(response, "Line 2: no member “Zoe”.", status_code=422)
        assert not table.lines.exists()

    @pytest.mark.parametrize(
        ("content", "sentence"),
        [
            (b"\xff\xfe\x00", "The file is no table as text."),
            (b"PK\x03\x04", "The file is a workbook."),
            (b"x" * (2 * 1024 * 1024 + 1), "The file is larger than 2 MB."),
            (b"", "The submitted file is empty."),
        ],
        ids=["half a sign", "workbook", "large", "empty"],
    )
    def test_a_file_that_cannot_be_read(self, client, table, content, sentence):
        response = self.post(client, table, file=SimpleUploadedFile("t.csv", content))

        assertContains(response, sentence, status_code=422)

    def test_a_file_that_excel_saves_as_csv_without_unicode(self, client, table, ana):
        file = SimpleUploadedFile("t.csv", "Köln;Ana Sousa\r\n".encode("cp1252"))

        self.post(client, table, file=file)

        assert [line.value for line in table.lines.all()] == ["Köln"]

    def test_the_header_is_told(self, client, table, ana):
        response = self.post(client, table, text="Land;Wer\nde;Ana Sousa")

        assertContains(
            client.get(response["Location"]),
            "1 new line. The first row, “Land, Wer”, is the header.",
        )

    @pytest.mark.parametrize(
        "content",
        [
            "\ufeffvalue,member\nde,Ana Sousa\n",
            "value;member\r\nde;Ana Sousa\r\n",
            '"de","Ana Sousa"',
        ],
    )
    def test_a_file_of_a_spreadsheet(self, client, table, ana, content):
        file = SimpleUploadedFile("t.csv", content.encode())

        self.post(client, table, file=file)

        assert [line.value for line in table.lines.all()] == ["de"]

    def test_a_formula_is_text_like_any_other(self, client, table, ana):
        text = '=HYPERLINK("x")<b>,Ana Sousa'

        self.post(client, table, text=text)

        page = client.get(f"/settings/mappings/{table.pk}/")
        assertContains(page, "=HYPERLINK(&quot;x&quot;)&lt;b&gt;")

    def test_what_came_twice_is_there_once(self, client, table, ana):
        response = self.post(client, table, text="de,Ana Sousa\nDE , Ana Sousa")

        shown = client.get(response["Location"])
        assertContains(shown, "1 new line. Line 2 repeats line 1: “DE” leads to Ana")

    def test_nothing_at_all(self, client, table):
        assertContains(
            self.post(client, table), "Choose a file, or type", status_code=422
        )


def test_more_lines_ask_no_more(client, table, ana, ben):
    def ask() -> object:
        return client.get(f"/settings/mappings/{table.pk}/")

    table.lines.create(value="de", key="de", member=ana)
    one = queries_of(ask)
    for key in ("fr", "it", "es"):
        table.lines.create(value=key, key=key, member=ben)

    assert queries_of(ask) == one


def test_removing_a_table_takes_its_lines_along(client, table, ana):
    table.lines.create(value="de", key="de", member=ana)

    client.post(f"/settings/mappings/{table.pk}/remove/")

    assert not LookupTable.objects.exists()


def test_leads_are_assigned_by_it(client, table, ana):
    table.lines.create(value="de", key="de", member=ana)
    lead = make_lead(email="x@y.de")

    response = client.post(
        "/assign/",
        {"lead": lead.pk, "strategy": "territory", "table": table.pk},
        follow=True,
    )

    assertContains(response, "Ana Sousa: territory de.")


def test_only_a_sales_manager_keeps_tables(client, stranger):
    assert client.get("/settings/mappings/").status_code == 403


def test_values_of_leads_that_the_table_does_not_know_are_suggested(client, table, ana):
    make_lead(email="x@shop.de")
    make_lead(email="y@shop.fr")
    client.post(
        f"/settings/mappings/{table.pk}/lines/", {"value": "de", "member": ana.pk}
    )

    page = client.get(f"/settings/mappings/{table.pk}/")

    assert [value.text for value in page.context["suggested"]] == ["fr"]
    assertContains(page, "?value=fr#id_value")


def test_a_suggested_value_stands_in_the_form(client, table):
    page = client.get(f"/settings/mappings/{table.pk}/?value=%3Cb%3E")

    assert page.context["line"]["value"].value() == "<b>"
    assertContains(page, 'value="&lt;b&gt;"')
