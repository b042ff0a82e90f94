"""The mail address of one's own login: the wish for another, and its proof."""

from http import HTTPStatus

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from assignments import smtp
from assignments.services.errors import AssignmentRefused
from assignments.services.notifications.reset_mail import VALID_FOR, proven_address
from assignments.services.people import mail_addresses
from dashboard.accounts.forms import NewAddressForm
from dashboard.accounts.secret_link import forget_link, keep_link, kept_link
from dashboard.accounts.sign_in_guard import visitor_of
from dashboard.htmx import PageRequest

PAGE = "confirm_address"
TEMPLATE = "accounts/address_confirm.html"


@require_http_methods(["GET", "HEAD", "POST"])
@reauthentication_required(app="dashboard.accounts")  # type: ignore[untyped-decorator]
def address(request: PageRequest) -> HttpResponse:
    """Show the form for a new address, to whoever has just proved themselves; on POST
    mail a link there.

    Answers 422 to what is no address, 429 after too many wishes. While mail is off it
    says whom to ask, and has no form.
    """
    context: dict[str, object] = {"is_mail_on": smtp.is_on()}
    if request.method != "POST" or not smtp.is_on():
        context["form"] = NewAddressForm()
        return render(request, "accounts/address.html", context)
    form = context["form"] = NewAddressForm(request.POST)
    if not form.is_valid():
        return render(request, "accounts/address.html", context, status=422)
    at = timezone.now()
    new_address = form.cleaned_data["email"]
    lock = mail_addresses.ask_for_proof(
        user=request.user, new_address=new_address, visitor=visitor_of(request), at=at
    )
    if lock:
        context["minutes"] = lock.minutes(at)
        return render(request, "accounts/address.html", context, status=429)
    hours = int(VALID_FOR.total_seconds() // 3600)
    messages.success(
        request,
        f"A link is on its way to {new_address}, and works for {hours} hours. Until you "
        "open it nothing is changed.",
    )
    return redirect("me")


@login_not_required
@never_cache
@require_safe
def open_confirmation(request: HttpRequest, key: str, token: str) -> HttpResponse:
    opens = proven_address(key, token) is not None
    return keep_link(request, PAGE, key, token, opens=opens)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def confirm(request: HttpRequest) -> HttpResponse:
    """Show whose address becomes which; on POST change it.

    Answers 410 if the link has ended, 409 if another login has the address.
    """
    key, token = kept_link(request, PAGE)
    proven = proven_address(key, token)
    if proven is None:
        return render(request, TEMPLATE, status=HTTPStatus.GONE)
    context: dict[str, object] = {"person": proven[0], "new_address": proven[1]}
    if request.method != "POST":
        return render(request, TEMPLATE, context)
    try:
        changed = mail_addresses.confirm(
            key=key, token=token, visitor=visitor_of(request), at=timezone.now()
        )
    except AssignmentRefused as refusal:
        context["problem"] = str(refusal)
        return render(request, TEMPLATE, context, status=HTTPStatus.CONFLICT)
    if changed is None:
        return render(request, TEMPLATE, status=HTTPStatus.GONE)
    messages.success(request, f"Your mail address is {changed.email} now.")
    response = redirect("me")
    forget_link(response, PAGE)
    return response
