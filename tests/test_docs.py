"""What the documents claim exists: paths, commands, routes, code identifiers, rules."""

from __future__ import annotations

import ast
import dataclasses
import re
from functools import cache
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.urls import Resolver404, resolve

from contracts import campaign_spec
from tests.services import PROJECT

APPS = ("agreements", "cdppe", "contracts", "funding", "indicators")
DOCUMENTS = sorted(
    str(path.relative_to(PROJECT)) for path in [PROJECT / "README.md", *(PROJECT / "docs").rglob("*.md")]
)
# What the program makes when it runs, or what whoever deploys it makes: not in a fresh copy.
MADE_LATER = {".venv", ".env"}
RULE = re.compile(r"\b([A-Z])(\d)\b")
# "F2-F4" and "F2–F4": a range.
RANGE = re.compile(r"\b([A-Z])(\d)[-–]\1?(\d)\b")


def _text(document: str) -> str:
    return (PROJECT / document).read_text(encoding="utf-8")


def _quoted(document: str) -> list[str]:
    """What stands between backticks in the running text, blocks of code left out."""
    running = re.sub(r"^```.*?^```", "", _text(document), flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`([^`\n]+)`", running)


@cache
def _rules() -> frozenset[str]:
    """The numbers that docs/rules.md gives: C1, C2…"""
    return frozenset(re.findall(r"^- \*\*([A-Z]\d)\*\*", _text("docs/rules.md"), flags=re.MULTILINE))


def cited_rules(text: str) -> set[str]:
    """The rules that a text cites, ranges opened."""
    cited = {letter + number for letter, number in RULE.findall(text)}
    for letter, first, last in RANGE.findall(text):
        cited |= {f"{letter}{number}" for number in range(int(first), int(last) + 1)}
    return cited


def test_a_range_of_rules_is_read_as_each_of_them() -> None:
    assert cited_rules("M2, F1-F3 and K1–3, not 10 nor FIR") == {"M2", "F1", "F2", "F3", "K1", "K2", "K3"}


# --- Paths, addresses, commands ----------------------------------------------------------------------------


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_path_that_a_document_names_exists(document: str) -> None:
    names = [*_quoted(document), *re.findall(r"\]\(([^)#:]+)\)", _text(document))]
    names += re.findall(r"(?<![\w/`])(?:docs|tests|fixtures|templates|static)/[\w./-]*\w", _text(document))
    looks_like_a_path = re.compile(r"[\w.-]+(?:/[\w.-]+)*/?")
    missing = []
    for name in names:
        if not looks_like_a_path.fullmatch(name) or name in MADE_LATER:
            continue
        has_slash = "/" in name and not name.startswith("application/")
        is_file = re.search(r"\.(py|md|toml|yml|csv|css|html|lock|txt|sh|example)$", name)
        # Beside the document, or from the top of the project.
        here = (PROJECT / document).parent / name
        if (has_slash or is_file) and not here.exists() and not (PROJECT / name).exists():
            missing.append(name)
    assert missing == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_address_that_a_document_names_is_a_page(document: str) -> None:
    dead = []
    for name in _quoted(document):
        if re.fullmatch(r"/[a-z/-]*/", name):
            try:
                resolve(name)
            except Resolver404:
                dead.append(name)
    assert dead == []


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_that_a_document_names_exists(document: str) -> None:
    text = _text(document)
    targets = set(re.findall(r"^([a-z-]+):", _text("Makefile"), flags=re.MULTILINE))
    named = set(re.findall(r"(?:^|`)make ([a-z][a-z-]*)", text, flags=re.MULTILINE))
    assert named - targets == set()
    assert set(re.findall(r"manage\.py ([a-z_]+)", text)) - set(get_commands()) == set()


