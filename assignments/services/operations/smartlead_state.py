"""The one answer to whether Smartlead answers: pages and banners all ask here."""

from collections.abc import Iterable
from enum import StrEnum

from django.conf import settings

from assignments.models import Account, SyncSource
from assignments.services import account as accounts


class SmartleadState(StrEnum):
    """The first of these that is true, in this order."""

    NO_KEY = "no_key"
    WRONG_ACCOUNT = "wrong_account"
    OUTAGE = "outage"  # it takes none of our calls
    PARTLY = "partly"  # the last read of some sources failed
    NOT_ASKED = "not_asked"  # no call has been answered so far
    UNKNOWN = "unknown"  # it answered once, and no worker asks now
    ANSWERS = "answers"

    @property
    def is_trouble(self) -> bool:
        """Return whether nothing can be read or sent as it is."""
        return self in _TROUBLES


_TROUBLES = frozenset(
    {SmartleadState.NO_KEY, SmartleadState.WRONG_ACCOUNT, SmartleadState.OUTAGE}
)


def smartlead_state(
    account: Account, *, sources: Iterable[SyncSource], worker_is_silent: bool
) -> SmartleadState:
    """Return the state by the settings, the account, its sources and the worker."""
    if not settings.SMARTLEAD_API_KEY:
        return SmartleadState.NO_KEY
    if accounts.binding_problem(account):
        return SmartleadState.WRONG_ACCOUNT
    if account.outage_since or account.outage_sentence:
        return SmartleadState.OUTAGE
    if any(source.error for source in sources):
        return SmartleadState.PARTLY
    if account.bound_at is None:
        return SmartleadState.NOT_ASKED
    return SmartleadState.UNKNOWN if worker_is_silent else SmartleadState.ANSWERS
