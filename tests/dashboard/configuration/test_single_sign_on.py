from allauth.socialaccount.models import SocialAccount
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import GroupMapping, User
from tests.dashboard.pages import queries_of
from tests.factories import make_team, make_user

ADDRESS = "/settings/single-sign-on/"


def make_link(issuer: str, name: str = "Ana", **data: object) -> SocialAccount:
    user = make_user(name)
    return SocialAccount.objects.create(
        user=user, provider=issuer, uid=f"sub-{user.pk}", extra_data=data
    )


def test_a_line_is_added_and_removed(client, manager):
    team = make_team("EMEA")
    said = {"claim_value": "emea-leads", "role": "team_lead", "team": team.pk}

    assertRedirects(client.post(ADDRESS, said), ADDRESS)

    line = GroupMapping.objects.get()
    assertContains(client.get(ADDRESS), "emea-leads")
    assertRedirects(client.post(f"{ADDRESS}groups/{line.pk}/remove/"), ADDRESS)
    assert not GroupMapping.objects.exists()


def test_a_line_that_cannot_be_is_refused(client, manager):
    lead = {"claim_value": "x", "role": "team_lead"}

    assertContains(client.post(ADDRESS, lead), "Choose the team", status_code=409)
    assert client.post(ADDRESS, {"role": "emperor"}).status_code == 422


def test_groups_without_a_line_are_shown_and_lead_to_the_form(
    client, manager, settings
):
    settings.OIDC_ISSUER = "https://id.example.com"
    make_link(settings.OIDC_ISSUER, groups=["sales", "finance"])
    make_link(settings.OIDC_ISSUER, groups=["finance"])
    GroupMapping.objects.create(claim_value="sales", role="sales_manager")

    page = client.get(ADDRESS)

    assertContains(page, "?group=finance")
    assertNotContains(page, "?group=sales")
    assertContains(client.get(f"{ADDRESS}?group=finance"), 'value="finance"')


def test_a_login_is_unlinked(client, manager, settings):
    settings.OIDC_ISSUER = "https://id.example.com"
    account = make_link(settings.OIDC_ISSUER, email="ana@example.com")
    assertContains(client.get(ADDRESS), "ana@example.com")

    assertRedirects(client.post(f"{ADDRESS}logins/{account.pk}/unlink/"), ADDRESS)

    assert not SocialAccount.objects.exists()
    assert User.objects.filter(pk=account.user_id).exists()


def test_only_an_administrator_unlinks_one(client, manager, settings):
    account = make_link("https://id.example.com")
    User.objects.filter(pk=account.user_id).update(is_superuser=True)

    client.post(f"{ADDRESS}logins/{account.pk}/unlink/")

    assert SocialAccount.objects.exists()


def test_others_are_kept_out(client, stranger):
    assert client.get(ADDRESS).status_code == 403


def test_the_page_asks_as_often_for_50_as_for_1(client, manager, settings):
    settings.OIDC_ISSUER = "https://id.example.com"

    def add(number: int) -> None:
        for index in range(number):
            make_link(settings.OIDC_ISSUER, groups=[f"g{index}"])
            GroupMapping.objects.create(
                claim_value=f"x{index}", role="team_lead", team=make_team()
            )

    add(1)
    client.get(ADDRESS)
    few = queries_of(lambda: client.get(ADDRESS))
    add(49)

    assert queries_of(lambda: client.get(ADDRESS)) == few
