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
    "today": {"today"},
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
    """Return an `<svg>` with the icon `name` of static/icons.svg.

    With a label it is read out (`aria-label`), else it is hidden from screen readers.
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
    """Return `aria-current="page"` if the current page belongs to this section of the
    rail, else empty. To `coverage` and `settings` belongs each path that begins so;
    to others the views in SECTIONS. Raises KeyError for an unknown section.
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
    """Return a count with its noun: `1 lead`, `1,204 leads`.

    The plural is always an added s.
    """
    return f"{intcomma(number)} {noun}{pluralize(number)}"


@register.filter
def cause_icon(cause: str) -> str:
    return CAUSE_ICONS[Cause(cause)]


@register.filter
def age(moment: datetime | None, now: datetime | None = None) -> str:
    """Return the time between `moment` and `now` (default: the present); empty for
    None.

    In the largest unit of which it holds a whole one, rounded down and without a sign:
    `3 d`, `2 h`, `4 min`, `12 s`.
    """
    if moment is None:
        return ""
    seconds = int(abs(((now or timezone.now()) - moment).total_seconds()))
    for size, unit in ((86_400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


@register.simple_tag
def moment(at: datetime | None, style: str = "full") -> SafeString | str:
    """Return a `<time>` with the moment in the viewer's zone, and all of it as its
    title; empty for None. Style `time` shows `13:05`; `day` shows `Fri 15 May`, or
    `Today, Fri 15 May`; `dated` shows `Fri 15 May, 13:05`; any other the same, but only
    `13:05` today. Another year than this one is added to the day.
    """
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
        case "dated":
            return f"{day}, {clock}"
        case _:
            return clock if local.date() == today.date() else f"{day}, {clock}"


@register.filter
def web_link(text: object) -> str:
    """Return the text without surrounding space if it is an http or https address with
    a host, else an empty text.
    """
    parts = urlsplit(str(text).strip())
    is_web = parts.scheme in {"http", "https"} and bool(parts.netloc)
    return str(text).strip() if is_web else ""


@register.filter
def own_path(wanted: str, fallback: str) -> str:
    """Return `wanted` if it begins with a slash and leads to no other host, else
    `fallback`.
    """
    is_ours = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if is_ours and wanted.startswith("/") else fallback


@register.filter
def initials(name: object) -> str:
    words = str(name).split()
    return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


@register.filter
def line(text: object) -> str:
    """Return a text from outside, with invisible characters shown and its direction
    isolated. For texts from no column of ours: those are cleaned already.
    """
    return displayed(str(text))


@register.filter
def joined_lines(text: str) -> str:
    """Return the lines as one, parted by a dot; by a space after a full stop."""
    return " · ".join(text.splitlines()).replace(". · ", ". ")


@register.filter
def first_name(member: Any) -> str:
    return isolated(str(member).partition(" ")[0])


@register.filter
def back_day(coverage: Coverage) -> str:
    """Return the day of the return where the member is: `Sat 16 May`.

    The time is added unless the day begins then, and the city if the viewer's clock
    shows another time: `Sat 16 May, 14:00 (Lagos)`.
    """
    return absence_wording.day_back(coverage, timezone.get_current_timezone())


@register.filter
def absence(coverage: Coverage) -> str:
    """Return the days of an absence: `4 to 15 May`; with its times if it is not of
    whole days.
    """
    return absence_in_words(coverage, today=timezone.localdate())


@register.filter
def last_day_away(coverage: Coverage) -> str:
    """Return the last day away where the member is: `Fri 15 May`.

    The time is added if it ends within that day, and the city if the viewer's clock
    shows another time: `Fri 15 May, 14:00 (Lagos)`.
    """
    return absence_wording.last_day_away(coverage, timezone.get_current_timezone())


@register.filter
def short(member: Any) -> str:
    """Return a name as rows show it, first word and initial of the last: `Theo B.`

    The whole name if it has one word, or the last begins with a digit. A first word of
    more than LONGEST_SHORT characters is cut, ends with `…` and stands alone.
    """
    first, _, rest = str(member).partition(" ")
    if len(first) > LONGEST_SHORT:
        return isolated(f"{first[: LONGEST_SHORT - 1]}…")
    last = rest.split()[-1] if rest.split() else ""
    is_name = last and not last[0].isdigit()
    return isolated(f"{first} {last[0]}.") if is_name else str(member)


@register.simple_tag(takes_context=True)
def avatar(context: Context, member: Member, *, off: object = False) -> SafeString:
    """Return a `<span class="av">` with the member's initials, hidden from screen
    readers. It has the class `me` too if the member is the viewer, and `off` if
    `off` is true.
    """
    is_viewer = member.user_id == context["request"].user.pk
    return format_html(
        '<span class="av{}{}" aria-hidden="true">{}</span>',
        " me" if is_viewer else "",
        " off" if off else "",
        member.initials,
    )


@register.simple_tag
def sign(trouble: object, look: str = "warn") -> SafeString:
    """Return the icon `warn` in a span of class `look` (`warn` or `bad`) if `trouble`
    is true, else a tick in one of class `good`.
    """
    if trouble:
        return format_html('<span class="{}">{}</span>', look, icon("warn"))
    return format_html('<span class="good">{}</span>', icon("check"))


@register.simple_tag(takes_context=True)
def current_on(context: Context, names: str) -> SafeString:
    """Return `aria-current="page"` if the current page's URL name is among `names`,
    which are separated by spaces; else empty.
    """
    match = context["request"].resolver_match
    is_here = match is not None and match.view_name in names.split()
    return mark_safe('aria-current="page"' if is_here else "")  # noqa: S308
