"""Readers of the environment, used once by settings.py.

Each reader takes what people write (blanks, quotes, last slashes, empty parts of a
list) or raises `SettingRefused` with one sentence that names the variable and an
example.
"""

import math
import os
import re
from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ImproperlyConfigured

YES = {"1", "true", "yes", "on"}
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")  # of the log
SHORTEST_TOKEN = 16  # characters
NO = {"0", "false", "no", "off"}


class SettingRefused(ImproperlyConfigured):
    """A setting that cannot be used; the text is for whoever wrote it."""


def env(name: str, default: str | None = None) -> str:
    """Return the environment variable without blanks and one pair of quotes around it.

    Unset or empty gives `default`. Raises SettingRefused if that is None.
    """
    value = _without_quotes(os.environ.get(name, "")) or default
    if value is None:
        raise SettingRefused(f"Set the environment variable {name} (see .env.example).")
    return value


def env_bool(name: str, *, default: bool = False) -> bool:
    word = env(name, "1" if default else "0").lower()
    if word not in YES | NO:
        raise SettingRefused(f"{name} is {word!r}; write 1 for yes or 0 for no.")
    return word in YES


def choice(name: str, text: str, choices: Sequence[str]) -> str:
    """Return the one of `choices` that `text` is, in any case; `name` is its variable.

    Raises SettingRefused if it is none of them.
    """
    for each in choices:
        if text.casefold() == each.casefold():
            return each
    raise SettingRefused(f"{name} is {text!r}; write one of: {', '.join(choices)}.")


def env_number(name: str, default: str, *, least: float) -> float:
    text = env(name, default)
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number < least:
        raise SettingRefused(
            f"{name} is {text!r}; write a number of at least {least:g}, like {default}."
        )
    return number


def seconds(name: str, text: str) -> float:
    """Return `text` as a number of seconds; `name` is its variable, for the sentence.

    Raises SettingRefused unless it is a finite number above 0.
    """
    try:
        value = float(text)
    except ValueError:
        value = 0
    if not 0 < value < float("inf"):
        raise SettingRefused(f"{name} must be a number of seconds above 0.")
    return value


def load_env_file(path: Path) -> None:
    """Set environment variables from NAME=value lines; do nothing without such a file.

    Variables that exist already stay, empty ones too. Of several lines for a name the
    last counts. Lines without "=" and those that begin with # are passed over. From the
    others, `export ` before the name, quotes, and comments are dropped. Raises
    SettingRefused if the file cannot be read or is not UTF-8.
    """
    if not path.is_file():
        return
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise SettingRefused(
            f"{path} cannot be read ({error.strerror}). It must belong to the user who "
            "runs Handoff."
        ) from None
    except UnicodeDecodeError:
        raise SettingRefused(f"{path} is not UTF-8 text; save it as UTF-8.") from None
    said = {}
    for line in lines:
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith("#"):
            name = name.strip().removeprefix("export ").strip()
            said[name] = _without_comment(value)
    for name, value in said.items():
        os.environ.setdefault(name, value)


def _without_comment(value: str) -> str:
    """Return the value of a line without its comment, surrounding blanks and quotes.

    A comment begins with a # at the start or after a blank, outside of quotes. Blanks
    within quotes stay only if nothing but a comment follows the closing quote.
    """
    value = value.strip()
    if value[:1] in {'"', "'"}:
        closing = value.find(value[0], 1)
        rest = value[closing + 1 :].strip()
        if closing > 0 and (not rest or rest.startswith("#")):
            return value[1:closing]
    return _without_quotes(re.split(r"(?:^|\s)#", value, maxsplit=1)[0])


def _without_quotes(value: str) -> str:
    value = value.strip()
    if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
        value = value[1:-1].strip()
    return value


def secret(name: str, default: str | None = None) -> str:
    """Return the variable as `env` does, for keys that are used exactly as they are.

    Raises SettingRefused if it is missing without a default, or has white space inside;
    the sentence does not show the value.
    """
    value = env(name, default)
    if re.search(r"\s", value):
        raise SettingRefused(
            f"{name} has a blank or a line break in it; copy it again, as one word."
        )
    return value


def secrets(name: str) -> list[str]:
    """Return the keys of the variable, in its order, that commas separate.

    Raises SettingRefused if one has white space inside; none is shown.
    """
    keys = [key.strip() for key in env(name, "").split(",")]
    if any(re.search(r"\s", key) for key in keys):
        raise SettingRefused(
            f"{name} has a blank or a line break in a key; write commas between keys."
        )
    return [key for key in keys if key]


def long_secret(name: str, text: str) -> str:
    """Return `text`, the value of the variable `name`, or "" for none.

    Raises SettingRefused if it has less than 16 characters; they are not shown.
    """
    if 0 < len(text) < SHORTEST_TOKEN:
        raise SettingRefused(
            f"{name} has less than {SHORTEST_TOKEN} characters; make a longer one."
        )
    return text


def time_zone(text: str) -> str:
    """Return the name of the zone as the tz database spells it.

    Upper and lower case count alike, and blanks as underscores. Raises SettingRefused
    if there is no such zone.
    """
    try:
        return ZoneInfo(text).key
    except (KeyError, ValueError, OSError):
        known = {name.casefold(): name for name in available_timezones()}
    if name := known.get(text.replace(" ", "_").casefold()):
        return name
    raise SettingRefused(
        f"TIME_ZONE is {text!r}, which is no time zone; write it like Europe/Berlin"
    )


def rate_limits(text: str) -> list[tuple[int, float]]:
    """Return `8/2s,55/60s` as [(8, 2.0), (55, 60.0)]: calls per seconds, in this order.

    Commas or semicolons separate, the `s` may be left out; all limits hold at once.
    Raises SettingRefused if there is none or one cannot be read, has fewer than 2
    calls, or its seconds are not above 0 and finite.
    """
    try:
        parts = [part.strip() for part in re.split("[,;]", text)]
        pairs = [part.rstrip("s").split("/") for part in parts if part]
        limits = [(int(calls), float(seconds)) for calls, seconds in pairs]
    except ValueError:
        limits = []
    if not limits or any(
        calls < 2 or not 0 < seconds < math.inf for calls, seconds in limits
    ):
        raise SettingRefused(
            f"SMARTLEAD_RATE_LIMITS is {text!r}; write it like 8/2s,55/60s, "
            "with at least 2 calls a window."
        )
    return limits


def networks(text: str) -> list[IPv4Network | IPv6Network]:
    """Return the networks of our own proxies from `127.0.0.0/8, ::1`, in this order.

    Commas, semicolons or blanks separate; an address alone is a network of one, and
    bits behind the mask are dropped. `none` in any case, or no text, is an empty list.
    Raises SettingRefused if a part is no address.
    """
    parts = [part for part in re.split(r"[,;\s]+", text) if part]
    if text.lower() == "none":
        return []
    try:
        return [ip_network(part, strict=False) for part in parts]
    except ValueError:
        raise SettingRefused(
            "TRUSTED_PROXIES holds something that is no address; write it like "
            "127.0.0.1,10.0.0.0/8,::1"
        ) from None
