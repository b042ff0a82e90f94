"""A forgotten password: the wish for a new one, and the new one.

Whether a name is known shows neither in the answer nor in its time: for an unknown one
the same rows are written and the mail's is taken back.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Q

from assignments.models import SignInEvent, User
from assignments.services.notifications import reset_mail
from assignments.services.notifications.account_mail import tell_of_change
from assignments.services.people import sign_ins
from assignments.services.people.sign_ins import GuessLimit, SignInLock, Visitor
from assignments.task_queue import nudge_mails

Kind = SignInEvent.Kind
PER_NAME = 3  # wishes in 15 minutes, from wherever
PER_ADDRESS = 20


@transaction.atomic
def ask(*, name: str, visitor: Visitor, at: datetime) -> SignInLock | None:
    """Log the wish for a new password and mail the link, if the name has a login.

    `name` is a user name or mail address. If too many asked before, return the lock
    instead; None says nothing about whether there is such a login.
    """
    user = sign_ins.find_user(sign_ins.login_name(name))
    wish = SignInEvent(
        at=at, kind=Kind.RESET_ASKED, user=user,
        name_key=sign_ins.name_key(user.get_username() if user else name),
        address=visitor.address, network=visitor.network, browser=visitor.browser,
    )  # fmt: skip
    limits = [
        GuessLimit(Q(name_key=wish.name_key), PER_NAME),
        GuessLimit(Q(network=wish.network), PER_ADDRESS),
    ]
    begun = sign_ins.begin_guess(wish, limits)
    if isinstance(begun, SignInLock):
        return begun
    with transaction.atomic():
        known = user if user and reset_mail.may_reset(user) else None
        reset_mail.store_reset_mail(known, at=at)
        transaction.set_rollback(known is None)
    nudge_mails()
    return None


@transaction.atomic
def choose_new(
    *, key: str, token: str, password: str, visitor: Visitor, at: datetime
) -> User | None:
    """Give the user of the link this password, unchecked, and return them.

    Their sessions end with the old password, and wrong passwords count no more. None,
    and nothing is done, if `resetting_user` finds nobody: a link works once.
    """
    known = reset_mail.resetting_user(key, token)
    if known is None:
        return None
    User.objects.select_for_update().get(pk=known.pk)
    user = reset_mail.resetting_user(key, token)
    if user is None:
        return None
    user.set_password(password)
    user.save(update_fields=["password"])
    sign_ins.unlock_sign_ins(name=user.get_username())
    sign_ins.record(Kind.PASSWORD_RESET, user=user, at=at, visitor=visitor)
    tell_of_change(user, change="Your password was set anew by mail.", at=at)
    return user
