"""Meaning of a mail server's refusal: whose fault it is, and if it is worth another
try.

The enhanced status code (RFC 3463) decides where there is one, else the step at which
it was said, the code, and a few words that servers without such codes have in common.
"""

import re
from enum import Enum, auto

TOO_BIG = 552
FINAL = 500


class SmtpStep(Enum):
    SENDER = auto()  # MAIL FROM
    RECIPIENT = auto()  # RCPT TO
    CONTENT = auto()  # DATA and its end


class RefusalMeaning(Enum):
    RETURNED = auto()  # this recipient, or this mail, and for good
    LATER = auto()  # this mail; others may go through
    SERVER = auto()  # quota, relaying, policy: any mail of ours may meet it


# By subject and detail, of a final answer. RFC 3463, 7504 and 7293; 5.4.1 is how Exchange
# Online says that it has no such mailbox.
_RETURNED = {
    (1, 1), (1, 2), (1, 3), (1, 4), (1, 6), (1, 10), (2, 1), (7, 17), (7, 18),
}  # fmt: skip
_RETURNED_AT_RECIPIENT = {(1, 0), (4, 1), (4, 4)}
_MAIL_ITSELF = {(2, 3), (3, 4)}
_MEDIA, _POLICY = 6, 7
_ABOUT_SENDER = {(1, 7), (1, 8), (1, 9), (1, 90)}
_SYSTEM, _NETWORK = 3, 4
# "Other" and protocol: these say as much as none.
_VAGUE = {0, 5}
_ENHANCED = re.compile(r"(?:^\s*|#)([245])\.(\d{1,3})\.(\d{1,3})(?![.\d])")
_OURS = re.compile(
    r"\b(?:sender|sending|relay|rcpthosts|polic|quota|limit|rate\b|too many|authenti|"
    r"log ?in|greylist|spam|block|black|reputation|dns[bw]l|rbl|spf|dkim|dmarc|denied|"
    r"prohibit|not permitted|not allowed|try again|later)",
    re.I,
)
_SENDER = re.compile(r"\b(?:sender|sending|mail from)\b", re.I)
_UNKNOWN = re.compile(
    r"no such|unknown|not found|no mailbox|mailbox (?:is )?unavailable|invalid|"
    r"does(?: not|n.t) (?:exist|have)|not exist|unrout|undeliverable|disabled|inactive|"
    r"suspended|not (?:a )?valid|not known|no longer|not local|bad (?:address|recipient)|"
    r"nobody|isn.t here|not here|closed",
    re.I,
)
_FULL = re.compile(r"mailbox (?:is )?(?:full|over)|over quota|user quota", re.I)
_RECIPIENT_CODES = {501, 510, 511, 513, 551, 556}
_SERVER_CODES = {421, 452, 454}


def meaning_of(step: SmtpStep, code: int, text: str) -> RefusalMeaning:
    """Return what a refusal with this code (400 or above) and text means at this step.

    Its enhanced code, if the text has one that says enough, decides before the code and
    the words. A code below 500 or an enhanced 4.x.x is never RETURNED.
    """
    found = _ENHANCED.search(text)
    enhanced = (int(found[2]), int(found[3])) if found else (0, 0)
    if step is SmtpStep.SENDER:
        return _of_sender(code, enhanced, has_enhanced=bool(found))
    if code < FINAL or (found and found[1] == "4"):
        return _for_now(step, code, enhanced)
    if enhanced[0] in _VAGUE:
        return _by_words(step, code, text)
    return _for_good(step, enhanced, text)


def _of_sender(
    code: int, enhanced: tuple[int, int], *, has_enhanced: bool
) -> RefusalMeaning:
    """Return RETURNED for a final refusal because of the mail's size or content type,
    else SERVER: before the recipient is named it is mostly about us.
    """
    is_too_big = enhanced in _MAIL_ITSELF or (code == TOO_BIG and not has_enhanced)
    is_mail_itself = is_too_big or enhanced[0] == _MEDIA
    return (
        RefusalMeaning.RETURNED
        if code >= FINAL and is_mail_itself
        else RefusalMeaning.SERVER
    )


def _for_now(step: SmtpStep, code: int, enhanced: tuple[int, int]) -> RefusalMeaning:
    """Return SERVER or LATER for a temporary refusal.

    SERVER for 421, for enhanced codes about system or network, for such about policy
    unless at RCPT, and for 452 and 454 without a subject.
    """
    subject = enhanced[0]
    if code == min(_SERVER_CODES) or subject in {_SYSTEM, _NETWORK}:
        return RefusalMeaning.SERVER
    if subject == _POLICY:
        return (
            RefusalMeaning.LATER
            if step is SmtpStep.RECIPIENT
            else RefusalMeaning.SERVER
        )
    is_about_us = subject == 0 and code in _SERVER_CODES
    return RefusalMeaning.SERVER if is_about_us else RefusalMeaning.LATER


def _for_good(step: SmtpStep, enhanced: tuple[int, int], text: str) -> RefusalMeaning:
    subject = enhanced[0]
    if enhanced in _MAIL_ITSELF or subject == _MEDIA:
        return RefusalMeaning.RETURNED
    if enhanced in _ABOUT_SENDER or (subject != _POLICY and _SENDER.search(text)):
        return RefusalMeaning.SERVER
    is_recipient = step is SmtpStep.RECIPIENT and enhanced in _RETURNED_AT_RECIPIENT
    if enhanced in _RETURNED or is_recipient:
        return RefusalMeaning.RETURNED
    if (
        subject == 1
        or (subject == 2 and step is SmtpStep.RECIPIENT)
        or enhanced == (2, 2)
    ):
        return RefusalMeaning.LATER
    return RefusalMeaning.SERVER


def _by_words(step: SmtpStep, code: int, text: str) -> RefusalMeaning:
    is_recipient = step is SmtpStep.RECIPIENT
    if is_recipient and (code == TOO_BIG or _FULL.search(text)):
        return RefusalMeaning.LATER
    if _OURS.search(text):
        return RefusalMeaning.SERVER
    if _UNKNOWN.search(text) or (is_recipient and code in _RECIPIENT_CODES):
        return RefusalMeaning.RETURNED
    return (
        RefusalMeaning.LATER
        if is_recipient and code in {550, 553}
        else RefusalMeaning.SERVER
    )
