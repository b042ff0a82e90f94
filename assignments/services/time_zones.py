"""Zones by their names, which people set and which systems may lose."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings


@dataclass(frozen=True, slots=True)
class Zone:
    """A zone, and whether the one that was asked for is unknown here."""

    zone: ZoneInfo
    is_lost: bool = False


def look_up_zone(name: str) -> Zone:
    """A zone that no longer exists stops nothing: that of the settings takes over."""
    default = ZoneInfo(settings.TIME_ZONE)
    if not name:
        return Zone(default)
    try:
        return Zone(ZoneInfo(name))
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return Zone(default, is_lost=True)


def zone_named(name: str) -> ZoneInfo:
    """This zone; that of the settings where the name is empty or known no more."""
    return look_up_zone(name).zone
