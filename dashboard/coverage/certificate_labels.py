"""Sentences of a coverage's certificate: its sums, and leads that were not returned."""

from dataclasses import dataclass

from assignments.models import Coverage
from assignments.services.absence_wording import coverers_in_words
from assignments.services.coverage.certificate import CoverageCertificate, HoldStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateWords:
    """`is_welcome`: the reader is the member who was away."""

    certificate: CoverageCertificate
    is_welcome: bool

    @property
    def is_over(self) -> bool:
        return self.certificate.coverage.state == Coverage.State.COMPLETED

    @property
    def title(self) -> str:
        return "Welcome back" if self.is_welcome else "Return certificate"

    @property
    def headline(self) -> str:
        tally, member = self.certificate.tally, self.certificate.coverage.member
        if self.is_welcome:
            return "Welcome back. This is what happened to your leads"
        if not self.is_over:
            return f"{member}: not finished yet"
        if tally.not_back == 0:
            return f"{member} is back, and so are their leads"
        leads = f"{tally.taken} lead{'' if tally.taken == 1 else 's'}"
        return f"{member} is back: {tally['returned']} of {leads} returned"

    @property
    def covered_by(self) -> str:
        coverage = self.certificate.coverage
        names = coverers_in_words(coverage) or "Nobody"
        return f"{names}, then {coverage.fallback}" if coverage.fallback else names

    @property
    def took_time(self) -> bool:
        """Return True if the first and the last lead went back in different minutes of
        the clock. False if one of these moments is not known.
        """
        first, last = self.certificate.returned_from, self.certificate.returned_to
        if first is None or last is None:
            return False
        return f"{first:%Y%m%d%H%M}" != f"{last:%Y%m%d%H%M}"

    @property
    def parts(self) -> str:
        """Return the tally's summands in words, joined with commas: `51 returned, 4
        moved by people`.
        """
        parts = self.certificate.tally.parts
        return ", ".join(f"{count} {fate.label}" for fate, count in parts)

    @property
    def looks(self) -> list[tuple[HoldStatus, int, str]]:
        looks = {HoldStatus.RETURNED: "good", HoldStatus.OUT: "bad"}
        return [
            (fate, count, looks.get(fate, "") if count else "")
            for fate, count in self.certificate.tally.parts
        ]

    @property
    def unaccounted(self) -> str:
        out = self.certificate.tally["out"]
        if not out:
            return "Nothing is unaccounted for."
        return f"{out} {'is' if out == 1 else 'are'} still out."

    @property
    def exceptions_title(self) -> str:
        count = self.certificate.tally.not_back
        if not count:
            return "What was never taken, and why"
        if count == 1:
            went = "did not go" if self.is_over else "is not"
            return f"The one that {went} back, and why"
        went = "did not go" if self.is_over else "are not"
        return f"The {count} that {went} back, and why"

    @property
    def returned(self) -> str:
        tally = self.certificate.tally
        count = tally["returned"]
        return (
            "Each still had the owner we gave it when it was sent back. "
            f"{tally.verified} of {count} {'was' if count == 1 else 'were'} seen there "
            "by a later read of Smartlead."
        )

    @property
    def notes(self) -> str:
        notes = self.certificate.notes
        if not notes:
            return "No return note was asked for."
        done = notes.get("done") or 0
        parts = [f"{done} return note{'' if done == 1 else 's'} added"]
        if notes.get("unconfirmed"):
            parts.append(f"{notes['unconfirmed']} perhaps sent")
        if notes.get("refused"):
            parts.append(f"{notes['refused']} refused")
        return f"{', '.join(parts)}."

    @property
    def returned_list_title(self) -> str:
        listed, count = (
            len(self.certificate.returned),
            self.certificate.tally["returned"],
        )
        return (
            f"The first {listed} of them" if listed < count else f"All {count} of them"
        )
