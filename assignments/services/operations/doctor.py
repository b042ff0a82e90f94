"""Checks of an installation: each finding says what is wrong and what to do about it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.checks.security.base import (
    SECRET_KEY_INSECURE_PREFIX,
    SECRET_KEY_MIN_LENGTH,
    SECRET_KEY_MIN_UNIQUE_CHARACTERS,
)
from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone
from django.utils.http import is_same_domain
from django_q.models import Failure, Schedule

from assignments import database_clock, schedule
from assignments.models import Account, Assignment, Heartbeat, SyncSource, User
from assignments.services import account as accounts
from assignments.services.operations import status
from assignments.services.operations.findings import (
    Finding,
    FindingState,
    fine,
    note,
    problem,
)
from assignments.services.operations.host_checks import host_findings
from assignments.services.operations.migration_state import migrations
from assignments.services.operations.secret_checks import stored_secrets
from assignments.services.operations.server_checks import (
    disk_space,
    mail_server,
    plain_http,
)
from assignments.services.operations.sign_in_checks import sign_in_findings
from assignments.services.webhooks import authentication
from assignments.smartlead.budget import CallKind
from assignments.smartlead.client import Client
from assignments.smartlead.errors import SmartleadError

# Used by the commands as parts of this module.
__all__ = ["Finding", "FindingState", "fine", "migrations", "note", "problem"]

CLOCK_TOLERANCE = timedelta(seconds=2)
# A Date header has whole seconds, and the answer was some time on its way.
SMARTLEAD_CLOCK_TOLERANCE = timedelta(seconds=10)
# How long `doctor` takes a worker that was stopped for one that is started again.
STOP_TOLERANCE = timedelta(hours=1)
QUEUE_TOLERANCE = timedelta(minutes=10)
PATIENCE = 60  # seconds to wait for a slot of the budget


def examine_installation(*, at: datetime) -> Iterator[Finding]:
    """Yield all findings that need no call to Smartlead: settings, static files, disk,
    mail, database, migrations, clock, work.

    Ends after the database if that cannot be used, and before work if migrations do not
    fit.
    """
    yield from settings_findings()
    yield static_files()
    yield disk_space()
    yield mail_server()
    reachable = database()
    yield reachable
    if reachable.is_problem:
        return
    pending = migrations()
    yield pending
    yield clock(at=timezone.now())  # the host's own, which is compared
    if pending.is_problem:
        return
    yield from work_findings(at=at)


def before_serving(*, has_web: bool) -> Iterator[Finding]:
    """Yield findings on static files (if the web part is to be served), database and
    migrations, without which every page would fail.
    """
    if has_web:
        yield static_files()
    yield database()
    yield migrations()


def settings_findings() -> Iterator[Finding]:
    yield api_key()
    yield secret_key()
    yield debug()
    yield address()
    yield webhooks()


def work_findings(*, at: datetime) -> Iterator[Finding]:
    account = accounts.current_account()
    yield people()
    yield from sign_in_findings()
    yield stored_secrets()
    yield binding(account)
    yield writes(account)
    yield smartlead(account)
    yield worker(at=at)
    yield from host_findings(at=at)
    yield schedules()
    yield queue(account, at=at)
    yield from sources()
    yield failures(at=at)


def online(*, client: Client) -> Iterator[Finding]:
    """Make one cheap read of Smartlead within the budget and yield its finding; then
    one on the clock, if the answer told Smartlead's time.
    """
    yield smartlead_answers(client=client)
    if client.server_time is not None:
        yield smartlead_clock(server_time=client.server_time, at=timezone.now())


def smartlead_clock(*, server_time: datetime, at: datetime) -> Finding:
    skew = abs(server_time - at)
    if skew > SMARTLEAD_CLOCK_TOLERANCE:
        return problem(
            "clock",
            f"This machine and Smartlead are {skew.total_seconds():.0f} s apart.",
            "Keep this machine in time (NTP): what is fresh is decided by the clock.",
        )
    return fine("clock", "This machine and Smartlead agree on the time.")


def smartlead_answers(*, client: Client) -> Finding:
    slot = client.wait_for_slot(
        CallKind.INTERACTIVE, until=database_clock.seconds() + PATIENCE
    )
    if slot is None:
        return problem(
            "online",
            "The budget had no free call within a minute.",
            "See /system/: after a 429, or when others use the key, calls wait.",
        )
    try:
        with client.use_slot(slot):
            client.probe()
    except SmartleadError as error:
        return problem("online", str(error), "Nothing is lost: changes wait here.")
    return fine("online", f"{settings.SMARTLEAD_BASE_URL} takes our calls.")


# ── Settings ────────────────────────────────────────────────────────────────────
def api_key() -> Finding:
    if not settings.SMARTLEAD_API_KEY:
        return problem(
            "key",
            "There is no API key.",
            "Set SMARTLEAD_API_KEY, or try Handoff without one: make run",
        )
    which = "the real Smartlead" if settings.SMARTLEAD_IS_REAL else "a stand-in"
    return fine("key", f"There is an API key, for {which}.")


def secret_key() -> Finding:
    if _is_weak(settings.SECRET_KEY):
        return problem(
            "secret",
            "SECRET_KEY is short enough to be guessed.",
            "Make one: python -c 'import secrets; print(secrets.token_urlsafe(50))'",
        )
    if any(map(_is_weak, settings.SECRET_KEY_FALLBACKS)):
        return problem(
            "secret",
            "A key of SECRET_KEY_FALLBACKS is short enough to be guessed.",
            "Take it out: it signs sessions like SECRET_KEY itself.",
        )
    return fine("secret", "SECRET_KEY is long enough.")


def _is_weak(key: str) -> bool:
    return (
        len(key) < SECRET_KEY_MIN_LENGTH
        or len(set(key)) < SECRET_KEY_MIN_UNIQUE_CHARACTERS
        or key.startswith(SECRET_KEY_INSECURE_PREFIX)
    )


def debug() -> Finding:
    if settings.DEBUG:
        return problem(
            "debug", "DEBUG is on: error pages show settings.", "Set DEBUG=0."
        )
    return fine("debug", "DEBUG is off.")


def address() -> Finding:
    host = urlsplit(settings.SITE_URL).hostname or ""
    allowed = settings.ALLOWED_HOSTS
    if "*" in allowed:
        return note(
            "address",
            "ALLOWED_HOSTS lets every name in.",
            f"Set ALLOWED_HOSTS={host} unless a proxy checks the name.",
        )
    if not any(is_same_domain(host, name) for name in allowed):
        return problem(
            "address",
            f"{settings.SITE_URL} answers 400, since ALLOWED_HOSTS lacks {host}.",
            f"Set ALLOWED_HOSTS={host}.",
        )
    return plain_http() or fine("address", f"{settings.SITE_URL} is let in.")


def webhooks() -> Finding:
    if not settings.SMARTLEAD_WEBHOOK_SECRET:
        return fine("Webhooks", "Off; polling brings every reply within a minute.")
    if not authentication.is_open():
        return problem(
            "Webhooks",
            "SMARTLEAD_WEBHOOK_SECRET is too short, so no webhook is let in.",
            f"Give it at least {authentication.SHORTEST_SECRET} characters.",
        )
    return fine("Webhooks", "On; Settings, Webhooks shows whether they arrive.")


def static_files() -> Finding:
    # Only the storage of production has a manifest.
    read = getattr(staticfiles_storage, "read_manifest", None)
    if read is None:
        return fine("static", "Static files come straight from the source.")
    if read() is None:
        return problem(
            "static",
            "Static files have not been collected.",
            "Run: manage.py collectstatic --noinput",
        )
    return fine("static", "Static files are collected.")


# ── Database ────────────────────────────────────────────────────────────────────
def database() -> Finding:
    if sentence := why_unreachable():
        return problem("database", sentence, "Check DATABASE_URL.")
    if connection.vendor == "sqlite":
        return _sqlite()
    return fine("database", f"{connection.display_name} answers.")


def why_unreachable() -> str:
    """Run a query; return a sentence with the reason if the database cannot be opened,
    "" if it can.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except (DatabaseError, InterfaceError) as error:
        why = " ".join(str(error).split()).rstrip(".?")
        return f"The database cannot be opened: {why}."
    return ""


