"""A login that is deactivated: what ends at once, and what its page still names."""

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from assignments.models import (
    AccessChange,
    CalendarFeed,
    CoverageEvent,
    Mail,
    User,
)
from assignments.services.notifications.invitation_mail import (
    invitation_path,
    invited_user,
)
from assignments.services.people import deactivation
from tests.dashboard.pages import queries_of
from tests.factories import (
    make_absence,
    make_assignment,
    make_batch,
    make_coverage,
    make_feed,
    make_lead,
    make_mail,
    make_manager,
    make_member,
    make_notification,
    make_rule,
    make_table,
    make_team,
    make_user,
)

FORM = {"first_name": "Mo", "last_name": "Member"}


@pytest.fixture
def mo(manager) -> User:
    return make_user("Mo Member")


def deactivate(client, user):
    return client.post(f"/settings/users/{user.pk}/", FORM, follow=True)


def allow(client, user):
    return client.post(
        f"/settings/users/{user.pk}/", FORM | {"is_active": "on"}, follow=True
    )


def signed_in(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


class TestEnd:
    def test_all_their_sessions_are_gone_and_no_others(self, client, manager, mo):
        first, second = signed_in(mo), signed_in(mo)

        response = deactivate(client, mo)

        keys = set(Session.objects.values_list("pk", flat=True))
        assert keys == {client.session.session_key}
        for browser in (first, second):
            assert browser.get("/inbox/").status_code == 302
        assertContains(response, "2 sessions")

    def test_an_old_session_does_not_work_once_they_are_allowed_again(
        self, client, manager, mo
    ):
        browser = signed_in(mo)
        kept = Session.objects.get(pk=browser.session.session_key)
        deactivate(client, mo)
        kept.save(force_insert=True)  # as if it had been written at the same moment

        allow(client, mo)

        assert browser.get("/inbox/").status_code == 302

    def test_addresses_of_calendars_they_knew_end_and_others_go_on(
        self, client, manager, mo
    ):
        theirs = make_feed(token="theirs")
        CalendarFeed.objects.filter(pk=theirs.pk).update(created_by=mo)
        make_feed(make_team(leads=(mo,)), token="led")
        make_feed(token="other")

        response = deactivate(client, mo)

        answers = {
            token: Client().get(f"/coverage/calendar/{token}.ics").status_code
            for token in ("theirs", "led", "other")
        }
        assert answers == {"theirs": 404, "led": 404, "other": 200}
        assertContains(response, "2 calendar addresses")

    def test_mails_that_wait_are_never_sent(self, client, manager, mo):
        waiting = make_mail(user=mo)
        make_mail(user=mo, purpose=Mail.Purpose.INVITATION)
        told = make_notification(mo, mail=waiting)
        make_notification(mo, mail_waits=True)
        sent = make_mail(user=mo, state="sent", finished_at=timezone.now())

        deactivate(client, mo)

        assert list(Mail.objects.all()) == [sent]
        told.refresh_from_db()
        assert told.mail is None
        assert not mo_waits(mo)

    def test_a_link_of_before_opens_nothing_afterwards(self, client, manager, mo):
        mo.set_unusable_password()
        mo.save()
        key, token = invitation_path(mo).strip("/").split("/")[-2:]
        assert invited_user(key, token) == mo

        deactivate(client, mo)
        allow(client, mo)

        assert invited_user(key, token) is None

    def test_the_password_of_before_does_not_come_back(self, client, manager, mo):
        deactivate(client, mo)

        page = allow(client, mo)

        assertRedirects(page, f"/settings/users/{mo.pk}/")
        assertContains(page, "Nothing that was ended comes back")
        assertContains(page, "Make a new invitation link")
        assert not User.objects.get(pk=mo.pk).check_password("correct horse")

    def test_what_others_add_to_the_list_ends_too(
        self, client, manager, mo, monkeypatch
    ):
        ended = []
        extra = deactivation.EndableAccess(
            code="chat", one="chat channel", many="chat channels",
            end=lambda user: ended.append(user) or 3,
        )  # fmt: skip
        monkeypatch.setattr(
            deactivation,
            "ENDED_WITH_LOGIN",
            [*deactivation.ENDED_WITH_LOGIN, extra],
        )

        response = deactivate(client, mo)

        assert ended == [mo]
        assertContains(response, "3 chat channels")

    def test_saving_another_field_ends_nothing(self, client, manager, mo):
        browser = signed_in(mo)

        allow(client, mo)

        assert browser.get("/inbox/").status_code == 200
        assert not AccessChange.objects.exists()

    def test_a_refused_change_ends_nothing(self, client, manager):
        response = deactivate(client, manager)

        assertContains(response, "is the last sales manager", status_code=409)
        assert client.get("/inbox/").status_code == 200


def mo_waits(user: User) -> bool:
    return user.notifications.filter(mail_waits=True).exists()


class TestLeaving:
    def test_with_the_member_their_login_ends(self, client, manager, mo):
        member = make_member("Mo Member", user=mo)
        browser = signed_in(mo)

        page = client.get(f"/team/{member.pk}/leaving/")
        response = client.post(f"/team/{member.pk}/deactivate/", follow=True)

        assertContains(page, "Deactivate Mo Member")
        assertContains(response, "Their login is shut: 1 session ended.")
        assert browser.get("/inbox/").status_code == 302
        assert AccessChange.objects.get().actor == manager

    def test_a_sales_managers_login_stays(self, client, manager):
        member = make_member(user=make_manager("Zoe Other"))

        client.post(f"/team/{member.pk}/deactivate/")

        assert User.objects.get(pk=member.user_id).is_active

    def test_to_activate_the_member_leaves_the_login_shut_and_says_so(
        self, client, manager, mo
    ):
        member = make_member("Mo Member", user=mo)
        client.post(f"/team/{member.pk}/deactivate/")

        response = client.post(f"/team/{member.pk}/activate/", follow=True)

        assertContains(response, "Their login stays shut")
        assert not User.objects.get(pk=mo.pk).is_active


class TestPage:
    def test_names_what_they_still_have_with_links(self, client, manager, mo):
        member = make_member("Mo Member", user=mo)
        cleo = make_member("Cleo Other")
        make_lead("Lena Lead", owner=member)
        rule, table = make_rule(member, cleo), make_table({"de": member})
        team = make_team("North", leads=(mo,))
        covering, own = make_coverage(cleo, member), make_absence(member)
        batch = make_batch([make_lead()], cleo, actor=manager)
        batch.actor = mo
        batch.save()
        batch.assignments.update(actor=mo)

        response = deactivate(client, mo)

        for address in (
            f"/inbox/?owner={member.pk}",
            f"/routing/{rule.pk}/",
            f"/settings/mappings/{table.pk}/",
            f"/settings/teams/{team.pk}/",
            f"/coverage/{covering.pk}/coverer/",
            f"/coverage/{own.pk}/",
            f"/batches/{batch.pk}/",
        ):
            assertContains(response, f'href="{address}"')

    def test_names_what_they_did(self, client, manager, mo):
        make_assignment(make_lead(), make_member(), actor=mo)
        coverage = make_coverage(make_member("Cleo Away"))
        CoverageEvent.objects.create(
            coverage=coverage, at=timezone.now(), actor=mo, sentence="Confirmed."
        )
        deactivate(client, mo)

        response = client.get(f"/settings/users/{mo.pk}/")

        assertContains(response, f'href="/history/?actor={mo.pk}"')
        assertContains(response, "1 change of owner")
        assertContains(response, f'href="/coverage/{coverage.pk}/"')
        assertContains(response, "by Sara Klein")

    def test_somebody_who_has_nothing_is_said_to_have_nothing(
        self, client, manager, mo
    ):
        response = client.get(f"/settings/users/{mo.pk}/")

        assertContains(response, "No leads, coverages, rules, teams or batches")
        assertNotContains(response, "Deactivated</b>")

    def test_costs_the_same_whatever_they_did(self, client, manager, mo):
        def add() -> None:
            make_assignment(make_lead(owner=member), member, actor=mo)
            make_coverage(make_member(), created_by=mo)

        member = make_member(user=mo)
        add()
        path = f"/settings/users/{mo.pk}/"
        client.get(path)
        one = queries_of(lambda: client.get(path))
        for _ in range(20):
            add()

        assert queries_of(lambda: client.get(path)) == one