def test_the_readme_offers_every_command_of_the_makefile_that_help_lists() -> None:
    listed = set(re.findall(r"^([a-z-]+):.*## ", _text("Makefile"), flags=re.MULTILINE))
    named = {word.removeprefix("make ") for word in _quoted("README.md")}
    named |= set(re.findall(r"^make ([a-z-]+)", _text("README.md"), flags=re.MULTILINE))
    # Steps of the others.
    assert listed - named == {"system", "test-postgresql"}


def test_the_map_of_the_readme_names_every_folder_of_code_and_no_other() -> None:
    block = re.search(r"## A map of the code\n+```\n(.*?)```", _text("README.md"), flags=re.DOTALL)
    assert block is not None
    top = set(re.findall(r"^([a-z]+)/ ", block[1], flags=re.MULTILINE))
    tracked = {path.name for path in PROJECT.iterdir() if path.is_dir()} - {"var", "node_modules"}
    assert top == {name for name in tracked if not name.startswith(".")}
    inside = set(re.findall(r"^  ([a-z]+)/", block[1], flags=re.MULTILINE))
    assert {name for name in inside if not (PROJECT / "cdppe" / name).is_dir()} == set()


def test_every_data_file_is_named_with_its_origin() -> None:
    unnamed = []
    for path in sorted((PROJECT / "fixtures").rglob("*")):
        if path.is_dir() or path.name == "README.md":
            continue
        if path.parent.name == "demo":
            # Each file of the demonstration says itself what is real in it.
            head = path.read_text(encoding="utf-8")[:2_000]
            is_named = re.search(r"invent|ficti|demonstration", head) is not None
        else:
            origins = [folder / "README.md" for folder in (path.parent, PROJECT / "fixtures")]
            texts = [origin.read_text(encoding="utf-8") for origin in origins if origin.exists()]
            is_named = any(path.name in text or f"`{path.stem}`" in text for text in texts)
        if not is_named:
            unnamed.append(str(path.relative_to(PROJECT)))
    assert unnamed == []


# --- Code identifiers --------------------------------------------------------------------------------------


@cache
def _code() -> tuple[dict[str, set[str]], set[str]]:
    """({class: names in its body}, every name that the code defines or compares with, texts included)."""
    classes: dict[str, set[str]] = {}
    names: set[str] = set()
    for app in APPS:
        for path in sorted((PROJECT / app).rglob("*.py")):
            if "migrations" in path.parts:
                continue
            names |= {path.stem, *path.relative_to(PROJECT).parts}
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case ast.ClassDef(name=name):
                        classes.setdefault(name, set()).update(_members(node))
                        names.add(name)
                    case ast.FunctionDef(name=name) | ast.arg(arg=name) | ast.keyword(arg=str() as name):
                        names.add(name)
                    case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name):
                        names.add(name)
                    case ast.Constant(value=str() as text) if text.isidentifier():
                        names.add(text)
    return classes, names


def _members(node: ast.ClassDef) -> set[str]:
    members = set()
    for child in ast.walk(node):
        match child:
            case ast.Name(id=name, ctx=ast.Store()) | ast.FunctionDef(name=name):
                members.add(name)
            case ast.ClassDef(name=name):
                members.add(name)
    return members


def _campaign_words() -> set[str]:
    """Codes and kinds that only the campaign files name."""
    return set(re.findall(r'"([a-z_]+)"', _text("fixtures/campaigns/2020.toml")))


# The notice of the campaign file names its keys: see the test after.
@pytest.mark.parametrize("document", [name for name in DOCUMENTS if name != "docs/campaign-format.md"])
def test_every_identifier_that_a_document_names_exists_in_the_code(document: str) -> None:
    missing = []
    for line in _text(document).splitlines():
        for quoted in re.findall(r"`([^`]+)`", line):
            is_promised = f"not yet `{quoted}`" in line
            if re.fullmatch(r"[\w.]+", quoted) and not is_promised and not _exists(quoted):
                missing.append(quoted)
    assert missing == []


