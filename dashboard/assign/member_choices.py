"""Members to whom the viewer of a page may give leads now."""

from collections.abc import Iterable

from django.utils import timezone

from assignments.models import User
from assignments.services.bulk.member_options import (
    MemberOption,
    choosable,
    member_options,
)

__all__ = ["MemberOption", "choosable", "member_choices"]


def member_choices(user: User, *, also: Iterable[int] = ()) -> list[MemberOption]:
    """Return the options of `member_options` at this moment."""
    return member_options(user, at=timezone.now(), also=also)
