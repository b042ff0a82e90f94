"""What we have agreed on and a machine can see."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
OURS = ("assignments", "dashboard", "tests")
DRAWERS = {"utils.py", "helpers.py", "common.py", "base.py", "manager.py", "misc.py"}


def our_files() -> list[Path]:
    files = [path for name in OURS for path in (ROOT / name).rglob("*.py")]
    return sorted(path for path in files if "migrations" not in path.parts)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


class TestCode:
    def test_the_walls_between_the_rooms_stand(self):
        lint = Path(sys.executable).parent / "lint-imports"

        done = subprocess.run(
            [sys.executable, str(lint), "--no-cache"],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )

        assert done.returncode == 0, done.stdout

    def test_no_file_is_longer_than_400_lines(self):
        long = [
            name(path)
            for path in our_files()
            if len(path.read_text().splitlines()) > 400
        ]

        assert long == []

    def test_no_function_is_longer_than_35_lines(self):
        long = [
            f"{name(path)}: {function.name}"
            for path in our_files()
            for function in functions(path)
            if (function.end_lineno or 0) - function.lineno >= 35
        ]

        assert long == []

    def test_no_file_is_a_drawer_for_everything(self):
        assert [name(path) for path in our_files() if path.name in DRAWERS] == []


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            yield node


def wanted() -> list[Requirement]:
    """The packages that pyproject.toml names."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    texts = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    return [Requirement(text) for text in texts]


class TestLock:
    lock = (ROOT / "requirements.lock").read_text()

    def test_it_names_no_address(self):
        lines = [line for line in self.lock.splitlines() if "#" not in line[:8]]

        assert not [line for line in lines if "://" in line or line.startswith("-")]

    def test_every_package_has_hashes(self):
        packages = re.findall(r"^[a-z0-9].*?(?=^\S|\Z)", self.lock, re.MULTILINE | re.S)

        assert packages
        assert [text for text in packages if "--hash=sha256:" not in text] == []

    @pytest.mark.parametrize("requirement", wanted(), ids=lambda wish: wish.name)
    def test_it_holds_what_pyproject_asks_for(self, requirement: Requirement):
        pins = re.findall(r"^([\w.-]+)(?:\[.*\])?==([^\s;]+)", self.lock, re.MULTILINE)
        versions = [
            Version(version)
            for package, version in pins
            if canonicalize_name(package) == canonicalize_name(requirement.name)
        ]

        assert versions
        assert all(version in requirement.specifier for version in versions)


class TestSettings:
    def test_every_variable_is_explained_in_the_example(self):
        sources = [(ROOT / "dashboard/settings.py").read_text()]
        read = set(
            re.findall(
                r'(?:env(?:_bool|_number)?|secret)\(\s*"([A-Z_]+)"', "".join(sources)
            )
        )
        explained = set(
            re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M)
        )

        assert explained == read

    def test_the_example_sets_nothing_by_itself(self):
        lines = (ROOT / ".env.example").read_text().splitlines()

        assert [line for line in lines if line and not line.startswith("#")] == []
