"""Pages of routing rules: their list and order, and one of them."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import (
    require_http_methods,
    require_POST,
    require_safe,
)

from assignments.models import LookupTable, RoutingRule
from assignments.services.access import is_manager
from assignments.services.bulk.lead_values import common_custom_fields, common_values
from assignments.services.errors import AssignmentRefused
from assignments.services.routing import rules as services
from assignments.services.routing.data import LeadAttribute, RuleData
from assignments.services.routing.lint import lint_context, lint_rules
from assignments.services.routing.load import load_rules
from assignments.services.routing.replay import replay_rules
from assignments.services.routing.run import count_waiting_leads, preview_decisions
from assignments.services.sight import Sight
from dashboard.assign.pool_fields import id_of
from dashboard.htmx import PageRequest, render_page
from dashboard.routing.replay_table import ReplayTable
from dashboard.routing.rule_draft import RuleDraft, drop_draft, keep_draft
from dashboard.routing.rule_form import LISTS, RuleForm
from dashboard.routing.rule_rows import Coming, rows_of_rules
from dashboard.service_errors import refuse
from dashboard.team.views_members import check_manager

WEEKS = 4
MOST_TRIED = 500  # leads held against the rules whenever their list is looked at


@require_safe
def routing(request: PageRequest) -> HttpResponse:
    return _list(request)


def _list(
    request: PageRequest, *, moved: int | None = None, status: int = 200
) -> HttpResponse:
    check_reader(request)
    at = timezone.now()
    rules = load_rules()
    waiting = count_waiting_leads(rules, at=at)
    # Those who do not see all leads get no numbers of what rules do next.
    sees_all = Sight.of(request.user).sees_all
    is_tried = sees_all and (waiting <= MOST_TRIED or "try" in request.GET)
    context = {
        "rows": rows_of_rules(
            rules,
            flaws=lint_rules(rules, lint_context(at, rules)),
            coming=_coming(rules, at) if is_tried else Coming(),
        ),
        "untried": waiting if sees_all and not is_tried else 0,
        "moved": moved,
        "may_edit": is_manager(request.user),
    }
    template = "routing/routing.html"
    return render_page(request, template, context, fragments=("rules",), status=status)


def _coming(rules: list[RuleData], at: datetime) -> Coming:
    coming = Coming()
    for one in preview_decisions(rules, at=at):
        if one.choice is not None:
            counts = coming.placed if one.is_placed else coming.stuck
            counts[one.match.rule.pk] += 1
    return coming


@require_http_methods(["GET", "HEAD", "POST"])
def new_rule(request: PageRequest) -> HttpResponse:
    check_manager(request, services.ACT)
    return _edit(request, None)


@require_http_methods(["GET", "HEAD", "POST"])
def rule_page(request: PageRequest, pk: int) -> HttpResponse:
    check_reader(request)
    rule = _rule(pk)
    if request.method == "POST":
        check_manager(request, services.ACT)
    return _edit(request, rule)


def _edit(request: PageRequest, rule: RoutingRule | None) -> HttpResponse:
    if request.method != "POST":
        return _form(request, _fresh_form(request, rule))
    if "make_table" in request.POST:
        keep_draft(request, rule)
        return redirect("mappings")
    form = RuleForm(request.POST, user=request.user, rule=rule)
    if not form.is_valid():
        return _form(request, form, status=422)
    if "try" in request.POST:
        return _try(request, form)
    try:
        saved = services.save_rule(
            actor=request.user,
            at=timezone.now(),
            wish=form.wish,
            rule=rule,
            seen=form.cleaned_data["seen"],
        )
    except AssignmentRefused as refusal:
        refuse(request, refusal)
        return _form(request, form, status=409)
    drop_draft(request)
    messages.success(request, f"The rule “{saved}” is saved.")
    return redirect("routing")


def _fresh_form(request: PageRequest, rule: RoutingRule | None) -> RuleForm:
    """Return the form as the rule has it or, with `?draft`, as it was last typed, with
    the table of `?table` chosen.
    """
    draft = RuleDraft.of(request) if "draft" in request.GET else None
    if draft is None or draft.rule_id != (rule.pk if rule else None):
        return RuleForm(user=request.user, rule=rule)
    pk = id_of(request.GET.get("table", ""))
    table = None if pk is None else LookupTable.objects.filter(pk=pk).first()
    return RuleForm(user=request.user, rule=rule, draft=draft.typed(table))


def _try(request: PageRequest, form: RuleForm) -> HttpResponse:
    """Return the form's page with a replay of WEEKS weeks and the flaws of this rule.

    The replay takes all rules, with this one as the form has it, at its place or, if it
    is new, at the end. Nothing is saved.
    """
    draft = form.facts
    rules = load_rules()
    if draft.pk in {rule.pk for rule in rules}:
        rules = [draft if rule.pk == draft.pk else rule for rule in rules]
    else:
        rules.append(draft)
    at = timezone.now()
    table = ReplayTable(replay_rules(rules, weeks=WEEKS, at=at), rules)
    flaws = lint_rules(rules, lint_context(at, rules))[draft.pk]
    return _form(request, form, replay=table, flaws=flaws, draft=draft)


def _form(request: PageRequest, form: RuleForm, **more: Any) -> HttpResponse:
    status = more.pop("status", 200)
    may_edit = is_manager(request.user)
    context = {
        "form": form,
        "rule": form.rule,
        "may_edit": may_edit,
        "many": [form[name] for name in ("campaign", "category")],
        "lists": [
            (
                form[name],
                common_values(LeadAttribute(attribute=attribute)) if may_edit else [],
            )
            for name, attribute in LISTS.items()
        ],
        "custom_fields": common_custom_fields() if may_edit else {},
    }
    return render(request, "routing/rule.html", context | more, status=status)


@require_POST
def set_mode(request: PageRequest, pk: int) -> HttpResponse:
    rule = _rule(pk)
    try:
        services.set_mode(
            actor=request.user,
            rule=rule,
            mode=request.POST.get("mode", ""),
            at=timezone.now(),
        )
    except AssignmentRefused as refusal:
        return _refused(request, refusal)
    return _done(request)


@require_POST
def move(request: PageRequest, pk: int) -> HttpResponse:
    rule = _rule(pk)
    try:
        services.move_rule(actor=request.user, rule=rule, up="up" in request.POST)
    except AssignmentRefused as refusal:
        return _refused(request, refusal)
    return _done(request, moved=rule.pk)


@require_POST
def duplicate(request: PageRequest, pk: int) -> HttpResponse:
    rule = _rule(pk)
    at = timezone.now()
    try:
        copy = services.duplicate_rule(actor=request.user, rule=rule, at=at)
    except AssignmentRefused as refusal:
        return _refused(request, refusal)
    messages.success(request, f"“{copy}” is a copy of “{rule}”, and off.")
    return redirect("rule", copy.pk)


@require_POST
def remove(request: PageRequest, pk: int) -> HttpResponse:
    rule = _rule(pk)
    try:
        services.remove_rule(actor=request.user, rule=rule, at=timezone.now())
    except AssignmentRefused as refusal:
        return _refused(request, refusal)
    messages.success(request, f"The rule “{rule}” is removed. History keeps its name.")
    return redirect("routing")


def check_reader(request: PageRequest) -> None:
    try:
        services.check_may_read(request.user)
    except AssignmentRefused as refusal:
        refuse(request, refusal)


def _rule(pk: int) -> RoutingRule:
    rule = get_object_or_404(RoutingRule.objects.select_related("changed_by"), pk=pk)
    if rule.removed_at:
        raise Http404
    return rule


def _done(request: PageRequest, *, moved: int | None = None) -> HttpResponse:
    return _list(request, moved=moved) if request.htmx else redirect("routing")


def _refused(request: PageRequest, refusal: AssignmentRefused) -> HttpResponse:
    refuse(request, refusal)
    return _list(request, status=409)
