"""Switches of the user menu: their names, and the side that is on."""

from assignments.models import User

type Switch = tuple[str, str, list[tuple[str, str, bool]]]

THEMES = {"system": "System", "light": "Light", "dark": "Dark"}
KEYS = {"true": "On", "false": "Off"}


def looks_of(user: User) -> list[Switch]:
    densities = {choice.value: choice.label for choice in User.Density}
    keys = "true" if user.single_keys else "false"
    return [
        _switch("theme", "Theme", THEMES, user.theme),
        _switch("density", "Rows", densities, user.density),
        _switch("single_keys", "Single keys", KEYS, keys),
    ]


def _switch(name: str, label: str, sides: dict[str, str], now: str) -> Switch:
    return name, label, [(value, said, value == now) for value, said in sides.items()]
