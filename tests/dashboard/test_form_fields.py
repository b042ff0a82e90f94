"""Names are one line, in whichever form they are typed."""

import pytest
from django.core.exceptions import ValidationError
from pytest_django.asserts import assertContains

from dashboard.form_fields import LineField
from tests.factories import make_member, make_team

SENTENCE = "Write it in one line, without tabs or line breaks."


@pytest.mark.parametrize(
    ("path", "said", "field"),
    [
        ("/settings/teams/", {}, "name"),
        ("/settings/teams/{team}/", {}, "name"),
        ("/team/add/", {"member_id": 7}, "name"),
        ("/team/{member}/", {"is_active": "on"}, "name"),
        ("/settings/users/invite/", {"login": "eve", "role": "member"}, "name"),
        (
            "/settings/mappings/",
            {"kind": "territory", "attribute": "location"},
            "name",
        ),
    ],
)
def test_a_line_break_in_a_name_is_refused_in_words(client, manager, path, said, field):
    team, member = make_team(), make_member("Ana")
    before = team.name
    path = path.format(team=team.pk, member=member.pk)

    response = client.post(path, said | {field: "a\nb"})

    assertContains(response, SENTENCE, status_code=422)
    team.refresh_from_db()
    member.refresh_from_db()
    assert (team.name, member.name) == (before, "Ana")


@pytest.mark.parametrize(
    "wrong", ["a\r\nb", "a\rb", "a\tb", "a\x1bb", "a\x85b", "a\u2028b"]
)
def test_so_is_every_other_break_and_control(wrong):
    with pytest.raises(ValidationError, match="in one line"):
        LineField().clean(wrong)


@pytest.mark.parametrize(
    "name", ["Ana Sousa", "Zoë O'Neil", "ליאת", "\U0001f468\u200d\U0001f469", " Ana\n"]
)
def test_a_name_in_one_line_is_taken(name):
    assert LineField().clean(name) == name.strip()
