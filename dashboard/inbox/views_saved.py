"""Pages of the reader's own views of the inbox."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from assignments.models import SavedView
from assignments.services.errors import AssignmentRefused
from assignments.services.people import saved_views as service
from dashboard.form_fields import LineField
from dashboard.htmx import PageRequest
from dashboard.inbox.filter import InboxFilter
from dashboard.service_errors import refuse

TEMPLATE = "inbox/saved_views.html"


class NameForm(forms.Form):
    name = LineField(
        max_length=60,
        error_messages={"required": "Give the view a name."},
    )


@require_http_methods(["GET", "HEAD", "POST"])
def saved_views(request: PageRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request, NameForm())
    form = NameForm(request.POST)
    narrowed = InboxFilter(QueryDict(request.POST.get("query")), user=request.user)
    if not form.is_valid() or not narrowed.is_valid() or not narrowed.query:
        sentence = "There is no filter to keep. Choose one in the inbox first."
        if form.is_valid():
            messages.error(request, sentence)
        return _page(request, form, status=422)
    try:
        view = service.save_view(
            user=request.user, name=form.cleaned_data["name"], query=narrowed.query
        )
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return _page(request, form, status=409)
    return redirect(f"{reverse('inbox')}?{view.query}")


@require_POST
def rename(request: PageRequest, pk: int) -> HttpResponse:
    view = get_object_or_404(SavedView, pk=pk, user=request.user)
    form = NameForm(request.POST)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        service.rename_view(view=view, name=form.cleaned_data["name"])
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return _page(request, form, status=409)
    return redirect("saved_views")


@require_POST
def remove(request: PageRequest, pk: int) -> HttpResponse:
    service.remove_view(get_object_or_404(SavedView, pk=pk, user=request.user))
    return redirect("saved_views")


def _page(request: PageRequest, form: NameForm, *, status: int = 200) -> HttpResponse:
    for errors in form.errors.values():
        messages.error(request, " ".join(map(str, errors)))
    context = {"views": SavedView.objects.filter(user=request.user)}
    return render(request, TEMPLATE, context, status=status)
