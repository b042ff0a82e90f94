"""Columns for text from outside, which is clean however it was written.

They clean what they read as well as what they write, so that rows from before are clean
too, and mark what is written from right to left, so that it turns no neighbour. To the
database and its migrations they are Django's own columns.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.db import models

from assignments.visible_text import (
    isolated,
    visible,
    with_paired_isolates,
    without_turning,
)

if TYPE_CHECKING:
    _Field = models.Field[str, str]
    _CharField = models.CharField[str, str]
    _TextField = models.TextField[str, str]
else:
    _Field, _CharField, _TextField = models.Field, models.CharField, models.TextField


class _CleanField(_Field):
    cleaned: Callable[[str], str]

    def from_db_value(self, value: str | None, *_: object) -> str | None:
        return None if value is None else isolated(type(self).cleaned(value))

    def get_prep_value(self, value: Any) -> Any:
        prepared = super().get_prep_value(value)
        return type(self).cleaned(prepared) if isinstance(prepared, str) else prepared

    def pre_save(self, model_instance: models.Model, add: bool) -> Any:  # noqa: FBT001
        value = super().pre_save(model_instance, add)
        if isinstance(value, str):
            value = isolated(type(self).cleaned(value))
            setattr(model_instance, self.attname, value)
        return value

    def deconstruct(self) -> Any:
        name, _, arguments, options = super().deconstruct()
        return name, f"django.db.models.{self.get_internal_type()}", arguments, options


class NameField(_CleanField, _CharField):
    """A name, subject or other line; empty if nothing of it can be seen."""

    cleaned = staticmethod(visible)


class SentenceField(_CleanField, _CharField):
    """A sentence, in which names may be isolated; other turning characters are gone."""

    cleaned = staticmethod(with_paired_isolates)


class SentenceTextField(_CleanField, _TextField):
    """Lines of sentences, in which names may be isolated."""

    cleaned = staticmethod(with_paired_isolates)


class PlainField(_CleanField, _CharField):
    """Words of people or mails, without turning characters."""

    cleaned = staticmethod(without_turning)


class PlainTextField(_CleanField, _TextField):
    """Lines that people write, without turning characters: they go to Smartlead."""

    cleaned = staticmethod(without_turning)


class NamedModel(models.Model):
    """A thing with a name, which an f-string isolates as it would the name itself."""

    class Meta:
        abstract = True

    def __format__(self, spec: str) -> str:
        return format(isolated(str(self)), spec)
