from django import forms

from assignments.models import User
from dashboard.form_fields import LineField


class TeamForm(forms.Form):
    name = LineField(max_length=100)
    team_leads = forms.ModelMultipleChoiceField(
        User.objects.filter(is_active=True).order_by("first_name", "username"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )


class UserForm(forms.Form):
    first_name = LineField(max_length=150)
    last_name = LineField(max_length=150, required=False)
    email = forms.EmailField(max_length=254, required=False, label="E-mail")
    is_sales_manager = forms.BooleanField(
        required=False,
        label="Sales manager",
        help_text="May assign any lead, manage people and pause writes.",
    )
    is_active = forms.BooleanField(
        required=False, label="May sign in", help_text="History keeps the name."
    )
