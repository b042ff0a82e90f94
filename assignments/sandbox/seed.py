"""Generate a believable account; the same seed and time give the same account."""

from datetime import datetime, timedelta
from random import Random
from unicodedata import normalize
from zoneinfo import ZoneInfo

from assignments.sandbox import names
from assignments.sandbox.conversations import (
    CATEGORY_OF,
    ENDINGS,
    FOLLOW_UPS,
    NURTURE,
    OPENINGS,
    REFERRAL,
    ConversationWriter,
    new_id,
    outreach_campaigns,
)
from assignments.sandbox.records import (
    FakeCampaign,
    FakeCategory,
    FakeClient,
    FakeLead,
    FakeMember,
    FakeUntrackedReply,
)
from assignments.sandbox.store import Store

HOUR, DAY = 3_600.0, 86_400.0
DAYS_BACK = 60
# Beyond 32 bits, as on the real server.
FIRST_MAP_ID = 2_433_664_091
FIRST_LEAD_ID = 1_204_877_300
FIRST_CAMPAIGN_ID = 391_204
FIRST_CLIENT_ID = 2_101
FIRST_ACCOUNT_ID = 51_007
CATEGORIES: tuple[tuple[int, str, str | None], ...] = (
    (1, "Interested", "positive"),
    (2, "Meeting Request", "positive"),
    (3, "Not Interested", "negative"),
    (4, "Do Not Contact", "negative"),
    (5, "Information Request", "positive"),
    (6, "Out Of Office", "neutral"),
    (7, "Wrong Person", "negative"),
    (9, "Sender Originated Bounce", None),
    (NURTURE, "Nurture", "neutral"),
    (REFERRAL, "Referral", "positive"),
)
# Letters that Unicode does not decompose into a base letter and a mark.
LATIN_LETTERS = str.maketrans({"ß": "ss", "ø": "o", "ł": "l", "Ł": "L", "æ": "ae"})
CLIENTS = ("Kestrel Manufacturing", "Kestrel Logistics", "Kestrel Retail")


def fill_store(
    store: Store, *, seed: int, leads: int, members: int, now: float
) -> None:
    rng = Random(f"{seed}-account")
    _add_members(store, members)
    _add_categories(store, now)
    _add_clients(store, rng, now)
    _add_campaigns(store, rng, now)
    for number in range(leads):
        lead = _new_lead(store, number, rng, now)
        store.leads[lead.map_id] = lead
    _add_untracked(store, rng, now)


def _add_members(store: Store, count: int) -> None:
    more = enumerate(names.MORE_MEMBERS, start=7_500)
    candidates = [*names.MEMBERS, *more]
    # The member off the board is always among three or more.
    chosen = candidates[: max(1, count)]
    if (
        names.MEMBER_OFF_BOARD not in {member_id for member_id, _ in chosen}
        and count > 2
    ):
        chosen[-1] = names.MEMBERS[-1]
    for member_id, name in chosen:
        on_board = member_id != names.MEMBER_OFF_BOARD
        member = FakeMember(id=member_id, name=name, on_board=on_board)
        store.members[member_id] = member


def _add_categories(store: Store, now: float) -> None:
    for category_id, name, sentiment in CATEGORIES:
        store.categories[category_id] = FakeCategory(
            id=category_id,
            name=name,
            sentiment=sentiment,
            created_at=now - 400 * DAY,
        )


def _add_clients(store: Store, rng: Random, now: float) -> None:
    for number, name in enumerate(CLIENTS):
        client_id = FIRST_CLIENT_ID + number * 13
        store.clients[client_id] = FakeClient(
            id=client_id,
            name=name,
            email=f"inbox@{_slug(name)}.example",
            uuid=new_id(rng),
            created_at=now - 300 * DAY,
        )


def _add_campaigns(store: Store, rng: Random, now: float) -> None:
    clients, members = [*store.clients, None], list(store.members)
    for number, pitch in enumerate(outreach_campaigns()):
        campaign_id = FIRST_CAMPAIGN_ID + number * 57
        store.campaigns[campaign_id] = FakeCampaign(
            id=campaign_id,
            name=pitch["name"],
            status=pitch["status"],
            created_at=now - (70 + number * 3) * DAY,
            zone=pitch["zone"],
            product=pitch["product"],
            sequence_count=len(pitch["steps"]),
            owner_id=members[number % len(members)],
            client_id=clients[number % len(clients)],
            tag_ids=[900 + number % 3],
            account_ids=[FIRST_ACCOUNT_ID + number * 3 + at for at in range(3)],
        )


