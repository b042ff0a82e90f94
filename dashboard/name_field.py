"""The form field for names: one line, without characters that nobody sees."""

import unicodedata

from django import forms
from django.core.exceptions import ValidationError

NOT_ONE_LINE = frozenset({"Cc", "Zl", "Zp"})


def is_one_line(text: str) -> bool:
    return not any(
        unicodedata.category(character) in NOT_ONE_LINE for character in text
    )


def require_one_line(text: str) -> None:
    if not is_one_line(text):
        raise ValidationError("Write it in one line, without tabs or line breaks.")


class NameField(forms.CharField):
    default_validators = [require_one_line]
