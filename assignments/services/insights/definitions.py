"""Definitions of the team's metrics, in the sentences that the pages show."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A metric: its key (see `MemberMetrics.value`), its label and its meaning."""

    key: str
    label: str
    sentence: str


DEFINITIONS = (
    Definition(
        key="leads",
        label="Leads",
        sentence="Different leads that were theirs at any time in the period, by our "
        "history. A lead that is covered stays with the member who is away.",
    ),
    Definition(
        key="reply_rate",
        label="Reply rate",
        sentence="Of these leads, the share that replied in the period. Bounces are no "
        "replies.",
    ),
    Definition(
        key="interest_rate",
        label="Interest rate",
        sentence="Of these leads, the share that is now in a category that means "
        "interest. Which ones do is set under Settings.",
    ),
    Definition(
        key="assigned",
        label="Assigned",
        sentence="Different leads that became theirs in the period: by hand, in bulk, by "
        "a routing rule, by an undo, or in Smartlead. Coverage is counted apart.",
    ),
    Definition(
        key="taken_over",
        label="Taken over",
        sentence="Of those assigned, the leads that somebody else had before.",
    ),
    Definition(
        key="handed_over",
        label="Handed over",
        sentence="Different leads that were theirs and went to somebody else for good "
        "in the period.",
    ),
    Definition(
        key="answered",
        label="Answers",
        sentence="Replies of their own leads that were answered in the period. Several "
        "replies in a row are one. Credited to who had the lead at that moment.",
    ),
    Definition(
        key="median",
        label="Median time",
        sentence="Half of these answers came within this time after the first reply, by "
        "the clock. The smallest value that half of them do not exceed.",
    ),
    Definition(
        key="p90",
        label="90 % within",
        sentence="Nine of ten of these answers came within this time: the smallest "
        "value that 90 % of them do not exceed.",
    ),
    Definition(
        key="kept_rate",
        label="SLA kept",
        sentence="Of these answers that had a target, the share that came by the moment "
        "they were due, as it was promised at the time.",
    ),
    Definition(
        key="waiting",
        label="Waiting now",
        sentence="Leads with them that wait for an answer at this moment. They are in "
        "none of the times: only answers are.",
    ),
    Definition(
        key="covering",
        label="While covering",
        sentence="Answers given to leads of a member who was away. They count for who "
        "gave them, here and nowhere else.",
    ),
)
BY_KEY = {definition.key: definition for definition in DEFINITIONS}