def _new_lead(store: Store, number: int, rng: Random, now: float) -> FakeLead:
    campaign = rng.choice(list(store.campaigns.values()))
    lead = _lead_without_mails(store, campaign, number, rng, now)
    twin = _existing_person(store, rng)
    if twin and twin.campaign_id != campaign.id:
        _copy_person(lead, twin)
    _add_conversation(lead, campaign, rng, now)
    _set_flags(lead, rng, now)
    lead.owner_id = _random_owner(store, rng)
    return lead


def _lead_without_mails(
    store: Store, campaign: FakeCampaign, number: int, rng: Random, now: float
) -> FakeLead:
    pitch = next(
        pitch for pitch in outreach_campaigns() if pitch["name"] == campaign.name
    )
    country = names.COUNTRIES[rng.choice(pitch["countries"])]
    industry = rng.choice(pitch["industries"])
    first, last = rng.choice(country.first_names), rng.choice(country.last_names)
    company = f"{rng.choice(names.FIRMS)} {names.SECTORS[industry]}"
    domain = f"{_slug(company)}.example"
    account_at = rng.randrange(3)
    return FakeLead(
        map_id=FIRST_MAP_ID + number * 7 + rng.randrange(7),
        lead_id=FIRST_LEAD_ID + number * 11,
        campaign_id=campaign.id,
        account_id=campaign.account_ids[account_at],
        mailbox=_mailbox(store, account_at + campaign.id),
        email=f"{_slug(first)}.{_slug(last)}@{domain}",
        # Some imports have no names.
        first_name="" if rng.random() < 0.02 else first,
        last_name="" if rng.random() < 0.04 else last,
        company=company,
        website=f"https://{domain}",
        phone=f"{country.dial} {rng.randint(20, 99)} {rng.randint(100_000, 999_999)}",
        location=f"{rng.choice(country.cities)}, {country.name}",
        linkedin=f"https://linkedin.example/in/{_slug(first)}-{_slug(last)}-{number}",
        custom_fields={
            "country": country.name,
            "industry": industry,
            "employees": rng.choice(names.SIZES),
            "title": rng.choice(names.JOBS),
        },
        created_at=now - 62 * DAY,
    )


def _mailbox(store: Store, at: int) -> str:
    names = [member.name for member in store.members.values()]
    return f"{_slug(names[at % len(names)], '.')}@try-kestrel.example"


def _existing_person(store: Store, rng: Random) -> FakeLead | None:
    """Return a random lead in 4 of 100 cases, else None.

    The new lead is the same person if the campaigns differ.
    """
    if not store.leads or rng.random() > 0.04:
        return None
    return rng.choice(list(store.leads.values()))


def _copy_person(lead: FakeLead, twin: FakeLead) -> None:
    lead.lead_id = twin.lead_id
    for name in ("email", "first_name", "last_name", "company", "website", "phone"):
        setattr(lead, name, getattr(twin, name))
    lead.location, lead.linkedin = twin.location, twin.linkedin
    lead.custom_fields = dict(twin.custom_fields)


def _add_conversation(
    lead: FakeLead, campaign: FakeCampaign, rng: Random, now: float
) -> None:
    """Add the mails of the sequence, then replies and our answers in turn; the last
    reply has an answer in 35 of 100 cases, and only if it is no ending. Set the
    lead's situation, category, sequence number and creation time.
    """
    writer = ConversationWriter(lead, campaign, rng=rng)
    situations = _situations(rng)
    steps = rng.randint(1, campaign.sequence_count)
    can_answer = bool(situations) and situations[-1] in FOLLOW_UPS
    ends_with_us = can_answer and rng.random() < 0.35
    exchanges = max(0, 2 * len(situations) - (not ends_with_us))
    moments = _mail_times(steps, exchanges, zone=campaign.zone, rng=rng, now=now)
    for number in range(1, steps + 1):
        lead.add(writer.sequence_mail(number, at=moments.pop(0)))
    for situation in situations:
        lead.situation = situation
        lead.category_id = CATEGORY_OF[situation] or lead.category_id
        lead.add(writer.reply(situation, at=moments.pop(0)))
        if moments:
            lead.add(writer.our_answer(situation, at=moments.pop(0)))
    lead.sequence_number = steps
    lead.created_at = lead.messages[0].at - 2 * HOUR


def _situations(rng: Random) -> list[str]:
    """Return the situations of the lead's replies in order: none in 10 of 100 cases,
    only `bounce` in 3, otherwise an opening by its weight and random follow-ups,
    each with a chance of 0.5 until an ending.
    """
    chance = rng.random()
    if chance < 0.1:
        return []
    if chance < 0.13:
        return ["bounce"]
    situations = rng.choices(list(OPENINGS), weights=list(OPENINGS.values()))
    while situations[-1] not in ENDINGS and rng.random() < 0.5:
        situations.append(rng.choice(FOLLOW_UPS[situations[-1]]))
    return situations


