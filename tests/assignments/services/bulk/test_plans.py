"""From the preview to the confirmation: what is shown is what happens."""

from collections import Counter
from datetime import timedelta
from fractions import Fraction

import pytest

from assignments.models import Assignment, Batch, Hold, Member, RotationTurn, SavedPlan
from assignments.models.assignment import Cause, State, Urgency
from assignments.services.bulk import plans
from assignments.services.errors import AssignmentRefused, NotAllowed, Stale
from tests.dashboard.pages import queries_of
from tests.factories import (
    MONDAY,
    make_absence,
    make_assignment,
    make_batch,
    make_campaign,
    make_category,
    make_lead,
    make_manager,
    make_member,
    make_plan,
    make_table,
    make_team,
    make_user,
)

pytestmark = pytest.mark.django_db


def chosen(plan: SavedPlan) -> Counter[int | None]:
    return Counter(entry.to_id for entry in plan.entries())


def why_stays(plan: SavedPlan) -> list[str]:
    return [group["why"] for group in plan.summary["stays"]]


class TestMaking:
    def test_freezes_leads_choices_and_reasons_and_moves_nothing(self, ana, ben):
        lead = make_lead(owner=ana)
        sara = make_manager()

        plan = make_plan([lead], ben, actor=sara, reason="Ana leaves")

        (entry,) = plan.entries()
        assert (entry.lead_id, entry.to_id, entry.shown_id) == (lead.pk, ben.pk, ana.pk)
        assert entry.reason == "Ana leaves. Sara Klein chose Ben."
        assert not Assignment.objects.exists()

    def test_what_stays_is_told_with_its_reason(self, ana, ben):
        theirs, waiting = make_lead(owner=ben), make_lead(owner=ana)
        make_assignment(waiting, ana)

        plan = make_plan([theirs, waiting], ben)

        assert plan.moving == 0
        assert sorted(why_stays(plan)) == [
            "A decision is already waiting: it is on its way to Ana.",
            "It is already with Ben.",
        ]

    def test_a_lead_that_is_gone_stays_and_says_so(self, ana, ben):
        plan = make_plan([make_lead(owner=ana, gone_at=MONDAY)], ben)

        assert plan.moving == 0
        assert why_stays(plan) == ["Smartlead no longer has this lead."]

    def test_a_waiting_automatic_change_is_replaced_by_a_persons(self, ana, ben):
        lead = make_lead(owner=ana)
        make_assignment(
            lead, ana, cause=Cause.ROUTING, actor=None, urgency=Urgency.RULE
        )

        assert make_plan([lead], ben).moving == 1

    def test_the_away_and_the_inactive_are_passed_over_by_name(self, ana, ben):
        cem = make_member("Cem", is_active=False)
        make_absence(ana)

        plan = make_plan([make_lead()], ana, ben, cem, strategy="round_robin")

        (entry,) = plan.entries()
        assert entry.reason == (
            "Ben: the only one free; Ana is away until Fri 15 May, 09:00; "
            "Cem is deactivated."
        )

    def test_a_member_named_by_hand_may_be_away_and_the_plan_remembers(self, ana, ben):
        make_absence(ben)

        plan = make_plan([make_lead(owner=ana)], ben)

        assert plan.moving == 1
        assert plan.summary["away"] == [ben.pk]

    def test_nobody_is_filled_beyond_the_capacity(self, ana, ben):
        ana.capacity, ben.capacity = 2, 1
        ana.save()
        ben.save()
        make_lead(owner=ana)

        plan = make_plan(
            [make_lead() for _ in range(4)], ana, ben, strategy="least_busy"
        )

        assert chosen(plan) == {ana.pk: 1, ben.pk: 1, None: 2}
        assert why_stays(plan) == [
            "Nobody can take it: Ana is at 2 of 2; Ben is at 1 of 1."
        ]

    def test_a_capacity_is_about_open_leads_and_the_plan_says_where_it_is_not(
        self, ben
    ):
        ben.capacity = 2
        ben.save()
        quiet = [make_lead(last_reply_at=None) for _ in range(3)]

        plan = make_plan([*quiet, make_lead()], ben, strategy="least_busy")

        assert (chosen(plan), plan.summary["uncounted"]) == ({ben.pk: 4}, 3)

    def test_leads_that_are_not_open_are_spread_as_well(self, ana, ben):
        make_lead(owner=ana)
        quiet = [make_lead(last_reply_at=None) for _ in range(9)]

        plan = make_plan(quiet, ana, ben, strategy="least_busy")

        assert chosen(plan) == {ana.pk: 4, ben.pk: 5}
        assert "closed and quiet leads are dealt evenly, 3 so far." in "".join(
            entry.reason for entry in plan.entries()
        )

    def test_loads_count_open_leads_where_they_will_be(self, ana, ben):
        closed = make_category("Done", is_closing=True)
        make_lead(owner=ana, category=closed)
        make_lead(owner=ana, last_reply_at=None)
        make_assignment(make_lead(owner=ana), ben)

        plan = make_plan([make_lead()], ana, ben, strategy="least_busy")

        (gain,) = [one for one in plan.summary["members"] if one["gains"]]
        assert (gain["id"], gain["before"], gain["after"]) == (ana.pk, 0, 1)

    def test_weights_share_the_leads_out(self, ana, ben):
        weights = {ana.pk: Fraction(14), ben.pk: Fraction(1)}

        plan = make_plan(
            [make_lead() for _ in range(30)],
            ana,
            ben,
            strategy="round_robin",
            weights=weights,
        )

        assert chosen(plan) == {ana.pk: 28, ben.pk: 2}

    @pytest.mark.parametrize("strategy", ["least_busy", "round_robin"])
    def test_spreading_ones_own_leads_leaves_them_a_fair_part(self, ana, ben, strategy):
        leads = [make_lead(owner=ana) for _ in range(10)]

        plan = make_plan(leads, ana, ben, strategy=strategy)

        assert chosen(plan) == {ben.pk: 5, None: 5}

    def test_leads_a_team_lead_may_not_move_count_to_no_share(self, ana, ben):
        theo = make_user("Theo Lead")
        Member.objects.update(team=make_team(leads=(theo,)))
        cem = make_member("Cem")
        leads = [make_lead(owner=ana) for _ in range(6)]
        leads += [make_lead(owner=cem) for _ in range(10)]

        plan = make_plan(leads, ana, ben, strategy="round_robin", actor=theo)

        assert chosen(plan) == {ben.pk: 3, None: 13}

    def test_a_table_knows_a_lead_by_the_client_of_its_campaign(self, ana, ben):
        lead = make_lead(owner=ana, campaign=make_campaign(client_id=7))
        table = make_table({"7": ben}, attribute="client")

        plan = make_plan([lead], table=table, strategy="territory")

        assert chosen(plan) == {ben.pk: 1}

    def test_a_lead_that_stays_uses_up_no_turn(self, ana, ben):
        leads = [make_lead(owner=owner) for owner in (None, ana, ana, None, None)]

        plan = make_plan([*leads, make_lead()], ana, ben, strategy="round_robin")

        assert chosen(plan) == {ana.pk: 2, ben.pk: 2, None: 2}
        assert why_stays(plan) == ["It is already with Ana."]

    def test_leads_held_in_a_coverage_are_counted(self, ana, ben):
        lead = make_lead(owner=ana)
        Hold.objects.create(
            coverage=make_absence(make_member("Maya")),
            lead=lead,
            origin=make_member("Maya"),
            to=ana,
            state="live",
            created_at=MONDAY,
            taken_at=MONDAY,
        )

        assert make_plan([lead, make_lead()], ben).summary["held"] == 1

    def test_the_summary_says_who_gains_and_who_loses(self, ana, ben):
        leads = [make_lead(owner=ana) for _ in range(3)]

        plan = make_plan(leads, ben)

        assert plan.summary["members"] == [
            {"id": ben.pk, "gains": 3, "loses": 0, "before": 0, "after": 3},
            {"id": ana.pk, "gains": 0, "loses": 3, "before": 3, "after": 0},
        ]

    def test_asks_no_more_for_many_leads_than_for_one(self, ana, ben):
        leads = [make_lead(owner=ana) for _ in range(30)]
        sara = make_manager()
        one, many = (
            queries_of(lambda some=some: make_plan(some, ben, actor=sara))
            for some in (leads[:1], leads)
        )

        assert many == one

    @pytest.mark.parametrize(
        ("note", "sentence"),
        [
            (
                "x" * 5001,
                "The note has 5,001 characters; 5,000 is the most. Shorten it.",
            ),
            ("Hi {nobody}", "“{nobody}” is no placeholder. Use {lead}, "),
        ],
    )
    def test_refuses_a_note_that_cannot_be_sent(self, ben, note, sentence):
        with pytest.raises(AssignmentRefused, match=sentence[:20]):
            make_plan([make_lead()], ben, note=note)

    def test_refuses_a_deactivated_member(self):
        with pytest.raises(AssignmentRefused, match="has been deactivated"):
            make_plan([make_lead()], make_member("Cem", is_active=False))


