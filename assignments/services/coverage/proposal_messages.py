"""Notifications of absences: to those who decide, then to whom the decision concerns.

Written in the transaction of the act itself, so that each is told once or not at all.
"""

from datetime import datetime

from assignments.models import Coverage, Notification, User
from assignments.models.notification import NotificationKind
from assignments.services.absence_wording import away_in_words, coverers_in_words
from assignments.services.coverage.alerts import deciding_users
from assignments.services.notifications.notify import notify, notify_team
from assignments.services.time_zones import zone_or_default


def notify_deciders(
    coverage: Coverage, *, actor: User, at: datetime, changes: str = ""
) -> None:
    """Tell all who may confirm a proposal, but `actor`, that it waits for them.

    `changes` are the words for what was changed since; empty for a new one. What they
    were told of it before is withdrawn unless they have read it.
    """
    deciders = list(deciding_users(coverage).exclude(pk=actor.pk).order_by("pk"))
    withdraw_proposal(coverage, at=at)
    for user in deciders:
        when = _when(coverage, user)
        is_own = coverage.member.user_id == actor.pk
        who = f"{actor}" if is_own else f"{actor}, for {coverage.member},"
        subject = f"{who} proposes an absence {when}"
        if changes:
            subject = f"{who} changed the proposal of an absence {when}"
        notify(
            user,
            kind=NotificationKind.PROPOSED,
            key=_key(coverage, coverage.events.count()),
            subject=subject,
            text=f"Changed: {changes}." if changes else _who_covers(coverage),
            path=_path(coverage),
            at=at,
        )
    notify_team(
        coverage.member.team_id,
        kind=NotificationKind.PROPOSED,
        key=_key(coverage, coverage.events.count()),
        subject=f"An absence of {coverage.member} waits to be confirmed",
        path=_path(coverage),
        at=at,
    )


def notify_decided(
    coverage: Coverage, *, actor: User, at: datetime, verb: str, why: str = ""
) -> None:
    """Tell `concerned_users` what became of an absence, each once for a `verb`.

    `verb` is `confirmed`, `declined` or `cancelled`. The message to those who decide is
    withdrawn unless they have read it.
    """
    withdraw_proposal(coverage, at=at)
    away = coverage.member.user
    for user in concerned_users(coverage, actor):
        whose = "your absence" if user == away else f"the absence of {coverage.member}"
        notify(
            user,
            kind=NotificationKind.DECIDED,
            key=f"coverage-{coverage.pk}-{verb}",
            subject=f"{actor} {verb} {whose} {_when(coverage, user)}",
            text=f"Why: {why}" if why else "",
            path=_path(coverage),
            at=at,
        )


def concerned_users(coverage: Coverage, actor: User) -> list[User]:
    """Return who proposed or planned the absence and who is to be away, but `actor`."""
    concerned = [coverage.created_by, coverage.member.user]
    users = {user.pk: user for user in concerned if user and user != actor}
    return list(users.values())


def withdraw_proposal(coverage: Coverage, *, at: datetime) -> None:
    """Mark unread messages that a proposal waits as read, and tell it by mail or in chat no
    more.
    """
    keys = [_key(coverage, number) for number in range(coverage.events.count() + 1)]
    of_proposal = Notification.objects.filter(
        kind=NotificationKind.PROPOSED, key__in=keys
    )
    told = of_proposal.filter(user__in=deciding_users(coverage).values("pk"))
    told.filter(read_at=None).update(read_at=at)
    told.to_mail().update(mail_waits=False)
    of_proposal.to_chat().update(chat_waits=False)


def _key(coverage: Coverage, number: int) -> str:
    return f"coverage-{coverage.pk}-proposed-{number}"


def _path(coverage: Coverage) -> str:
    return f"/coverage/{coverage.pk}/"


def _when(coverage: Coverage, user: User) -> str:
    return away_in_words(coverage, zone_or_default(user.time_zone))


def _who_covers(coverage: Coverage) -> str:
    return f"Covered by {coverers_in_words(coverage) or 'nobody'}."
