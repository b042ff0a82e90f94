from typing import Any

from allauth.account.forms import LoginForm
from django import forms

from assignments.models import User
from assignments.services.people.sign_ins import login_name
from dashboard.form_fields import LineField, zone_choices


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


class SignInForm(LoginForm):  # type: ignore[misc]  # allauth has no types
    """Name or mail address, and password; the names of the fields are from before."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        name, password = self.fields["login"], self.fields["password"]
        name.label, password.label = "Name or mail address", "Password"
        password.help_text = ""
        name.widget.attrs = {
            "autocomplete": "username",
            "autofocus": True,
            "dir": "auto",
        }
        name.widget.attrs |= {"autocapitalize": "none", "maxlength": "254"}
        password.widget.attrs = {"autocomplete": "current-password"}

    def add_prefix(self, field_name: str) -> str:
        return "username" if field_name == "login" else field_name

    def user_credentials(self) -> dict[str, str]:
        """Return name and password; a mail address stands for the name it belongs to."""
        typed = self.cleaned_data["login"]
        return {
            "username": login_name(typed),
            "password": self.cleaned_data["password"],
        }


class ForgottenPasswordForm(forms.Form):
    name = LineField(label="Name or mail address", max_length=254)


class NewAddressForm(forms.Form):
    email = forms.EmailField(label="New mail address", max_length=254)
