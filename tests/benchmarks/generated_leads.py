"""A hundred thousand leads, as an inbox of some years would hold them."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import batched
from random import Random

from django.db import connection
from django.utils import timezone

from assignments.models import Assignment, Campaign, Category, Lead, Member, User
from assignments.models.assignment import Cause, State
from assignments.sandbox.names import COUNTRIES, FIRMS, MEMBERS
from assignments.sandbox.seed import CATEGORIES
from assignments.services.mail_content.search_text import search_text_of
from assignments.services.sla.answers_owed import is_answer_owed

CLOSING = {"Not Interested", "Do Not Contact", "Wrong Person"}
CAMPAIGNS = 40
CLIENTS = 8
FIRST_CLIENT = 700
PILOT_CAMPAIGN = 900  # a campaign of three leads
RARE_WORD = "quokka"  # a word that three leads have
CHUNK_SIZE = 2_000
FIRST_MAP_ID = 2_400_000_000


def fill_database(*, leads: int, user: User) -> None:
    """Make members (the user is one), campaigns, categories, leads and a history of
    moves.
    """
    rng = Random("crowd")
    Member.objects.bulk_create(
        [Member(id=pk, name=name, source=Member.Source.BOARD) for pk, name in MEMBERS]
    )
    Member.objects.filter(pk=MEMBERS[0][0]).update(user=user)
    Category.objects.bulk_create(
        [
            Category(id=pk, name=name, is_closing=name in CLOSING)
            for pk, name, _ in CATEGORIES
        ]
    )
    campaigns = [
        Campaign(
            id=100 + at,
            name=f"{FIRMS[at % len(FIRMS)]} outreach {at}",
            client_id=FIRST_CLIENT + at % CLIENTS,
        )
        for at in range(CAMPAIGNS)
    ]
    campaigns.append(Campaign(id=PILOT_CAMPAIGN, name="Pilot"))
    Campaign.objects.bulk_create(campaigns)
    _add_leads(rng, campaigns, leads)
    _add_moves(rng, user)
    if connection.vendor == "postgresql":  # it does so by itself, a minute later
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")


def _add_leads(rng: Random, campaigns: list[Campaign], wanted: int) -> None:
    now = timezone.now()
    categories = list(Category.objects.all())
    rows = (_lead(rng, at, campaigns, categories, now) for at in range(wanted))
    for chunk in batched(rows, CHUNK_SIZE):
        Lead.objects.bulk_create(chunk)


def _lead(
    rng: Random,
    number: int,
    campaigns: list[Campaign],
    categories: list[Category],
    now: datetime,
) -> Lead:
    is_rare = number % 40_000 == 500
    firm = RARE_WORD.title() if is_rare else rng.choice(FIRMS)
    campaign = campaigns[-1] if is_rare else campaigns[int(rng.triangular(0, 39, 0))]
    category = rng.choice([None, *categories])
    replied, sent = _mails(rng, now)
    due = _due(replied, sent, category)
    lead = Lead(
        map_id=FIRST_MAP_ID + number * 7,
        person_id=1_200_000_000 + number,
        **_person(rng, firm),
        campaign=campaign,
        category=category,
        is_unread=rng.random() < 0.1,
        **_flags(number, campaign),
        last_sent_at=sent,
        last_reply_at=replied,
        last_message="Thanks, could you send me the price list for this year?",
        answer_owed=due is not None,
        answer_due_at=due,
        **_owner(rng, now),
        first_seen_at=now,
        seen_at=now,
    )
    lead.search_text = search_text_of(lead, campaign)
    return lead


def _owner(rng: Random, now: datetime) -> dict[str, object]:
    is_known = rng.random() < 0.98
    owner = rng.choice([*MEMBERS, (None, "")])[0] if is_known else None
    return {"owner_id": owner, "owner_known_at": now if is_known else None}


def _flags(number: int, campaign: Campaign) -> dict[str, object]:
    return {
        "client_id": campaign.client_id if number % 2 else None,
        "is_important": number % 25 == 0,
        "is_snoozed": number % 50 == 1,
    }


def _due(
    replied: datetime | None, sent: datetime, category: Category | None
) -> datetime | None:
    if replied and is_answer_owed(
        last_reply_at=replied, last_sent_at=sent, category=category
    ):
        return replied + timedelta(hours=24)
    return None


def _mails(rng: Random, now: datetime) -> tuple[datetime | None, datetime]:
    """Return when the lead last replied, or None, and when it was last written to."""
    days = timedelta(days=rng.expovariate(1 / 120))
    replied = now - days if rng.random() < 0.9 else None
    sent = (replied or now) + timedelta(hours=rng.uniform(-48, 24))
    return replied, min(sent, now)


def _person(rng: Random, firm: str) -> dict[str, str]:
    country = rng.choice(list(COUNTRIES.values()))
    first, last = rng.choice(country.first_names), rng.choice(country.last_names)
    return {
        "email": f"{first}.{last}@{firm}.example".lower().replace(" ", "-"),
        "first_name": first,
        "last_name": last,
        "company": firm,
    }


def _add_moves(rng: Random, user: User) -> None:
    """Add a manual assignment to its owner for every second lead."""
    owned = Lead.objects.filter(owner__isnull=False).values_list("pk", "owner")
    for chunk in batched(_moves(rng, user, owned.iterator()), CHUNK_SIZE):
        Assignment.objects.bulk_create(chunk)


def _moves(
    rng: Random, user: User, owned: Iterator[tuple[int, int | None]]
) -> Iterator[Assignment]:
    now = timezone.now()
    for lead_id, owner_id in owned:
        if rng.random() > 0.5:
            continue
        at = now - timedelta(days=rng.uniform(1, 300))
        yield Assignment(
            lead_id=lead_id,
            to_id=owner_id,
            cause=Cause.MANUAL,
            actor=user,
            reason="By hand.",
            state=State.DONE,
            created_at=at,
            finished_at=at,
        )
