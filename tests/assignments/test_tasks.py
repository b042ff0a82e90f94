from datetime import time, timedelta

import pytest
from django.db import transaction
from django.utils import timezone
from django_q.models import Schedule

from assignments import task_queue, tasks
from assignments.models import Heartbeat, Lead, Message, Notification, TaskLease
from assignments.models.assignment import State
from assignments.models.notification import NotificationKind
from assignments.services import task_leases
from assignments.services.mail_content import parse_waiting
from assignments.services.notifications.notify import notify
from assignments.services.notifications.preferences import (
    KindPreference,
    save_preferences,
)
from assignments.services.sla import recalculate
from tests.chat_messages import add_channel
from tests.dispatch_harness import state_of
from tests.factories import (
    make_assignment,
    make_lead,
    make_manager,
    make_message,
    make_notification,
    make_target,
    make_user,
)
from tests.smtp_server import SmtpServer, mailers


def hold_leases(*names: str) -> None:
    later = timezone.now() + timedelta(minutes=1)
    for name in names:
        TaskLease.objects.update_or_create(name=name, defaults={"until": later})


class TestDispatch:
    def test_sends_what_is_due_and_releases_its_lease(self, office):
        row = make_assignment(office.lead(), office.members[1])

        tasks.dispatch()

        assert state_of(row) == State.DONE
        assert not TaskLease.objects.filter(until__isnull=False).exists()

    def test_does_nothing_while_both_leases_are_taken(self, office):
        row = make_assignment(office.lead(), office.members[1])
        hold_leases(*task_queue.DISPATCH_LEASES)

        assert tasks.dispatch() == "Both seats are taken."
        assert state_of(row) == State.WAITING

    def test_looks_once_more_after_releasing_its_lease(
        self, office, settings, queued, django_capture_on_commit_callbacks
    ):
        settings.SEAT_TIME = 0
        make_assignment(office.lead(), office.members[1])

        with django_capture_on_commit_callbacks(execute=True):
            tasks.dispatch()

        assert queued == [("assignments.tasks.dispatch",)]

    def test_a_failing_dispatcher_releases_its_lease(self, office, monkeypatch):
        def fail(*_, **__):
            raise ZeroDivisionError

        monkeypatch.setattr(tasks.Dispatcher, "run", fail)

        with pytest.raises(ZeroDivisionError):
            tasks.dispatch()

        assert not TaskLease.objects.filter(until__isnull=False).exists()


