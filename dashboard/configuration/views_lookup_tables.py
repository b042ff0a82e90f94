"""Pages of the tables of territories and expertise."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from assignments.models import LookupEntry, LookupTable
from assignments.services.access import active_members
from assignments.services.bulk import lead_values
from assignments.services.bulk import lookup_tables as tables
from assignments.services.bulk.csv_input import (
    MOST_BYTES,
    UnreadableTable,
    decode_table,
)
from assignments.services.errors import AssignmentRefused
from dashboard.form_fields import LineField, LinesField
from dashboard.htmx import PageRequest
from dashboard.routing.rule_draft import RuleDraft
from dashboard.server.body_limit import largest_body
from dashboard.server.body_sizes import LARGEST_IMPORT
from dashboard.service_errors import refuse
from dashboard.team.views_members import check_manager

LINES = 100


MOST_REPEATS = 10  # named in one message


class MappingForm(forms.Form):
    name = LineField(max_length=100)
    kind = forms.ChoiceField(choices=LookupTable.Kind.choices)
    attribute = forms.ChoiceField(
        choices=LookupTable.Attribute.choices, label="Looked up by"
    )
    custom_field = LineField(
        max_length=100,
        required=False,
        help_text="Only for a custom field: its name, as Smartlead has it.",
    )


class LineForm(forms.Form):
    value = LineField(max_length=tables.LONGEST_VALUE)
    member = forms.ModelChoiceField(active_members(), empty_label="Choose a member")


class ImportForm(forms.Form):
    file = forms.FileField(required=False, label="A CSV file")
    text = LinesField(
        required=False,
        label="Or type the rows",
        widget=forms.Textarea(attrs={"rows": 5, "placeholder": "DE,ana@example.com"}),
    )
    replaces = forms.BooleanField(
        required=False, label="Remove all present lines first"
    )

    def clean(self) -> dict[str, object]:
        file = self.cleaned_data.pop("file", None)
        if file is not None:
            self.cleaned_data["text"] = _text_of(file)
        if not str(self.cleaned_data.get("text", "")).strip():
            raise forms.ValidationError("Choose a file, or type some rows.")
        return self.cleaned_data


def _text_of(file: object) -> str:
    try:
        return decode_table(file.read(MOST_BYTES + 1))  # type: ignore[attr-defined]
    except UnreadableTable as refusal:
        raise forms.ValidationError(str(refusal)) from None


@require_http_methods(["GET", "HEAD", "POST"])
def mappings(request: PageRequest) -> HttpResponse:
    check_manager(request, tables.ACT)
    form = MappingForm(request.POST or None)
    status = 422 if form.is_bound else 200
    if form.is_valid():
        try:
            table = tables.save_table(actor=request.user, **form.cleaned_data)
        except AssignmentRefused as refusal:
            refuse(request, refusal)
            status = 409
        else:
            messages.success(request, f"The table “{table}” is there. Add its lines.")
            return redirect("mapping", table.pk)
    known = LookupTable.objects.annotate(count=Count("lines"))
    context = {"form": form, "tables": known, "draft": RuleDraft.of(request)}
    return render(request, "configuration/lookup_tables.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def mapping_page(request: PageRequest, pk: int) -> HttpResponse:
    check_manager(request, tables.ACT)
    table = get_object_or_404(LookupTable, pk=pk)
    if request.method != "POST":
        return _table(request, table)
    return _keep(request, table, "form", MappingForm(request.POST), tables.save_table)


@require_POST
def add(request: PageRequest, pk: int) -> HttpResponse:
    check_manager(request, tables.ACT)
    table = get_object_or_404(LookupTable, pk=pk)
    return _keep(request, table, "line", LineForm(request.POST), tables.add_entry)


@largest_body(LARGEST_IMPORT)
@require_POST
def load(request: PageRequest, pk: int) -> HttpResponse:
    check_manager(request, tables.ACT)
    table = get_object_or_404(LookupTable, pk=pk)
    form = ImportForm(request.POST, request.FILES)
    return _keep(request, table, "rows", form, tables.import_entries)


def _keep(
    request: PageRequest,
    table: LookupTable,
    place: str,
    form: forms.Form,
    act: Callable[..., object],
) -> HttpResponse:
    """Call `act` with the form's data and redirect to the table's page with a message.

    An invalid form, or broken rows, show that page as it was typed with status 422; a
    refusal with 409. `place` is the argument of `_table` that takes the form. Raises
    PermissionDenied if the service says NotAllowed.
    """
    shown: dict[str, Any] = {place: form}
    if not form.is_valid():
        return _table(request, table, status=422, **shown)
    try:
        done = act(actor=request.user, table=table, **form.cleaned_data)
    except tables.BrokenRows as broken:
        refuse(request, broken)
        return _table(request, table, broken=broken.problems, status=422, **shown)
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return _table(request, table, status=409, **shown)
    messages.success(request, _told(done))
    return redirect("mapping", table.pk)


def _told(done: object) -> str:
    match done:
        case tables.TableImport(new_lines=count, header=header, repeats=repeats):
            said = [f"{count:,} new line{'' if count == 1 else 's'}."]
            if header:
                said.append(f"The first row, “{header}”, is the header.")
            said += repeats[:MOST_REPEATS]
            if (rest := len(repeats) - MOST_REPEATS) > 0:
                said.append(f"{rest:,} more lines repeat others.")
            return " ".join(said)
        case LookupEntry(value=value, member=member):
            return f"The table now names {member} for “{value}”."
        case _:
            return f"{done} is saved."


@require_POST
def remove_line(request: PageRequest, pk: int) -> HttpResponse:
    check_manager(request, tables.ACT)
    line = get_object_or_404(LookupEntry, pk=pk)
    tables.remove_entry(actor=request.user, line=line)
    return redirect("mapping", line.mapping_id)


@require_POST
def remove(request: PageRequest, pk: int) -> HttpResponse:
    check_manager(request, tables.ACT)
    table = get_object_or_404(LookupTable, pk=pk)
    try:
        tables.remove_table(actor=request.user, table=table)
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return _table(request, table, status=409)
    messages.success(request, f"The table {table} is removed.")
    return redirect("mappings")


def _waiting_rule(request: PageRequest, table: LookupTable) -> dict[str, str] | None:
    """Return name and address of the half-written rule, to go on with this table."""
    draft = RuleDraft.of(request)
    if draft is None:
        return None
    return {"name": draft.name, "address": draft.address_with(table)}


def _table(
    request: PageRequest,
    table: LookupTable,
    *,
    form: MappingForm | None = None,
    line: LineForm | None = None,
    rows: ImportForm | None = None,
    broken: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    names = ("name", "kind", "attribute", "custom_field")
    initial = {name: getattr(table, name) for name in names}
    lines = table.lines.select_related("member")
    context = {
        "table": table,
        "form": form or MappingForm(initial=initial, auto_id="table_%s"),
        "line": line or LineForm(initial={"value": request.GET.get("value", "")}),
        "suggested": lead_values.unknown_values(table),
        "waiting_rule": _waiting_rule(request, table),
        "rows": rows or ImportForm(),
        "broken": broken,
        "page": Paginator(lines, LINES).get_page(request.GET.get("page")),
    }
    return render(request, "configuration/lookup_table.html", context, status=status)
