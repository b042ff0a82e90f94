"""Contents of Today for one viewer: sections, with their numbers and first rows."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Max
from django.utils import timezone

from assignments.models import User
from assignments.services.coverage.alerts import to_confirm
from assignments.services.coverage.calendar import coverages_with_coverers
from assignments.services.coverage.clashes import clash_sentences
from assignments.services.ledger.unread_outcomes import undismissed_outcomes
from assignments.services.routing.suggestions import open_suggestions_for
from assignments.services.sight import visible_leads
from dashboard.coverage.alerts import Attentions, attentions_of
from dashboard.coverage.labels import CoverageEntry, entry_of
from dashboard.filters import count_of
from dashboard.inbox.lead_rows import InboxRow
from dashboard.notifications.poll_fingerprint import seen
from dashboard.permissions import ViewerRights
from dashboard.today.coverages import CoverageToday, coverages_today
from dashboard.today.lead_lists import shown_count
from dashboard.today.sections import FIRST, LeadSection, first_rows, lead_sections


@dataclass(frozen=True, slots=True, kw_only=True)
class TodayPage:
    """Whatever needs the viewer today. `proposals` have their newest event as `seen`;
    `outcomes` are own changes that were refused or overtaken.
    """

    sections: Sequence[LeadSection]
    proposals: Sequence[CoverageEntry]
    proposal_count: int
    suggestion_count: int
    coverages: Sequence[CoverageToday]
    attention: Attentions
    outcome_count: int
    outcomes: Sequence[InboxRow] = ()

    @property
    def sections_with_leads(self) -> list[LeadSection]:
        return [section for section in self.sections if section.list.count]

    @property
    def empty_sections(self) -> list[LeadSection]:
        return [section for section in self.sections if not section.list.count]

    @property
    def to_confirm(self) -> int:
        return self.proposal_count + self.suggestion_count

    @property
    def to_confirm_shown(self) -> str:
        return shown_count(self.to_confirm)

    @property
    def suggestions_shown(self) -> str:
        return shown_count(self.suggestion_count)

    @property
    def outcomes_shown(self) -> str:
        return shown_count(self.outcome_count)

    @property
    def trouble_count(self) -> int:
        return len(self.attention.all) + self.outcome_count

    @property
    def is_calm(self) -> bool:
        return not (
            self.sections_with_leads
            or self.to_confirm
            or self.coverages
            or self.trouble_count
        )

    @property
    def seen(self) -> str:
        """Return a mark that changes with each number of the page."""
        return seen(
            *(
                (section.key, section.list.count, section.part and section.part.count)
                for section in self.sections
            ),
            self.proposal_count,
            self.suggestion_count,
            [(one.coverage.pk, one.coverage.state) for one in self.coverages],
            *(one.key for one in self.attention.all),
            self.outcome_count,
        )


def numbers_of_today(user: User, *, at: datetime) -> TodayPage:
    """Return the page without rows of leads: what it costs to see whether it changed."""
    rights = ViewerRights.of(user)
    ids = to_confirm(user, at=at).values("pk")
    proposed = coverages_with_coverers().filter(pk__in=ids)
    attention = attentions_of(user, at=at)
    # A member finds them in her rows: the review is for those who lead.
    suggested = open_suggestions_for(user) if rights.may_assign_many else None
    return TodayPage(
        sections=lead_sections(user, rights, at=at),
        proposals=[
            entry_of(coverage, rights)
            for coverage in proposed.annotate(seen=Max("events"))[:FIRST]
        ],
        proposal_count=attention.proposals,
        suggestion_count=0 if suggested is None else count_of(suggested),
        coverages=coverages_today(rights, at=at),
        attention=attention,
        outcome_count=count_of(undismissed_outcomes(user)),
    )


def page_of_today(user: User, *, at: datetime) -> TodayPage:
    page = numbers_of_today(user, at=at)
    newest = list(undismissed_outcomes(user).values_list("lead", flat=True)[:FIRST])
    joined = visible_leads(user).select_related("owner", "campaign", "category")
    troubled = joined.in_bulk(newest)
    sections, outcomes = first_rows(
        page.sections,
        [troubled[pk] for pk in newest if pk in troubled],
        viewer=user,
        at=at,
    )
    proposed = [entry.coverage for entry in page.proposals]
    clashes = clash_sentences(proposed, today=timezone.localdate(at))
    return replace(
        page,
        sections=sections,
        outcomes=outcomes,
        proposals=[
            replace(entry, clash=clashes.get(entry.coverage.pk, ""))
            for entry in page.proposals
        ],
    )
