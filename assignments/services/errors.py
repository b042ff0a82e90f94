"""Expected refusals. The text of each is a finished sentence for the person who asked."""


class AssignmentRefused(Exception):
    """A request cannot be done, and trying the same again will not help."""


class NeedsConfirmation(AssignmentRefused):
    """A request is done only after the person has read the sentence and agreed."""


class NotAllowed(AssignmentRefused):
    """A request could be done, but not by this person."""


class Stale(AssignmentRefused):
    """A request came from a page that showed something that is no longer so."""
