"""Time zones by name. People choose the names; an update of the system may drop one."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings


@dataclass(frozen=True, slots=True)
class ZoneLookup:
    """A time zone. `is_lost`: another was asked for, which is unknown here."""

    zone: ZoneInfo
    is_lost: bool = False


def look_up_zone(name: str) -> ZoneLookup:
    """Return the zone of this name, or that of the settings if it is empty or unknown.

    Only for an unknown name `is_lost` is True.
    """
    default = ZoneInfo(settings.TIME_ZONE)
    if not name:
        return ZoneLookup(default)
    try:
        return ZoneLookup(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneLookup(default, is_lost=True)


def zone_or_default(name: str) -> ZoneInfo:
    """Return the zone of this name, or that of the settings if it is empty or unknown."""
    return look_up_zone(name).zone