def test_the_notice_of_the_campaign_file_names_every_key_and_no_other() -> None:
    specs = [
        member
        for name, member in vars(campaign_spec).items()
        if name.endswith("Spec") and dataclasses.is_dataclass(member)
    ]
    keys = {field.name for spec in specs for field in dataclasses.fields(spec)}
    assert len(keys) > 50
    notice = _text("docs/campaign-format.md")
    # `key`, `table.key`, [[table]] or [table.key.name].
    named = set(re.findall(r"(?:[`.\[])([a-z_0-9]+)(?=[`.\]])", notice))
    # The name of a blank is the name of its own table.
    assert keys - named - {"name"} == set()
    assert set(re.findall(r"^\| `([a-z_0-9]+)`", notice, flags=re.MULTILINE)) - keys == set()


def _exists(name: str) -> bool:
    """Whether the code knows `name`; a plain word ("make", "bound") claims nothing."""
    classes, names = _code()
    owner, _, member = name.rpartition(".")
    if owner in classes:
        return member in classes[owner]
    if name in classes or (PROJECT / name).exists():
        return True
    if re.fullmatch(r"[A-Z][a-z]+(?:[A-Z][a-z]+)*", name):
        # A class of Django stands in the settings as text.
        return name in names or any(name in path.read_text(encoding="utf-8") for path in _python("cdppe"))
    if "_" in name and "." not in name and name.isidentifier():
        return name in names or name in _campaign_words()
    return True


def _python(app: str) -> list[Path]:
    return sorted((PROJECT / app).rglob("*.py"))


def test_what_the_glossary_says_is_not_yet_there_is_not() -> None:
    classes, _ = _code()
    promised = set(re.findall(r"not yet `([A-Z]\w+)`", _text("docs/glossary.md")))
    assert promised
    assert promised & set(classes) == set()


def test_every_model_is_a_notion_of_the_glossary() -> None:
    glossary = _text("docs/glossary.md")
    models = {
        name
        for app in APPS
        for path in _python(app)
        if "models" in path.parts or path.name == "models.py"
        for name in re.findall(
            r"^class (\w+)\((?:\w+, )*models\.Model\)", path.read_text(encoding="utf-8"), flags=re.MULTILINE
        )
    }
    assert len(models) > 20
    assert {name for name in models if f"`{name}`" not in glossary} == set()


# --- Rules -------------------------------------------------------------------------------------------------


def test_the_rules_are_those_of_the_numbered_page() -> None:
    assert len(_rules()) == 59
    assert {rule[0] for rule in _rules()} == set("CPOIFMAKVRDN")


def test_every_rule_is_behind_a_notion_of_the_glossary() -> None:
    assert _rules() - cited_rules(_text("docs/glossary.md")) == set()


def test_the_readme_says_of_every_rule_where_it_lives_or_that_it_does_not_yet() -> None:
    section = re.search(r"## Where each rule lives\n(.*?)\n## ", _text("README.md"), flags=re.DOTALL)
    assert section is not None
    assert _rules() - cited_rules(section[1]) == set()


def test_no_line_of_code_cites_a_rule_that_does_not_exist() -> None:
    unknown = []
    for app in (*APPS, "tests"):
        for path in _python(app):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
                for citation in re.findall(
                    r"\b[Rr]ules? ((?:[A-Z]\d(?:[-–][A-Z]?\d)?(?:, | and | or )?)+)", line
                ):
                    unknown += [
                        f"{path.relative_to(PROJECT)}:{number} {rule}"
                        for rule in sorted(cited_rules(citation) - _rules())
                    ]
    assert unknown == []


# --- Decisions ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", [name for name in DOCUMENTS if name.startswith("docs/decisions/")])
def test_a_decision_is_half_a_page_with_a_title(document: str) -> None:
    lines = _text(document).splitlines()
    assert lines[0].startswith("# ")
    assert 5 < len(lines) <= 50
