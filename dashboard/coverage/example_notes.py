"""The notes of a coverage as Smartlead gets them, for one lead as an example."""

from dataclasses import dataclass

from assignments.models import Campaign, Coverage, Lead, Member
from assignments.services.ledger.holds import hold_note_text
from assignments.services.sight import Sight


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleNotes:
    """Both notes filled in; empty where none is written.

    `lead`: whose values they have; empty if it is no lead in particular.
    """

    start: str
    end: str
    lead: str

    @property
    def example(self) -> str:
        where = "Written in Smartlead"
        return f"{where}, for example on {self.lead}" if self.lead else where


def example_notes(
    coverage: Coverage, lead: Lead | None, covering: Member | None
) -> ExampleNotes:
    """Return the notes for this lead, else with "the lead" of "the campaign".

    Without `covering` it is the fallback. The coverage need not be saved. Where covering
    members keep the leads, none is written at the end.
    """
    shown = lead or Lead(first_name="the lead", campaign=Campaign(name="the campaign"))
    covering = covering or coverage.fallback
    keeps = coverage.on_return == Coverage.OnReturn.KEEP

    def filled(template: str) -> str:
        if covering is None:
            return template
        return hold_note_text(
            template, coverage=coverage, lead=shown, covering=covering
        )

    return ExampleNotes(
        start=filled(coverage.start_note),
        end="" if keeps else filled(coverage.return_note),
        lead=f"{lead or ''}",
    )


def example_of_holds(coverage: Coverage, sight: Sight) -> ExampleNotes:
    """Return the notes of a coverage for the first lead that it took, of those that the
    viewer sees.

    Else the first covering member stands in them.
    """
    seen = coverage.holds.filter(sight.leads("lead__"))
    taken = seen.select_related("lead__campaign", "to").order_by("pk")
    if hold := taken.first():
        return example_notes(coverage, hold.lead, hold.to)
    present = [one.member for one in coverage.coverers.all() if not one.replaced_at]
    return example_notes(coverage, None, next(iter(present), None))
