"""Change one thing of a module at a time, and find the changes that no test sees.

`mutants` gives every change: a comparison moved or turned round, an operator, a number, a text or a truth
value, a condition always or never true, half a condition, an argument left out, an item of a dictionary or
a list, a decorator, a result, a statement. Imports, annotations, names of types and docstrings stay: they
decide nothing.

`Suite` holds the ordinary tests of a test module, those with examples: `sees` runs them against a mutant,
put in the place of the real module in the globals of the tests, and stops at the first that fails. The
test that saw a mutant is tried first on the next one, which is what makes thousands of runs bearable.
Whatever a mutant does other than pass (an exception, or much more time than the real module) is seen.
"""

from __future__ import annotations

import ast
import copy
import gc
import itertools
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
OPERATORS: dict[type[ast.operator], tuple[type[ast.operator], ...]] = {
    ast.Add: (ast.Sub, ast.Mult),
    ast.Sub: (ast.Add, ast.Mult),
    ast.Mult: (ast.Add, ast.FloorDiv),
    ast.Div: (ast.Mult, ast.FloorDiv),
    ast.FloorDiv: (ast.Mult, ast.Mod),
    ast.Mod: (ast.Mult, ast.FloorDiv),
    ast.Pow: (ast.Mult,),
}
TWINS = {"min": "max", "any": "all", "bisect_left": "bisect_right"}
NAMES = TWINS | {second: first for first, second in TWINS.items()}
DEFINITIONS = (ast.FunctionDef, ast.ClassDef)
IMPORTS = (ast.Import, ast.ImportFrom)
TYPES = frozenset({"annotation", "returns"})


@dataclass(frozen=True)
class Mutant:
    """One change: the line of the source where it begins, what it says there, and the code to run."""

    line: int
    name: str
    code: CodeType


@dataclass(frozen=True)
class Place:
    """Where a node hangs in the tree: `parent.field`, or `parent.field[index]`."""

    parent: ast.AST
    field: str
    index: int | None
    node: ast.AST


def mutants(source: str) -> Iterator[Mutant]:
    """Every change of `source`, in its order, one at a time."""
    tree = ast.parse(source)
    lines = source.splitlines()
    for place in list(_places(tree)):
        for change in _changes(place):
            line = getattr(place.node, "lineno", 0)
            before, after = (_cut(ast.unparse(each), 22) if each else "" for each in (place.node, change))
            name = f"{_cut(lines[line - 1].strip(), 44)} | {before} → {after or 'nothing'}"
            with _changed(place, change):
                code = compile(tree, "<mutant>", "exec", dont_inherit=True)
            yield Mutant(line, name, code)


def statement_lines(source: str) -> set[int]:
    """The first line of every statement that `mutants` must reach."""
    return {
        place.node.lineno
        for place in _places(ast.parse(source))
        if isinstance(place.node, ast.stmt) and not isinstance(place.node, (*DEFINITIONS, ast.Try))
    }


def _cut(text: str, length: int) -> str:
    """The beginning of its first line."""
    first, *others = text.splitlines()
    return first if len(first) <= length and not others else f"{first[: length - 1]}…"


def _places(parent: ast.AST) -> Iterator[Place]:
    """Every node that decides something, from top to bottom."""
    for field, value in ast.iter_fields(parent):
        if field in TYPES:
            continue
        children = list(enumerate(value)) if isinstance(value, list) else [(None, value)]
        for index, node in children:
            if not isinstance(node, ast.AST) or _decides_nothing(parent, node):
                continue
            yield Place(parent, field, index, node)
            yield from _places(node)


def _decides_nothing(parent: ast.AST, node: ast.AST) -> bool:
    """Imports, docstrings, and the names of types at the top of the module (`Money = int | Decimal`)."""
    if isinstance(node, ast.Assign) and isinstance(parent, ast.Module):
        value = node.value
        return isinstance(value, ast.Subscript) or (
            isinstance(value, ast.BinOp) and isinstance(value.op, ast.BitOr)
        )
    docstring = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return docstring or isinstance(node, IMPORTS)


