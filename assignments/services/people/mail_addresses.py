"""The mail address of a login, changed by whoever proves that they read the new one."""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from assignments.models import SignInEvent, User
from assignments.services.errors import AssignmentRefused
from assignments.services.notifications import reset_mail
from assignments.services.notifications.account_mail import tell_of_change
from assignments.services.people import sign_ins
from assignments.services.people.sign_ins import GuessLimit, SignInLock, Visitor
from assignments.services.people.unique_names import is_taken
from assignments.task_queue import nudge_mails

Kind = SignInEvent.Kind
PER_LOGIN = 5  # wishes in 15 minutes


@transaction.atomic
def ask_for_proof(
    *, user: User, new_address: str, visitor: Visitor, at: datetime
) -> SignInLock | None:
    """Log the wish for another address and mail its link there.

    If too many were wished before, return the lock instead. Whether somebody else has
    that address shows only to whoever reads its mail.
    """
    wish = sign_ins.event_of(user, visitor, at)
    wish.kind = Kind.ADDRESS_ASKED
    begun = sign_ins.begin_guess(wish, [GuessLimit(Q(user=user), PER_LOGIN)])
    if isinstance(begun, SignInLock):
        return begun
    reset_mail.store_address_mail(user, new_address, at=at)
    nudge_mails()
    return None


@transaction.atomic
def confirm(*, key: str, token: str, visitor: Visitor, at: datetime) -> User | None:
    """Change the address as the link says, tell the old one, and return the user.

    None, and nothing is done, if the link opens nothing. Raises AssignmentRefused if
    another login has the address by now.
    """
    proven = reset_mail.proven_address(key, token)
    if proven is None:
        return None
    User.objects.select_for_update().get(pk=proven[0].pk)
    proven = reset_mail.proven_address(key, token)
    if proven is None:
        return None
    user, new_address = proven
    others = User.objects.exclude(pk=user.pk).exclude(email="")
    if is_taken(others, new_address, column="email"):
        raise AssignmentRefused("Another login has this mail address.")
    old_address, user.email = user.email, new_address
    user.save(update_fields=["email"])
    sign_ins.record(Kind.ADDRESS_CHANGED, user=user, at=at, visitor=visitor)
    change = f"The mail address of your login is now {new_address}."
    tell_of_change(user, change=change, at=at, address=old_address)
    return user
