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


TEMPLATES = {
    str(path.relative_to(ROOT / "templates")): path.read_text()
    for path in sorted((ROOT / "templates").rglob("*.*"))
}


class TestTemplates:
    def test_no_line_is_longer_than_120_columns(self):
        long = [
            f"{template}:{number}"
            for template, text in TEMPLATES.items()
            for number, line in enumerate(text.splitlines(), start=1)
            if len(line) > 120
        ]

        assert long == []

    def test_no_line_asks_more_than_two_questions(self):
        crowded = [
            f"{template}:{number}"
            for template, text in TEMPLATES.items()
            for number, line in enumerate(text.splitlines(), start=1)
            if len(re.findall("{% if ", line)) > 2
        ]

        assert crowded == []

    def test_a_fragment_is_shared_by_templates_or_rendered_by_a_view(self):
        rendered = {
            fragment
            for path in (ROOT / "dashboard").rglob("*.py")
            for fragment in re.findall(r'"([\w/]*_\w+\.html)', path.read_text())
        }
        alone = [
            template
            for template in TEMPLATES
            if template.rpartition("/")[2].startswith("_")
            and template not in rendered
            and len(including(template)) < 2
        ]

        assert alone == []


def including(template: str) -> list[str]:
    return [
        other
        for other, text in TEMPLATES.items()
        if re.search(rf'{{% (?:include|extends) "{template}["#]', text)
    ]


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef):
            yield node


# Words that named modules and classes before: metaphors, and gerunds without an object.
OLD_MODULES = """
acts answers assigning batch_acts blotting book carried carrying chips choosing clerk
comparing courier credit dealing desk due estimates explaining facts flaws frame_seen gaps
gains gate guards hooks judge killer letters levelling life linked_filters loads locking
looks mail_health mail_times mappings matching mending mishaps notices nudges nursery
orders outlook pace parts passes piles placeholders promises proposing quoted rail reading
rebalancing receiving recording recounting refusals replayed replaying reporting reviewed
rights running saving scopes scribe seats sending skies skipping standing surroundings
swaps telling texts threads ties turns undoing unmoved walking whose_fault wishes
wishes_form world writing written_notes zones
"""
OLD_CLASSES = """
AboutUs Book Carried Comparison Coverer CoverageWord Dealt Desk Entry Fate Left MailTimes
Made Mapped Mapping MappingLine Mended OutOfTime SaidNothing Scene Seat SeenMail Sighting
Source Spell Stopped Taken Tally Turn Unclear Untold Wish World
"""
NOUNS = {"routing", "onboarding"}  # of a subject, not an act
UNCLEAR = re.compile(r"(Who|What|Whom|Whose|Whether|How|Its|None|If|Where|Why|That)\b")


def modules() -> list[Path]:
    return [path for path in our_files() if path.parts[len(ROOT.parts)] != "tests"]


class TestNames:
    def test_no_module_has_a_name_that_was_given_up(self):
        assert [
            name(path) for path in our_files() if path.stem in OLD_MODULES.split()
        ] == []

    def test_no_module_is_a_gerund_alone(self):
        found = [path for path in our_files() if re.fullmatch("[a-z]+ing", path.stem)]

        assert {path.stem for path in found} - NOUNS == set()

    def test_no_class_has_a_name_that_was_given_up(self):
        assert (
            set(OLD_CLASSES.split()) & {defined.name for _, defined in classes()}
            == set()
        )

    def test_a_public_class_name_has_one_home(self):
        homes: dict[str, list[str]] = {}
        for path, defined in classes():
            if not defined.name.startswith("_") and "commands" not in path.parts:
                homes.setdefault(defined.name, []).append(name(path))

        assert {title: files for title, files in homes.items() if len(files) > 1} == {}

    @pytest.mark.parametrize(
        ("folder", "most"), [("assignments/services", 14), ("dashboard", 16)]
    )
    def test_few_modules_stand_outside_of_a_subject(self, folder: str, most: int):
        assert len(list((ROOT / folder).glob("*.py"))) <= most


def classes() -> Iterator[tuple[Path, ast.ClassDef]]:
    for path in modules():
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef):
                yield path, node


class TestDocstrings:
    def test_they_begin_with_a_word_that_stands_on_its_own(self):
        found = [
            f"{name(path)}: {getattr(node, 'name', 'the module')}"
            for path in modules()
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module)
            if UNCLEAR.match(ast.get_docstring(node) or "")
        ]

        assert found == []


PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
NEEDED = [Requirement(text) for text in PROJECT["project"]["dependencies"]]
FOR_TESTS = [Requirement(text) for text in PROJECT["dependency-groups"]["dev"]]
LOCKS = {
    name: (ROOT / name).read_text()
    for name in ("requirements.lock", "requirements-dev.lock")
}


def pins(lock: str) -> list[tuple[str, str]]:
    """Return each package of a lock with its version; two where Pythons differ."""
    found = re.findall(r"^([\w.-]+)(?:\[.*\])?==([^\s;]+)", LOCKS[lock], re.MULTILINE)
    return [(canonicalize_name(package), version) for package, version in found]


@pytest.mark.parametrize("lock", LOCKS)
class TestLocks:
    def test_they_name_no_address(self, lock: str):
        lines = [line for line in LOCKS[lock].splitlines() if "#" not in line[:8]]

        assert not [line for line in lines if "://" in line or line.startswith("-")]

    def test_every_package_has_hashes(self, lock: str):
        pattern = re.compile(r"^[a-z0-9].*?(?=^\S|\Z)", re.MULTILINE | re.DOTALL)
        packages = pattern.findall(LOCKS[lock])

        assert packages
        assert [text for text in packages if "--hash=sha256:" not in text] == []

    @pytest.mark.parametrize("requirement", NEEDED, ids=lambda wish: wish.name)
    def test_they_hold_what_pyproject_asks_for(
        self, lock: str, requirement: Requirement
    ):
        assert_pinned(requirement, lock)


class TestLockForProduction:
    @pytest.mark.parametrize("requirement", FOR_TESTS, ids=lambda wish: wish.name)
    def test_what_tests_need_is_in_the_other_lock_only(self, requirement: Requirement):
        assert_pinned(requirement, "requirements-dev.lock")
        assert canonicalize_name(requirement.name) not in dict(
            pins("requirements.lock")
        )

    def test_tests_run_with_the_versions_of_production(self):
        assert set(pins("requirements.lock")) <= set(pins("requirements-dev.lock"))


def assert_pinned(requirement: Requirement, lock: str) -> None:
    versions = [
        Version(version)
        for package, version in pins(lock)
        if package == canonicalize_name(requirement.name)
    ]

    assert versions
    assert all(version in requirement.specifier for version in versions)


class TestSettings:
    def test_every_variable_is_explained_in_the_example(self):
        sources = [(ROOT / "dashboard/settings.py").read_text()]
        of_compose = re.findall(r"\${(\w+)", (ROOT / "compose.yaml").read_text())
        read = set(
            re.findall(
                r'(?:env(?:_bool|_number)?|secrets?)\(\s*"([A-Z_]+)"', "".join(sources)
            )
        )
        explained = set(
            re.findall(r"^#?([A-Z_]+)=", (ROOT / ".env.example").read_text(), re.M)
        )

        assert explained == read | set(of_compose)

    def test_the_example_sets_nothing_by_itself(self):
        lines = (ROOT / ".env.example").read_text().splitlines()

        assert [line for line in lines if line and not line.startswith("#")] == []
