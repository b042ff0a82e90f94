"""The notes of a coverage as Smartlead gets them, for one lead as an example."""

from dataclasses import dataclass

from assignments.models import Coverage, Lead, Member
from assignments.services.ledger.holds import hold_note_text


@dataclass(frozen=True, slots=True, kw_only=True)
class ExampleNotes:
    """Both notes filled in; empty where none is written. `lead`: whose values they have."""

    start: str
    end: str
    lead: str


def example_notes(
    coverage: Coverage, lead: Lead | None, covering: Member | None
) -> ExampleNotes:
    """Return the notes for this lead, else for one that is made up.

    Without `covering` it is the fallback. The coverage need not be saved. Where covering
    members keep the leads, none is written at the end.
    """
    lead = lead or Lead(first_name="Jane", last_name="Doe")
    covering = covering or coverage.fallback
    keeps = coverage.on_return == Coverage.OnReturn.KEEP

    def filled(template: str) -> str:
        if covering is None:
            return template
        return hold_note_text(template, coverage=coverage, lead=lead, covering=covering)

    return ExampleNotes(
        start=filled(coverage.start_note),
        end="" if keeps else filled(coverage.return_note),
        lead=f"{lead}",
    )


def example_of_holds(coverage: Coverage) -> ExampleNotes:
    """Return the notes of a coverage for the first lead that it took, if it took any.

    Else the first covering member stands in them.
    """
    taken = coverage.holds.select_related("lead__campaign", "to").order_by("pk")
    if hold := taken.first():
        return example_notes(coverage, hold.lead, hold.to)
    present = [one.member for one in coverage.coverers.all() if not one.replaced_at]
    return example_notes(coverage, None, next(iter(present), None))