def _sqlite() -> Finding:
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        mode = str(cursor.fetchone()[0])
    options = connection.settings_dict.get("OPTIONS", {})
    if options.get("transaction_mode") != "IMMEDIATE" or mode not in {"wal", "memory"}:
        return problem(
            "database",
            f"SQLite runs in {mode} mode: web and worker lock each other out.",
            "Keep the file on a local disk; network drives cannot do WAL.",
        )
    return fine("database", f"SQLite answers ({mode}, IMMEDIATE).")


def clock(*, at: datetime) -> Finding:
    skew = abs(_database_time() - at)
    if skew > CLOCK_TOLERANCE:
        return problem(
            "clock",
            f"This machine and the database are {skew.total_seconds():.0f} s apart.",
            "Keep both in time (NTP): what is fresh is decided by the clock.",
        )
    return fine("clock", "This machine and the database agree on the time.")


def _database_time() -> datetime:
    if connection.vendor == "sqlite":
        query = "SELECT strftime('%Y-%m-%dT%H:%M:%f', 'now')"
    else:
        query = "SELECT clock_timestamp()"
    with connection.cursor() as cursor:
        cursor.execute(query)
        answer: datetime | str = cursor.fetchone()[0]
    if isinstance(answer, str):  # SQLite has no times, only texts
        return datetime.fromisoformat(answer).replace(tzinfo=UTC)
    return answer