class TestRights:
    @pytest.fixture
    def theo(self, ana, ben):
        theo = make_user("Theo Lead")
        team = make_team(leads=(theo,))
        for member in (ana, ben):
            member.team = team
            member.save()
        return theo

    def test_a_team_lead_moves_leads_of_the_team_and_of_nobody(self, theo, ana, ben):
        stranger = make_member("Stranger", team=make_team("South"))
        leads = [make_lead(owner=ana), make_lead(), make_lead(owner=stranger)]

        plan = make_plan(leads, ben, actor=theo)

        assert chosen(plan) == {ben.pk: 2, None: 1}
        assert why_stays(plan) == [
            "It belongs to another team. A sales manager can move it."
        ]

    def test_each_reason_why_a_lead_is_not_theirs_is_told_by_itself(self, theo, ben):
        loner = make_member("Loner")
        leads = [make_lead(owner=loner), make_lead(owner_known_at=None)]

        plan = make_plan(leads, ben, actor=theo)

        assert sorted(why_stays(plan)) == [
            "Its owner is in no team. A sales manager can move it.",
            "Smartlead has not said who has it. A sales manager can move it.",
        ]

    def test_a_team_lead_does_not_move_leads_of_unknown_owner(self, theo, ben):
        lead = make_lead(owner_known_at=None)

        assert make_plan([lead], ben, actor=theo).moving == 0

    def test_a_team_lead_does_not_give_to_another_team(self, theo):
        with pytest.raises(NotAllowed, match="Stranger is not in your team"):
            make_plan([make_lead()], make_member("Stranger"), actor=theo)

    def test_a_member_assigns_one_by_one(self, ben):
        with pytest.raises(NotAllowed, match="Only a team lead or a sales manager"):
            make_plan([make_lead()], ben, actor=make_user())

    def test_somebody_elses_preview_is_not_confirmed(self, ben):
        plan = make_plan([make_lead()], ben)

        with pytest.raises(NotAllowed, match="Somebody else made this preview"):
            plans.confirm_plan(plan=plan, actor=make_manager(), at=MONDAY)


