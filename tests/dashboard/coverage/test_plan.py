"""The form that plans an absence, and its preview."""

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from django.utils.html import escape
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import Coverage
from tests.dashboard.pages import htmx, queries_of
from tests.factories import (
    make_campaign,
    make_coverage,
    make_lead,
    make_member,
    make_team,
    make_user,
)


@pytest.fixture
def team():
    return make_team()


@pytest.fixture
def ana(team):
    return make_member("Ana Sousa", team=team, time_zone="Africa/Lagos")


@pytest.fixture
def ben(team):
    return make_member("Ben Okafor", team=team, capacity=2)


@pytest.fixture
def cem(team):
    return make_member("Cem Kaya", team=team)


@pytest.fixture
def lead(team, client):
    """A team lead, signed in."""
    user = make_user("Tina Lead")
    team.team_leads.add(user)
    client.force_login(user)
    return user


def day(number: int) -> str:
    return (timezone.localdate() + timedelta(days=number)).isoformat()


def typed(away, *covering, **said):
    values = {
        "member": away.pk,
        "drawn_for": away.pk,
        "first_day": day(7),
        "last_day": day(11),
        "zone": "Africa/Lagos",
        "scope": "active",
        "covering": [one.pk for one in covering],
        "start_note": "{away} is away. {covering} answers {lead}.",
        "return_note": "Back.",
    }
    return values | said


class TestFirstSight:
    def test_could_be_scheduled_as_it_is(self, client, lead, ana, ben, cem):
        page = client.get(f"/coverage/new/?member={ana.pk}")
        said = page.context["said"]

        response = client.post("/coverage/new/", dict(said.lists()))

        coverage = Coverage.objects.get()
        assertRedirects(response, f"/coverage/{coverage.pk}/")
        assert [one.member for one in coverage.coverers.all()] == [ben, cem]
        assert coverage.zone == "Africa/Lagos"
        assert (coverage.first_day.weekday(), coverage.last_day.weekday()) == (0, 4)
        assert coverage.start_note
        assert coverage.confirmed_by == lead

    def test_is_for_oneself_if_one_is_a_member(self, client, lead, ana, ben):
        ben.user = lead
        ben.save()

        assert client.get("/coverage/new/").context["away"] == ben

    def test_who_is_away_all_week_is_not_chosen_to_cover(
        self, client, lead, ana, ben, cem
    ):
        make_coverage(
            ben, first_day=timezone.localdate(), last_day=timezone.localdate()
            + timedelta(days=30), zone="UTC",
        )  # fmt: skip

        people = client.get(f"/coverage/new/?member={ana.pk}").context["people"]

        chosen = {str(one.member): one.is_chosen for one in people.near}
        assert chosen == {"Ben Okafor": False, "Cem Kaya": True}

    def test_can_begin_now_for_somebody_who_is_sick(self, client, lead, ana, ben):
        page = client.get(f"/coverage/new/?member={ana.pk}&from_now=1")

        client.post("/coverage/new/", dict(page.context["said"].lists()))

        coverage = Coverage.objects.get()
        assert abs(coverage.starts_at - timezone.now()) < timedelta(minutes=1)

    def test_can_be_filled_in_as_another_one_was(self, client, lead, ana, ben):
        other = make_coverage(ana, ben, comment="As in spring")

        page = client.get(f"/coverage/new/?like={other.pk}")

        assertContains(page, "As in spring")
        assertContains(page, 'value="2026-05-11"')

    def test_without_a_member_it_says_what_to_do(self, client, stranger):
        assertContains(client.get("/coverage/new/"), "No Smartlead member is linked")

    def test_the_number_of_queries_does_not_grow(self, client, lead, ana, ben):
        make_lead(owner=ana)
        few = queries_of(lambda: client.get(f"/coverage/new/?member={ana.pk}"))
        for number in range(8):
            make_member(f"M {number}")
            make_lead(owner=ana)

        assert queries_of(lambda: client.get(f"/coverage/new/?member={ana.pk}")) <= few


