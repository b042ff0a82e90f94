"""Mails that are ours though Smartlead tells them as replies: a colleague wrote.

Whole addresses decide, never domains, since a lead may share ours: those of logins, of
members, and those that mails of ours were sent from. A tag (`maya+x@`) makes another
address. The lead's own address is always the lead's, whoever else has it.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from assignments.models import Lead, Member, OwnAddress, User
from assignments.smartlead.automatic_mails import address_of
from assignments.smartlead.records import HistoryEntry, LeadRow

LONGEST_ADDRESS = 320


def own_addresses() -> frozenset[str]:
    """Return all of our addresses, case-folded, also those of people who have left: of
    logins, of user names with an "@", of members, and those in OwnAddress.
    """
    users = User.objects.order_by()
    found = users.values_list("email").union(
        users.filter(username__contains="@").values_list("username"),
        Member.objects.order_by().values_list("email"),
        OwnAddress.objects.values_list("address"),
    )
    return frozenset(address_of(address) for (address,) in found if address)


def mark_own_mails_in_rows(
    rows: Mapping[int, LeadRow], leads: Iterable[Lead]
) -> dict[int, LeadRow]:
    """Return all `rows` by id, with mails of ours marked in their histories (see
    `mark_own_mails`).

    The senders of our mails in the histories are stored as own addresses first. `leads`
    supply the addresses that rows leave out.
    """
    emails = {lead.pk: lead.email for lead in leads}
    histories = {
        pk: (row.email or emails.get(pk, ""), row.history)
        for pk, row in rows.items()
        if row.history
    }
    remember_senders(histories.values())
    told = mark_own_mails(histories)
    return {
        pk: replace(row, history=told.get(pk, row.history)) for pk, row in rows.items()
    }


def mark_own_mails(
    histories: Mapping[int, tuple[str, Collection[HistoryEntry]]],
    *,
    mailbox: str = "",
) -> dict[int, tuple[HistoryEntry, ...]]:
    """Return the conversations by their keys, with persons' replies from own addresses
    marked `is_own` and as sent; other mails stay as they are.

    `histories` holds the lead's address and the mails; `mailbox` is a further address
    of ours. A mail from the lead's own address, tags aside, is never marked.
    """
    doubtful = [
        address_of(mail.sender)
        for email, history in histories.values()
        for mail in history
        if mail.is_from_person and not _is_same_mailbox(mail.sender, email)
    ]
    own = own_addresses() | {address_of(mailbox)} if doubtful else frozenset()
    return {
        key: tuple(_recognised(mail, email, own - {""}) for mail in history)
        for key, (email, history) in histories.items()
    }


def _recognised(
    mail: HistoryEntry, lead_email: str, own: Collection[str]
) -> HistoryEntry:
    is_own = (
        mail.is_from_person
        and address_of(mail.sender) in own
        and not _is_same_mailbox(mail.sender, lead_email)
    )
    return replace(mail, direction="sent", is_own=True) if is_own else mail


def _is_same_mailbox(one: str, other: str) -> bool:
    """Return True if two addresses are equal, apart from case and tags: a test lead
    `maya+1@` may answer from `maya@`.
    """
    return _without_tag(address_of(one)) == _without_tag(address_of(other))


def _without_tag(address: str) -> str:
    local, at, domain = address.partition("@")
    return local.partition("+")[0] + at + domain


def remember_senders(
    conversations: Iterable[tuple[str, Collection[HistoryEntry]]],
) -> None:
    """Store the senders of our mails to the lead in OwnAddress, unless they are there.

    `conversations` are pairs of the lead's address and its mails, read from Smartlead,
    never told by a webhook. Left out are mails marked `is_own`, mails to others, the
    lead's own address, and texts without "@" or longer than 320 characters.
    """
    senders = {
        address_of(mail.sender)
        for email, history in conversations
        for mail in history
        if mail.direction == "sent"
        and not mail.is_own
        and not _is_same_mailbox(mail.sender, email)
        and (not mail.recipient or _is_same_mailbox(mail.recipient, email))
    }
    wanted = {each for each in senders if "@" in each and len(each) <= LONGEST_ADDRESS}
    if not wanted:
        return
    known = OwnAddress.objects.filter(pk__in=wanted).values_list("pk", flat=True)
    if missing := wanted - set(known):
        OwnAddress.objects.bulk_create(
            [OwnAddress(address=each) for each in sorted(missing)],
            ignore_conflicts=True,
        )
