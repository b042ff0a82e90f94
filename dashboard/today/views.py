"""The page that says what needs its reader today."""

from http import HTTPStatus

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from assignments.models import Lead, Member
from dashboard.htmx import PageRequest, render_page, target
from dashboard.permissions import landing_page
from dashboard.today.page import numbers_of_today, page_of_today

TEMPLATE = "today/today.html"
NEWS = "today-news"


@require_safe
def home(request: PageRequest) -> HttpResponse:
    return redirect(landing_page(request.user))


@require_safe
def today(request: PageRequest) -> HttpResponse:
    if target(request) == NEWS:
        return _news(request)
    at = timezone.now()
    context = {
        "page": page_of_today(request.user, at=at),
        "at": at,
        "here": reverse("today"),
        "has_leads": Lead.objects.exists(),
        "has_member": Member.objects.filter(user=request.user).exists(),
    }
    return render_page(request, TEMPLATE, context, fragments=("list",))


def _news(request: PageRequest) -> HttpResponse:
    """Return the present numbers of the page, each for its place, and the offer to show
    the leads behind them; 204 if all are as in the mark `seen` of the address.
    """
    page = numbers_of_today(request.user, at=timezone.now())
    if page.seen == request.GET.get("seen", ""):
        return HttpResponse(status=HTTPStatus.NO_CONTENT)
    context = {"page": page, "has_changed": True}
    return render(request, f"{TEMPLATE}#{NEWS}", context)
