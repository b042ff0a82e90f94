"""Forms for endpoints of outgoing webhooks. The services decide."""

from datetime import datetime, time
from typing import Any

from django import forms
from django.utils import timezone

from assignments.models import OutgoingEndpoint
from assignments.models.outgoing_webhook import OutgoingKind
from assignments.webhook_sender import LONGEST_URL
from dashboard.form_fields import LineField


class EndpointForm(forms.Form):
    url = LineField(
        label="Address",
        max_length=LONGEST_URL,
        widget=forms.TextInput(
            attrs={
                "inputmode": "url",
                "autocomplete": "off",
                "placeholder": "https://",
                "spellcheck": "false",
            }
        ),
        help_text="It gets POST requests. It begins with https://.",
    )
    description = LineField(
        max_length=100,
        required=False,
        help_text="What receives it: “CRM”, for example.",
    )
    kinds = forms.MultipleChoiceField(
        label="Events",
        choices=[(kind.value, f"{kind.label} ({kind.value})") for kind in OutgoingKind],
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": "Choose at least one event."},
    )

    @classmethod
    def of(cls, endpoint: OutgoingEndpoint, data: Any = None) -> "EndpointForm":
        initial = {
            "url": endpoint.url,
            "description": endpoint.description,
            "kinds": endpoint.kinds,
        }
        return cls(data, initial=initial)


class SinceForm(forms.Form):
    since = forms.DateField(
        label="Of events since", widget=forms.DateInput(attrs={"type": "date"})
    )

    @property
    def moment(self) -> datetime:
        """Return the beginning of the day in the viewer's zone."""
        day = datetime.combine(self.cleaned_data["since"], time())
        return timezone.make_aware(day)
