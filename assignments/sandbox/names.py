"""Names, companies and countries of the generated leads and members."""

from dataclasses import dataclass
from typing import Any

from assignments.sandbox.texts import load_texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Country:
    name: str
    language: str
    dial: str
    cities: list[str]
    first_names: list[str]
    last_names: list[str]


_PEOPLE: dict[str, Any] = load_texts("people")
COUNTRIES = {raw["name"]: Country(**raw) for raw in _PEOPLE["countries"]}
FIRMS: list[str] = _PEOPLE["firms"]
SECTORS: dict[str, str] = _PEOPLE["sectors"]
JOBS: list[str] = _PEOPLE["jobs"]
SIZES: list[str] = _PEOPLE["sizes"]

MEMBERS = (
    (7301, "Maya Lindqvist"),
    (7304, "Theo Brandt"),
    (7311, "Ngozi Adeyemi"),
    (7318, "Luca Ferri"),
    (7323, "Sara Klein"),
    (7340, "Ana Sousa"),
    (7352, "Ben Okafor"),
    (7454, "Tom Whelan"),
)
# This member owns leads, but the team board does not list him.
MEMBER_OFF_BOARD = 7454
MORE_MEMBERS = tuple(
    f"{first} {last}"
    for last in ("Hale", "Ivers", "Novak", "Quist", "Rahimi", "Stroud")
    for first in ("Abel", "Cleo", "Dina", "Egon", "Fay", "Gus", "Hope", "Ivo")
)
