"""The first steps of an installation, told by what the database holds."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db import transaction

from assignments.models import Account, Category, Lead, Member, SyncSource, User
from assignments.services import account as accounts
from assignments.services.access import require_manager
from assignments.services.mirror import sync_sources
from assignments.services.operations import status
from assignments.services.operations.smartlead_state import (
    SmartleadState,
    smartlead_state,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstSteps:
    account: Account
    has_key: bool
    base_url: str
    smartlead: SmartleadState
    failing: int
    worker_is_silent: bool
    inbox_read_at: datetime | None
    all_read_at: datetime | None
    leads: int
    members: int
    categories: int
    users: int
    linked: int

    @property
    def is_connected(self) -> bool:
        """Return True if the database is bound to an account and Smartlead is not in
        trouble.
        """
        return self.account.bound_at is not None and not self.smartlead.is_trouble

    @property
    def problem(self) -> str:
        return accounts.binding_problem(self.account) or self.account.outage_sentence

    @property
    def is_read(self) -> bool:
        return self.inbox_read_at is not None

    @property
    def is_sorted(self) -> bool:
        return self.account.categories_confirmed_at is not None

    @property
    def is_staffed(self) -> bool:
        """Return True if at least two logins are active and a member is linked to an
        active login.
        """
        return self.users > 1 and self.linked > 0

    @property
    def done(self) -> int:
        return sum((self.is_connected, self.is_read, self.is_sorted, self.is_staffed))

    @property
    def is_complete(self) -> bool:
        return self.done == 4


def first_steps(*, at: datetime) -> FirstSteps:
    """Return the state of the installation from which the steps follow, with counts of
    present leads, active members, categories, active users, and members linked to
    such users.
    """
    account = accounts.current_account()
    known = {source.name: source for source in SyncSource.objects.all()}
    is_silent = status.worker_is_silent(at=at)
    inbox, full = known.get(sync_sources.INBOX), known.get(sync_sources.FULL)
    return FirstSteps(
        account=account,
        has_key=bool(settings.SMARTLEAD_API_KEY),
        base_url=settings.SMARTLEAD_BASE_URL,
        smartlead=smartlead_state(
            account, sources=known.values(), worker_is_silent=is_silent
        ),
        failing=sum(bool(source.error) for source in known.values()),
        worker_is_silent=is_silent,
        inbox_read_at=inbox.completed_at if inbox else None,
        all_read_at=full.completed_at if full else None,
        leads=Lead.objects.present().count(),
        members=Member.objects.filter(is_active=True).count(),
        categories=Category.objects.count(),
        users=User.objects.filter(is_active=True).count(),
        linked=Member.objects.filter(user__is_active=True).count(),
    )


def are_first_steps_open() -> bool:
    """Return True until somebody has dismissed the first steps for everybody."""
    return accounts.current_account().guide_closed_at is None


@transaction.atomic
def dismiss_first_steps(*, actor: User, at: datetime) -> None:
    """Store `at` as the time when the first steps were dismissed for everybody.

    Raises NotAllowed unless `actor` is a sales manager.
    """
    require_manager(actor, "put the first steps away")
    Account.objects.filter(pk=accounts.current_account().pk).update(guide_closed_at=at)
