"""Forms of chat channels. What was typed as an address is never written into a page."""

from typing import Any

from django import forms

from assignments.models import ChatChannel
from assignments.models.notification import NotificationKind
from assignments.services.notifications.chat_channels import TEAM_KINDS
from dashboard.form_fields import LineField

ADDRESS_HINT = (
    "The address of an incoming webhook of Slack, Mattermost or Rocket.Chat, or of a "
    "workflow of Teams. It is kept encrypted and not shown again."
)
ABOUT_TEAM = {
    NotificationKind.ATTENTION: "A coverage needs attention",
    NotificationKind.OVERDUE: "Answers are overdue, and how many",
    NotificationKind.PROPOSED: "An absence waits to be confirmed",
    NotificationKind.COVERING: "Somebody covers, or no longer covers",
}


class _NeverShownInput(forms.TextInput):
    """An input that stays empty when its form is shown again."""

    def format_value(self, value: Any) -> None:
        return None


class ChannelForm(forms.Form):
    """A channel of one's own."""

    address = forms.CharField(
        max_length=2000,
        help_text=ADDRESS_HINT,
        widget=_NeverShownInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "dir": "ltr"},
        ),
        error_messages={"required": "Paste the address that the service gives you."},
    )
    name = LineField(
        max_length=80,
        required=False,
        label="What you call it",
        help_text="Like “#sales”. May be empty.",
    )


class TeamChoices(forms.Form):
    """Choices of what a channel of a team is told, and when."""

    kinds = forms.MultipleChoiceField(
        choices=[(kind.value, ABOUT_TEAM[kind]) for kind in TEAM_KINDS],
        widget=forms.CheckboxSelectMultiple,
        required=False,
        label="What the team is told there",
    )
    when = forms.ChoiceField(choices=ChatChannel.When.choices, label="When")

    @classmethod
    def of(cls, channel: ChatChannel) -> "TeamChoices":
        """Return the unbound form of a channel, with ids of its own."""
        values: dict[str, Any] = {"kinds": channel.kinds, "when": channel.when}
        return cls(initial=values, auto_id=f"channel-{channel.pk}-%s")


class TeamChannelForm(ChannelForm, TeamChoices):
    """A new channel of a team."""

    field_order = ("address", "name", "kinds", "when")

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, initial={"kinds": [kind.value for kind in TEAM_KINDS]})
