"""Forms for targets and working hours. The services decide."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.forms import BoundField

from assignments.models import Campaign, Category, Member, SlaTarget, WorkingHours
from assignments.services.sla.days_off import country_names, regions_by_country
from assignments.services.sla.hours import WEEKDAY_NAMES
from assignments.services.sla.policy import member_hours, week_from_lists
from assignments.services.sla.targets import MOST_MINUTES
from assignments.services.sla.working_time import Week
from dashboard.configuration.hours_text import (
    EXAMPLE,
    NotHours,
    read_hours,
    write_hours,
)
from dashboard.form_fields import LineField

MINUTES_OF = {"minutes": 1, "hours": 60}
AS_EVERYBODY = "-"


class TargetForm(forms.Form):
    campaign = forms.ModelChoiceField(
        Campaign.objects.all(), required=False, empty_label="All campaigns"
    )
    category = forms.ModelChoiceField(
        Category.objects.all(), required=False, empty_label="All categories"
    )
    amount = forms.IntegerField(
        label="Answer within",
        min_value=1,
        max_value=MOST_MINUTES,
        error_messages={"min_value": "A target of zero leaves no time to answer."},
    )
    unit = forms.ChoiceField(choices=[(name, name) for name in MINUTES_OF])
    counts = forms.ChoiceField(
        label="Counted",
        choices=[
            ("working", "in the owner's working hours"),
            ("clock", "around the clock"),
        ],
    )
    at_breach = forms.ChoiceField(
        label="When it is overdue", choices=SlaTarget.AtBreach.choices
    )

    @classmethod
    def of(cls, target: SlaTarget | None, data: Any = None) -> "TargetForm":
        if target is None:
            return cls(data, initial={"amount": 1, "unit": "hours"})
        unit = "minutes" if target.minutes % 60 else "hours"
        initial = {
            "campaign": target.campaign_id,
            "category": target.category_id,
            "amount": target.minutes // MINUTES_OF[unit],
            "unit": unit,
            "counts": "working" if target.in_working_hours else "clock",
            "at_breach": target.at_breach,
        }
        return cls(data, initial=initial)

    @property
    def wish(self) -> dict[str, Any]:
        said = self.cleaned_data
        return {
            "campaign": said["campaign"],
            "category": said["category"],
            "minutes": said["amount"] * MINUTES_OF[said["unit"]],
            "in_working_hours": said["counts"] == "working",
            "at_breach": said["at_breach"],
        }


class HoursField(forms.CharField):
    """The hours of one day; empty for a day without work."""

    def clean(self, value: Any) -> Any:
        try:
            return read_hours(super().clean(value))
        except NotHours:
            raise forms.ValidationError(f"Write it like {EXAMPLE}.") from None


class WeekForm(forms.Form):
    """The hours of a week, and the place whose public holidays are days off."""

    country = forms.ChoiceField(label="Public holidays of", required=False)
    subdivision = forms.CharField(
        max_length=10,
        required=False,
        label="Region",
        help_text="Its short name, such as BE for Berlin; empty for the whole country.",
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for number, name in enumerate(WEEKDAY_NAMES):
            self.fields[f"day_{number}"] = HoursField(
                label=name, required=False, max_length=100, strip=True
            )
        country = self.fields["country"]
        assert isinstance(country, forms.ChoiceField)  # noqa: S101  for the type checker
        country.choices = self.places()

    def places(self) -> list[tuple[str, str]]:
        return [("", "no country"), *country_names().items()]

    @property
    def days(self) -> Iterator[BoundField]:
        return (self[f"day_{number}"] for number in range(7))

    @property
    def week(self) -> Week:
        return tuple(self.cleaned_data[f"day_{number}"] for number in range(7))

    def clean(self) -> dict[str, Any]:
        said = self.cleaned_data
        country, region = said.get("country", ""), said.get("subdivision", "").upper()
        known = regions_by_country().get(country, [])
        if region and region not in known:
            named = f"Known are {', '.join(known)}." if known else "It has none here."
            self.add_error("subdivision", f"No region “{region}”. {named}")
        return said | {"subdivision": region}


class DefaultHoursForm(WeekForm):
    escalate_after = forms.IntegerField(
        label="Team leads are told after",
        min_value=1,
        max_value=MOST_MINUTES,
        help_text="Working minutes after the owner, if the answer is still missing.",
    )

    @classmethod
    def of(cls, hours: WorkingHours, data: Any = None) -> "DefaultHoursForm":
        initial = {
            "country": hours.country,
            "subdivision": hours.subdivision,
            "escalate_after": hours.escalate_after,
        }
        return cls(data, initial=initial | _days_said(week_from_lists(hours.week)))


class MemberHoursForm(WeekForm):
    own_week = forms.BooleanField(
        required=False, label="Hours of their own, instead of those of everybody"
    )

    def places(self) -> list[tuple[str, str]]:
        return [(AS_EVERYBODY, "as for everybody"), *super().places()]

    @classmethod
    def of(
        cls, member: Member, everybody: WorkingHours, data: Any = None
    ) -> "MemberHoursForm":
        own = member_hours(member)
        week = week_from_lists(everybody.week if own.week is None else own.week)
        initial = {
            "own_week": own.week is not None,
            "country": AS_EVERYBODY if own.country is None else own.country,
            "subdivision": own.subdivision,
        }
        return cls(data, initial=initial | _days_said(week))

    @property
    def wish(self) -> dict[str, Any]:
        said = self.cleaned_data
        is_own = said["country"] != AS_EVERYBODY
        return {
            "week": self.week if said["own_week"] else None,
            "country": said["country"] if is_own else None,
            "subdivision": said["subdivision"] if is_own else "",
        }


class DayOffForm(forms.Form):
    day = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}))
    name = LineField(max_length=100, required=False, label="What for")


def _days_said(week: Week) -> dict[str, str]:
    return {f"day_{number}": write_hours(spans) for number, spans in enumerate(week)}