class TestConfirming:
    def test_every_lead_gets_one_row_as_the_preview_said(self, ana, ben):
        leads = [make_lead(owner=ana), make_lead(owner=ben)]

        batch = make_batch(leads, ben, reason="Fewer hands.")

        rows = {row.lead_id: row for row in batch.assignments.all()}
        going, staying = (rows[lead.pk] for lead in leads)
        assert (going.state, going.to, going.expected) == (State.WAITING, ben, ana)
        assert (going.urgency, going.cause) == (Urgency.BULK, Cause.BULK)
        assert (staying.state, staying.outcome) == (
            State.SKIPPED,
            "It is already with Ben.",
        )

    def test_twice_is_one_batch(self, ana, ben):
        plan = make_plan([make_lead(owner=ana)], ben)

        first, second = (
            plans.confirm_plan(plan=plan, actor=plan.actor, at=MONDAY) for _ in "ab"
        )

        assert first == second
        assert Assignment.objects.count() == 1

    def test_a_preview_of_yesterday_is_refused(self, ben):
        plan = make_plan([make_lead()], ben)

        with pytest.raises(Stale, match="more than a day old"):
            plans.confirm_plan(
                plan=plan, actor=plan.actor, at=MONDAY + timedelta(hours=25)
            )

        assert not Batch.objects.exists()

    def test_a_plan_that_moves_nothing_is_refused(self, ben):
        plan = make_plan([make_lead(owner=ben)], ben)

        with pytest.raises(AssignmentRefused, match="nothing in this plan"):
            plans.confirm_plan(plan=plan, actor=plan.actor, at=MONDAY)

    def test_turns_move_with_the_confirmation_not_with_the_preview(self, ana, ben):
        leads = [make_lead() for _ in range(3)]
        make_plan(leads, ana, ben, strategy="round_robin")
        assert not RotationTurn.objects.exists()

        first = make_batch(leads[:1], ana, ben, strategy="round_robin")
        second = make_batch(leads[1:2], ana, ben, strategy="round_robin")

        given = [batch.assignments.get().to for batch in (first, second)]
        assert given == [ana, ben]

    def test_turns_taken_since_ask_for_a_new_look(self, ana, ben):
        leads = [make_lead() for _ in range(2)]
        plan = make_plan(leads[:1], ana, ben, strategy="round_robin")
        make_batch(leads[1:], ana, ben, strategy="round_robin")

        with pytest.raises(Stale, match="Look at it again"):
            plans.confirm_plan(plan=plan, actor=plan.actor, at=MONDAY)

    def test_turns_taken_of_other_members_do_not_matter(self, ana, ben):
        leads = [make_lead() for _ in range(2)]
        plan = make_plan(leads[:1], ana, strategy="round_robin")
        make_batch(leads[1:], ben, strategy="round_robin")

        assert plans.confirm_plan(plan=plan, actor=plan.actor, at=MONDAY)

    def test_each_lead_gets_its_own_note_once(self, ana, ben):
        lead = make_lead("Lena Lead", owner=ana)

        batch = make_batch(
            [lead, make_lead(owner=ben)], ben, note="{lead}: {previous} to {owner} {x"
        )

        (note,) = lead.notes.all()
        assert note.text == "Lena Lead: Ana to Ben {x"
        assert batch.assignments.filter(notes__isnull=False).count() == 1

    def test_a_name_with_braces_is_not_filled_in_again(self, ana, ben):
        lead = make_lead("{owner} Lead", owner=ana)

        make_batch([lead], ben, note="{lead}")

        assert lead.notes.get().text == "{owner} Lead"


class TestOldPreviews:
    def test_only_previews_that_nobody_confirmed_are_deleted(self, ana, ben):
        make_plan([make_lead(owner=ana)], ben)
        kept = make_batch([make_lead(owner=ana)], ben)

        plans.delete_old_previews(at=MONDAY + timedelta(days=3))

        assert [plan.batch for plan in SavedPlan.objects.all()] == [kept]
