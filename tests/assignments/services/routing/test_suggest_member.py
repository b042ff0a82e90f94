"""The member suggested for one lead: by whom the lead is known, and never who cannot."""

from datetime import timedelta

import pytest

from assignments.models import Lead, Reply, Suggestion
from assignments.services.bulk.member_options import member_options
from assignments.services.errors import Stale
from assignments.services.operations.tick import tick
from assignments.services.routing.suggest_member import suggest_member, take_suggestion
from tests.dashboard.pages import queries_of
from tests.factories import (
    MONDAY,
    make_absence,
    make_assignment,
    make_campaign,
    make_lead,
    make_manager,
    make_member,
    make_rule,
    make_suggestion,
    make_table,
    make_team,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana():
    return make_member("Ana Sousa")


@pytest.fixture
def ben():
    return make_member("Ben Okafor")


def suggested(lead, *, holder=None, user=None):
    options = member_options(user or make_manager(), at=MONDAY)
    lead = Lead.objects.get(pk=lead.pk)
    return suggest_member(lead, options, holder_id=holder and holder.pk)


def said(lead, **more):
    found = suggested(lead, **more)
    return found and f"{found.member}: {found.why}"


class TestWho:
    def test_the_table_of_a_rule_says_whose_territory_it_is(self, ana, ben):
        table = make_table({"de": ben})
        make_rule(strategy="territory", table=table)

        lead = make_lead(owner=ana, email="lena@example.de")

        assert said(lead) == "Ben Okafor: de is their territory"

    def test_a_rule_that_is_off_says_nothing(self, ana, ben):
        make_rule(ben, mode="off", strategy="member")
        make_lead(owner=ben)

        assert suggested(make_lead()).member == ana

    def test_a_rule_speaks_of_leads_from_before_it_too(self, ana, ben):
        make_rule(ben, name="New", strategy="member", since=MONDAY + timedelta(days=9))

        assert said(make_lead(owner=ana)) == "Ben Okafor: named by the rule “New”"

    def test_the_territory_of_somebody_away_goes_to_the_default_pool(self, ana, ben):
        table = make_table({"de": ben})
        make_rule(ana, name="DACH", strategy="territory", table=table)
        make_absence(ben)

        lead = make_lead(email="lena@example.de")

        assert said(lead) == "Ana Sousa: least busy, by the rule “DACH”"

    def test_whoever_answered_this_person_last(self, ana, ben):
        before = make_lead(person_id=7, owner=ana)
        Reply.objects.create(
            lead=before,
            replied_at=MONDAY - timedelta(days=3),
            answered_at=MONDAY - timedelta(days=3),
            minutes=5,
            owner=ben,
        )

        assert said(make_lead(person_id=7)).startswith(
            "Ben Okafor: answered this person on Fri 8 May"
        )

    def test_whoever_has_this_person_in_another_campaign(self, ana, ben):
        make_lead(person_id=7, owner=ben, campaign=make_campaign("Webinar follow-up"))

        assert said(make_lead(person_id=7)) == (
            "Ben Okafor: has this person too, in Webinar follow-up"
        )

    def test_whoever_wrote_to_the_company_last(self, ana, ben):
        make_lead("Old Olaf", owner=ana, company="Bexley", last_sent_at=None)
        make_lead("Nora New", owner=ben, company="Bexley")

        lead = make_lead(company="Bexley")

        assert said(lead) == "Ben Okafor: has Nora New of the same company"

    def test_a_lead_that_is_gone_says_nothing_of_its_company(self, ana, ben):
        make_lead(owner=ben, company="Bexley", gone_at=MONDAY)
        make_lead(owner=ben, person_id=7, gone_at=MONDAY)
        lead = make_lead(owner=ana, company="Bexley", person_id=7)

        assert said(lead) == "Ben Okafor: the only one free"

    def test_a_territory_comes_before_the_last_contact_and_that_before_a_turn(
        self, ana, ben
    ):
        make_lead(person_id=7, owner=ben)
        lead = make_lead(person_id=7, email="lena@example.de")
        make_rule(ana, name="All", position=9999)
        assert suggested(lead).member == ben

        table = make_table({"de": ana})
        make_rule(strategy="territory", table=table, position=1)

        assert suggested(lead).member == ana

    def test_a_turn_of_a_rule_moves_on_only_when_the_rule_acts(self, ana, ben):
        make_rule(ana, ben, name="All")
        lead = make_lead()

        first = said(lead)

        assert first == "Ana Sousa: next in turn, by the rule “All”"
        assert said(lead) == first

    def test_the_fewest_open_leads_with_what_is_on_the_way(self, ana, ben):
        ben.capacity = 30
        ben.save()
        make_lead(owner=ana), make_lead(owner=ana), make_lead(owner=ben)

        assert said(make_lead()) == "Ben Okafor: fewest open, 1 of 30"
        make_assignment(make_lead(), ben), make_assignment(make_lead(), ben)
        assert said(make_lead()) == "Ana Sousa: fewest open, 2"

    def test_the_numbers_are_those_of_the_rows(self, ana, ben):
        """Leads on the way count as the rows show them; those that leave still count."""
        for owner, count in ((ana, 4), (ben, 3)):
            for _ in range(count):
                make_lead(owner=owner)
        for lead in Lead.objects.filter(owner=ana)[:3]:
            make_assignment(lead, ben)

        assert said(make_lead()) == "Ana Sousa: fewest open, 4"
        words = {
            str(o.member): o.words for o in member_options(make_manager(), at=MONDAY)
        }
        assert words == {"Ana Sousa": "4 open", "Ben Okafor": "3 open, 3 on the way"}

    def test_a_suggestion_that_waits_says_no_load(self, ana, ben):
        lead = make_lead()
        make_rule(ana, ben, name="Even", mode="suggest", strategy="least_busy")

        tick(at=MONDAY)

        assert lead.suggestions.get().reason == (
            "Rule “Even” suggests Ana Sousa: least busy of 2."
        )

    def test_the_owners_own_team_comes_first(self, ana, ben):
        ana.team = make_team("South")
        ana.save()
        mate = make_member("Cem Kaya", team=ana.team)
        make_lead(owner=mate)

        assert said(make_lead(owner=ana)) == (
            f"Cem Kaya: the only one free in {ana.team}"
        )

    def test_an_open_suggestion_is_the_first(self, ana, ben):
        make_lead(person_id=7, owner=ana)
        lead = make_lead(person_id=7)
        suggestion = make_suggestion(lead, ben)

        assert suggested(lead).why == suggestion.reason


class TestWhoNot:
    """Each of them would be suggested, if it were not for the one thing."""

    @pytest.fixture(params=["open", "rule", "table", "person", "company", "fewest"])
    def lead(self, request, ben):
        lead = make_lead(person_id=7, company="Bexley", email="lena@example.de")
        if request.param == "open":
            make_suggestion(lead, ben)
        elif request.param == "rule":
            make_rule(ben, strategy="member")
        elif request.param == "table":
            make_rule(strategy="territory", table=make_table({"de": ben}))
        elif request.param == "person":
            make_lead(person_id=7, owner=ben)
        elif request.param == "company":
            make_lead(company="Bexley", owner=ben)
        assert suggested(lead).member == ben
        return lead

    def test_somebody_who_was_deactivated(self, lead, ben):
        ben.is_active = False
        ben.save()

        assert suggested(lead) is None

    def test_somebody_away(self, lead, ben):
        make_absence(ben)

        assert suggested(lead) is None

    def test_somebody_full(self, lead, ben):
        ben.capacity = 1
        ben.save()
        make_lead(owner=ben)

        assert suggested(lead) is None

    def test_the_owner_and_whom_it_is_on_the_way_to(self, lead, ben):
        assert suggested(lead, holder=ben) is None
        lead.owner = ben
        lead.save()

        assert suggested(lead) is None

    def test_somebody_known_by_an_id_alone(self, lead, ben):
        ben.name = ""
        ben.save()

        assert suggested(lead) is None

    def test_somebody_whom_this_user_may_not_choose(self, lead, ben):
        options = [
            one
            for one in member_options(make_manager(), at=MONDAY)
            if one.member != ben
        ]

        assert suggest_member(lead, options, holder_id=None) is None

    def test_whom_somebody_dismissed_for_this_lead(self, lead, ben):
        Suggestion.objects.all().delete()
        make_suggestion(lead, ben, state="dismissed", decided_at=MONDAY)

        assert suggested(lead) is None

    def test_anybody_for_a_lead_that_is_gone(self, lead):
        lead.gone_at = MONDAY
        lead.save()

        assert suggested(lead) is None


class TestTake:
    def take(self, lead, to, reason, **more):
        return take_suggestion(
            lead=lead,
            to=to,
            reason=reason,
            actor=make_manager(),
            at=MONDAY,
            expected=more.pop("expected", None),
            **more,
        )

    def test_the_sentence_that_was_shown_stands_in_the_ledger(self, ben):
        lead = make_lead()
        reason = suggested(lead).reason

        change = self.take(lead, ben, reason, note="Call him.")

        assert change.reason == (
            "Suggested Ben Okafor: the only one free. Sara Klein agreed."
        )
        assert lead.notes.get().text == "Call him."

    def test_a_rules_suggestion_becomes_accepted(self, ben):
        lead = make_lead()
        suggestion = make_suggestion(lead, ben)

        change = self.take(lead, ben, suggestion.reason)

        suggestion.refresh_from_db()
        assert suggestion.state == "accepted"
        assert change.reason.startswith("Rule “R” suggested Ben Okafor")

    def test_nothing_is_written_for_a_lead_that_has_moved(self, ana, ben):
        lead = make_lead(owner=ana)
        suggestion = make_suggestion(lead, ben)

        with pytest.raises(Stale):
            self.take(lead, ben, suggestion.reason, expected=None)

        suggestion.refresh_from_db()
        assert suggestion.state == "open"


def test_more_members_and_more_leads_cost_no_more_queries(ana, ben):
    make_rule(ana, name="All")
    lead = make_lead(person_id=7, company="Bexley")
    options = member_options(make_manager(), at=MONDAY)
    few = queries_of(lambda: suggest_member(lead, options, holder_id=None))

    for number in range(50):
        mate = make_member(f"Mate {number}")
        make_lead(person_id=7, company="Bexley", owner=mate)
    options = member_options(make_manager(), at=MONDAY)

    many = queries_of(lambda: suggest_member(lead, options, holder_id=None))
    assert many <= few
