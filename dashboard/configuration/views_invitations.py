"""The one form that lets somebody in, and the link that it makes."""

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from assignments import smtp
from assignments.models import User
from assignments.services.access import Role, role_of
from assignments.services.errors import AssignmentRefused
from assignments.services.notifications.invitation_mail import VALID_FOR
from assignments.services.people import invitations
from dashboard.configuration.invitation_form import InvitationForm
from dashboard.htmx import PageRequest
from dashboard.service_errors import refuse
from dashboard.team.views_members import check_manager

ACT = "invite people"


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: PageRequest) -> HttpResponse:
    """Show the form, for the member in the address if one is named there; on POST
    create the login and show its link, this once.

    Answers 422 if the form is not valid, 409 if refused. Raises PermissionDenied unless
    the viewer is a sales manager.
    """
    check_manager(request, ACT)
    if request.method != "POST":
        chosen = {"member": request.GET.get("member", "")}
        return _form(request, InvitationForm(initial=chosen))
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _form(request, form, status=422)
    said = form.cleaned_data
    role = Role(said.pop("role"))
    try:
        made = invitations.invite(
            actor=request.user, at=timezone.now(), role=role, **said
        )
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return _form(request, form, status=409)
    return _link(request, made)


@never_cache
@require_POST
def renew(request: PageRequest, pk: int) -> HttpResponse:
    """Show a new link for a login without a password; a refusal answers 409."""
    check_manager(request, ACT)
    user = get_object_or_404(User, pk=pk)
    try:
        made = invitations.renew(actor=request.user, user=user, at=timezone.now())
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return _form(request, InvitationForm(), status=409)
    return _link(request, made)


def _form(
    request: PageRequest, form: InvitationForm, *, status: int = 200
) -> HttpResponse:
    context = {"form": form, "has_mail": smtp.is_on(), "days": VALID_FOR.days}
    return render(request, "configuration/invite.html", context, status=status)


def _link(request: PageRequest, made: invitations.Invitation) -> HttpResponse:
    context = {
        "made": made,
        "person": made.user,
        "role": role_of(made.user),
        "link": request.build_absolute_uri(made.path),
        "ends_at": timezone.now() + VALID_FOR,
    }
    return render(request, "configuration/invited.html", context)
