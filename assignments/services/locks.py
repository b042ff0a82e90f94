"""The lock under which everything about one lead is decided."""

from assignments.models import Lead


def lock_lead(map_id: int) -> Lead:
    """Lock one lead until the end of the transaction, and return its fresh row.

    Raises Lead.DoesNotExist.
    """
    return Lead.objects.select_for_update(of=("self",)).get(pk=map_id)
