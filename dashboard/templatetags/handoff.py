"""Template tags for icons, ages, moments and people."""

from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from django.contrib.humanize.templatetags.humanize import intcomma
from django.template import Context, Library
from django.template.defaultfilters import pluralize
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString, mark_safe

from assignments.models import Coverage, Member
from assignments.models.assignment import Cause
from assignments.services import absence_wording
from assignments.services.absence_wording import absence_in_words
from assignments.services.periods import short_day
from assignments.visible_text import displayed, isolated

register = Library()

LONGEST_SHORT = 24  # characters of a first name in a row

# Views by the link of the rail under which they are found.
SECTIONS = {
    "inbox": {"inbox", "lead"},
    "history": {"history", "batches", "batch", "undo_batch"},
    "team": {
        "team", "member", "add_member", "leaving", "member_hours", "performance",
        "rebalance",
    },
    "routing": {"routing", "rule", "new_rule", "try_rules"},
    "review": {"review", "accept_shown"},
    "system": {"system"},
    "start": {"start"},
    "notifications": {"notifications", "notification_settings"},
}  # fmt: skip
WHOLE_SECTIONS = {"coverage", "settings"}  # each page whose address begins so

CAUSE_ICONS = {
    Cause.MANUAL: "to",
    Cause.BULK: "team",
    Cause.ROUTING: "routing",
    Cause.REBALANCE: "team",
    Cause.COVERAGE_START: "cover",
    Cause.COVERAGE_RETURN: "cover",
    Cause.UNDO: "undo",
    Cause.OUTSIDE: "out",
}


@register.simple_tag
@cache
def icon(name: str, label: str = "") -> SafeString:
    """Return an icon of static/icons.svg; with a label it is read out, else it is
    decoration.
    """
    address = f"{static('icons.svg')}#{name}"
    if label:
        return format_html(
            '<svg class="i" role="img" aria-label="{}"><use href="{}"/></svg>',
            label,
            address,
        )
    return format_html(
        '<svg class="i" aria-hidden="true"><use href="{}"/></svg>', address
    )


@register.simple_tag(takes_context=True)
def aria_current(context: Context, section: str) -> str:
    """Return the attribute that marks the rail's link to this section of the pages.

    Empty if the page does not belong to the section.
    """
    request = context["request"]
    if section in WHOLE_SECTIONS:
        is_current = request.path.startswith(f"/{section}/")
    else:
        view = request.resolver_match and request.resolver_match.view_name
        is_current = view in SECTIONS[section]
    return mark_safe('aria-current="page"' if is_current else "")  # noqa: S308


@register.filter
def counted(number: int, noun: str) -> str:
    """Return a count with its noun: `1 lead`, `1,204 leads`."""
    return f"{intcomma(number)} {noun}{pluralize(number)}"


@register.filter
def cause_icon(cause: str) -> str:
    return CAUSE_ICONS[Cause(cause)]


@register.filter
def age(moment: datetime | None, now: datetime | None = None) -> str:
    """Return how long ago it was: `4 min`, `2 h`, `3 d`; empty for None."""
    if moment is None:
        return ""
    seconds = int(abs(((now or timezone.now()) - moment).total_seconds()))
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


@register.simple_tag
def moment(at: datetime | None, style: str = "full") -> SafeString | str:
    """Return a moment in the viewer's zone: `full`, `day` or `time`."""
    if at is None:
        return ""
    local = timezone.localtime(at)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        at.isoformat(timespec="seconds"),
        f"{local:%A %-d %B %Y, %H:%M:%S} {local.tzname()}",
        _shown(local, style),
    )


def _shown(local: datetime, style: str) -> str:
    today = timezone.localtime()
    day = short_day(local) + ("" if local.year == today.year else f" {local:%Y}")
    clock = f"{local:%H:%M}"
    match style:
        case "time":
            return clock
        case "day":
            return f"Today, {day}" if local.date() == today.date() else day
        case _:
            return clock if local.date() == today.date() else f"{day}, {clock}"


@register.filter
def web_link(text: object) -> str:
    """Return the text if it is a web address a click may open, else ""."""
    parts = urlsplit(str(text).strip())
    is_web = parts.scheme in {"http", "https"} and bool(parts.netloc)
    return str(text).strip() if is_web else ""


@register.filter
def own_path(wanted: str, fallback: str) -> str:
    """Return `wanted` if it is an address of ours, else `fallback`."""
    is_ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if is_ours and wanted.startswith("/") else fallback


@register.filter
def initials(name: object) -> str:
    words = str(name).split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


@register.filter
def line(text: object) -> str:
    """Return a line of strangers that comes from no column of ours, fit to be seen."""
    return displayed(str(text))


@register.filter
def first_name(member: Any) -> str:
    return isolated(str(member).partition(" ")[0])


@register.filter
def back_day(coverage: Coverage) -> str:
    """Return the day of the return: `Sat 16 May`, `Sat 16 May (Lagos)`."""
    return absence_wording.day_back(coverage, timezone.get_current_timezone())


@register.filter
def absence(coverage: Coverage) -> str:
    """Return the days of an absence: `4 to 15 May`."""
    return absence_in_words(coverage, today=timezone.localdate())


@register.filter
def last_day_away(coverage: Coverage) -> str:
    """Return the last day away: `Fri 15 May`, `Fri 15 May, 14:00 (Lagos)`."""
    return absence_wording.last_day_away(coverage, timezone.get_current_timezone())


@register.filter
def short(member: Any) -> str:
    """Return a name as rows show it: `Theo B.`; a first name without end is cut."""
    first, _, rest = str(member).partition(" ")
    if len(first) > LONGEST_SHORT:
        return isolated(f"{first[: LONGEST_SHORT - 1]}…")
    last = rest.split()[-1] if rest.split() else ""
    is_name = last and not last[0].isdigit()
    return isolated(f"{first} {last[0]}.") if is_name else str(member)


@register.simple_tag(takes_context=True)
def avatar(context: Context, member: Member, *, off: object = False) -> SafeString:
    """A circle with the member's initials; the viewer's own stands out, `off` fades."""
    is_viewer = member.user_id == context["request"].user.pk
    return format_html(
        '<span class="av{}{}" aria-hidden="true">{}</span>',
        " me" if is_viewer else "",
        " off" if off else "",
        member.initials,
    )


@register.simple_tag
def sign(trouble: object, look: str = "warn") -> SafeString:
    """A warning of this look (`warn` or `bad`) if there is trouble, else a tick."""
    if trouble:
        return format_html('<span class="{}">{}</span>', look, icon("warn"))
    return format_html('<span class="good">{}</span>', icon("check"))


@register.simple_tag(takes_context=True)
def current_on(context: Context, names: str) -> SafeString:
    """Mark a link as the current page on the pages of these URL names."""
    here = context["request"].resolver_match.view_name
    return mark_safe('aria-current="page"' if here in names.split() else "")  # noqa: S308
