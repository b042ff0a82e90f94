"""Which leads people see, as sales managers decide it: for all members, and by client."""

from collections.abc import Collection
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Count

from assignments.models import Account, Campaign, ClientLimit, Lead, User
from assignments.models.account import MembersSee
from assignments.services.access import require_manager
from assignments.services.account import current_account
from assignments.services.errors import AssignmentRefused
from assignments.services.sight import THE_CLIENT

ACT = "decide who sees which leads"


@dataclass(frozen=True, slots=True, kw_only=True)
class ClientOption:
    """A client of Smartlead, known by its id alone, and how many leads it has."""

    id: int
    leads: int


def members_see() -> MembersSee:
    return MembersSee(current_account().members_see)


@transaction.atomic
def set_members_see(*, actor: User, members_see: MembersSee) -> None:
    """Store which leads members see. Raises NotAllowed unless `actor` is a manager."""
    require_manager(actor, ACT)
    account = current_account()
    Account.objects.filter(pk=account.pk).update(members_see=members_see)


@transaction.atomic
def limit_clients(*, actor: User, user: User, clients: Collection[int]) -> None:
    """Let a user see leads of these clients (ids) only; of all, without any.

    Raises NotAllowed unless `actor` is a manager, AssignmentRefused if `user` is one or
    a superuser, or if a client is not known.
    """
    require_manager(actor, ACT)
    user = User.objects.select_for_update().get(pk=user.pk)
    now = set(user.client_limits.values_list("client_id", flat=True))
    if clients:
        check_may_be_limited(
            user, is_manager=user.is_sales_manager or user.is_superuser
        )
    known = {option.id for option in client_options()} | now
    if strangers := set(clients) - known:
        raise AssignmentRefused(f"There is no client {min(strangers)}. Choose again.")
    user.client_limits.exclude(client_id__in=clients).delete()
    ClientLimit.objects.bulk_create(
        ClientLimit(user=user, client_id=client) for client in set(clients) - now
    )


def check_may_be_limited(user: User, *, is_manager: bool) -> None:
    """Raise AssignmentRefused if the user is, or is to be, a manager."""
    if is_manager:
        raise AssignmentRefused(
            f"{user} is a sales manager, who sees all leads, and cannot be limited to "
            "clients."
        )


def check_may_manage(user: User) -> None:
    """Raise AssignmentRefused if the user is limited to clients."""
    if user.client_limits.exists():
        raise AssignmentRefused(
            f"{user} is limited to clients, and a sales manager sees all leads. Remove "
            "the limit first."
        )


def client_options() -> list[ClientOption]:
    """Return the clients of leads and campaigns by id, with their present leads.

    A lead counts for its own client, or else for that of its campaign.
    """
    present = Lead.objects.present().annotate(the_client=THE_CLIENT).order_by()
    counted = present.filter(the_client__isnull=False).values_list("the_client")
    counts: dict[int, int] = dict(counted.annotate(Count("pk")))
    of_campaigns = Campaign.objects.filter(client_id__isnull=False).order_by()
    ids = {*counts, *of_campaigns.values_list("client_id", flat=True)}
    return [
        ClientOption(id=client, leads=counts.get(client, 0))
        for client in sorted(filter(None, ids))
    ]
