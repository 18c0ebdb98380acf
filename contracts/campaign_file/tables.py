"""Tables of the file turned into dataclasses by their type hints; each problem is noted with its place."""

import dataclasses
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Literal, TypeVar

from contracts.campaign_spec import identity_of, joined_place

T = TypeVar("T")


@dataclass(frozen=True)
class Problem:
    """One error of a campaign file: where (`objectives[12].title (ligne 245)`) and why, in French."""

    file: str
    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file} : {self.place} : {self.reason}" if self.place else f"{self.file} : {self.reason}"


class TableReader:
    """Turns tables into dataclasses by their type hints, noting every problem instead of stopping at one.

    A value that cannot be read is noted in `broken` and replaced by a neutral one, so that the checks that
    follow run on all the rest and skip what is already reported.
    """

    def __init__(self, file: str, lines: Mapping[str, Sequence[int]]) -> None:
        self.file = file
        self.lines = lines
        self.problems: list[Problem] = []
        self.broken: set[str] = set()
        self.line_of: dict[str, int] = {}
        self.places: dict[str, list[str]] = {}

    def report(self, place: str, reason: str) -> None:
        line = next(
            (self.line_of[start] for start in _prefixes(place) if start in self.line_of),
            None,
        )
        problem = Problem(self.file, place if line is None else f"{place} (ligne {line})", reason)
        if problem not in self.problems:
            self.problems.append(problem)

    def is_sound(self, *places: str) -> bool:
        """Whether nothing at these places, nor inside them, was unreadable."""
        return not any(
            broken == place or broken.startswith((f"{place}.", f"{place}["))
            for place in places
            for broken in self.broken
        )

    def table(self, cls: type[T], raw: object, place: str) -> T | None:
        if not isinstance(raw, dict):
            self._refuse(place, "une table est attendue.")
            return None
        hints = typing.get_type_hints(cls)
        fields = dataclasses.fields(cls)  # type: ignore[arg-type]  # always a dataclass of campaign_spec
        known = {each.name for each in fields}
        for key in raw:
            if key not in known:
                self.report(joined_place(place, key), "clé inconnue.")
        values: dict[str, object] = {}
        for each in fields:
            where = joined_place(place, each.name)
            required = each.default is dataclasses.MISSING
            if each.name in raw:
                values[each.name] = self.value(hints[each.name], raw[each.name], where, required=required)
            elif required:
                self._refuse(where, "clé manquante.")
                values[each.name] = _neutral(hints[each.name])
        return cls(**values)

    def value(self, hint: Any, raw: object, place: str, *, required: bool = False) -> object:
        origin = typing.get_origin(hint)
        arguments = typing.get_args(hint)
        if origin in (typing.Union, types.UnionType):
            return self.value(next(each for each in arguments if each is not type(None)), raw, place)
        if origin is tuple:
            return self.sequence(arguments[0], raw, place)
        if origin is Literal:
            if raw in arguments and isinstance(raw, str):
                return raw
            return self._refuse(
                place,
                f"« {raw} » : valeurs admises : {', '.join(arguments)}.",
                arguments[0],
            )
        if dataclasses.is_dataclass(hint) and isinstance(hint, type):
            return self.table(hint, raw, place)
        return self.scalar(hint, raw, place, required=required)

    def scalar(self, hint: Any, raw: object, place: str, *, required: bool) -> object:
        if hint is str and isinstance(raw, str):
            if required and not raw.strip():
                return self._refuse(place, "le texte est vide.", "")
            return raw
        if hint is bool and isinstance(raw, bool):
            return raw
        if hint is int and isinstance(raw, int) and not isinstance(raw, bool):
            return raw
        if hint is Decimal and isinstance(raw, int | Decimal) and not isinstance(raw, bool):
            number = Decimal(raw)
            if number.is_finite():
                return number
            return self._refuse(place, "un nombre est attendu, ni « inf » ni « nan ».", Decimal(0))
        if hint is date and isinstance(raw, date) and not isinstance(raw, datetime):
            return raw
        return self._refuse(
            place,
            f"{EXPECTED[hint]} est attendu(e), trouvé : {_shown(raw)}.",
            _neutral(hint),
        )

    def sequence(self, hint: Any, raw: object, place: str) -> tuple[object, ...]:
        if not isinstance(raw, list):
            self._refuse(place, f"une liste est attendue, trouvé : {_shown(raw)}.")
            return ()
        items = []
        self.places[place] = []
        for where, item in zip(self._places(raw, place), raw, strict=True):
            value = self.value(hint, item, where, required=True)
            if value is not None:
                items.append(value)
                self.places[place].append(where)
        return tuple(items)

    def _places(self, raw: Sequence[object], place: str) -> list[str]:
        """Where each item of a list stands: `objectives[12]`, or its rank when nothing identifies it."""
        name = place.rsplit(".", 1)[-1].split("[")[0]
        lines = self.lines.get(place, ())
        places = []
        for rank, item in enumerate(raw, start=1):
            identity = identity_of(name, item) or f"n° {rank}"
            where = f"{place}[{identity}]"
            if where in places:
                where = f"{place}[{identity}, n° {rank}]"
            if len(lines) == len(raw):
                self.line_of[where] = lines[rank - 1]
            places.append(where)
        return places

    def _refuse(self, place: str, reason: str, neutral: object = None) -> object:
        self.broken.add(place)
        self.report(place or "fichier", reason)
        return neutral


EXPECTED = {
    str: "un texte",
    int: "un nombre entier",
    bool: "true ou false",
    date: "une date (AAAA-MM-JJ)",
    Decimal: "un nombre",
}


def _neutral(hint: Any) -> object:
    """A value of the right type for what could not be read; the file is refused, it never leaves here."""
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return None
    if origin is tuple:
        return ()
    if origin is Literal:
        return typing.get_args(hint)[0]
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        hints = typing.get_type_hints(hint)
        return hint(**{each.name: _neutral(hints[each.name]) for each in dataclasses.fields(hint)})
    return {str: "", int: 0, bool: False, date: date.min, Decimal: Decimal(0)}[hint]


def _shown(raw: object) -> str:
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if isinstance(raw, str):
        return f"« {raw[:60]} »"
    if isinstance(raw, dict):
        return "une table"
    if isinstance(raw, list):
        return "une liste"
    return str(raw)


def _prefixes(place: str) -> Iterator[str]:
    """The place itself, then what contains it, innermost first."""
    yield place
    for cut in range(len(place) - 1, 0, -1):
        if place[cut] in ".[":
            yield place[:cut]
