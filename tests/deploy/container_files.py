"""What Dockerfile, .dockerignore and compose.yaml say, for tests that compare them."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]


def files_in_image() -> list[str]:
    """Return the files under version control or about to be, that .dockerignore leaves."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    kept = tuple(line[1:] for line in lines if line.startswith("!"))
    return [
        file
        for file in done.stdout.splitlines()
        if file in kept or file.startswith(tuple(f"{name}/" for name in kept))
        if (ROOT / file).is_file()
    ]


def dockerfile() -> list[tuple[str, str]]:
    """Return the instructions of the Dockerfile with their words."""
    text = re.sub(r"\\\n", " ", (ROOT / "Dockerfile").read_text())
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(line.partition(" ")[0], line.partition(" ")[2].strip()) for line in lines]


def words_of(instruction: str) -> list[list[str]]:
    """Return the words of each such instruction, which must have the exec form."""
    return [json.loads(words) for name, words in dockerfile() if name == instruction]


def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return loaded
