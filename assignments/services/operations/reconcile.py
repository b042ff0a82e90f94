"""Comparison of the owners of our leads with Smartlead, lead by lead. Writes nothing."""

from collections.abc import Callable, Iterator

from assignments import database_clock
from assignments.models import Assignment, Lead, Member
from assignments.services.mirror.cursor import BY_OFFSET, PAGE, ListPosition
from assignments.services.mirror.sync_sources import INBOX
from assignments.services.operations.invariants import InvariantCheck
from assignments.smartlead.client import Client
from assignments.smartlead.errors import Refused, ServiceTrouble, SmartleadError
from assignments.smartlead.list_parsing import ListPage
from assignments.smartlead.rate_limiter import CallKind
from assignments.smartlead.records import LeadRow

PATIENCE = 5  # calls for one answer, when Smartlead says "too many"
LONGEST_WAIT = 600.0  # seconds for a slot of the budget
PROMISE = "Every lead has the owner here that it has in Smartlead."

type Owners = dict[int, int | None]


def compare_owners(client: Client) -> InvariantCheck:
    """Return a check that names the leads with another owner in Smartlead, and those
    that Smartlead lacks.

    A lead that the inbox lists with another owner, or not at all, is first read by
    itself. If Smartlead cannot be read, the check is broken by that alone: no
    SmartleadError is raised.
    """
    try:
        seen = _listed_owners(client)
        differing = tuple(_differing(client, seen))
    except SmartleadError as error:
        return InvariantCheck(
            PROMISE, (f"Smartlead itself, which could not be read: {error}",)
        )
    return InvariantCheck(PROMISE, differing)


def _listed_owners(client: Client) -> Owners:
    """Return owner ids by lead as the whole inbox lists them; rows that name none are
    left out.

    Raises the client's errors. A list that refuses the time range is read by offset.
    """
    owners: Owners = {}
    place: ListPosition | None = ListPosition()
    while place:
        try:
            page = _page(client, place)
        except Refused:
            if place.window is None:
                raise
            place = BY_OFFSET  # this list takes no time filter
            continue
        owners |= {row.map_id: row.owner_id for row in page.rows if row.owner_known}
        place = place.after(page, floor=None)
    return owners


def _page(client: Client, place: ListPosition) -> ListPage[LeadRow]:
    return _ask(
        client,
        lambda: client.inbox(
            INBOX, offset=place.offset, limit=PAGE, reply_between=place.window
        ),
    )


def _differing(client: Client, seen: Owners) -> Iterator[str]:
    """Yield a line with both owners for each lead that a read of its own finds with
    another owner, and a line for each that Smartlead does not have. Leads are not
    read if `seen` agrees.
    """
    for map_id, owner_id in _ours().items():
        if map_id in seen and seen[map_id] == owner_id:
            continue
        row = _row(client, map_id)
        # By now it may have been moved, or a change of ours be on its way.
        ours = _ours(map_id)
        if map_id not in ours:
            continue
        if row is None:
            yield f"lead {map_id} (Smartlead does not have it)"
        elif row.owner_known and row.owner_id != ours[map_id]:
            here, there = _name(ours[map_id]), _name(row.owner_id)
            yield f"lead {map_id} ({here} here, {there} there)"


def _ours(map_id: int | None = None) -> Owners:
    """Return the owner ids by lead (or by `map_id` alone) of present leads with a known
    owner, without those that an assignment is moving just now.
    """
    moving = Assignment.objects.sending().values("lead")
    leads = Lead.objects.present().filter(owner_known_at__isnull=False)
    leads = leads.exclude(pk__in=moving).order_by("pk")
    if map_id is not None:
        leads = leads.filter(pk=map_id)
    return dict(leads.values_list("pk", "owner"))


def _row(client: Client, map_id: int) -> LeadRow | None:
    try:
        return _ask(client, lambda: client.lead(map_id))
    except Refused:
        return None


def _name(member_id: int | None) -> str:
    if member_id is None:
        return "nobody"
    return str(Member.objects.filter(pk=member_id).first() or f"member {member_id}")


def _ask[T](client: Client, call: Callable[[], T]) -> T:
    for _ in range(PATIENCE):
        try:
            return _ask_once(client, call)
        except ServiceTrouble as error:
            if error.kind != "rate_limit":
                raise
    return _ask_once(client, call)


def _ask_once[T](client: Client, call: Callable[[], T]) -> T:
    slot = client.wait_for_slot(
        CallKind.NORMAL, until=database_clock.seconds() + LONGEST_WAIT
    )
    if slot is None:
        raise ServiceTrouble(
            "Smartlead keeps saying: too many calls.", kind="rate_limit"
        )
    with client.use_slot(slot):
        return call()
