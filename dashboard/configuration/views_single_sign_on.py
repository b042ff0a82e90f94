"""Single sign-on: what groups of the provider give, and whose logins are linked."""

from typing import Any

from allauth.socialaccount.models import SocialAccount
from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from assignments.models import GroupMapping, Team
from assignments.services.errors import AssignmentRefused
from assignments.services.people import provider_groups, provider_sign_ins
from dashboard.accounts.oidc.social_adapter import callback_address
from dashboard.form_fields import LineField
from dashboard.htmx import PageRequest
from dashboard.service_errors import refuse
from dashboard.team.views_members import check_manager

TEMPLATE = "configuration/single_sign_on.html"
LINKS_SHOWN = 200


class GroupForm(forms.Form):
    claim_value = LineField(max_length=200, label="Group, as the provider writes it")
    role = forms.ChoiceField(choices=GroupMapping.Role.choices, label="Makes them")
    team = forms.ModelChoiceField(
        Team.objects.all(),
        required=False,
        empty_label="No team",
        label="Team that they belong to or lead",
    )


@require_http_methods(["GET", "HEAD", "POST"])
def single_sign_on(request: PageRequest) -> HttpResponse:
    """Show the table of groups and the linked logins; on POST add a line.

    Answers 422 for a form that is not valid, 409 if the service refuses. Raises
    PermissionDenied unless the viewer is a sales manager.
    """
    check_manager(request, provider_groups.ACT)
    form = GroupForm(request.POST if request.method == "POST" else None)
    if not form.is_bound:
        group = request.GET.get("group", "")[:200]
        return _page(request, GroupForm(initial={"claim_value": group}))
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        line = provider_groups.add_line(actor=request.user, **form.cleaned_data)
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return _page(request, form, status=409)
    messages.success(request, f"{line} is in the table, from the next sign-in on.")
    return redirect("single_sign_on")


@require_POST
def remove_group(request: PageRequest, pk: int) -> HttpResponse:
    check_manager(request, provider_groups.ACT)
    line = get_object_or_404(GroupMapping, pk=pk)
    provider_groups.remove_line(actor=request.user, line=line)
    messages.success(request, f"{line} is removed. What it gave stays as it is.")
    return redirect("single_sign_on")


@require_POST
def unlink_login(request: PageRequest, pk: int) -> HttpResponse:
    check_manager(request, provider_sign_ins.ACT)
    account = get_object_or_404(SocialAccount, pk=pk)
    try:
        provider_sign_ins.unlink(actor=request.user, account=account)
    except AssignmentRefused as refusal:
        refuse(request, refusal)
    else:
        messages.success(
            request,
            f"{account.user} is unlinked and signed out there. The next account with "
            "this verified address is linked.",
        )
    return redirect("single_sign_on")


def _page(request: PageRequest, form: GroupForm, *, status: int = 200) -> HttpResponse:
    accounts = SocialAccount.objects.filter(provider=settings.OIDC_ISSUER)
    linked = accounts.select_related("user").order_by("-last_login")
    context: dict[str, Any] = {
        "form": form,
        "lines": GroupMapping.objects.select_related("team"),
        "unknown": provider_groups.groups_without_line(),
        "claim": settings.OIDC_GROUPS_CLAIM,
        "issuer": settings.OIDC_ISSUER,
        "provider": settings.OIDC_NAME,
        "callback": callback_address(),
        "linked": linked[:LINKS_SHOWN],
        "linked_count": linked.count(),
        "links_shown": LINKS_SHOWN,
    }
    return render(request, TEMPLATE, context, status=status)
