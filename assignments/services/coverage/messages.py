"""What coverages tell people: those who cover, and whoever is back.

What each has been told is compared with how the coverage stands, once a minute: so a
change that was taken back at once is no news, and nobody who is killed tells twice.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import Count, Max, Q

from assignments.models import Coverage, CoverageWord, Hold, Member, Notification
from assignments.models.assignment import PENDING
from assignments.models.notification import Kind
from assignments.services.absence_wording import last_day_away
from assignments.services.coverage import alerts
from assignments.services.coverage.certificate import EXCEPTIONS, lines, tally
from assignments.services.isolation import run_isolated
from assignments.services.notifications.notify import one_line, tell
from assignments.services.time_zones import zone_named

LONGEST = timedelta(minutes=30)  # told then, though leads are still on their way
ARRIVALS_EVERY = timedelta(days=1)
MOST_NAMED = 20
NOT_TOLD = "Nobody could be told of %s"
STATE = Coverage.State


@dataclass(frozen=True, slots=True)
class Share:
    """What one member has been given in a coverage."""

    held: int = 0
    last: int = 0


def tell_all(*, at: datetime) -> int:
    """Of every coverage that somebody has not heard the end of; how many messages."""
    open_words = CoverageWord.objects.filter(closed_at=None).order_by("coverage")
    ids = list(open_words.values_list("coverage", flat=True).distinct())
    return sum(run_isolated(partial(_tell_of, pk, at), 0, NOT_TOLD, pk) for pk in ids)


def tell_attention(*, at: datetime) -> int:
    """Each trouble once to each who is responsible, however often it comes and goes."""
    found: dict[int, dict[str, alerts.Trouble]] = {}
    for trouble in alerts.everywhere(at):
        found.setdefault(trouble.coverage.pk, {}).setdefault(trouble.topic, trouble)
    return sum(
        run_isolated(partial(_alarm, trouble, at), 0, NOT_TOLD, trouble)
        for topics in found.values()
        for trouble in topics.values()
    )


@transaction.atomic
def _alarm(trouble: alerts.Trouble, at: datetime) -> int:
    coverage = trouble.coverage
    key = f"coverage-{coverage.pk} {trouble.topic}"
    responsible = alerts.responsible(coverage)
    # Asked for all at once: a trouble may last for weeks, and this is done each minute.
    knowing = Notification.objects.filter(user__in=responsible, key=key)
    told = [
        tell(
            user,
            kind=Kind.ATTENTION,
            key=key,
            subject=trouble.sentence,
            text="",
            path=f"/coverage/{coverage.pk}/",
            at=at,
        )
        for user in responsible.exclude(pk__in=knowing.values("user"))
    ]
    return sum(one is not None for one in told)


@transaction.atomic
def _tell_of(pk: int, at: datetime) -> int:
    rows = Coverage.objects.select_for_update(no_key=True, of=("self",))
    coverage = rows.select_related("member").get(pk=pk)
    words = {word.member_id: word for word in coverage.words.select_related("member")}
    own = words.pop(coverage.member_id)
    if coverage.is_over:
        count = sum(_end(coverage, word, at) for word in words.values())
        return count + _tell_returned(coverage, own, at)
    shares = _shares(coverage)
    return sum(
        [
            *(_tell_coverer(coverage, one, shares, at) for one in _present(coverage)),
            *(_let_go(coverage, word, shares, at) for word in words.values()),
        ]
    )


def _present(coverage: Coverage) -> list[Member]:
    """Who covers as agreed, and who has its leads: the fallback, or by hand."""
    covering = Q(pk__in=coverage.coverers.filter(replaced_at=None).values("member"))
    holding = Q(pk__in=Hold.objects.live().filter(coverage=coverage).values("to"))
    return list(Member.objects.filter(covering | holding).order_by("pk"))


def _shares(coverage: Coverage) -> dict[int, Share]:
    taken = coverage.holds.filter(taken_at__isnull=False).order_by()
    counted = taken.values_list("to").annotate(
        held=Count("pk", filter=Q(state=Hold.State.LIVE)), last=Max("pk")
    )
    return {to: Share(held, last) for to, held, last in counted}


def _tell_coverer(
    coverage: Coverage, member: Member, shares: dict[int, Share], at: datetime
) -> int:
    word, _ = CoverageWord.objects.get_or_create(
        coverage=coverage, member=member, defaults={"created_at": at}
    )
    if word.closed_at:  # once more, after another did for a while
        word.closed_at, word.until, word.created_at = None, None, at
        word.save()
    share = shares.get(member.pk, Share())
    if word.until is None:
        return _tell_start(coverage, word, share, at)
    if word.until != coverage.ends_at:
        later = "longer" if coverage.ends_at > word.until else "shorter"
        subject = f"You cover for {coverage.member} {later}: until {_last_day(word)}"
        return _say(word, share, subject, at)
    if share.last > word.last_hold and _long_ago(word, at):
        arrived = coverage.holds.filter(to=member, pk__gt=word.last_hold)
        count = arrived.filter(taken_at__isnull=False).count()
        subject = f"{_more(count)} of {coverage.member} came to you"
        return _say(word, share, subject, at)
    return 0


def _tell_start(
    coverage: Coverage, word: CoverageWord, share: Share, at: datetime
) -> int:
    """When all have come that were to come, so that the number is the right one."""
    coming = Q(move__state__in=PENDING, move__to=word.member_id)
    on_the_way = coverage.holds.filter(coming | Q(change_to=word.member_id))
    is_late = at >= word.created_at + LONGEST
    if on_the_way.exclude(state=Hold.State.ENDED).exists() and not is_late:
        return 0
    until = f"You cover for {coverage.member} until {_last_day(word)}"
    count = _leads(share.held) if share.held else "no lead yet"
    return _say(word, share, f"{until}: {count}", at)


def _let_go(
    coverage: Coverage, word: CoverageWord, shares: dict[int, Share], at: datetime
) -> int:
    """Another covers instead, and has taken over all that they had."""
    covering = coverage.coverers.filter(member=word.member_id, replaced_at=None)
    is_holding = bool(shares.get(word.member_id, Share()).held)
    if word.closed_at or is_holding or covering.exists():
        return 0
    return _close(word, f"You no longer cover for {coverage.member}", at)


def _end(coverage: Coverage, word: CoverageWord, at: datetime) -> int:
    """The end they were told of is no news; an earlier one is."""
    if word.closed_at:
        return 0
    is_early = word.until is not None and coverage.ends_at < word.until
    early = f"{coverage.member} is back early: you no longer cover"
    return _close(word, early if is_early else "", at)


def _close(word: CoverageWord, subject: str, at: datetime) -> int:
    count = _say(word, Share(), subject, at) if word.until and subject else 0
    word.closed_at = at
    word.save()
    return count


def _say(word: CoverageWord, share: Share, subject: str, at: datetime) -> int:
    word.messages += 1
    word.until, word.told_at = word.coverage.ends_at, at
    word.last_hold = max(word.last_hold, share.last)
    word.save()
    told = tell(
        word.member,
        kind=Kind.COVERING,
        key=f"coverage-{word.coverage_id}-covering-{word.messages}",
        subject=subject,
        text="",
        path="/inbox/?owner=covering" if share.held else _page(word.coverage),
        at=at,
    )
    return int(told is not None)


def _tell_returned(coverage: Coverage, own: CoverageWord, at: datetime) -> int:
    """The sum, once all is back; before that, if it takes too long."""
    if coverage.state == STATE.RETURNING:
        since = coverage.returning_at or at
        if own.told_at or since > at - alerts.OVERDUE:
            return 0
        return _say_returned(own, "so far", at)
    own.closed_at = at
    own.save()
    return _say_returned(own, "", at) if coverage.state == STATE.COMPLETED else 0


def _say_returned(own: CoverageWord, so_far: str, at: datetime) -> int:
    own.told_at = at
    own.save()
    coverage = own.coverage
    sums = tally(coverage)
    verb = "is" if 1 in {sums.home, sums.taken} else "are"
    back = f"{sums.home:,} of {_leads(sums.taken)} {verb}"
    what = f"{back} with you again" if sums.taken else "no lead was handed over"
    parts = [f"{count:,} {fate.label}" for fate, count in sums.parts]
    told = tell(
        own.member,
        kind=Kind.RETURNED,
        key=f"coverage-{coverage.pk}-returned{so_far.replace(' ', '-')}",
        subject=" ".join(filter(None, ["You are back:", so_far, what])),
        text="\n".join(
            [f"Taken {sums.taken:,}: {', '.join(parts)}.", *_named(coverage)]
        ),
        path=f"/coverage/{coverage.pk}/certificate/",
        at=at,
    )
    return int(told is not None)


def _named(coverage: Coverage) -> list[str]:
    found = lines(coverage, EXCEPTIONS, most=MOST_NAMED + 1)
    told = [f"{line.hold.lead}: {line.sentence}" for line in found[:MOST_NAMED]]
    named = [one_line(line) for line in told]
    return [*named, "and more, see there."] if len(found) > MOST_NAMED else named


def _last_day(word: CoverageWord) -> str:
    return last_day_away(word.coverage, zone_named(word.member.time_zone))


def _leads(count: int) -> str:
    return "1 lead" if count == 1 else f"{count:,} leads"


def _more(count: int) -> str:
    return "1 more lead" if count == 1 else f"{count:,} more leads"


def _page(coverage: Coverage) -> str:
    return f"/coverage/{coverage.pk}/"


def _long_ago(word: CoverageWord, at: datetime) -> bool:
    return word.told_at is not None and word.told_at <= at - ARRIVALS_EVERY
