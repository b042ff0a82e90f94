"""Forms of what somebody is told, and how: a line for each kind, then the times."""

from typing import Any

from django import forms
from django.forms.boundfield import BoundField

from assignments.models.notification import ByMail, InChat, NotificationKind
from assignments.services.notifications.preferences import (
    KindPreference,
    NotificationPreferences,
)

ABOUT = {
    NotificationKind.ASSIGNED: "One message for a click or a batch, however many leads.",
    NotificationKind.TAKEN: (
        "By whom, how many, and to whom: one message for a click or a batch. Not for "
        "coverages, nor for what you do yourself."
    ),
    NotificationKind.COVERING: (
        "At the start, when it is extended or ends early, and once a day when more leads "
        "come."
    ),
    NotificationKind.RETURNED: "What became of the leads that others held for you.",
    NotificationKind.PROPOSED: (
        "It needs your confirmation. For those who lead the team, and sales managers."
    ),
    NotificationKind.DECIDED: "What became of the absence that you proposed.",
    NotificationKind.ATTENTION: "For those who lead the member, and the member.",
    NotificationKind.OVERDUE: "A reply has waited longer than was agreed.",
    NotificationKind.REVIEW: "For those who lead a team.",
}


def _time(
    label: str, help_text: str = "", *, required: bool = False
) -> forms.TimeField:
    widget = forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
    return forms.TimeField(
        label=label,
        help_text=help_text,
        required=required,
        widget=widget,
        error_messages={
            "invalid": "Write a time like 08:00.",
            "required": "Choose a time for the digest.",
        },
    )


class WishesForm(forms.Form):
    digest_at = _time("Digest at", required=True)
    quiet_from = _time("Quiet from")
    quiet_to = _time("Quiet until")

    def __init__(
        self, data: Any = None, *, wishes: NotificationPreferences, has_chat: bool
    ) -> None:
        self._wishes = wishes
        self._has_chat = has_chat
        super().__init__(data, initial=_initial(wishes))
        for kind in NotificationKind:
            self.fields[f"in_app_{kind}"] = forms.BooleanField(
                required=False, label=f"{kind.label}: in the app"
            )
            self.fields[f"by_mail_{kind}"] = forms.ChoiceField(
                choices=ByMail.choices, label=f"{kind.label}: by e-mail"
            )
            if has_chat:
                self.fields[f"in_chat_{kind}"] = forms.ChoiceField(
                    choices=InChat.choices, label=f"{kind.label}: in chat"
                )

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        begin, end = said.get("quiet_from"), said.get("quiet_to")
        if (begin is None) != (end is None) and not self.errors:
            missing = "quiet_from" if begin is None else "quiet_to"
            self.add_error(missing, "Quiet hours need both times; or leave both empty.")
        return said

    @property
    def lines(
        self,
    ) -> list[tuple[NotificationKind, str, BoundField, BoundField, BoundField | None]]:
        """Return a line for each kind; its last field is None for who has no chat."""
        return [
            (
                kind,
                ABOUT[kind],
                self[f"in_app_{kind}"],
                self[f"by_mail_{kind}"],
                self[f"in_chat_{kind}"] if self._has_chat else None,
            )
            for kind in NotificationKind
        ]

    @property
    def choices(self) -> dict[NotificationKind, KindPreference]:
        said, before = self.cleaned_data, self._wishes.choices
        return {
            kind: KindPreference(
                in_app=said[f"in_app_{kind}"],
                by_mail=ByMail(said[f"by_mail_{kind}"]),
                in_chat=InChat(said[f"in_chat_{kind}"])
                if self._has_chat
                else before[kind].in_chat,
            )
            for kind in NotificationKind
        }


def _initial(wishes: NotificationPreferences) -> dict[str, Any]:
    times = {name: getattr(wishes, name) for name in WishesForm.base_fields}
    for kind, choice in wishes.choices.items():
        times[f"in_app_{kind}"] = choice.in_app
        times[f"by_mail_{kind}"] = choice.by_mail
        times[f"in_chat_{kind}"] = choice.in_chat
    return times