@contextmanager
def _changed(place: Place, change: ast.AST | None) -> Iterator[None]:
    """The tree with `change` in that place, or with nothing there."""
    if change is not None:
        ast.fix_missing_locations(ast.copy_location(change, place.node))
    held = getattr(place.parent, place.field)
    if place.index is None:
        setattr(place.parent, place.field, change)
    else:
        others = [] if change is None else [change]
        setattr(place.parent, place.field, [*held[: place.index], *others, *held[place.index + 1 :]])
    yield
    setattr(place.parent, place.field, held)


def _changes(place: Place) -> Iterator[ast.AST | None]:
    """What may stand in the place of a node; None takes it away."""
    node = place.node
    if isinstance(getattr(node, "ctx", None), (ast.Store, ast.Del)) or place.field == "format_spec":
        return
    if place.field in ("decorator_list", "elts") or isinstance(node, ast.FormattedValue):
        yield None
    if isinstance(node, ast.keyword):
        if not _is_truth(node.value):  # turned round below, which says as much
            yield None
    elif isinstance(node, ast.Constant) and isinstance(place.parent, ast.Compare) and node.value is None:
        return  # `is not None` is turned round: no number is worth comparing by identity
    elif isinstance(node, ast.expr):
        yield from _other_expressions(node)
    elif isinstance(node, ast.stmt):
        if not isinstance(node, DEFINITIONS):
            yield ast.Pass()
        yield from _other_statements(node)
    elif isinstance(node, ast.comprehension):
        for index in range(len(node.ifs)):
            yield _with(node, ifs=_without(node.ifs, index))


def _other_statements(node: ast.stmt) -> Iterator[ast.stmt]:
    if isinstance(node, ast.If):
        for truth in (True, False):
            yield _with(node, test=ast.Constant(value=truth))
    elif isinstance(node, ast.Return) and node.value is not None and ast.unparse(node.value) != "None":
        yield ast.Return(value=ast.Constant(value=None))
    elif isinstance(node, ast.AugAssign):
        for operator in OPERATORS[type(node.op)]:
            yield _with(node, op=operator())
    elif isinstance(node, ast.With):
        yield ast.If(test=ast.Constant(value=True), body=node.body, orelse=[])


def _other_expressions(node: ast.expr) -> Iterator[ast.expr]:
    if isinstance(node, ast.Compare):
        for index, held in enumerate(node.ops):
            for comparison in COMPARISONS[type(held)]:
                yield _with(node, ops=[*node.ops[:index], comparison(), *node.ops[index + 1 :]])
    elif isinstance(node, ast.BinOp):
        for operator in OPERATORS.get(type(node.op), ()):
            yield _with(node, op=operator())
    elif isinstance(node, ast.BoolOp):
        yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        for index in range(len(node.values)):
            others = _without(node.values, index)
            yield others[0] if len(others) == 1 else _with(node, values=others)
    elif isinstance(node, ast.UnaryOp):
        yield node.operand
    elif isinstance(node, ast.IfExp):
        yield from (node.body, node.orelse)
    elif isinstance(node, ast.Constant):
        yield from map(ast.Constant, _other_values(node.value))
    elif isinstance(node, ast.Name) and node.id in NAMES:
        yield ast.Name(id=NAMES[node.id], ctx=ast.Load())
    elif isinstance(node, ast.Slice):
        yield from (_with(node, **{end: None}) for end in ("lower", "upper") if getattr(node, end))
    elif isinstance(node, ast.Dict):
        for index in range(len(node.values)):
            yield _with(node, keys=_without(node.keys, index), values=_without(node.values, index))


def _is_truth(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, bool)


def _other_values(value: object) -> tuple[Any, ...]:
    if isinstance(value, bool):
        return (not value,)
    if isinstance(value, int):
        return (value + 1, value - 1)
    if isinstance(value, str):
        return (f"{value}?",)
    return (0,) if value is None else ()


