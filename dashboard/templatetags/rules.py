"""Template tags for rules that are tried on one lead: answers and reasons."""

from django.template import Library
from django.utils.html import format_html
from django.utils.safestring import SafeString

from assignments.models import RoutingRule
from assignments.services.routing.explain import Explanation, RuleStep
from assignments.services.routing.match import MatchAnswer
from dashboard.templatetags.handoff import icon

register = Library()

SIGNS = {
    MatchAnswer.YES: ("good", "check", "Yes:"),
    MatchAnswer.UNREAD: ("warn", "warn", "Not known yet:"),
    MatchAnswer.NO: ("muted", "x", "No:"),
}


@register.filter
def verdict(step: RuleStep) -> str:
    """Return what the rule does with this lead, in words.

    `off`; `decides`, or `waits for it` if it would decide but something about the lead
    is not known yet; `would match, comes too late` behind the deciding rule; else `does
    not match`.
    """
    if step.is_off:
        return "off"
    if step.decides:
        return "waits for it" if step.answer is MatchAnswer.UNREAD else "decides"
    if step.answer is MatchAnswer.YES:
        return "would match, comes too late"
    return "does not match"


@register.simple_tag
def answer_sign(answer: MatchAnswer) -> SafeString:
    look, name, label = SIGNS[answer]
    return format_html('<span class="{}">{}</span>', look, icon(name, label))


@register.filter
def choice_sentence(explained: Explanation) -> str:
    """Return `It would choose Ana Berg, …`, or `It would suggest …` if the rule only
    suggests. The choice's own sentence alone if nobody can take the lead. Raises
    AssertionError if there is no choice.
    """
    choice, rule = explained.choice, explained.rule
    assert choice is not None  # noqa: S101  asked only where a rule has chosen
    if choice.member_id is None:
        return choice.sentence
    is_suggested = rule is not None and rule.mode == RoutingRule.Mode.SUGGEST
    act = "suggest" if is_suggested else "choose"
    return f"It would {act} {choice.sentence}"
