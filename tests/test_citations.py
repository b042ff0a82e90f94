"""What code and docs refer to is there: rules by number, files and functions, links.

A rule is cited by path and number, "docs/design/design.md, rule 5", also several ("rules 3
and 5", "sections 4 and 5", "rules 8 and 14 to 21"). Within a page of docs/design "rule 5"
is one of that page. A decision is cited by the path of its page.
"""

import ast
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
RULES = ROOT / "docs/design"
SOURCES = ("assignments", "dashboard", "templates", "static", "bin", "tests", "docs")
KINDS = {".py", ".html", ".js", ".css", ".md", ""}
ELSEWHERE = {"vendor", "cases", "__pycache__"}  # written by others

NUMBERS = r"\d+(?:(?:, | and | to )\d+)*"
NUMBERED = re.compile(rf"\b(rule|section)s? ({NUMBERS})")
CITED = re.compile(rf"(docs/[\w/.-]+\.md)\)?, ((?:rule|section)s? {NUMBERS})")
# Not the sentence "Rule 1." of a routing rule.
LOOSE = re.compile(
    rf"(?<!\")\b(?:rule|section|table|decision)s?,? {NUMBERS}", re.IGNORECASE
)
LINKED_DECISION = re.compile(r"\[decision (\d+)\]\((?:[\w./]*/)?(\d+)-[\w-]+\.md\)")
# The number of a rule in a list, or of a section in a heading.
DEFINED = {
    "rule": re.compile(r"^(\d+)\. ", re.MULTILINE),
    "section": re.compile(r"^## (\d+)\. ", re.MULTILINE),
}

LINK = re.compile(r"\]\(([^()\s]+)\)")
PATH = re.compile(
    r"(?<![\w/.<])(?:assignments|dashboard|templates|static|tests|docs|bin)/[\w./-]*\w"
    r"(?:::([\w.]+))?"
)


def pages() -> list[Path]:
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def sources() -> list[Path]:
    files = [path for name in SOURCES for path in (ROOT / name).rglob("*")]
    ours = [
        path
        for path in files
        if path.is_file()
        and path.suffix in KINDS
        and not ELSEWHERE & set(path.parts)
        and path != Path(__file__)
    ]
    return sorted(
        [*ours, *ROOT.glob("*.md"), ROOT / "Makefile", ROOT / "pyproject.toml"]
    )


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def text_of(path: Path) -> str:
    """Return the text, with white space and the marks of comments as single blanks."""
    return re.sub(r"\s+(?:(?:#|//|\*) )?", " ", path.read_text())


def numbers(text: str) -> Iterator[int]:
    """Yield each number of "3, 5 and 14 to 21"."""
    for first, last in re.findall(r"(\d+)(?: to (\d+))?", text):
        yield from range(int(first), int(last or first) + 1)


def missing(page: Path, citation: str) -> list[str]:
    """Return what of "rules 3 and 5" the page does not have."""
    if not page.is_file():
        return [f"{name(page)} does not exist"]
    found = NUMBERED.fullmatch(citation)
    assert found is not None, citation
    kind, said = found.groups()
    known = {int(number) for number in DEFINED[kind].findall(page.read_text())}
    return [
        f"{name(page)} has no {kind} {number}"
        for number in numbers(said)
        if number not in known
    ]


def broken_citations(text: str, page: Path | None = None) -> list[str]:
    """Return what is wrong with the citations of a text; `page` if it defines rules."""
    broken = []
    for path, citation in CITED.findall(text):
        broken += missing(ROOT / path, citation)
    text = CITED.sub("", text)
    named = re.findall(r"(?<![\w/])docs/[\w/.-]+\.md", text)
    broken += [f"{path} does not exist" for path in named if not (ROOT / path).exists()]
    for said, path in LINKED_DECISION.findall(text):
        broken += [f"decision {said} is linked to {path}"] if said != path else []
    text = LINKED_DECISION.sub("", text)
    for loose in LOOSE.findall(text):
        if page and NUMBERED.fullmatch(loose):
            broken += missing(page, loose)
        else:
            broken.append(f"“{loose}” does not say in which page")
    return broken


