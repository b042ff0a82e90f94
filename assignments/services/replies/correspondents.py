"""Names of those who write and receive the mails of a lead's conversation."""

from collections.abc import Collection
from email.utils import parseaddr

from django.db.models import Q

from assignments.models import Lead, Member, Message, User
from assignments.smartlead.automatic_mails import address_of
from assignments.visible_text import displayed, folded


class Correspondents:
    """People by their addresses: the lead, members and logins, read in two queries."""

    def __init__(self, lead: Lead, mails: Collection[Message]) -> None:
        self._lead = lead
        self._lead_address = address_of(lead.email)
        written = {text for mail in mails for text in (mail.sender, mail.recipient)}
        addresses = {address_of(text) for text in written} - {"", self._lead_address}
        self._known = _people_at(addresses)
        # Mailboxes that only send are nobody's login: ana.sousa@ is Ana Sousa's.
        self._members = _members_by_words() if addresses - self._known.keys() else {}

    def sender_of(self, mail: Message) -> str:
        is_ours = mail.direction == Message.Direction.SENT
        return self._name_of(mail.sender, is_ours=is_ours)

    def recipient_of(self, mail: Message) -> str:
        is_ours = mail.direction != Message.Direction.SENT
        return self._name_of(mail.recipient, is_ours=is_ours)

    def _name_of(self, text: str, *, is_ours: bool) -> str:
        """Return the name of whoever has the address in `text`; the name that stands
        beside it, or all of it, where nobody is known by it.
        """
        address = address_of(text)
        if address and address == self._lead_address:
            return self._lead.name
        if known := self._known.get(address):
            return known
        if is_ours and (member := self._members.get(_words_of(address))):
            return member
        return displayed(parseaddr(text)[0]) or text


def _people_at(addresses: Collection[str]) -> dict[str, str]:
    """Return names by address, case-folded: of members first, then of logins."""
    wanted = Q()
    for address in addresses:
        wanted |= Q(email__iexact=address)
    if not wanted:
        return {}
    users = User.objects.filter(wanted)
    members = Member.objects.filter(wanted)
    return {address_of(user.email): f"{user}" for user in users} | {
        address_of(member.email): f"{member}" for member in members
    }


def _members_by_words() -> dict[tuple[str, ...], str]:
    """Return the members that have two words in their names, by these; none of those
    who share them.
    """
    found: dict[tuple[str, ...], list[str]] = {}
    for member in Member.objects.all():
        words = tuple(folded(member.name).split())
        if len(words) > 1:
            found.setdefault(words, []).append(f"{member}")
    return {words: names[0] for words, names in found.items() if len(names) == 1}


def _words_of(address: str) -> tuple[str, ...]:
    local = address.partition("@")[0]
    for sign in "._-":
        local = local.replace(sign, " ")
    return tuple(local.split())