# ── Work ────────────────────────────────────────────────────────────────────────
def people() -> Finding:
    managers = User.objects.filter(is_active=True, is_sales_manager=True)
    if not managers.exists():
        return problem("people", "There is no sales manager.", "Run: manage.py setup")
    return fine("people", "There is a sales manager.")


def binding(account: Account) -> Finding:
    if sentence := accounts.binding_problem(account):
        return problem("account", sentence, "")
    if not account.fingerprint:
        return note("account", "No Smartlead account yet: the first sync ties it.")
    return fine("account", f"This database belongs to {account.base_url}.")


def writes(account: Account) -> Finding:
    if account.paused_at:
        return note(
            "writes",
            f"All writes are paused: {account.pause_reason or 'no reason given.'}",
            "A sales manager resumes them under /system/.",
        )
    if account.bulk_paused_at:
        return problem(
            "writes",
            f"Bulk assignments are paused: {account.bulk_pause_reason}",
            "Look at the refusals, then resume them under /system/.",
        )
    return fine("writes", "Nothing is paused.")


def smartlead(account: Account) -> Finding:
    if account.outage_since:
        return problem(
            "smartlead",
            f"Since {_minute(account.outage_since)}: {account.outage_sentence}",
            "Changes wait here and go out by themselves.",
        )
    return fine("smartlead", "No outage is known.")


def worker(*, at: datetime) -> Finding:
    if not status.worker_is_silent(at=at):
        return fine("worker", "The worker is alive.")
    start = "Start it: manage.py serve"
    beats = {beat.name: beat.beat_at for beat in Heartbeat.objects.all()}
    last, stopped = beats.get(status.WORKER), beats.get(status.STOPPED)
    if last is None:
        return note("worker", "The worker has not been started yet.", start)
    if stopped and stopped >= last and at - stopped < STOP_TOLERANCE:
        return note("worker", f"It was stopped at {_minute(stopped)}.", start)
    return problem(
        "worker",
        f"The worker has given no sign of life since {_minute(last)}.",
        f"{start} (or manage.py qcluster).",
    )


def schedules() -> Finding:
    if not Schedule.objects.filter(name=schedule.NAME).exists():
        return problem(
            "schedule", "The minute's tick is not scheduled.", "Run: manage.py migrate"
        )
    return fine("schedule", "The minute's tick is scheduled.")


def queue(account: Account, *, at: datetime) -> Finding:
    waiting = Assignment.objects.waiting()
    late = Assignment.objects.due(at).filter(created_at__lt=at - QUEUE_TOLERANCE)
    if not account.paused_at and (oldest := late.order_by("created_at").first()):
        return problem(
            "queue",
            f"A change waits since {_minute(oldest.created_at)}, though it is due.",
            "See that the worker runs; or run: manage.py dispatch --until-empty",
        )
    return fine("queue", f"{waiting.count()} waiting, none of them late.")


def sources() -> Iterator[Finding]:
    failing = [source for source in SyncSource.objects.all() if source.error]
    for source in failing:
        yield problem(
            "mirror", f"{source.name}: {source.error}", "Tried again at each sync."
        )
    if not failing:
        yield fine("mirror", "No source of the mirror reports an error.")


def failures(*, at: datetime) -> Finding:
    recent = Failure.objects.filter(started__gt=at - timedelta(days=1)).count()
    if recent:
        return note(
            "tasks",
            f"{recent} tasks broke within a day.",
            "Read them under /admin/ (Failed tasks); they are run again.",
        )
    return fine("tasks", "No task broke within a day.")


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
