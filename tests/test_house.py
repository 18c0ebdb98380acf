"""Conventions of the house that a machine can check."""

import ast
import csv
import doctest
import importlib
import re
import socket
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import version as installed_version
from pathlib import Path

import pytest
from django.template import Context, Origin, Template, engines
from django.template.loader import get_template
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.conftest import NetworkRefused, UndefinedTemplateVariable
from tests.services import PROJECT

APPS = ("agreements", "cdppe", "contracts", "funding", "indicators")
NOT_OURS = {".git", ".venv", "var", "node_modules", "__pycache__", ".hypothesis"}
TEXT_SUFFIXES = {
    ".py",
    ".html",
    ".toml",
    ".md",
    ".txt",
    ".yml",
    ".sh",
    ".css",
    ".js",
    ".lock",
    ".csv",
    ".json",
    "",
}


def _project_files() -> Iterator[Path]:
    for path in sorted(PROJECT.rglob("*")):
        parts = path.relative_to(PROJECT).parts
        hidden_cache = any(part.endswith("_cache") for part in parts)
        if path.is_file() and not hidden_cache and not NOT_OURS.intersection(parts):
            yield path


def _place(path: Path, line: int) -> str:
    return f"{path.relative_to(PROJECT)}:{line}"


# --- Imports -----------------------------------------------------------------------------------------------


def test_imports_go_in_the_agreed_direction() -> None:
    ended = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-logo", "--no-cache"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout


# --- Lock files --------------------------------------------------------------------------------------------

# Below these versions lies a published vulnerability (docs/decisions/versions-and-locks.md).
FLOORS = {
    "celery": "5.7",
    "django": "5.2.19",
    "fonttools": "4.61.0",
    "gunicorn": "22",
    "pillow": "13",
    "weasyprint": "70.0",
}
# The same, for what may be absent.
FLOORS_IF_PRESENT = {"lxml": "6.1.3", "urllib3": "2.6.3"}
LOCKS = ("requirements.lock", "requirements-dev.lock")


def _pins(lock: str) -> dict[str, Version]:
    text = (PROJECT / lock).read_text()
    return {
        canonicalize_name(name): Version(number)
        for name, number in re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", text, flags=re.MULTILINE)
    }


@pytest.mark.parametrize("lock", LOCKS)
def test_no_locked_version_is_below_its_security_floor(lock: str) -> None:
    pins = _pins(lock)
    present = {name: floor for name, floor in FLOORS_IF_PRESENT.items() if name in pins}
    too_old = {
        name: str(pins[name]) for name, floor in (FLOORS | present).items() if pins[name] < Version(floor)
    }
    assert too_old == {}


@pytest.mark.parametrize("name", sorted(FLOORS))
def test_what_is_installed_is_not_below_its_security_floor(name: str) -> None:
    assert Version(installed_version(name)) >= Version(FLOORS[name])


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_host_and_pins_every_package_by_hash(lock: str) -> None:
    text = (PROJECT / lock).read_text()
    assert "://" not in text
    assert not re.search(r"--(extra-)?index-url|--find-links|--trusted-host", text)
    blocks = re.split(r"^(?=[A-Za-z0-9_.-]+==)", text, flags=re.MULTILINE)[1:]
    assert len(blocks) > 30
    assert [block.split()[0] for block in blocks if "--hash=sha256:" not in block] == []


def test_the_locks_satisfy_the_declared_dependencies() -> None:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    declared = {
        "requirements.lock": project["dependencies"],
        "requirements-dev.lock": project["dependencies"] + project["optional-dependencies"]["dev"],
    }
    for lock, lines in declared.items():
        pins = _pins(lock)
        for requirement in map(Requirement, lines):
            pinned = pins.get(canonicalize_name(requirement.name))
            assert pinned is not None, f"{requirement.name} is not in {lock}: run « make lock »"
            assert requirement.specifier.contains(pinned), f"{requirement} but {lock} has {pinned}"


