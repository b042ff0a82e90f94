"""Pages of who sees which leads: for all members, and by client for one login."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from assignments.models import ClientLimit, User
from assignments.models.account import MembersSee
from assignments.services.errors import AssignmentRefused
from assignments.services.people import sight_limits
from dashboard.htmx import PageRequest
from dashboard.service_errors import refuse
from dashboard.team.views_members import check_manager

MEANINGS = {
    MembersSee.ALL: "Everybody finds every lead, and can move only what is theirs.",
    MembersSee.TEAM: (
        "A member sees what somebody of their own team has. Leads of other teams are "
        "not there for them: not in lists, counts, searches, history or mails."
    ),
    MembersSee.OWN: (
        "A member sees what they have, and what others cover for them while they are "
        "away. Leads of colleagues are not there for them."
    ),
}


class SightForm(forms.Form):
    members_see = forms.ChoiceField(
        choices=MembersSee.choices,
        error_messages={
            "required": "Choose what members see.",
            "invalid_choice": "Choose one of these.",
        },
    )


class ClientsForm(forms.Form):
    client = forms.TypedMultipleChoiceField(coerce=int, required=False)

    def __init__(self, data: Any, *, options: list[int]) -> None:
        super().__init__(data)
        field = self.fields["client"]
        field.choices = [(pk, str(pk)) for pk in options]  # type: ignore[attr-defined]
        field.error_messages["invalid_choice"] = "There is no client %(value)s."


@require_http_methods(["GET", "HEAD", "POST"])
def sight_settings(request: PageRequest) -> HttpResponse:
    check_manager(request, sight_limits.ACT)
    form = SightForm(request.POST or None)
    if not form.is_bound:
        return _page(request, form)
    if not form.is_valid():
        return _page(request, form, status=422)
    chosen = MembersSee(form.cleaned_data["members_see"])
    sight_limits.set_members_see(actor=request.user, members_see=chosen)
    messages.success(request, f"Members see: {_in_a_sentence(chosen)}.")
    return redirect("sight_settings")


def _in_a_sentence(chosen: MembersSee) -> str:
    label = str(chosen.label)
    return label[:1].lower() + label[1:]


def _page(request: PageRequest, form: SightForm, *, status: int = 200) -> HttpResponse:
    limits = ClientLimit.objects.select_related("user").order_by("user", "client_id")
    limited: dict[User, list[int]] = {}
    for limit in limits:
        limited.setdefault(limit.user, []).append(limit.client_id)
    context = {
        "form": form,
        "now": sight_limits.members_see(),
        "choices": [(one, one.label, said) for one, said in MEANINGS.items()],
        "limited": list(limited.items()),
    }
    return render(request, "configuration/sight.html", context, status=status)


@require_POST
def limit_clients(request: PageRequest, pk: int) -> HttpResponse:
    """Limit a login to the clients that are ticked, and redirect to its page.

    With none it sees those of all again. Answers 404, or redirects with a refusal's
    sentence. Raises PermissionDenied unless the viewer is a sales manager.
    """
    check_manager(request, sight_limits.ACT)
    user = get_object_or_404(User, pk=pk)
    form = ClientsForm(request.POST, options=[one.id for one in clients_of(user)])
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, " ".join(map(str, errors)))
        return redirect("user", pk)
    try:
        sight_limits.limit_clients(
            actor=request.user, user=user, clients=form.cleaned_data["client"]
        )
    except AssignmentRefused as refusal:
        refuse(request, refusal)
    else:
        messages.success(request, f"{user} is saved.")
    return redirect("user", pk)


def clients_of(user: User) -> list[sight_limits.ClientOption]:
    """Return the clients to choose from, those that the user is limited to among them."""
    options = {option.id: option for option in sight_limits.client_options()}
    for limit in user.client_limits.all():
        gone = sight_limits.ClientOption(id=limit.client_id, leads=0)
        options.setdefault(limit.client_id, gone)
    return [options[pk] for pk in sorted(options)]


def client_rows(user: User) -> list[tuple[sight_limits.ClientOption, bool]]:
    """Return each client of `clients_of`, and whether the user is limited to it."""
    chosen = {limit.client_id for limit in user.client_limits.all()}
    return [(option, option.id in chosen) for option in clients_of(user)]
