"""How fast an account's limit lets anything but clicks go."""

import math

from django.conf import settings


def calls_a_minute() -> int:
    count, seconds = max(settings.SMARTLEAD_RATE_LIMITS, key=lambda limit: limit[1])
    # One slot of the window is left to clicks.
    return max(1, int((count - 1) * 60 / seconds))


def minutes(calls: int) -> int:
    return math.ceil(calls / calls_a_minute())
