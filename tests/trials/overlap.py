"""Many managers confirm overlapping batches at once, beside a rule and an outsider.

    python -m tests.trials.overlap

plays on the database of the environment and prints what came of it as JSON.
"""

import json
import sys
import threading
import traceback
from collections import Counter
from collections.abc import Callable
from random import Random

import django

MANAGERS = 6
LEADS = 240
EACH = 160
SEEN_OUTSIDE = 30


def main() -> None:
    django.setup()
    from django.db import connection

    errors: list[str] = []
    barrier = threading.Barrier(MANAGERS + 2)

    def play(act: Callable[[], None]) -> None:
        try:
            barrier.wait(60)
            act()
        except Exception:
            errors.append(traceback.format_exc())
        finally:
            connection.close()

    acts = prepare()
    threads = [threading.Thread(target=play, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    json.dump({"errors": errors, **judge()}, sys.stdout)


def prepare() -> list[Callable[[], None]]:
    """The office, and each manager's preview: made before anybody confirms."""
    from assignments.models import Lead
    from tests.factories import make_lead, make_manager, make_member

    rng = Random(5)
    members = [make_member(f"Member {n}") for n in range(MANAGERS + 1)]
    leads = [make_lead(owner=members[-1]) for _ in range(LEADS)]
    acts = [
        confirming(make_manager(f"Boss {n}"), members[n], rng.sample(leads, EACH))
        for n in range(MANAGERS)
    ]
    outside = [lead.pk for lead in rng.sample(leads, SEEN_OUTSIDE)]
    return [
        *acts,
        routing(list(Lead.objects.all()[:EACH]), members[0]),
        watching(outside, members[1].pk),
    ]


def confirming(manager, member, leads) -> Callable[[], None]:  # type: ignore[no-untyped-def]
    from assignments.services import plans, writing
    from tests.factories import MONDAY, make_plan

    plan = make_plan(leads, member, actor=manager)

    def act() -> None:
        plans.confirm_plan(plan=plan, actor=manager, at=MONDAY)
        while writing.write_chunk(plan=plan, at=MONDAY):
            pass

    return act


def routing(leads, member) -> Callable[[], None]:  # type: ignore[no-untyped-def]
    from assignments.models.assignment import Cause
    from assignments.services.batches import apply_plan
    from assignments.services.planning import plan_for_one_member
    from tests.factories import MONDAY

    plan = plan_for_one_member(leads, member, reason="Rule 1.", cause=Cause.ROUTING)
    return lambda: apply_plan(plan, actor=None, at=MONDAY) and None


def watching(leads: list[int], owner_id: int) -> Callable[[], None]:
    """The mirror sees other owners in Smartlead meanwhile."""
    from datetime import timedelta

    from django.db import transaction

    from assignments.services.ownership import Sighting, observe_owner
    from tests.factories import MONDAY

    at = MONDAY + timedelta(seconds=1)
    sighting = Sighting(owner_id=owner_id, known=True, asked_at=at, by="get")

    def act() -> None:
        for map_id in leads:
            with transaction.atomic():
                observe_owner(map_id=map_id, sighting=sighting, at=at)

    return act


def judge() -> dict[str, object]:
    from assignments.models import Assignment, Batch
    from assignments.models.assignment import Cause

    bulk = Batch.objects.filter(cause=Cause.BULK)
    rows = Assignment.objects.filter(batch__in=bulk)
    waiting = Assignment.objects.waiting().values_list("lead", "cause")
    wanted = set(rows.exclude(state="skipped").values_list("lead", flat=True))
    return {
        "batches": bulk.count(),
        "sizes": sorted({batch.assignments.count() for batch in bulk}),
        "states": dict(Counter(rows.values_list("state", flat=True))),
        "waiting_for_one_lead": max(Counter(lead for lead, _ in waiting).values()),
        "silent": rows.filter(state="skipped", outcome="").count(),
        "lost": len(wanted - {lead for lead, cause in waiting if cause == Cause.BULK}),
    }


if __name__ == "__main__":
    main()