class TestParseMails:
    @pytest.fixture
    def waiting(self, db) -> None:
        """Three mails that no parser has seen, two at once."""
        lead = make_lead()
        for _ in range(3):
            make_message(lead, parser_version=0)

    def test_parses_all_that_wait(self, waiting, monkeypatch):
        monkeypatch.setattr(parse_waiting, "CHUNK", 2)

        assert tasks.parse_mails() == "3 texts parsed."
        assert not parse_waiting.is_anything_unparsed()

    def test_looks_once_more_when_its_time_is_up(
        self, waiting, settings, queued, django_capture_on_commit_callbacks
    ):
        settings.SEAT_TIME = 0

        with django_capture_on_commit_callbacks(execute=True):
            assert tasks.parse_mails() == "0 texts parsed."

        assert queued == [("assignments.tasks.parse_mails",)]

    def test_does_nothing_while_its_lease_is_taken(self, waiting):
        hold_leases(task_queue.PARSER_LEASE)

        assert tasks.parse_mails() == "Somebody else is parsing."

    def test_is_nudged_by_the_tick_while_something_waits(
        self, waiting, queued, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            tasks.tick()

        assert ("assignments.tasks.parse_mails",) in queued


class TestDeadlines:
    @pytest.fixture
    def many(self, monkeypatch):
        """Five leads that owe an answer, two at once."""
        monkeypatch.setattr(recalculate, "CHUNK", 2)
        make_target(60)
        for _ in range(5):
            make_lead(answer_owed=True, answer_due_at=None)

    def test_what_is_too_much_for_a_request_is_left_to_a_task(
        self, db, many, queued, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            recalculate.recalculate_all()
        assert queued == [("assignments.tasks.work_out_dues",)]

        assert tasks.work_out_dues() == "3 leads."

        assert not recalculate.is_unfinished()
        assert not Lead.objects.filter(answer_due_at=None).exists()

    def test_are_worked_out_by_one_at_a_time(self, db, many):
        recalculate.recalculate_all()
        hold_leases(task_queue.DEADLINES_LEASE)

        assert tasks.work_out_dues() == "Somebody else is working it out."

    def test_a_lost_nudge_costs_a_minute(
        self, office, many, queued, django_capture_on_commit_callbacks
    ):
        recalculate.restart()

        with django_capture_on_commit_callbacks(execute=True):
            tasks.tick()

        assert ("assignments.tasks.work_out_dues",) in queued


class TestLeases:
    def test_a_lease_is_held_by_one_at_a_time(self, db):
        now = timezone.now()
        later = now + timedelta(seconds=45)

        taken = [
            task_leases.acquire_lease(("one",), at=now, until=later) for _ in range(2)
        ]

        assert [seat is None for seat in taken] == [False, True]

    def test_the_lease_of_a_dead_process_runs_out(self, db):
        now = timezone.now()
        task_leases.acquire_lease(("one",), at=now, until=now + timedelta(seconds=45))

        at = now + timedelta(seconds=46)

        assert task_leases.acquire_lease(
            ("one",), at=at, until=at + timedelta(seconds=45)
        )

    def test_a_late_release_does_not_free_the_lease_of_the_next(self, db):
        now = timezone.now()
        late = task_leases.acquire_lease(("one",), at=now, until=now)
        task_leases.acquire_lease(("one",), at=now, until=now + timedelta(seconds=45))

        task_leases.release_lease(late)

        assert task_leases.acquire_lease(("one",), at=now, until=now) is None


class TestNudges:
    def test_one_nudge_a_transaction(
        self, db, queued, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True), transaction.atomic():
            task_queue.nudge_dispatch()
            task_queue.nudge_dispatch()

        assert len(queued) == 1

    def test_no_nudge_while_both_leases_are_taken(
        self, db, queued, django_capture_on_commit_callbacks
    ):
        hold_leases(*task_queue.DISPATCH_LEASES)

        with django_capture_on_commit_callbacks(execute=True):
            task_queue.nudge_dispatch()

        assert queued == []


class TestTick:
    def test_records_a_heartbeat_and_nudges_the_sync(
        self, db, queued, django_capture_on_commit_callbacks
    ):
        with django_capture_on_commit_callbacks(execute=True):
            tasks.tick()

        assert Heartbeat.objects.filter(name="worker").exists()
        assert ("assignments.tasks.sync",) in queued

    def test_is_the_one_schedule_that_migrate_makes(self, db):
        assert [row.func for row in Schedule.objects.all()] == [
            "assignments.tasks.tick"
        ]


def test_sync_reads_the_inbox(office, settings):
    settings.SEAT_TIME = 25  # it leaves earlier: nothing more comes due

    tasks.sync()

    leads = office.world.store.leads.values()
    replied = {lead.map_id for lead in leads if lead.last_reply_at}
    assert replied <= set(Lead.objects.values_list("pk", flat=True))


def test_open_lead_fetches_the_conversation(office):
    lead = office.lead()

    tasks.open_lead(lead.pk)

    assert Message.objects.filter(lead=lead).exists()


def preferences_without_quiet_hours(user) -> None:
    save_preferences(
        user=user,
        choices={NotificationKind.ASSIGNED: KindPreference()},
        digest_at=time(8),
        quiet_from=None,
        quiet_to=None,
    )


class TestMails:
    @pytest.fixture
    def told(self, postbox: SmtpServer) -> SmtpServer:
        user = make_user(email="ana@example.com")
        preferences_without_quiet_hours(user)
        notify(
            user,
            kind=NotificationKind.ASSIGNED,
            key="1",
            subject="3 leads are yours",
            text="",
            path="/inbox/",
            at=timezone.now(),
        )
        return postbox

    def test_are_written_and_sent(self, db, told):
        assert tasks.send_mails() == "Mails sent: 1."
        assert told.subjects == [("ana@example.com", "3 leads are yours")]

    def test_one_at_a_time(self, db, told):
        hold_leases(task_queue.MAILS_LEASE)

        assert tasks.send_mails() == "Somebody else is sending."

    def test_a_notification_nudges(
        self, db, postbox, queued, django_capture_on_commit_callbacks, request
    ):
        with django_capture_on_commit_callbacks(execute=True):
            request.getfixturevalue("told")

        assert queued == [("assignments.tasks.send_mails",)]

    def test_a_tick_nudges_while_something_waits(
        self, db, postbox, queued, django_capture_on_commit_callbacks
    ):
        told = make_notification(make_user(), mail_waits=True)
        nudges_of = []
        for waits in (True, False):
            Notification.objects.filter(pk=told.pk).update(mail_waits=waits)
            queued.clear()
            with django_capture_on_commit_callbacks(execute=True):
                tasks.tick()
            nudges_of.append(("assignments.tasks.send_mails",) in queued)

        assert nudges_of == [True, False]

    def test_chat_goes_on_by_itself(self, db, chat, queued):
        user = make_manager()
        add_channel(chat, user)
        make_notification(user, chat_waits=True)
        preferences_without_quiet_hours(user)
        hold_leases(task_queue.MAILS_LEASE)

        assert tasks.send_chats() == "Messages in chat: 1."
        assert len(chat.texts) == 1

    def test_a_tick_nudges_chat_while_something_waits(
        self, db, queued, django_capture_on_commit_callbacks
    ):
        make_notification(make_user(), chat_waits=True)

        with django_capture_on_commit_callbacks(execute=True):
            tasks.tick()

        assert ("assignments.tasks.send_chats",) in queued

    def test_a_server_that_is_down_is_not_asked_again_at_once(
        self, db, told, settings, queued, django_capture_on_commit_callbacks
    ):
        settings.MAILERS = mailers(told, port=1)

        with django_capture_on_commit_callbacks(execute=True):
            tasks.send_mails()

        assert queued == []
