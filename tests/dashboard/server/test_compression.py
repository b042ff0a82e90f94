"""Pages and CSV go out compressed, what programs fetch does not."""

import gzip

import pytest

from tests.factories import make_assignment, make_feed, make_lead

GZIP = {"Accept-Encoding": "gzip"}


@pytest.mark.parametrize("path", ["/inbox/", "/history/export.csv"])
def test_pages_and_csv_are_compressed(client, manager, ana, path):
    make_assignment(make_lead(), ana)

    response = client.get(path, headers=GZIP)

    assert response["Content-Encoding"] == "gzip"
    assert b"Lena Lead" in gzip.decompress(response.getvalue())


def test_what_programs_fetch_is_not(client, db):
    response = client.get(f"/coverage/calendar/{make_feed().token}.ics", headers=GZIP)

    assert "Content-Encoding" not in response
    assert "Accept-Encoding" not in response.get("Vary", "")
