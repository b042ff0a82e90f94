"""Preferences of people for notifications: by kind, and when by mail or in chat."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction

from assignments.models import MailSchedule, Member, NotificationChoice, User
from assignments.models.notification import ByMail, InChat, NotificationKind
from assignments.services.time_zones import zone_or_default

DIGEST_AT = time(8)
QUIET = (time(20), time(7))


@dataclass(frozen=True, slots=True)
class KindPreference:
    """Ways in which one kind of notification reaches somebody."""

    in_app: bool = True
    by_mail: ByMail = ByMail.AT_ONCE
    # In the chat channels that they have, if any.
    in_chat: InChat = InChat.AT_ONCE


# Overdue answers also show in the inbox, and some people have many a day.
DEFAULTS = {kind: KindPreference() for kind in NotificationKind} | {
    NotificationKind.OVERDUE: KindPreference(
        by_mail=ByMail.DIGEST, in_chat=InChat.DIGEST
    )
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationPreferences:
    """The choices of one person, or the defaults, in their time zone."""

    zone: ZoneInfo
    choices: Mapping[NotificationKind, KindPreference]
    digest_at: time = DIGEST_AT
    quiet_from: time | None = QUIET[0]
    quiet_to: time | None = QUIET[1]

    def are_quiet(self, at: datetime) -> bool:
        """Return whether `at` lies in the quiet hours by the clock of `zone`.

        They may go over midnight, and their end is excluded; there are none if an end
        is None or both are the same.
        """
        begin, end = self.quiet_from, self.quiet_to
        if begin is None or end is None or begin == end:
            return False
        now = at.astimezone(self.zone).time()
        if begin < end:
            return begin <= now < end
        return now >= begin or now < end

    def last_digest(self, at: datetime) -> datetime:
        """Return the newest daily `digest_at` in `zone` that is not after `at`."""
        today = at.astimezone(self.zone).date()
        moment = datetime.combine(today, self.digest_at, tzinfo=self.zone)
        if moment <= at:
            return moment
        yesterday = today - timedelta(days=1)
        return datetime.combine(yesterday, self.digest_at, tzinfo=self.zone)


def preference_for_kind(user: User, kind: NotificationKind) -> KindPreference:
    """Return the user's saved choice for this kind, else the kind's default for
    everybody.
    """
    row = NotificationChoice.objects.filter(user=user, kind=kind).first()
    return _choice(row) if row else DEFAULTS[kind]


def preferences_of(user: User | None, *, zone: str = "") -> NotificationPreferences:
    """Return the saved choices of a user, with defaults for all not saved.

    None is a member without a login, with defaults only. The time zone is the user's,
    else `zone`, else (or if unknown) that of the settings.
    """
    if user is None:
        return NotificationPreferences(zone=zone_or_default(zone), choices=DEFAULTS)
    rows = NotificationChoice.objects.filter(user=user)
    choices = DEFAULTS | {NotificationKind(row.kind): _choice(row) for row in rows}
    time_zone = zone_or_default(user.time_zone or zone)
    times = MailSchedule.objects.filter(user=user).first()
    if times is None:
        return NotificationPreferences(zone=time_zone, choices=choices)
    return NotificationPreferences(
        zone=time_zone,
        choices=choices,
        digest_at=times.digest_at,
        quiet_from=times.quiet_from,
        quiet_to=times.quiet_to,
    )


def mail_address(user: User | None, member: Member | None) -> str:
    """Return the user's mail address, else the member's, else ""."""
    return (user.email if user else "") or (member.email if member else "")


@transaction.atomic
def save_preferences(
    *,
    user: User,
    choices: Mapping[NotificationKind, KindPreference],
    digest_at: time,
    quiet_from: time | None,
    quiet_to: time | None,
) -> None:
    """Save the given choices and mail times of a user, unchecked.

    Kinds not given stay as they are. Quiet hours with both ends None are off.
    """
    for kind, choice in choices.items():
        NotificationChoice.objects.update_or_create(
            user=user,
            kind=kind,
            defaults={
                "in_app": choice.in_app,
                "by_mail": choice.by_mail,
                "in_chat": choice.in_chat,
            },
        )
    MailSchedule.objects.update_or_create(
        user=user,
        defaults={
            "digest_at": digest_at,
            "quiet_from": quiet_from,
            "quiet_to": quiet_to,
        },
    )


def _choice(row: NotificationChoice) -> KindPreference:
    kind = NotificationKind(row.kind)
    return KindPreference(
        in_app=row.in_app,
        by_mail=ByMail(row.by_mail),
        in_chat=InChat(row.in_chat) if row.in_chat else DEFAULTS[kind].in_chat,
    )
