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
        sentence="Of the same leads, the share that replied in the period and is now in "
        "a category that means interest, so it is never above the reply rate. Which "
        "categories do is set under Settings.",
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
        "the clock, nights and weekends included.",
    ),
    Definition(
        key="p90",
        label="90 % within",
        sentence="Nine of ten of these answers came within this time, by the clock.",
    ),
    Definition(
        key="kept_rate",
        label="SLA kept",
        sentence="Of these answers that had a target, the share that came in time. What "
        "counts is the moment that was due when the answer came; a later change of the "
        "target changes nothing.",
    ),
    Definition(
        key="waiting",
        label="Waiting now",
        sentence="Leads of theirs that wait for an answer at this moment, whatever the "
        "period. They are not in the times: only leads that were answered are.",
    ),
    Definition(
        key="covering",
        label="While covering",
        sentence="Answers that they gave to leads of a member who was away. They count "
        "in this column only, for whoever gave them.",
    ),
)
BY_KEY = {definition.key: definition for definition in DEFINITIONS}
