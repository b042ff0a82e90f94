from typing import Any

from django import forms

from assignments.models import User
from dashboard.form_fields import zone_choices


class ZoneAnswerForm(forms.Form):
    """The answer to the offer of the browser's time zone."""

    zone = forms.ChoiceField(
        error_messages={"invalid_choice": "Handoff does not know this time zone."}
    )
    is_taken = forms.BooleanField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone = self.fields["zone"]
        assert isinstance(zone, forms.ChoiceField)  # noqa: S101  for the type checker
        zone.choices = zone_choices("")[1:]


class OwnSettingsForm(forms.Form):
    time_zone = forms.ChoiceField(required=False)
    theme = forms.ChoiceField(choices=User.Theme.choices)
    density = forms.ChoiceField(choices=User.Density.choices, label="Rows of the lists")
    single_keys = forms.BooleanField(
        required=False,
        label="Shortcuts with a single key",
        help_text="Letters such as j, k and a. Turn them off if they get in your way.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        zone = self.fields["time_zone"]
        assert isinstance(zone, forms.ChoiceField)  # noqa: S101  for the type checker
        zone.choices = zone_choices("The same as for everybody")
