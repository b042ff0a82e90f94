"""Days as typed into a filter: whole days of the viewer's zone."""

from datetime import date, datetime, time

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils import timezone

EARLIEST, LATEST = date(2000, 1, 1), date(2100, 1, 1)
WRITE_IT_LIKE = "That is not a day. Write it as 2026-05-12."


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
