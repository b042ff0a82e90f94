"""The page with the working hours of one member."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from assignments.models import Member
from assignments.services import access
from assignments.services.errors import AssignmentRefused, NotAllowed
from assignments.services.sla import hours as service
from assignments.services.sla.policy import SlaPolicy, default_hours
from assignments.services.time_zones import look_up_zone
from dashboard.configuration.sla_forms import MemberHoursForm
from dashboard.configuration.sla_labels import coming_words, week_words
from dashboard.htmx import PageRequest
from dashboard.service_errors import refuse
from dashboard.team.views_members import check_manager


@require_http_methods(["GET", "HEAD", "POST"])
def member_hours(request: PageRequest, pk: int) -> HttpResponse:
    """Show a member's working hours, or save them (POST) and show them again by a
    redirect. They are shown to the member, all team leads and sales managers, and
    saved by sales managers; PermissionDenied is raised for others, Http404 for an
    unknown member. A wrong form is shown with status 422, a refused one with 409.
    """
    member = get_object_or_404(Member.objects.select_related("hours"), pk=pk)
    if request.method != "POST":
        _check_reader(request, member)
        return _page(request, member, MemberHoursForm.of(member, default_hours()))
    check_manager(request, "change the working hours")
    form = MemberHoursForm.of(member, default_hours(), request.POST)
    if not form.is_valid():
        return _page(request, member, form, status=422)
    try:
        service.set_member_hours(actor=request.user, member=member, **form.wish)
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return _page(request, member, form, status=409)
    messages.success(request, "Saved. Open answers have their new moment.")
    return redirect("member_hours", pk)


def _check_reader(request: PageRequest, member: Member) -> None:
    is_own = member.user_id == request.user.pk
    if not is_own and access.role_of(request.user) == access.Role.MEMBER:
        why = "Only they, team leads and sales managers see somebody's working hours."
        refuse(request, NotAllowed(why))


def _page(
    request: PageRequest, member: Member, form: MemberHoursForm, *, status: int = 200
) -> HttpResponse:
    book = SlaPolicy()
    zone = look_up_zone(member.time_zone)
    here = timezone.now().astimezone(zone.zone)
    off = book.days_off_of(member.pk)
    context = {
        "member": member,
        "form": form,
        "zone": zone,
        "hours": week_words(book.calendar_of(member.pk).week),
        "here": here,
        "holidays": coming_words(off, here.date()),
    }
    return render(request, "team/hours.html", context, status=status)