def broken_links(page: Path) -> list[str]:
    links = [link for link in LINK.findall(page.read_text()) if "://" not in link]
    broken = []
    for link in links:
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    return broken


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub makes of the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        for heading in headings
    }


def names_in(module: Path) -> set[str]:
    """Return the functions and classes of a module, methods as "Class.method"."""
    kinds = (ast.FunctionDef, ast.ClassDef)
    top = [
        node for node in ast.parse(module.read_text()).body if isinstance(node, kinds)
    ]
    methods = {
        f"{node.name}.{member.name}"
        for node in top
        if isinstance(node, ast.ClassDef)
        for member in node.body
        if isinstance(member, ast.FunctionDef)
    }
    return {node.name for node in top} | methods


def missing_paths(page: Path) -> list[str]:
    """Return files and commands of ours in a page that are not there.

    A function or class is named like "module.py::name".
    """
    text = page.read_text()
    commands = re.findall(r"-m (tests(?:\.\w+)+)", text)
    lost = [command for command in commands if find_spec(command) is None]
    for found in PATH.finditer(text):
        path = ROOT / found[0].partition("::")[0]
        if not path.exists() or (found[1] and found[1] not in names_in(path)):
            lost.append(found[0])
    return lost


class TestRules:
    def test_are_cited_by_a_page_and_a_number_that_exist(self):
        broken = [
            f"{name(path)}: {citation}"
            for path in sources()
            for citation in broken_citations(
                text_of(path), path if path.parent == RULES else None
            )
        ]

        assert broken == []

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("See docs/design/design.md, rule 5.", 0),
            ("See docs/design/coverage-rules.md, rules 8 and 14 to 21.", 0),
            ("See docs/design/design.md, rule 99.", 1),
            ("See docs/design/design.md, sections 3 and 77.", 1),
            ("See docs/design/lost.md, rule 1.", 1),
            ("Why: docs/decisions/4-sqlite-immediate.md", 0),
            ("Why: docs/decisions/4-lost.md", 1),
            ("As rule 5 says", 1),
            ("Decision 8 says why", 1),
            ("[decision 8](decisions/8-requests-are-read.md)", 0),
            ("[decision 8](decisions/7-mails-are-read.md)", 1),
        ],
    )
    def test_that_are_cited_wrongly_are_found(self, text: str, expected: int):
        assert len(broken_citations(text)) == expected

    @pytest.mark.parametrize("page", sorted(RULES.glob("*.md")), ids=name)
    @pytest.mark.parametrize("kind", DEFINED)
    def test_are_numbered_without_gaps(self, page: Path, kind: str):
        found = [int(number) for number in DEFINED[kind].findall(page.read_text())]

        assert found == list(range(1, len(found) + 1))


class TestGlossary:
    ROWS = re.findall(
        r"^\| (?!word )([^|]+) \|[^|]+\| ?(?:`(\w+)` )?\|$",
        (ROOT / "docs/glossary.md").read_text(),
        re.MULTILINE,
    )

    def test_has_each_word_once_in_order(self):
        words = [word.lower() for word, _ in self.ROWS]

        assert words
        assert words == sorted(set(words))

    def test_names_classes_that_are_there(self):
        models = (ROOT / "assignments/models").glob("*.py")
        known = {found for module in models for found in names_in(module)}

        assert {model for _, model in self.ROWS if model} - known == set()


class TestPages:
    @pytest.mark.parametrize("page", pages(), ids=name)
    def test_link_to_what_is_there(self, page: Path):
        assert broken_links(page) == []

    @pytest.mark.parametrize("page", pages(), ids=name)
    def test_name_paths_and_functions_that_are_there(self, page: Path):
        assert missing_paths(page) == []
