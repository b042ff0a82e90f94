"""Texts of the sandbox as TOML: people, replies of leads, mails of our side."""

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def load_texts(name: str) -> dict[str, Any]:
    return tomllib.loads(files(__name__).joinpath(f"{name}.toml").read_text("utf-8"))
