"""Expected "no"s. The text of each is a finished sentence for the person who asked."""


class AssignmentRefused(Exception):
    """It cannot be done, and trying the same again will not help."""


class NeedsConfirmation(AssignmentRefused):
    """It is done once the person who asked has read the sentence and agreed."""


class NotAllowed(AssignmentRefused):
    """It could be done, but not by this person."""


class Stale(AssignmentRefused):
    """The page that asked showed something that is no longer so."""