def _mail_times(
    steps: int, exchanges: int, *, zone: str, rng: Random, now: float
) -> list[float]:
    """Return the epoch times of `steps` sequence mails and then `exchanges` other
    mails, oldest first, in whole milliseconds. The last one is up to DAYS_BACK days
    ago; recent ones are more frequent.
    """
    last = now - DAYS_BACK * DAY * rng.random() ** 2.2 - 60
    if now - last > DAY:
        last = _within_office_hours(last, zone, rng)
    moments = [last]
    for _ in range(exchanges):
        gap = rng.choice((rng.uniform(0.3, 4) * HOUR, rng.randint(1, 4) * DAY))
        moments.append(moments[-1] - gap - rng.uniform(60, HOUR))
    for _ in range(steps - 1):
        moments.append(moments[-1] - rng.randint(3, 6) * DAY - rng.uniform(0, HOUR))
    # Whole milliseconds: the API shows no more, and windows must not miss a row.
    return [round(moment, 3) for moment in reversed(moments)][-(steps + exchanges) :]


def _within_office_hours(at: float, zone: str, rng: Random) -> float:
    """Return a random time from 7:00 to 18:59 in `zone` on that day, or on the Saturday
    before if it is a Sunday.
    """
    local = datetime.fromtimestamp(at, ZoneInfo(zone))
    if local.isoweekday() == 7:
        local -= timedelta(days=1)
    hour, minute = rng.randrange(7, 19), rng.randrange(60)
    return local.replace(hour=hour, minute=minute).timestamp()


def _set_flags(lead: FakeLead, rng: Random, now: float) -> None:
    last = lead.messages[-1]
    waits_for_us = last.type == "REPLY"
    is_recent = now - last.at < 6 * DAY
    lead.is_unread = waits_for_us and rng.random() < (0.6 if is_recent else 0.03)
    lead.is_important = rng.random() < 0.08
    lead.is_bounced = lead.situation == "bounce"
    lead.is_unsubscribed = lead.situation == "unsubscribe"
    lead.is_archived = lead.situation in ENDINGS and rng.random() < 0.3
    lead.is_snoozed = lead.situation == "later" and rng.random() < 0.5
    lead.status = _status(lead)
    if lead.situation in {"promise", "later"} and rng.random() < 0.4:
        lead.reminder_at = round(now + rng.uniform(1, 20) * DAY)
    if lead.last_reply_at is None or rng.random() < 0.03:
        lead.next_send_at = round(now + rng.uniform(0.1, 5) * DAY)
    if lead.situation in {"contract", "haggle"}:
        lead.revenue = rng.choice((0.0, 4_800.0, 9_600.0, 14_500.0))
    # A category is set by people and by an AI, and both leave some out.
    if rng.random() < 0.12:
        lead.category_id = None


def _status(lead: FakeLead) -> str:
    if lead.is_bounced or lead.is_unsubscribed:
        return "BLOCKED"
    if lead.last_reply_at is not None:
        return "COMPLETED" if lead.situation in ENDINGS else "INPROGRESS"
    return "STARTED"


def _random_owner(store: Store, rng: Random) -> int | None:
    members = list(store.members)
    if rng.random() < 0.18:
        return None
    # Uneven, as in real life; the member off the board owns a few.
    weights = [3 + (at * 5) % 7 for at in range(len(members))]
    if names.MEMBER_OFF_BOARD in members:
        weights[members.index(names.MEMBER_OFF_BOARD)] = 1
    return rng.choices(members, weights=weights)[0]


def _add_untracked(store: Store, rng: Random, now: float) -> None:
    for number in range(1, 4):
        store.untracked[number] = FakeUntrackedReply(
            id=number,
            sender=f"office{number}@{rng.choice(names.FIRMS).lower()}.example",
            recipient=_mailbox(store, number),
            subject="Your mail to a former colleague",
            body="<p>Mr Hale left us in spring. Who are you, please?</p>",
            at=round(now - number * DAY),
        )


def _slug(text: str, separator: str = "-") -> str:
    plain = normalize("NFKD", text.translate(LATIN_LETTERS))
    ascii_text = "".join(char for char in plain if char.isascii())
    letters = (char if char.isalnum() else " " for char in ascii_text)
    words = "".join(letters).lower().split()
    return separator.join(words)