def _with(node: Any, **fields: Any) -> Any:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _without(items: list[Any], index: int) -> list[Any]:
    return items[:index] + items[index + 1 :]


# --- The tests that judge -----------------------------------------------------------------------

Example = tuple[Callable[..., None], dict[str, Any]]


class TooLong(BaseException):
    """Not an Exception: nothing on the way catches it."""


class Suite:
    """The tests of `tests` that are plain functions, with each of their parameters, for mutants of `module`.

    Left out: those with Hypothesis, those that ask for a fixture, and the `slow` ones, by name.
    """

    def __init__(self, module: ModuleType, tests: ModuleType, slow: frozenset[str] = frozenset()) -> None:
        self.module = module
        self.tests = tests
        self.borrowed = [
            name
            for name, value in vars(tests).items()
            if getattr(module, name, None) is value and not name.startswith("_")
        ]
        self.examples = [
            example
            for name, test in vars(tests).items()
            if name.startswith("test_") and name not in slow and not hasattr(test, "hypothesis")
            for example in _examples(test)
        ]
        assert module.__file__ is not None
        self.source = Path(module.__file__).read_text(encoding="utf-8")
        self.seconds = 60.0
        started = time.process_time()
        unchanged = compile(self.source, "<unchanged>", "exec", dont_inherit=True)
        assert not self.sees(unchanged), "the real module passes its own tests"
        # Of processor time: a busy machine makes no mutant endless.
        self.seconds = max(0.5, 5 * (time.process_time() - started))

    def survivors(self) -> list[str]:
        """The names of the changes that no example sees; every statement has been changed."""
        reached, survivors = set(), []
        for mutant in mutants(self.source):
            reached.add(mutant.line)
            if not self.sees(mutant.code):
                survivors.append(mutant.name)
        assert statement_lines(self.source) <= reached
        return survivors

    def sees(self, code: CodeType) -> bool:
        """Whether a test fails when the module is `code`."""
        with _time_bound(self.seconds):
            try:
                with self._in_place(code):
                    for rank, (test, values) in enumerate(self.examples):
                        try:
                            test(**values)
                        except BaseException:
                            self.examples.insert(0, self.examples.pop(rank))
                            raise
            except KeyboardInterrupt:
                raise
            except BaseException:  # pytest's own failures are no Exception
                return True
        return False

    @contextmanager
    def _in_place(self, code: CodeType) -> Iterator[None]:
        """The names that the tests import from the module come from `code`."""
        mutant = ModuleType(f"{self.module.__name__}_mutant")
        sys.modules[mutant.__name__] = mutant  # dataclasses look it up
        try:
            exec(code, vars(mutant))  # noqa: S102 - the source of our module, one operator changed: running it is the test
            for name in self.borrowed:
                setattr(self.tests, name, getattr(mutant, name))
            yield
        finally:
            del sys.modules[mutant.__name__]
            for name in self.borrowed:
                setattr(self.tests, name, getattr(self.module, name))


def _examples(test: Callable[..., None]) -> Iterator[Example]:
    """A test with each set of its parameters; nothing for one that asks for a fixture."""
    columns: list[list[dict[str, Any]]] = []
    for mark in getattr(test, "pytestmark", []):
        if mark.name == "parametrize":
            names, rows = mark.args
            names = [name.strip() for name in names.split(",")] if isinstance(names, str) else names
            columns.append([dict(zip(names, row if len(names) > 1 else (row,), strict=True)) for row in rows])
    given = [name for column in columns for name in column[0]]
    asked = test.__code__.co_varnames[: test.__code__.co_argcount]
    if set(given) == set(asked):
        for parts in itertools.product(*columns):
            yield test, {name: value for part in parts for name, value in part.items()}


@contextmanager
def _time_bound(seconds: float) -> Iterator[None]:
    def stop(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGVTALRM, stop)
    # What is raised in a callback of the collector is lost, and said as a warning: none runs meanwhile.
    gc.disable()
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        gc.enable()
        signal.signal(signal.SIGVTALRM, before)