class TestPreview:
    def preview(self, client, data, **headers):
        return client.post("/coverage/preview/", data, headers=headers)

    def test_says_who_gets_how_many_and_who_is_over_capacity(
        self, client, lead, ana, ben, cem
    ):
        for _ in range(4):
            make_lead(owner=ana)
        make_lead(owner=ben)

        response = self.preview(client, typed(ana, ben, cem))

        assertContains(response, "4 leads</span>with 4 notes")
        assertContains(response, "1 now, 3 then, capacity 2")
        assertContains(response, "1 more than their capacity from the first day.")
        assertContains(response, "Smartlead needs about 1 second for this.")
        assertContains(response, "Load, line is capacity")

    def test_shares_divide_the_leads(self, client, lead, ana, ben, cem):
        for _ in range(4):
            make_lead(owner=ana)

        data = typed(ana, ben, cem, **{f"share_{ben.pk}": "3"})
        found = self.preview(client, data).context["preview"].preview

        assert [part.leads for part in found.parts] == [3, 1]

    def test_a_campaign_of_ones_own_goes_before_the_shares(
        self, client, lead, ana, ben, cem
    ):
        dach = make_campaign("DACH")
        make_lead(owner=ana, campaign=dach)
        make_lead(owner=ana)

        data = typed(ana, ben, cem, **{f"campaign_{cem.pk}": dach.pk})
        found = self.preview(client, data).context["preview"].preview

        assert {choice.why for choice in found.choices} == {
            "Cem Kaya covers this campaign.",
            "Ben Okafor covers all of the leads.",
        }

    def test_shows_the_note_on_a_real_lead(self, client, lead, ana, ben):
        make_lead("Lena <b>Lead", owner=ana)

        response = self.preview(client, typed(ana, ben))

        assertContains(response, "Ben Okafor answers Lena &lt;b&gt;Lead.")

    def test_says_when_nobody_covers_and_who_is_away(self, client, lead, ana, ben):
        first = timezone.localdate() + timedelta(days=10)
        make_coverage(ben, first_day=first, zone="Africa/Lagos")

        response = self.preview(client, typed(ana, ben))

        assertContains(response, "Nobody covers on")
        assertContains(response, 'class="gap"')

    def test_names_the_moments_in_both_zones(self, client, lead, ana, ben):
        lead.time_zone = "Asia/Tokyo"
        lead.save()

        response = self.preview(client, typed(ana, ben))

        assertContains(response, "00:00</span>Lagos")
        assertContains(response, "08:00 in Tokyo, your time")

    def test_writes_nothing(self, client, lead, ana, ben):
        self.preview(client, typed(ana, ben))

        assert not Coverage.objects.exists()

    def test_htmx_gets_the_form_and_the_preview_alone(self, client, lead, ana, ben):
        response = self.preview(client, typed(ana, ben), **htmx("planner"))

        assertNotContains(response, "<html")
        assertContains(response, 'id="preview"')

    def test_another_member_brings_another_team(self, client, lead, ana, ben, cem):
        data = typed(ben, ben, drawn_for=ana.pk, comment="Mine")

        response = self.preview(client, data)

        assert response.context["said"].getlist("covering") == [
            str(ana.pk), str(cem.pk)
        ]  # fmt: skip
        assertContains(response, "Mine")


def anchored(html: str) -> set[str]:
    """The fields that the summary of errors leads to."""
    return set(re.findall(r'<a class="link" href="#([^"]+)"', html))


def ids(html: str) -> set[str]:
    return set(re.findall(r'\bid="([^"]+)"', html))


def problem(client, data) -> str:
    response = client.post("/coverage/new/", data)
    assert response.status_code == 422
    assert not Coverage.objects.exclude(comment="other").exists()
    assertContains(response, 'id="errors"', status_code=422)
    return " ".join(sentence for _, sentence in response.context["errors"])