def test_the_tools_run_on_the_very_versions_of_production() -> None:
    runtime, tools = (_pins(lock) for lock in LOCKS)
    assert {name: tools.get(name) for name in runtime} == runtime


# --- What Python must not name -----------------------------------------------------------------------------

YEAR = re.compile(r"(?<![\du])(19|20)\d\d(?!\d)")
ENVELOPE = re.compile(r"(?<![A-Z])(P304|FIR|ONDAM)(?![A-Z])", flags=re.IGNORECASE)
NUMBER_OF_SOMETHING = re.compile(r"(objective|commitment|measure)?_?number(s|__in)?$")


def _territories() -> tuple[set[str], set[str]]:
    """Names and codes of the departments and of the territories."""
    rows = []
    for name in ("departments.csv", "territories.csv"):
        with (PROJECT / "fixtures" / name).open(newline="") as file:
            rows += list(csv.DictReader(file))
    return {row["name"] for row in rows}, {row["code"] for row in rows}


def _docstrings(tree: ast.Module) -> set[int]:
    """Identities of the constants that are docstrings: they cite the circular and give examples."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                found.add(id(first.value))
    return found


def _named_by(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def _holds_integers(node: ast.expr) -> bool:
    if isinstance(node, ast.Tuple | ast.List | ast.Set):
        return any(_holds_integers(element) for element in node.elts)
    return isinstance(node, ast.Constant) and type(node.value) is int and node.value > 0


def campaign_constants(source: str) -> list[tuple[int, str]]:
    """(line, what) for each year, envelope code or numbered objective that this Python source names."""
    tree = ast.parse(source)
    docstrings = _docstrings(tree)
    found = []
    for node in ast.walk(tree):
        match node:
            case ast.Constant(value=str() as text) if id(node) not in docstrings:
                found += [(node.lineno, found_text[0]) for found_text in YEAR.finditer(text)]
                found += [(node.lineno, found_text[0]) for found_text in ENVELOPE.finditer(text)]
            case ast.Constant(value=int() as number) if 2000 < number < 2100 and type(number) is int:
                found.append((node.lineno, str(number)))
            case (
                ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name) | ast.FunctionDef(name=name)
            ):
                if ENVELOPE.search(re.sub(r"([a-z])([A-Z])|_", r"\1 \2", name)):
                    found.append((node.lineno, name))
            # A bound (`number < 1`) names nothing; an equality does.
            case ast.Compare(
                left=left, ops=[ast.Eq() | ast.NotEq() | ast.In() | ast.NotIn()], comparators=comparators
            ):
                if NUMBER_OF_SOMETHING.match(_named_by(left)) and any(map(_holds_integers, comparators)):
                    found.append((node.lineno, ast.unparse(node)))
            case ast.keyword(arg=str() as name, value=value):
                if NUMBER_OF_SOMETHING.match(name) and _holds_integers(value):
                    found.append((value.lineno, f"{name}={ast.unparse(value)}"))
    return sorted(found)


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("year = 2022", "2022"),
        ("label = 'Campagne 2020'", "2020"),
        ("Envelope.objects.get(code='P304')", "P304"),
        ("fir_total = 0", "fir_total"),
        ("if objective.number == 5: pass", "objective.number == 5"),
        ("objectives.filter(number__in=[1, 2])", "number__in=[1, 2]"),
    ],
)
def test_the_search_for_campaign_constants_finds_them(source: str, what: str) -> None:
    assert [found for _, found in campaign_constants(source)] == [what]


@pytest.mark.parametrize(
    "source",
    [
        '"""Circulaire 2020/34, annexe 4."""',
        "# the campaign of 2020\nfirst = rows[0]",
        "confirmed = number > 0",
        "firm = affirmation = None",
        "seconds = 365 * 24 * 60 * 60",
    ],
)
def test_the_search_for_campaign_constants_finds_nothing_else(source: str) -> None:
    assert campaign_constants(source) == []


def test_no_line_of_python_names_a_year_an_envelope_or_an_objective() -> None:
    found = [
        f"{_place(path, line)} names {what}"
        for app in APPS
        for path in sorted((PROJECT / app).rglob("*.py"))
        for line, what in campaign_constants(path.read_text())
    ]
    assert found == []


def test_no_line_of_python_names_a_territory() -> None:
    names, codes = _territories()
    assert len(names) > 100
    # Not after a slash: the name of a time zone is not a territory.
    pattern = re.compile(r"(?<![\w/-])(" + "|".join(map(re.escape, sorted(names))) + r")(?![\w-])")
    exact_code = re.compile(r"\A(" + "|".join(sorted(codes)) + r")\Z")
    found = []
    for app in APPS:
        for path in sorted((PROJECT / app).rglob("*.py")):
            tree = ast.parse(path.read_text())
            docstrings = _docstrings(tree)
            found += [
                f"{_place(path, node.lineno)} names {match[0]}"
                for node in ast.walk(tree)
                if isinstance(node, ast.Constant)
                and isinstance(node.value, str)
                and id(node) not in docstrings
                for match in [*pattern.finditer(node.value), *exact_code.finditer(node.value)]
            ]
    assert found == []


def _shown(template: str) -> str:
    """A template without its comments, which may cite the circular."""
    return re.sub(r"{#.*?#}|{% comment.*?endcomment %}|<!--.*?-->", "", template, flags=re.DOTALL)


def test_no_template_names_a_year_an_envelope_or_a_territory() -> None:
    # « Somme » is also the French for a total.
    names = _territories()[0] - {"Somme"}
    territory = re.compile(r"(?<![\w/-])(" + "|".join(map(re.escape, sorted(names))) + r")(?![\w-])")
    year = re.compile(r"(?<![\w#.,-])(19|20)\d\d(?![\w.,])")
    paths = [path for path in (PROJECT / "templates").rglob("*") if path.is_file()]
    assert len(paths) > 50
    found = [
        f"{path.relative_to(PROJECT)} names {match[0]}"
        for path in sorted(paths)
        for pattern in (year, ENVELOPE, territory)
        for match in pattern.finditer(_shown(path.read_text()))
    ]
    assert found == []


# --- Docstrings --------------------------------------------------------------------------------------------

# Where a reader looks for a rule: what is public there says what it is.
DOCUMENTED = re.compile(
    r"(^|/)(actions|models|commands|lib|campaign_file|rules)/|(^|/)models\.py$"
    r"|(allocation|balance|calendar|figures|formulas|grid|plan|progress|workflow|campaign_spec)\.py$"
)


def test_rules_actions_models_and_commands_say_what_they_are() -> None:
    silent = []
    for app in APPS:
        for path in sorted((PROJECT / app).rglob("*.py")):
            place = str(path.relative_to(PROJECT))
            if not DOCUMENTED.search(place) or path.name == "__init__.py":
                continue
            tree = ast.parse(path.read_text())
            public = [
                node
                for node in tree.body
                if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_")
            ]
            silent += [_place(path, 1)] if not ast.get_docstring(tree) else []
            silent += [
                f"{_place(path, node.lineno)} {node.name}" for node in public if not ast.get_docstring(node)
            ]
    assert silent == []


# --- Examples, passwords -----------------------------------------------------------------------------------

MODULES_WITH_EXAMPLES = sorted(
    ".".join(path.relative_to(PROJECT).with_suffix("").parts)
    for app in APPS
    for path in (PROJECT / app).rglob("*.py")
    if ">>> " in path.read_text()
)


@pytest.mark.parametrize("module", MODULES_WITH_EXAMPLES)
def test_the_examples_of_a_docstring_are_true(module: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(module))
    assert tried > 0
    assert failed == 0


def test_no_view_checks_a_password_itself() -> None:
    """Backends do, so that ProConnect and a second factor can be added as backends."""
    pattern = re.compile(r"check_" + r"password|\bauthenticate\(|\.password\b")
    views = tuple(
        str(path.relative_to(PROJECT))
        for app in APPS
        for path in (PROJECT / app).rglob("*.py")
        if "views" in path.parts or path.name == "views.py"
    )
    assert len(views) > 10
    assert _lines_with(pattern, under=views) == []


# --- What no file may hold ---------------------------------------------------------------------------------

# Written in two parts, so that this file does not hold them.
WORKPLACE = re.compile(r"\.\./" + r"shared|(?<![\w.\-])/" + r"work/")


def _lines_with(pattern: re.Pattern[str], *, under: tuple[str, ...] = ("",)) -> list[str]:
    return [
        f"{_place(path, number)} {line.strip()[:100]}"
        for path in _project_files()
        if path.suffix in TEXT_SUFFIXES and str(path.relative_to(PROJECT)).startswith(under)
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), start=1)
        if pattern.search(line)
    ]


def test_nothing_names_the_machine_it_was_written_on() -> None:
    assert _lines_with(WORKPLACE) == []


def test_no_text_is_declared_safe_by_hand() -> None:
    assert _lines_with(re.compile(r"mark_" + r"safe|SafeString\("), under=APPS) == []
    # A mail in plain text has nothing to escape.
    unescaped = _lines_with(re.compile(r"\|\s*safe(seq)?\b|autoescape\s+off"), under=("templates/",))
    assert [line for line in unescaped if not re.match(r"templates/emails/\S+\.txt:", line)] == []


def test_no_page_holds_a_script_or_a_style_of_its_own() -> None:
    pages = [
        line
        for line in _lines_with(
            re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=[\"']"), under=("templates/",)
        )
        if not line.startswith(("templates/documents/", "templates/emails/"))
    ]
    assert pages == []


def test_no_test_is_skipped_or_expected_to_fail() -> None:
    pattern = re.compile(r"pytest\.(mark\.)?(skip|skipif|xfail|importorskip)" + r"\b|unittest\.skip")
    assert _lines_with(pattern, under=("tests/",)) == []


def test_an_exception_to_a_check_says_its_reason() -> None:
    """`# noqa: CODE - reason` or `# noqa: CODE  # reason` on the line, or a comment on the line before."""
    silent = []
    for path in _project_files():
        if path.suffix != ".py" or "migrations" in path.parts:
            continue
        lines = path.read_text().splitlines()
        for number, line in enumerate(lines, start=1):
            exception = re.search(r"# (noqa" + r"|type: ignore|pragma: no cover)(.*)", line)
            before = lines[number - 2].strip() if number > 1 else ""
            if exception and not re.search(r" - |  # ", exception[2]) and not before.startswith("#"):
                silent.append(f"{_place(path, number)} {line.strip()}")
    assert silent == []


# --- Templates ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    sorted(str(path.relative_to(PROJECT / "templates")) for path in (PROJECT / "templates").rglob("*.html")),
)
def test_every_template_compiles(name: str) -> None:
    assert get_template(name).template.nodelist is not None


def test_an_undefined_variable_fails_in_our_templates_only() -> None:
    engine = engines["django"].engine
    foreign = Template("[{{ missing }}]", Origin("/elsewhere/page.html"), "page.html", engine)
    ours = Template("[{{ missing }}]", Origin(str(PROJECT / "templates/page.html")), "page.html", engine)

    assert foreign.render(Context()) == "[]"
    with pytest.raises(UndefinedTemplateVariable, match=r"« missing » is undefined in .*templates/page.html"):
        ours.render(Context())


# --- Network -----------------------------------------------------------------------------------------------


def test_a_test_that_reaches_for_the_network_fails() -> None:
    with pytest.raises(NetworkRefused), socket.create_connection(("192.0.2.1", 80), timeout=1):
        pass
    with pytest.raises(NetworkRefused):
        socket.getaddrinfo("example.org", 443)
