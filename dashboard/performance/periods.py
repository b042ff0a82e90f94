"""Periods as a viewer chooses them: whole days of their zone, both ends included."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.utils import timezone

from assignments.models import Team
from assignments.services.insights.definitions import BY_KEY
from assignments.services.insights.metrics import Period
from dashboard.filters import day_field, start_of

type Days = tuple[date, date]

DAY = timedelta(days=1)
MONTH = timedelta(days=29)  # before a last day that stands alone
USUAL = "last_30_days"


def _week(day: date) -> Days:
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=6)


def month_of(day: date) -> Days:
    first = day.replace(day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    return first, following - DAY


PERIODS: dict[str, tuple[str, Callable[[date], Days]]] = {
    "this_week": ("This week", _week),
    "last_week": ("Last week", lambda today: _week(today - timedelta(days=7))),
    "this_month": ("This month", month_of),
    "last_month": ("Last month", lambda today: month_of(month_of(today)[0] - DAY)),
    "last_30_days": ("Last 30 days", lambda today: (today - MONTH, today)),
    "last_90_days": ("Last 90 days", lambda today: (today - timedelta(days=89), today)),
}
SORTS = ("name", *BY_KEY)


class PeriodForm(forms.Form):
    """The period of a page: `from` and `to` win over a named period."""

    period = forms.ChoiceField(
        choices=[(key, label) for key, (label, _) in PERIODS.items()],
        required=False,
        error_messages={"invalid_choice": "There is no period “%(value)s”."},
    )
    to = day_field("To")
    team = forms.ModelChoiceField(
        Team.objects.all(),
        required=False,
        empty_label="All teams",
        error_messages={"invalid_choice": "There is no team with this id."},
    )
    sort = forms.ChoiceField(
        choices=[(f"{sign}{key}", key) for key in SORTS for sign in ("", "-")],
        required=False,
        widget=forms.HiddenInput,
        error_messages={"invalid_choice": "The table has no column “%(value)s”."},
    )

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        # `from` is no name that Python lets a class body use.
        self.fields["from"] = day_field("From")

    def clean(self) -> dict[str, Any]:
        first, last = self.cleaned_data.get("from"), self.cleaned_data.get("to")
        begins = first or (last and last - MONTH)
        if begins and begins > timezone.localdate():
            raise forms.ValidationError(
                f"{_said(begins)} lies ahead: nothing has happened there yet."
            )
        if first and last and last < first:
            raise forms.ValidationError(
                f"The period would end before it begins: {_said(first)} is after "
                f"{_said(last)}."
            )
        return self.cleaned_data

    @property
    def sentences(self) -> list[str]:
        return [str(error) for errors in self.errors.values() for error in errors]

    @property
    def first_day(self) -> forms.BoundField:
        return self["from"]

    @property
    def chosen(self) -> str:
        """Return the key of the named period of a valid form, `last_30_days` if
        nothing was chosen. Empty if a first or last day was typed.
        """
        said = self.cleaned_data
        return "" if said["from"] or said["to"] else said["period"] or USUAL

    @property
    def days(self) -> Days:
        """Return first and last day, both included.

        A missing last day is today; a missing first day is 29 days before the last. The
        last day of `this_week` and `this_month` may lie ahead.
        """
        today = timezone.localdate()
        if name := self.chosen:
            return PERIODS[name][1](today)
        first, last = self.cleaned_data["from"], self.cleaned_data["to"]
        last = last or today
        return first or last - MONTH, last

    @property
    def label(self) -> str:
        first, last = self.days
        return _said(first) if first == last else f"{_said(first)} to {_said(last)}"

    @property
    def value(self) -> Period:
        return period_of(*self.days)

    @property
    def choices(self) -> Iterator[tuple[str, str, bool]]:
        """Yield (label, query string, True for the one shown) for each named period.

        None is shown if the form is invalid or days were typed.
        """
        chosen = self.chosen if self.is_valid() else ""
        for key, (label, _) in PERIODS.items():
            yield label, self.query(period=key, **{"from": "", "to": ""}), key == chosen

    def query(self, **changes: str) -> str:
        """Return the query string of the form as it was sent, with these changes.

        Empty values are left out: a change to an empty text removes the field.
        """
        names = ("period", "from", "to", "team", "sort")
        said = {name: self.data.get(name, "").strip() for name in names} | changes
        return urlencode({name: value for name, value in said.items() if value})


def period_of(first: date, last: date) -> Period:
    return Period(starts_at=start_of(first), ends_at=start_of(last + DAY))


def weeks_up_to(day: date, count: int) -> list[Days]:
    """Return the `count` weeks up to the one with `day`, oldest first, as (Monday,
    Sunday).
    """
    monday, _ = _week(day)
    mondays = [monday - timedelta(weeks=back) for back in range(count)]
    return [_week(each) for each in reversed(mondays)]


def months_up_to(day: date, count: int) -> list[Days]:
    months = [month_of(day)]
    while len(months) < count:
        months.insert(0, month_of(months[0][0] - DAY))
    return months


def _said(day: date) -> str:
    return f"{day:%-d %b %Y}"
