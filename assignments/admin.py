"""Django's admin over some tables. History can be read there, not changed.

See docs/design/design.md, rule 7.
"""

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest
from django_q.models import Failure

from assignments.models import Assignment, Batch, Note

if TYPE_CHECKING:  # generic for the type checker only
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin


class ReadOnly(ModelAdmin):
    is_read_only = True  # the site takes in nothing else
    actions = None
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Assignment)
class AssignmentAdmin(ReadOnly):
    list_display = ("id", "lead", "expected", "to", "cause", "actor", "state")
    list_filter = ("state", "cause")
    list_select_related = ("lead", "expected", "to", "actor")


@admin.register(Batch)
class BatchAdmin(ReadOnly):
    list_display = ("id", "cause", "actor", "reason", "created_at")
    list_select_related = ("actor",)


@admin.register(Note)
class NoteAdmin(ReadOnly):
    list_display = ("reference", "lead", "kind", "state", "created_at")
    list_filter = ("state", "kind")
    list_select_related = ("lead",)


@admin.register(Failure)
class FailureAdmin(ReadOnly):
    list_display = ("name", "func", "started", "stopped")
    fields = (
        "name", "func", "args", "kwargs", "started", "stopped", "attempt_count",
        "result",
    )  # fmt: skip
