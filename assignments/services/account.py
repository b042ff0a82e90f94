"""The one Smartlead account behind this database, with its pauses and outages."""

import hmac
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Coalesce

from assignments.models import Account, User
from assignments.services import access
from assignments.services.errors import AssignmentRefused
from assignments.smartlead.fingerprint import account_fingerprint
from assignments.task_queue import nudge_dispatch


def current_account() -> Account:
    """Return the row of the account; create it if there is none yet."""
    return Account.objects.get_or_create(pk=1)[0]


def binding_problem(account: Account) -> str | None:
    """Return why nothing may be read or written with these settings, else None.

    It is a sentence that the base URL or the API key is not the one the database is
    bound to. An unbound database has no problem. See docs/design/design.md, rule 11.
    """
    if not account.fingerprint:
        return None
    if account.base_url != settings.SMARTLEAD_BASE_URL:
        return (
            f"This database belongs to the Smartlead at {account.base_url}, but the "
            f"settings name {settings.SMARTLEAD_BASE_URL}. Nothing is read or written. "
            "Correct SMARTLEAD_BASE_URL, or run: manage.py doctor --rebind"
        )
    if not hmac.compare_digest(account.fingerprint, account_fingerprint()):
        return (
            "The API key in the settings is not the one this database belongs to (or "
            "SECRET_KEY has changed). Nothing is read or written. Put the old one back, "
            "or run: manage.py doctor --rebind"
        )
    return None


def bind(at: datetime) -> None:
    """Bind an unbound database to the settings' URL and key, with `at`; else do
    nothing.

    Replies have a time to be answered from `at` on, unless that is set already.
    """
    Account.objects.filter(pk=current_account().pk, fingerprint="").update(
        base_url=settings.SMARTLEAD_BASE_URL,
        fingerprint=account_fingerprint(),
        bound_at=at,
        answers_count_from=Coalesce("answers_count_from", Value(at)),
    )


@transaction.atomic
def rebind(at: datetime) -> None:
    """Bind the database to the URL and key of the settings, and pause all writes at
    `at`. An earlier binding or pause is replaced; the pause names no person.
    """
    Account.objects.filter(pk=current_account().pk).update(
        base_url=settings.SMARTLEAD_BASE_URL,
        fingerprint=account_fingerprint(),
        bound_at=at,
        paused_at=at,
        paused_by=None,
        pause_reason=(
            "The database was tied to another account or key. Look through what waits, "
            "then resume."
        ),
    )


def pause_writes(*, actor: User | None, reason: str, at: datetime) -> None:
    """Pause all writes; do nothing if they are paused already.

    The reason is cut to 300 characters. Raises NotAllowed unless `actor` is a manager;
    None, for no person, is not checked.
    """
    if actor is not None:
        access.require_manager(actor, "pause all writes")
    Account.objects.filter(pk=current_account().pk, paused_at=None).update(
        paused_at=at, paused_by=actor, pause_reason=reason[:300]
    )


@transaction.atomic
def resume_writes(*, actor: User, at: datetime) -> None:
    """Resume all writes and have the waiting assignments sent.

    Raises NotAllowed unless `actor` is a manager, or AssignmentRefused if there is a
    `binding_problem`.
    """
    access.require_manager(actor, "resume writes")
    if problem := binding_problem(current_account()):
        raise AssignmentRefused(problem)
    Account.objects.filter(pk=1).update(paused_at=None, paused_by=None, pause_reason="")
    nudge_dispatch()


@transaction.atomic
def resume_bulk(*, actor: User, at: datetime) -> None:
    """Resume bulk assignments and have those that wait sent.

    Refusals from before `at` no longer count. Raises NotAllowed unless `actor` is a
    manager.
    """
    access.require_manager(actor, "resume bulk assignments")
    Account.objects.filter(pk=current_account().pk).update(
        bulk_paused_at=None, bulk_pause_reason="", bulk_resumed_at=at
    )
    nudge_dispatch()


def pause_bulk(*, reason: str, at: datetime) -> None:
    """Pause bulk assignments; do nothing if they are paused already.

    The reason is cut to 500 characters.
    """
    Account.objects.filter(pk=current_account().pk, bulk_paused_at=None).update(
        bulk_paused_at=at, bulk_pause_reason=reason[:500]
    )


def start_outage(*, kind: str, sentence: str, at: datetime) -> None:
    """Record that Smartlead takes no calls.

    A new outage begins at `at`, with a probe due at once; of one that lasts only kind
    and sentence (cut to 500 characters) are replaced.
    """
    account = current_account()
    if account.outage_since is None:
        Account.objects.filter(pk=1, outage_since=None).update(
            outage_since=at, probe_at=at
        )
    Account.objects.filter(pk=1).update(
        outage_kind=kind, outage_sentence=sentence[:500]
    )


def claim_probe(at: datetime) -> bool:
    """Return whether the caller is to probe an outage now.

    True if there is an outage and a probe is due at `at`, for one of several callers;
    the next is then due PROBE_EVERY seconds later.
    """
    due = Account.objects.filter(pk=1, outage_since__isnull=False, probe_at__lte=at)
    later = at + timedelta(seconds=settings.PROBE_EVERY)
    return bool(due.update(probe_at=later))


def clear_outage() -> None:
    Account.objects.filter(pk=1, outage_since__isnull=False).update(
        outage_since=None, outage_kind="", outage_sentence="", probe_at=None
    )


def is_outage_confirmed(account: Account) -> bool:
    """Return whether there is an outage with a next probe later than its start.

    So a probe has been claimed since: only then is it shown to people.
    """
    return (
        account.outage_since is not None
        and account.probe_at is not None
        and account.probe_at > account.outage_since
    )