class TestBadInput:
    @pytest.mark.parametrize(
        ("said", "sentence"),
        [
            ({"last_day": day(6)}, "It ends before it starts."),
            ({"first_day": "soon"}, "That is not a day."),
            ({"first_day": ""}, "Choose the first day away."),
            ({"first_day": "2090-01-01"}, "years away"),
            ({"start_note": "{foo}"}, "is no placeholder"),
            ({"zone": "Mars/Base"}, "is no time zone"),
            ({"covering": []}, "Nobody covers."),
            ({"covering": ["x"]}, "Somebody chosen to cover"),
            ({"member": 999_999_999}, "Choose a member whose absence you may plan."),
            ({"campaign": ["x"]}, "A campaign chosen here is not known"),
            ({"scope": "some"}, "The scope is one of"),
            ({"last_time": "25:99"}, "That is not a time."),
            ({"comment": "x" * 1001}, "at most 1000 characters"),
        ],
    )
    def test_is_said_beside_its_field(self, client, lead, team, said, sentence):
        ana, ben = (make_member(name, team=team) for name in ("Ana", "Ben"))

        assert sentence in problem(client, typed(ana, ben, **said))

    @pytest.mark.parametrize("share", ["much", "NaN", "Infinity", "-1", "1e400"])
    def test_a_share_is_a_number(self, client, lead, ana, ben, share):
        said = {f"share_{ben.pk}": share}

        assert "share is a number" in problem(client, typed(ana, ben, **said)).lower()

    @pytest.mark.parametrize("known", ["999", "x"])
    def test_a_campaign_that_is_gone_is_not_taken_for_any(
        self, client, lead, ana, ben, known
    ):
        said = {f"campaign_{ben.pk}": known}

        assert "chosen for Ben" in problem(client, typed(ana, ben, **said))

    def test_shares_that_add_up_to_nothing(self, client, lead, ana, ben):
        said = {f"share_{ben.pk}": "0"}

        assert "add up to nothing" in problem(client, typed(ana, ben, **said))

    def test_nobody_covers_for_themselves(self, client, lead, ana):
        assert "cannot cover for themselves" in problem(client, typed(ana, ana))

    def test_another_absence_of_the_same_days_can_be_extended_instead(
        self, client, lead, ana, ben
    ):
        first = timezone.localdate() + timedelta(days=8)
        other = make_coverage(
            ana,
            ben,
            comment="other",
            zone="Africa/Lagos",
            first_day=first,
            last_day=first,
        )

        response = client.post("/coverage/new/", typed(ana, ben))
        offered = client.get(f"/coverage/{other.pk}/extend/?last_day={day(11)}")

        assert f"coverage {other.pk}" in problem(client, typed(ana, ben))
        for link in (f"/coverage/{other.pk}/", f"extend/?last_day={day(11)}"):
            assertContains(response, link, status_code=422)
        assertContains(offered, f'value="{day(11)}"')

    @pytest.mark.parametrize(
        ("field", "said"),
        [
            ("last_day", {"last_day": day(6)}),
            ("last_day", {"last_day": "2035-01-01"}),
            ("first_day", {"first_day": "2090-01-01", "last_day": "2090-01-02"}),
            ("first_day", {"from_now": "1", "first_day": "soon"}),
            ("start_note", {"start_note": "{foo}"}),
            ("return_note", {"return_note": "{bar}"}),
            ("zone", {"zone": "Mars/Base"}),
            ("covering", {"covering": []}),
            ("campaign", {"campaign": ["x"]}),
            ("category", {"category": [str(10**30)]}),
            ("fallback", {"fallback": "x"}),
            ("arrivals", {"arrivals": "x"}),
            ("on_return", {"on_return": "x"}),
            ("first_time", {"first_time": "x"}),
            ("comment", {"comment": "x" * 1001}),
        ],
    )
    def test_stands_beside_its_field_and_loses_nothing(
        self, client, lead, team, field, said
    ):
        ana, ben = (make_member(name, team=team) for name in ("Ana", "Ben"))
        kept = {"comment": "Family visit", "start_note": "{away} rests."}

        response = client.post("/coverage/new/", typed(ana, ben, **(kept | said)))

        html = response.content.decode()
        (sentence,) = response.context["form"].errors[field]
        assert html.count(escape(sentence)) == 2  # in the summary, and there
        assert anchored(html) <= ids(html)
        assert not {text for text in kept.values() if text not in html} - {
            kept.get(field)
        }

    def test_a_wrong_share_is_said_at_its_member(self, client, lead, ana, ben):
        data = typed(ana, ben, **{f"share_{ben.pk}": "1001"})

        response = client.post("/coverage/new/", data)

        assertContains(response, f'href="#share-{ben.pk}"', status_code=422)
        assertContains(response, f'id="share-{ben.pk}-wrong"', status_code=422)
        assertContains(response, 'value="1001"', status_code=422)

    def test_whoever_covers_must_be_there_for_a_part_of_it(
        self, client, lead, ana, ben
    ):
        first = timezone.localdate()
        make_coverage(
            ben, comment="other", first_day=first, last_day=first + timedelta(days=30)
        )

        said = problem(client, typed(ana, ben))

        assert "Ben Okafor is away the whole time too." in said
        assert "Choose somebody else, or a fallback." in said

    def test_what_was_typed_stays(self, client, lead, ana, ben):
        data = typed(ana, ben, last_day=day(1), comment="Back on Monday")

        response = client.post("/coverage/new/", data)

        assertContains(response, "Back on Monday", status_code=422)
        assertContains(response, f'value="{day(1)}"', status_code=422)
        assertContains(response, 'aria-invalid="true"', status_code=422)


class TestRights:
    def test_a_member_proposes_their_own(self, client, ana, ben):
        ana.user = make_user("Ana Sousa")
        ana.save()
        client.force_login(ana.user)

        client.post("/coverage/new/", typed(ana, ben))

        assert Coverage.objects.get().state == "proposed"

    def test_not_that_of_others(self, client, ana, ben):
        ana.user = make_user("Ana Sousa")
        ana.save()
        client.force_login(ana.user)

        assert "whose absence you may plan" in problem(client, typed(ben, ana))

    def test_a_lead_of_another_team_may_not(self, client, ana, ben):
        lead = make_user()
        make_team(leads=(lead,))
        client.force_login(lead)

        assert "whose absence you may plan" in problem(client, typed(ana, ben))
