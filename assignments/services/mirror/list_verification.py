"""Proof that Smartlead's list of one member's leads holds that member's leads.

Its documentation contradicts itself, so the filter has to prove itself: every row
returned for a member names that member as owner, and another member's answer differs.
Until then, and whenever the proof fails, those lists are not read.
"""

from collections.abc import Mapping
from datetime import datetime
from functools import partial

from django.db.models import Count

from assignments.models import Lead, Member, SyncSource
from assignments.services.mirror import sync_sources
from assignments.services.mirror.cursor import PAGE
from assignments.services.mirror.session import SyncSession
from assignments.services.mirror.sync_sources import ASSIGNED
from assignments.smartlead.client import Client
from assignments.smartlead.errors import SmartleadError
from assignments.smartlead.list_parsing import ListPage
from assignments.smartlead.records import LeadRow

TRIED = 2

type Verdict = tuple[SyncSource.Proof, str]


def verify_lists(reading: SyncSession) -> bool:
    """Read the first page of the lists of the two members who own most leads and store
    the verdict.

    Always returns True. Stores UNPROVEN without a call if fewer than two members own
    leads. If a call fails, stores UNPROVEN and raises its SmartleadError;
    BudgetExhausted is raised and nothing stored.
    """
    asked = members_to_try()
    if len(asked) < TRIED:
        detail = "Fewer than two members own leads: there is nothing to compare yet."
        _keep((SyncSource.Proof.UNPROVEN, detail), at=reading.clock())
        return True
    try:
        answers = {
            member_id: reading.ask(
                reading.background, partial(_list, member_id=member_id)
            )[0]
            for member_id in asked
        }
    except SmartleadError as error:
        detail = f"The list could not be read: {error}"
        _keep((SyncSource.Proof.UNPROVEN, detail), at=reading.clock())
        raise
    _keep(verify_answers(answers), at=reading.clock())
    return True


def members_to_try() -> list[int]:
    """Return the ids of the two members who own most present leads, most first, lower
    id first among equals. The list is shorter if fewer members own any.
    """
    owned = Lead.objects.present().filter(owner__isnull=False).order_by()
    counts = owned.values("owner").annotate(leads=Count("pk"))
    busiest = counts.order_by("-leads", "owner").values_list("owner", flat=True)
    return [owner for owner in busiest[:TRIED] if owner is not None]


def verify_answers(answers: Mapping[int, ListPage[LeadRow]]) -> Verdict:
    """Return the verdict on lists, keyed by the member asked for, and a sentence for
    people.

    UNPROVEN if a list is empty or a row does not name its owner; FAILED if a row has
    another owner than the member; else PROVEN.
    """
    if not all(page.rows for page in answers.values()):
        return SyncSource.Proof.UNPROVEN, "Smartlead's answer for a member was empty."
    rows = [(m, row) for m, page in answers.items() for row in page.rows]
    if not all(row.owner_known for _, row in rows):
        return SyncSource.Proof.UNPROVEN, "Smartlead's rows do not name their owner."
    if strangers := sum(row.owner_id != m for m, row in rows):
        detail = f"{strangers} of {len(rows)} rows belong to another member."
        return SyncSource.Proof.FAILED, detail
    return (
        SyncSource.Proof.PROVEN,
        f"All {len(rows)} rows belong to the member asked for.",
    )


def are_lists_proven() -> bool:
    """Return True if the stored verdict on lists of members is PROVEN."""
    return SyncSource.objects.filter(
        name=ASSIGNED, proof=SyncSource.Proof.PROVEN
    ).exists()


def readable_members() -> list[int]:
    """Return the ids of all members, ascending, inactive ones too; an empty list while
    lists are not proven.
    """
    if not are_lists_proven():
        return []
    return list(Member.objects.order_by("id").values_list("id", flat=True))


def page_matches(
    page: ListPage[LeadRow], member_id: int | None, *, at: datetime
) -> bool:
    """Return True if no row of the page names another owner than `member_id`.

    Else store FAILED as the verdict and return False. Rows that name no owner are
    ignored. `member_id` None is the key's own list, which may hold anybody's: always
    True.
    """
    if member_id is None:
        return True
    strangers = [row for row in page.rows if row.owner_known]
    strangers = [row for row in strangers if row.owner_id != member_id]
    if not strangers:
        return True
    detail = f"A list that should hold one member's leads had {len(strangers)} others."
    _keep((SyncSource.Proof.FAILED, detail), at=at)
    return False


def distrust_lists(detail: str, *, at: datetime) -> None:
    """Store FAILED as the verdict on lists of members: they are not read until they are
    proven again.
    """
    _keep((SyncSource.Proof.FAILED, detail), at=at)


def _list(client: Client, *, member_id: int) -> ListPage[LeadRow]:
    return client.inbox(ASSIGNED, limit=PAGE, member_id=member_id)


def _keep(verdict: Verdict, *, at: datetime) -> None:
    proof, detail = verdict
    sync_sources.load_source(ASSIGNED)
    SyncSource.objects.filter(name=ASSIGNED).update(
        proof=proof, proof_detail=detail[:300], proof_at=at
    )
