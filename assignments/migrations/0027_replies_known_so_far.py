"""Replies and answers of what the mirror holds already.

Nobody kept what was promised for them: their `due_at` stays empty.
"""

from collections import defaultdict
from itertools import batched

from django.db import migrations

from assignments.services.performance.credit import (
    Change,
    Holding,
    covered_for,
    owner_at,
)
from assignments.services.performance.turns import real_mails, turns_of

LEADS_AT_ONCE = 500


def record(apps, schema_editor):
    Lead = apps.get_model("assignments", "Lead")
    written = Lead.objects.exclude(last_reply_at=None, last_sent_at=None)
    rows = written.order_by("pk").values_list(
        "pk", "owner_id", "last_sent_at", "last_reply_at"
    )
    for some in batched(rows.iterator(), LEADS_AT_ONCE):
        _record(apps, some)


def _record(apps, leads):
    mails = _mails(apps, leads)
    changes, holdings = _changes(apps, list(mails)), _holdings(apps, list(mails))
    SeenMail = apps.get_model("assignments", "SeenMail")
    SeenMail.objects.bulk_create(
        [
            SeenMail(lead_id=pk, at=at, kind=kind)
            for pk, told in mails.items()
            for at, kind in told
        ]
    )
    apps.get_model("assignments", "Reply").objects.bulk_create(
        [
            _reply(apps, pk, turn, changes[pk], holdings[pk], owner_id)
            for pk, owner_id, *_ in leads
            for turn in turns_of(mails[pk])
        ]
    )


def _reply(apps, lead_id, turn, changes, holdings, owner_id):
    Reply = apps.get_model("assignments", "Reply")
    at = turn.answered_at
    if at is None:
        return Reply(lead_id=lead_id, replied_at=turn.replied_at)
    credited = owner_at(at, changes=changes, owner_id=owner_id)
    return Reply(
        lead_id=lead_id,
        replied_at=turn.replied_at,
        answered_at=at,
        minutes=turn.minutes,
        owner_id=credited,
        covering_for_id=covered_for(at, holdings=holdings, owner_id=credited),
    )


def _mails(apps, leads):
    mails = {
        pk: {(at, kind) for at, kind in ((sent, "sent"), (replied, "reply")) if at}
        for pk, _, sent, replied in leads
    }
    Message = apps.get_model("assignments", "Message")
    kept = Message.objects.filter(lead__in=list(mails), at__isnull=False)
    for pk, at, direction, is_bounce in kept.values_list(
        "lead_id", "at", "direction", "is_bounce"
    ):
        mails[pk].add((at, "bounce" if is_bounce else direction))
    return {pk: real_mails(told) for pk, told in mails.items()}


def _changes(apps, lead_ids):
    found = defaultdict(list)
    done = apps.get_model("assignments", "Assignment").objects.filter(
        lead__in=lead_ids, state="done"
    )
    rows = done.order_by("finished_at", "pk")
    for pk, *change in rows.values_list("lead", "finished_at", "expected", "to"):
        found[pk].append(Change(*change))
    return found


def _holdings(apps, lead_ids):
    found = defaultdict(list)
    held = apps.get_model("assignments", "Hold").objects.filter(
        lead__in=lead_ids, taken_at__isnull=False
    )
    rows = held.order_by("pk")
    for pk, *holding in rows.values_list("lead", "origin", "taken_at", "ended_at"):
        found[pk].append(Holding(*holding))
    return found


class Migration(migrations.Migration):
    dependencies = [("assignments", "0026_replies_and_answers")]

    operations = [migrations.RunPython(record, migrations.RunPython.noop)]
