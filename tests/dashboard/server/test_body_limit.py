"""What a request may bring: refused in words, before a session or a form is read."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from assignments.models import LookupTable
from tests.factories import make_lead, make_manager

pytestmark = pytest.mark.django_db

MEGABYTE = 1024 * 1024
SENTENCE = "What you sent is larger than {} MB"


@pytest.fixture
def manager(client):
    user = make_manager()
    client.force_login(user)
    return user


@pytest.mark.parametrize("path", ["/accounts/login/", "/nowhere/", "/assign/"])
@pytest.mark.parametrize("is_htmx", [False, True], ids=["plain", "htmx"])
def test_a_body_above_a_megabyte_is_refused_in_words(client, path, is_htmx):
    head = {"HX-Request": "true"} if is_htmx else {}

    response = client.post(path, {"password": MEGABYTE * "a"}, headers=head)

    assert response.status_code == 413
    assert "<p data-sentence>" + SENTENCE.format(1) in response.content.decode()


def test_nobody_is_asked_who_they_are_before(client, django_assert_num_queries):
    client.force_login(make_manager())

    with django_assert_num_queries(0):
        response = client.post("/assign/", {"note": MEGABYTE * "a"})

    assert response.status_code == 413


@pytest.mark.parametrize("length", ["-1", "x", "1.5", "²", "٣", "1 2"])
def test_a_length_that_is_none_is_a_bad_request(client, length):
    response = client.post("/accounts/login/", CONTENT_LENGTH=length)

    assert response.status_code == 400


@pytest.mark.parametrize("length", ["9" * 18, "9" * 30, "9" * 5000])
def test_a_length_of_any_size_is_refused(client, length):
    response = client.post("/accounts/login/", CONTENT_LENGTH=length)

    assert response.status_code == 413


class TestImport:
    @pytest.fixture
    def url(self, manager):
        table = LookupTable.objects.create(
            name="Lands", kind=LookupTable.Kind.TERRITORY, attribute="location"
        )
        return reverse("import_mapping", args=[table.pk])

    def test_a_file_of_nearly_two_megabytes_reaches_the_page(self, client, url):
        content = b"value,member\n" + 1_900_000 * b"x"

        response = client.post(url, {"file": SimpleUploadedFile("rows.csv", content)})

        assert response.status_code == 422

    def test_a_larger_one_is_refused_in_words(self, client, url):
        content = 3 * MEGABYTE * b"x"

        response = client.post(url, {"file": SimpleUploadedFile("rows.csv", content)})

        assert response.status_code == 413
        assert SENTENCE.format(2) in response.content.decode()


class TestManyFields:
    def test_five_thousand_leads_are_told_that_they_are_too_many(self, client, manager):
        make_lead()

        response = client.post("/assign/", {"lead": [str(n) for n in range(5000)]})

        assert "5000 leads are too many to name one by one" in response.content.decode()

    @pytest.mark.parametrize("content_type", ["form", "multipart"])
    def test_more_fields_than_any_form_has_get_a_sentence(self, client, content_type):
        if content_type == "form":
            body = "&".join(["a="] * 10_001)
            response = client.post(
                "/accounts/login/",
                body,
                content_type="application/x-www-form-urlencoded",
            )
        else:
            response = client.post("/accounts/login/", {"a": ["b"] * 10_001})

        assert response.status_code == 400
        assert "too many fields" in response.content.decode()

    def test_more_files_than_any_form_has_get_a_sentence(self, client, manager):
        files = [SimpleUploadedFile(f"{n}.csv", b"x") for n in range(101)]

        response = client.post("/assign/", {"file": files})

        assert response.status_code == 400
        assert "too many fields" in response.content.decode()
