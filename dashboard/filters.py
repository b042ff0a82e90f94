"""Filters that come in a query string, and days as people type them into one."""

from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db.models import Model, Q, QuerySet
from django.utils import timezone

from dashboard.pagination import Page

EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)
WRITE_IT_LIKE = "That is not a day. Write it as 2026-05-12."
MOST_COUNTED = 1000  # further than anybody would read


def day_field(label: str) -> forms.DateField:
    return forms.DateField(
        required=False,
        label=label,
        widget=forms.DateInput(attrs={"type": "date"}),
        error_messages={"invalid": WRITE_IT_LIKE},
        validators=[
            MinValueValidator(EARLIEST, f"No lead replied before {EARLIEST}."),
            MaxValueValidator(LATEST, f"{LATEST} is too far ahead."),
        ],
    )


def start_of(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def within(column: str, first: date | None, last: date | None) -> Q:
    """Return the condition that the time in `column` lies on the days from `first` to
    `last`, both included. Days begin at midnight in Django's current time zone,
    which is the viewer's. None leaves that side open; two Nones give an empty Q(),
    which matches all.
    """
    condition = Q()
    if first:
        condition &= Q(**{f"{column}__gte": start_of(first)})
    if last:
        condition &= Q(**{f"{column}__lt": start_of(last + timedelta(days=1))})
    return condition


class QueryFilter(forms.Form):
    """A filter with two days, `from` and `to`; CHOOSERS are its menus, in their order.

    FILTERS are the names that count in an address, in the order of `query`.
    """

    CHOOSERS: tuple[str, ...] = ()
    FILTERS: tuple[str, ...] = ()
    FIRST_DAY = "From"

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        # `from` is no name that Python lets a class body use.
        self.fields["from"] = day_field(self.FIRST_DAY)

    def clean(self) -> dict[str, Any]:
        first, last = self.cleaned_data.get("from"), self.cleaned_data.get("to")
        if first and last and last < first:
            raise forms.ValidationError(
                f"The list would end before it begins: {first} is after {last}."
            )
        return self.cleaned_data

    @property
    def choosers(self) -> list[forms.BoundField]:
        return [self[name] for name in self.CHOOSERS]

    @property
    def first_day(self) -> forms.BoundField:
        return self["from"]

    @property
    def sentences(self) -> list[str]:
        """Return the text of each error of each field, form-wide ones included; an
        empty list if the form is valid.
        """
        return [str(error) for errors in self.errors.values() for error in errors]

    @property
    def query(self) -> str:
        """Return `given()` as a query string without "?", in the order of FILTERS.

        Empty values and other names, such as the cursor of a page, are left out.
        """
        return urlencode(self.given())

    def given(self) -> dict[str, str]:
        """Return the text of each filter by its name, in the order of FILTERS.

        Texts are stripped and not checked; empty ones are left out.
        """
        values = {name: self.data.get(name, "").strip() for name in self.FILTERS}
        return {name: value for name, value in values.items() if value}


def total_of[Row: Model](page: Page[Row], rows: QuerySet[Row]) -> str:
    """Return for display how many rows `rows` has: `12`, or `1,000+` above
    MOST_COUNTED. If `page` has no earlier and no later page, its rows are counted
    instead, without a query.
    """
    if not page.earlier and not page.later:
        return f"{len(page.rows)}"
    return most_counted(count_of(rows))


def most_counted(count: int) -> str:
    """Return a result of `count_of` for display: `12`, or `1,000+`."""
    return f"{MOST_COUNTED:,}+" if count > MOST_COUNTED else f"{count:,}"


def count_of[Row: Model](rows: QuerySet[Row]) -> int:
    """Return the number of rows, counted by one query.

    MOST_COUNTED + 1 stands for all larger numbers.
    """
    return rows.order_by()[: MOST_COUNTED + 1].count()
