from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import User
from tests.dashboard.pages import htmx
from tests.factories import make_user


def test_signing_in_leads_a_member_to_the_inbox(client):
    make_user("Uma", username="uma")

    response = client.post(
        "/accounts/login/", {"username": "uma", "password": "correct horse"}
    )

    assertRedirects(response, "/inbox/")


def test_a_wrong_password_is_said_and_five_lock(client):
    make_user("Uma", username="uma")
    wrong = {"username": "uma", "password": "wrong"}

    assertContains(client.post("/accounts/login/", wrong), "do not match")
    for _ in range(4):
        response = client.post("/accounts/login/", wrong)

    assertContains(response, "locked for 15 minutes", status_code=429)


def test_signing_out_needs_a_post(client, manager):
    assert client.get("/accounts/logout/").status_code == 405
    assertRedirects(client.post("/accounts/logout/"), "/accounts/login/")


OWN = {"theme": "dark", "density": "compact", "time_zone": "Asia/Tokyo"}


def test_what_people_set_about_themselves_is_kept(client, manager):
    assertRedirects(client.post("/accounts/me/", OWN), "/accounts/me/")

    assert User.objects.get().time_zone == "Asia/Tokyo"
    page = client.get("/accounts/me/")
    assertContains(page, 'data-theme="dark" data-density="compact">')
    assertContains(page, 'data-keys="off"')


def test_a_theme_or_zone_that_does_not_exist_is_refused(client, manager):
    for wrong in ({"theme": "pink"}, {"time_zone": "Mars/Base"}, {"density": "wide"}):
        assert client.post("/accounts/me/", OWN | wrong).status_code == 422


def test_a_button_of_the_menu_changes_one_thing_and_leads_back(client, manager):
    client.post("/accounts/me/", OWN | {"single_keys": "on"})

    response = client.post("/accounts/look/", {"theme": "light", "next": "/history/"})

    assertRedirects(response, "/history/")
    came_from = {"Referer": "http://testserver/history/?cause=bulk"}
    again = client.post("/accounts/look/", {"theme": "light"}, headers=came_from)
    assertRedirects(again, came_from["Referer"], fetch_redirect_response=False)
    user = User.objects.get()
    assert (user.theme, user.density, user.single_keys) == ("light", "compact", True)
    client.post("/accounts/look/", {"single_keys": "false"})
    assert not User.objects.get().single_keys
    assert client.post("/accounts/look/", {"theme": "pink"}).status_code == 422


def test_a_new_password_keeps_the_session(client, manager):
    new = "a fine new passphrase"
    data = {"old_password": "correct horse", "new_password1": new, "new_password2": new}

    assertRedirects(client.post("/accounts/password/", data), "/accounts/me/")

    assert User.objects.get().check_password(new)
    assert client.get("/inbox/").status_code == 200


def test_a_password_that_is_too_simple_is_refused(client, manager):
    data = {"old_password": "correct horse", "new_password1": "1", "new_password2": "1"}

    assert client.post("/accounts/password/", data).status_code == 422


def test_an_expired_login_moves_the_page_instead_of_landing_in_a_row(client, db):
    response = client.get("/inbox/", headers=htmx("list"))

    assert response["HX-Redirect"] == "/accounts/login/?next=/inbox/"
    assertNotContains(response, "<form")


def test_a_zone_that_the_system_lost_does_not_break_pages(client):
    client.force_login(make_user(time_zone="Mars/Base"))

    assert client.get("/inbox/").status_code == 200


def test_the_admins_door_is_ours(client, db):
    response = client.get("/admin/login/?next=/admin/", follow=True)

    assertContains(response, "Sign in")
    assertNotContains(response, "Django administration")


def test_no_page_of_others_is_led_back_to(client, manager):
    there = {"Referer": "https://evil.example/"}

    response = client.post("/accounts/look/", {"theme": "dark"}, headers=there)

    assertRedirects(response, "/accounts/me/")


def test_the_menu_shows_which_side_is_on(client, manager):
    page = client.get("/inbox/")

    assertContains(page, 'name="theme" value="system" aria-pressed="true"')
    assertContains(page, 'name="density" value="compact" aria-pressed="false"')
    assertContains(page, 'commandfor="help"')
