"""Requests that no page of ours would send: each gets a sentence, none a 500."""

import pytest
from django.urls import reverse

from assignments.models import User
from tests.factories import make_manager
from tests.trials.sample_team import SampleTeam, make_sample_team, signed_in_client

pytestmark = pytest.mark.django_db

HUGE = 10**30


@pytest.fixture
def sample() -> SampleTeam:
    return make_sample_team()


class TestNonsense:
    @pytest.mark.parametrize(
        "where",
        [
            "foo", "//evil.test/", "https://evil.test/", "javascript:alert(1)",
            "/inbox/\r\nX: y", "http:///evil.test", "\\\\evil.test", "é", "logout",
            "/\\evil.test", "///evil.test", "?", "#", ".", " ", "\x00",
        ],
    )  # fmt: skip
    def test_next_leads_to_pages_of_ours_only(self, where, sample):
        client = signed_in_client(sample["manager"])
        response = client.post(
            f"/leads/{sample['mos'].pk}/assign/",
            {"member": sample["cleo"].pk, "next": where},
        )

        assert response.status_code == 302
        assert "evil" not in response["Location"] or response["Location"].startswith(
            "/inbox"
        )
        assert not response["Location"].startswith(("//", "http", "javascript", "\\"))

    @pytest.mark.parametrize(
        "path",
        [
            f"/leads/{HUGE}/", f"/leads/{HUGE}/assign/", f"/leads/{HUGE}/row/",
            f"/team/{HUGE}/",
            f"/settings/users/{HUGE}/", f"/settings/teams/{HUGE}/", "/leads/-1/",
            "/leads/٣/",
            "/leads/0/", f"/admin/assignments/assignment/{HUGE}/change/",
        ],
    )  # fmt: skip
    def test_ids_of_nothing_are_not_found(self, path, sample):
        client = signed_in_client(make_manager(is_staff=True, is_superuser=True))
        assert client.get(path).status_code in {404, 302}

    @pytest.mark.parametrize(
        "query",
        [
            f"owner={HUGE}", "owner=-1", "owner=%00", "owner=٣", "owner=me",
            "owner=unknown",
            f"campaign={HUGE}", "campaign=%00", "campaign=-5", f"category={HUGE}",
            "category=x",
            "status=x", "sla=x", "sort=x", "q=%00", "q=%25%5F%27%22%5C",
            "q=%F0%9F%A6%8A", "q=" + 300 * "x",
            "q=" + "+".join(60 * "ab"), "q=%ED%A0%80", "from=9999-12-31",
            "to=9999-12-31", "from=0001-01-01",
            "from=2026-13-01", "from=%00", "to=2100-01-01", "after=x", "after=%00",
            "after=%ED%A0%80",
            "after=a:b:c", "owner=1&owner=2", "from=2026-02-30&to=x",
            "sort=owner&after=x",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("page", ["/inbox/", "/history/"])
    def test_filters_of_nothing_get_a_sentence(self, page, query, sample):
        response = signed_in_client(sample["manager"]).get(f"{page}?{query}")

        assert response.status_code in {200, 400}

    @pytest.mark.parametrize(
        "query",
        [
            f"lead={HUGE}", "lead=x", "lead=%00", f"member={HUGE}", f"actor={HUGE}",
            "actor=-1",
            f"batch={HUGE}", "cause=x", "state=x", "lead=1.5", "member=%2B1",
        ],
    )  # fmt: skip
    def test_histories_of_nothing_get_a_sentence(self, query, sample):
        assert signed_in_client(sample["manager"]).get(
            f"/history/?{query}"
        ).status_code in {
            200,
            400,
        }

    @pytest.mark.parametrize(
        "asked",
        [
            "x", "0001-01-01T00:00:00%2B23:59", "9999-12-31T23:59:59-23:59",
            "2026-01-01",
            "2026-01-01T00:00:00Z", "%00", "2026-W01-1T00Z",
            "0001-01-01T00:00:00-23:59",
        ],
    )  # fmt: skip
    def test_the_moment_of_asking_may_be_any(self, asked, sample):
        user = sample["manager"]
        User.objects.filter(pk=user.pk).update(time_zone="America/New_York")
        client = signed_in_client(user)
        for head in ({}, {"HX-Request": "true", "HX-Target": "thread"}):
            path = f"/leads/{sample['mos'].pk}/?asked={asked}"
            assert client.get(path, headers=head).status_code == 200

    @pytest.mark.parametrize(
        "fields",
        [
            {"member": HUGE}, {"member": "-1"}, {"member": "x"}, {"member": "\x00"},
            {"member": ""},
            {"expected": HUGE}, {"expected": "x"}, {"expected": "-1"},
            {"expected": "1.5"},
            {"note": 10_000 * "n"}, {"note": "\x00"}, {"expected": ["1", "2"]},
        ],
    )  # fmt: skip
    @pytest.mark.parametrize("is_htmx", [False, True], ids=["plain", "htmx"])
    def test_bad_forms_get_a_sentence(self, fields, is_htmx, sample):
        data = {"member": sample["cleo"].pk} | fields
        head = {"HX-Request": "true"} if is_htmx else {}
        client = signed_in_client(sample["manager"])

        response = client.post(f"/leads/{sample['mos'].pk}/assign/", data, headers=head)

        assert response.status_code in {200, 302, 409, 422}

    @pytest.mark.parametrize(
        ("name", "fields"),
        [
            ("add_member", {"member_id": HUGE, "name": "X"}),
            ("add_member", {"member_id": "7", "name": 300 * "x"}),
            ("add_member", {"member_id": "7", "name": "\x00"}),
            ("add_member", {"member_id": "7", "name": "X", "team": HUGE}),
            ("invite", {"login": "\x00", "name": "X", "role": "member"}),
            ("invite", {"login": "é" * 160, "name": "X", "role": "member"}),
            ("invite", {"login": "x", "name": "X", "role": "boss"}),
            ("invite", {"login": "x", "name": 400 * "x", "member": HUGE}),
            ("teams", {"name": 120 * "x"}), ("teams", {"name": " "}),
            ("teams", {"name": "X", "team_leads": [HUGE, "x"]}),
            ("new_target", {"amount": HUGE}), ("new_target", {"amount": "0"}),
            ("default_hours", {"day_0": "25:00"}), ("add_day_off", {"day": "soon"}),
            ("me", {"theme": "x"}), ("me", {"theme": "dark",
            "time_zone": "../../etc/passwd"}),
        ],
    )  # fmt: skip
    def test_bad_settings_get_a_sentence(self, name, fields, sample):
        response = signed_in_client(sample["manager"]).post(reverse(name), fields)

        assert response.status_code in {400, 409, 422}

    @pytest.mark.parametrize("capacity", [str(HUGE), "-1", "99999999"])
    def test_a_capacity_no_column_holds_gets_a_sentence(self, capacity, sample):
        data = {"name": "Mo", "is_active": "on", "capacity": capacity}
        response = signed_in_client(sample["manager"]).post(
            f"/team/{sample['mo'].pk}/", data
        )

        assert response.status_code in {302, 422}

    def test_a_pause_reason_of_any_length(self, sample):
        client = signed_in_client(sample["manager"])
        assert client.post("/system/pause/", {"reason": 5000 * "é"}).status_code == 302
        client.post("/system/resume/")
        assert client.post("/system/pause/", {"reason": "a\x00b"}).status_code in {
            302,
            422,
        }


class TestDaylightSaving:
    @pytest.mark.parametrize(
        "zone",
        [
            "Europe/Berlin",
            "Africa/Cairo",
            "America/St_Johns",
            "Pacific/Apia",
            "Asia/Beirut",
            "Australia/Lord_Howe",
        ],
    )
    def test_days_that_begin_or_end_oddly_are_whole(self, zone, sample):
        user = sample["manager"]
        User.objects.filter(pk=user.pk).update(time_zone=zone)
        client = signed_in_client(user)
        for day in (
            "2026-03-29",
            "2026-04-24",
            "2026-10-25",
            "2026-11-01",
            "2011-12-30",
        ):
            assert client.get(f"/inbox/?from={day}&to={day}").status_code == 200
