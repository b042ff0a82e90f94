from datetime import timedelta

from assignments.models import Lead
from assignments.models.assignment import State
from dashboard.inbox.lead_rows import Look, row_of
from tests.factories import MONDAY, make_assignment, make_lead


def test_a_lead_read_just_before_its_change_was_done_shows_the_new_owner(
    manager, ana, ben
):
    lead = make_lead(owner=ana)
    finished = MONDAY + timedelta(seconds=1)
    make_assignment(lead, ben, state=State.DONE, finished_at=finished, actor=manager)
    Lead.objects.filter(pk=lead.pk).update(owner=ben, owner_known_at=MONDAY)

    row = row_of(lead, viewer=manager, at=finished)

    assert row.look == Look.DONE
    assert row.lead.owner == ben
