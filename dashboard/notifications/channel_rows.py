"""Lines of chat channels as pages show them, and never an address."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.urls import reverse

from assignments.chat.services import service_name
from assignments.models import ChatChannel, Mail
from dashboard.notifications.channel_forms import TeamChoices


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelRow:
    """One channel.

    `choices`: the form of what a team is told there; None for one's own.
    """

    channel: ChatChannel
    test_waits: bool = False
    choices: TeamChoices | None = None

    @property
    def service(self) -> str:
        return service_name(self.channel.service)

    @property
    def title(self) -> str:
        """Return what it is called, else the service."""
        return self.channel.name or self.service

    @property
    def page(self) -> str:
        """Return the path of the page that lists the channel."""
        if self.channel.team_id:
            return reverse("team_channels", args=[self.channel.team_id])
        return reverse("notification_settings")

    @property
    def where(self) -> str:
        """Return the service with its host and the end of the address."""
        channel = self.channel
        host = f" on {channel.host}" if channel.host else ""
        ending = f", address ends with {channel.ending}" if channel.ending else ""
        return f"{self.service}{host}{ending}"


def channel_rows(channels: Iterable[ChatChannel]) -> list[ChannelRow]:
    """Return the lines of channels; those of teams with their choices."""
    known = list(channels)
    tests = Mail.objects.pending().filter(channel__in=known, is_test=True)
    waiting = set(tests.values_list("channel", flat=True))
    return [
        ChannelRow(
            channel=channel,
            test_waits=channel.pk in waiting,
            choices=TeamChoices.of(channel) if channel.team_id else None,
        )
        for channel in known
    ]
