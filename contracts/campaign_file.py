"""Read the file of one campaign: a documented TOML file in, frozen dataclasses out, or every error at once.

Source: circulaire DGCS/SD2B/DGS/SP1/2020/34, annexes 1 to 6 (what a campaign fixes: rule C1). The format is
described in docs/campaign-format.md, what comes out is `contracts.campaign_spec.CampaignSpec`. Pure: no
Django, no database, no clock.

What we chose where the text is silent: a wrong file is refused whole (`CampaignFileErrors` lists every
problem with its place), amounts must be multiples of the envelope's rounding unit, a deadline must fall
between the year before the campaign and two years after the end of its period.

Worked example::

    spec = read_campaign(Path("fixtures/campaigns/2020.toml"))
    spec.objectives[0].title        # 'Atteindre à horizon 2022 un taux de couverture par la PMI…'
"""

import dataclasses
import re
import tomllib
import types
import typing
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, TypeVar

from contracts.campaign_spec import (
    BLANK,
    CampaignSpec,
    EnvelopeSpec,
    IndicatorSpec,
    identity_of,
    joined_place,
)

T = TypeVar("T")

MARK = re.compile(r"⟦[^⟦⟧]*⟧?|⟧")
TABLE_HEADER = re.compile(r"^\s*\[\[\s*([A-Za-z0-9_.-]+)\s*\]\]")
TEMPLATE_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_SHEET_TITLE = 300
YEARS = range(1000, 10000)  # four figures


@dataclass(frozen=True)
class Problem:
    """One error of a campaign file: where (`objectives[12].title (ligne 245)`) and why, in French."""

    file: str
    place: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file} : {self.place} : {self.reason}" if self.place else f"{self.file} : {self.reason}"


class CampaignFileErrors(ValueError):
    """A campaign file is refused whole; `problems` holds every error found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__(problems)
        self.problems = list(problems)

    def __str__(self) -> str:
        return "\n".join(str(problem) for problem in self.problems)


def read_campaign(path: Path) -> CampaignSpec:
    """The campaign described by the TOML file at `path`.

    Raises `CampaignFileErrors` with every problem at once: TOML syntax (with its line), missing, unknown or
    ill-typed keys, duplicates, unknown references, weights that do not add up to 100, bounds the wrong way
    round or no multiple of the rounding unit, implausible dates, blanks undeclared or unused.
    """
    name = path.name
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise CampaignFileErrors(
            [
                Problem(
                    name,
                    "",
                    f"fichier illisible ({error.strerror or 'erreur de lecture'}).",
                )
            ]
        ) from error
    except UnicodeDecodeError as error:
        raise CampaignFileErrors([Problem(name, "", "le fichier n’est pas en UTF-8.")]) from error
    try:
        document = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise CampaignFileErrors([_syntax_problem(name, text, error)]) from error
    except (ArithmeticError, ValueError) as error:
        raise CampaignFileErrors(
            [Problem(name, "", f"un nombre ou une date n’est pas lisible ({error}).")]
        ) from error
    reader = _Reader(name, _header_lines(text))
    spec = reader.table(CampaignSpec, document, "")
    if spec is None:
        raise CampaignFileErrors(reader.problems)
    spec = _with_default_wordings(spec)
    _Checks(reader, spec).run()
    if reader.problems:
        raise CampaignFileErrors(reader.problems)
    return spec


def _syntax_problem(name: str, text: str, error: Exception) -> Problem:
    message = str(error)
    found = re.search(r"\(at line (\d+), column (\d+)\)", message)
    if found:
        place = f"ligne {found[1]}, colonne {found[2]}"
    elif "end of document" in message:
        place = f"ligne {text.count(chr(10)) + 1}"
    else:
        place = ""
    detail = message.split(" (at ")[0]
    return Problem(name, place, f"le fichier n’est pas du TOML valable : {detail}.")


def _header_lines(text: str) -> dict[str, list[int]]:
    """{table name: [line of its first [[header]], of its second, …]}, to say where an error stands."""
    lines: dict[str, list[int]] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if found := TABLE_HEADER.match(line):
            lines.setdefault(found[1], []).append(number)
    return lines


def _with_default_wordings(spec: CampaignSpec) -> CampaignSpec:
    """Fill the wordings of the annexes that the file leaves out because they equal the main one."""
    commitments = tuple(
        dataclasses.replace(each, dashboard_label=each.dashboard_label or f"{each.label} : {each.title}")
        for each in spec.commitments
    )
    measures = tuple(
        dataclasses.replace(each, plan_title=each.plan_title or each.title) for each in spec.measures
    )
    objectives = tuple(
        dataclasses.replace(
            each,
            dashboard_title=each.dashboard_title or each.title,
            plan_title=each.plan_title or each.dashboard_title or each.title,
        )
        for each in spec.objectives
    )
    return dataclasses.replace(spec, commitments=commitments, measures=measures, objectives=objectives)


class _Reader:
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
        fields = dataclasses.fields(cls)  # type: ignore[arg-type]  # cls is always one of the dataclasses above
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


# What a reference designates → the list where it must stand, and its key there.
LISTS = {
    "un engagement": ("commitments", "code"),
    "une mesure": ("measures", "code"),
    "un objectif": ("objectives", "number"),
    "une enveloppe": ("envelopes", "code"),
    "un indicateur": ("indicators", "code"),
}


@dataclass
class _Checks:
    """What the types cannot say: references, sums, orders, plausible dates, blanks."""

    reader: _Reader
    spec: CampaignSpec

    def run(self) -> None:
        self._period()
        self._unique_codes()
        self._territories()
        self._objectives()
        self._sheet_templates()
        self._own_objective()
        self._indicators()
        self._national_targets()
        self._deadlines()
        self._planning()
        self._envelopes()
        self._signatories()
        self._blanks()

    def _report(self, place: str, reason: str) -> None:
        self.reader.report(place, reason)

    def _sound(self, *places: str) -> bool:
        return self.reader.is_sound(*places)

    def _placed(self, name: str, items: Sequence[T]) -> list[tuple[str, T]]:
        """Each item with the place that the reader gave it."""
        return list(zip(self.reader.places.get(name, ()), items, strict=True))

    def _period(self) -> None:
        spec = self.spec
        for key in ("year", "period_start", "period_end", "reference_year"):
            if self._sound(key) and getattr(spec, key) not in YEARS:
                self._report(key, f"{getattr(spec, key)} n’est pas une année plausible.")
        if self._sound("period_start", "period_end") and spec.period_start > spec.period_end:
            self._report("period_end", "la fin de la période précède son début.")
        if self._sound("reference_year", "period_start") and spec.reference_year > spec.period_start:
            self._report("reference_year", "l’année de référence suit le début de la période.")
        if self._sound("planned_effect_on", "year") and spec.planned_effect_on:
            self._plausible("planned_effect_on", spec.planned_effect_on)
        if self._sound("optional_minimum", "optional_maximum", "objectives"):
            optional = sum(not each.fundamental for each in spec.objectives)
            if spec.optional_minimum < 0:
                self._report("optional_minimum", "un nombre négatif d’objectifs n’a pas de sens.")
            if spec.optional_minimum > spec.optional_maximum:
                self._report(
                    "optional_minimum",
                    "le minimum d’objectifs facultatifs dépasse le maximum.",
                )
            if spec.optional_maximum > optional:
                self._report(
                    "optional_maximum",
                    f"{spec.optional_maximum} facultatifs au plus, mais le fichier n’en a que {optional}.",
                )

    def _plausible(self, place: str, day: date) -> None:
        if not self._sound("year", "period_end"):
            return
        first, last = self.spec.year - 1, self.spec.period_end + 2
        if not first <= day.year <= last:
            self._report(
                place,
                f"le {day:%d/%m/%Y} n’est pas plausible (attendu entre {first} et {last}).",
            )

    def _unique_codes(self) -> None:
        spec = self.spec
        self._unique("commitments", [each.code for each in spec.commitments], "code")
        self._unique("measures", [each.code for each in spec.measures], "code")
        self._unique("objectives", [each.number for each in spec.objectives], "number")
        self._unique("indicators", [each.code for each in spec.indicators], "code")
        self._unique("deadlines", [each.code for each in spec.deadlines], "code")
        self._unique("retroplanning", [each.code for each in spec.retroplanning], "code")
        self._unique("envelopes", [each.code for each in spec.envelopes], "code")
        self._unique("signatories", [each.code for each in spec.signatories], "code")
        blanks = spec.contract_model.blanks if spec.contract_model else ()
        self._unique("contract_model.blanks", [each.name for each in blanks], "name")
        for place, envelope in self._placed("envelopes", spec.envelopes):
            series = [each.series for each in envelope.criteria]
            self._unique(f"{place}.criteria", series, "series")
            natures = [each.code for each in envelope.expense_natures]
            self._unique(f"{place}.expense_natures", natures, "code")

    def _unique(self, place: str, values: Sequence[str | int], key: str) -> None:
        for value, times in Counter(values).items():
            if times > 1 and value not in ("", 0):
                self._report(f"{place}[{value}]", f"« {value} » ({key}) est donné {times} fois.")

    def _known(self, place: str, value: str | int, known: Iterable[str | int], what: str) -> None:
        if self._sound(place) and self._is_listed(what) and value not in set(known):
            self._report(place, f"« {value} » n’est pas {what} du fichier.")

    def _is_listed(self, what: str) -> bool:
        """Whether the list of `what` was read with all its keys: only then is an absence one."""
        name, key = LISTS[what]
        return not any(
            place == name or (place.startswith(f"{name}[") and place.endswith(f".{key}"))
            for place in self.reader.broken
        )

    def _territories(self) -> None:
        if self._sound("territories") and not self.spec.territories:
            self._report("territories", "au moins un territoire est attendu.")
        for value, times in Counter(self.spec.territories).items():
            if times > 1 and value:
                self._report("territories", f"le territoire « {value} » est donné {times} fois.")

    def _objectives(self) -> None:
        spec = self.spec
        commitments = [each.code for each in spec.commitments]
        measures = {each.code: each for each in spec.measures}
        envelopes = [each.code for each in spec.envelopes]
        measured = {each.objective for each in spec.indicators}
        for place, measure in self._placed("measures", spec.measures):
            self._known(f"{place}.commitment", measure.commitment, commitments, "un engagement")
        for place, objective in self._placed("objectives", spec.objectives):
            if self._sound(f"{place}.number") and objective.number < 1:
                self._report(f"{place}.number", "le numéro doit être positif.")
            self._known(f"{place}.measure", objective.measure, measures, "une mesure")
            self._known(
                f"{place}.commitment",
                objective.commitment,
                commitments,
                "un engagement",
            )
            for code in objective.envelopes:
                self._known(f"{place}.envelopes", code, envelopes, "une enveloppe")
            mine = measures.get(objective.measure)
            if mine and self._sound(place, "measures") and mine.commitment != objective.commitment:
                self._report(
                    f"{place}.commitment",
                    f"la mesure « {mine.code} » relève de l’engagement « {mine.commitment} ».",
                )
            unmeasured = self._sound("indicators") and objective.number not in measured
            if objective.requires_harmonised_indicator and unmeasured:
                self._report(
                    f"{place}.requires_harmonised_indicator",
                    "un indicateur harmonisé est exigé mais le fichier n’en a pas pour cet objectif.",
                )

    def _sheet_templates(self) -> None:
        codes: Counter[str] = Counter()
        for objective_place, objective in self._placed("objectives", self.spec.objectives):
            name = f"{objective_place}.sheet_templates"
            for place, template in self._placed(name, objective.sheet_templates):
                codes[template.code] += 1
                if codes[template.code] == 2 and template.code:
                    self._report(f"{place}.code", f"« {template.code} » est donné plusieurs fois.")
                if template.code and not TEMPLATE_CODE.fullmatch(template.code):
                    self._report(
                        f"{place}.code", "un code n’a que des minuscules, des chiffres et des traits d’union."
                    )
                if len(template.title) > LONGEST_SHEET_TITLE:
                    self._report(f"{place}.title", f"{LONGEST_SHEET_TITLE} caractères au plus.")
                if not self._sound(f"{place}.demand", f"{objective_place}.sheet_demands"):
                    continue
                if template.demand is None and not objective.action_statements:
                    self._report(
                        f"{place}.demand", "clé manquante : l’objectif ne fixe aucune mention à ses actions."
                    )
                elif template.demand is not None and not 1 <= template.demand <= len(objective.sheet_demands):
                    self._report(
                        f"{place}.demand", f"l’objectif n’a pas de {template.demand}e fiche demandée."
                    )

    def _own_objective(self) -> None:
        own = self.spec.own_objective
        if own is None:
            return
        envelopes = [each.code for each in self.spec.envelopes]
        self._known("own_objective.envelope", own.envelope, envelopes, "une enveloppe")
        if self._sound("own_objective.maximum") and own.maximum < 1:
            self._report(
                "own_objective.maximum",
                "au moins un objectif est attendu (ou pas de table).",
            )

    def _indicators(self) -> None:
        spec = self.spec
        numbers = [each.number for each in spec.objectives]
        commitments = [each.code for each in spec.commitments]
        by_code = {each.code: each for each in spec.indicators}
        twins = Counter(each.twin for each in spec.indicators if each.twin)
        for place, row in self._placed("indicators", spec.indicators):
            if self._sound(f"{place}.objective", f"{place}.commitment"):
                if (row.objective is None) == (not row.commitment):
                    self._report(
                        place,
                        "un indicateur relève soit d’un objectif, soit d’un engagement : un des deux.",
                    )
                if row.objective is not None:
                    self._known(f"{place}.objective", row.objective, numbers, "un objectif")
                if row.commitment:
                    self._known(
                        f"{place}.commitment",
                        row.commitment,
                        commitments,
                        "un engagement",
                    )
            if self._sound(f"{place}.unit", f"{place}.kind") and (row.kind == "heading") == bool(row.unit):
                self._report(
                    f"{place}.unit",
                    "un intitulé n’a pas d’unité." if row.unit else "l’unité manque.",
                )
            if self._sound(f"{place}.kind", f"{place}.numerator", f"{place}.denominator"):
                self._share(place, row, by_code)
            if row.same_as and self._sound(f"{place}.same_as", f"{place}.kind", f"{place}.objective"):
                self._same_as(place, row, by_code)
            if row.parent:
                self._known(f"{place}.parent", row.parent, by_code, "un indicateur")
                parent = by_code.get(row.parent)
                if parent and (parent is row or parent.parent):
                    self._report(f"{place}.parent", "un sous-indicateur n’en a pas lui-même.")
            if row.twin and twins[row.twin] < 2:
                self._report(
                    f"{place}.twin",
                    f"aucun autre indicateur ne porte le code de jumelage « {row.twin} ».",
                )
        used_as_parent = {each.parent for each in spec.indicators}
        for place, row in self._placed("indicators", spec.indicators):
            if self._sound(f"{place}.kind") and row.kind == "heading" and row.code not in used_as_parent:
                self._report(f"{place}.kind", "un intitulé sans ligne sous lui est inutile.")

    def _same_as(self, place: str, row: IndicatorSpec, by_code: Mapping[str, IndicatorSpec]) -> None:
        where = f"{place}.same_as"
        self._known(where, row.same_as, by_code, "un indicateur")
        first = by_code.get(row.same_as)
        if first is None:
            return
        if row.objective is None or first.objective is None or row.objective == first.objective:
            self._report(where, "une ligne ne reprend que celle d’un autre objectif.")
        elif first.same_as:
            self._report(where, f"« {first.code} » est elle-même reprise d’une autre ligne.")
        elif row.kind not in ("count", "duration"):
            self._report(where, "seule une ligne qui se saisit (nombre ou délai) peut être reprise.")
        elif (row.kind, row.unit, row.has_target) != (first.kind, first.unit, first.has_target):
            # One figure, hence one nature: else the columns of the two would not be the same.
            self._report(where, f"nature, unité ou cible n’est pas celle de « {first.code} ».")

    def _share(self, place: str, row: IndicatorSpec, by_code: Mapping[str, IndicatorSpec]) -> None:
        for key, code in (
            ("numerator", row.numerator),
            ("denominator", row.denominator),
        ):
            where = f"{place}.{key}"
            if row.kind != "share":
                if code:
                    self._report(where, "seule une part a un numérateur et un dénominateur.")
            elif not code:
                self._report(
                    where,
                    "une part a un numérateur et un dénominateur : il en manque un.",
                )
            else:
                self._known(where, code, by_code, "un indicateur")
                operand = by_code.get(code)
                if operand and operand.kind != "count":
                    self._report(
                        where,
                        f"« {code} » n’est pas un nombre, il ne peut entrer dans une part.",
                    )
        if row.kind == "share" and row.numerator and row.numerator == row.denominator:
            self._report(
                f"{place}.denominator",
                "le numérateur et le dénominateur sont le même indicateur.",
            )

    def _national_targets(self) -> None:
        numbers = [each.number for each in self.spec.objectives]
        indicators = {each.code: each for each in self.spec.indicators}
        for place, target in self._placed("national_targets", self.spec.national_targets):
            self._known(f"{place}.objective", target.objective, numbers, "un objectif")
            if target.indicator:
                self._known(f"{place}.indicator", target.indicator, indicators, "un indicateur")
            if self._sound(f"{place}.year") and target.year not in YEARS:
                self._report(f"{place}.year", f"{target.year} n’est pas une année plausible.")
            if target.minimum is not None and target.maximum is not None and target.minimum > target.maximum:
                self._report(f"{place}.minimum", "le minimum dépasse le maximum.")
            row = indicators.get(target.indicator)
            for key, bound in (
                ("minimum", target.minimum),
                ("maximum", target.maximum),
            ):
                if bound is None:
                    continue
                if bound < 0:
                    self._report(f"{place}.{key}", "une cible négative n’a pas de sens.")
                elif row and row.kind == "share" and bound > 1:
                    self._report(
                        f"{place}.{key}",
                        "une part s’écrit entre 0 et 1 (0.20 pour 20 %).",
                    )

    def _deadlines(self) -> None:
        for place, deadline in self._placed("deadlines", self.spec.deadlines):
            if self._sound(f"{place}.due_on"):
                self._plausible(f"{place}.due_on", deadline.due_on)
            if self._sound(f"{place}.parties") and not deadline.parties:
                self._report(f"{place}.parties", "au moins une institution est attendue.")
            if deadline.exercise is not None and self._sound("period_start", "period_end"):
                years = range(self.spec.period_start, self.spec.period_end + 1)
                if deadline.exercise not in years:
                    self._report(
                        f"{place}.exercise",
                        f"l’exercice {deadline.exercise} n’est pas dans la période.",
                    )

    def _planning(self) -> None:
        for place, step in self._placed("retroplanning", self.spec.retroplanning):
            if step.days_before is not None and not 0 <= step.days_before <= 3660:
                self._report(
                    f"{place}.days_before",
                    f"{step.days_before} jours n’est pas plausible.",
                )
        for place, task in self._placed("gantt", self.spec.gantt):
            if any(month not in range(1, 13) for month in task.months):
                self._report(f"{place}.months", "les mois vont de 1 à 12.")

        for place, section in self._placed("diagnosis", self.spec.diagnosis):
            if section.code and not re.fullmatch(r"[a-z][a-z0-9-]{0,39}", section.code):
                self._report(
                    f"{place}.code", "un code de rubrique s’écrit en minuscules, chiffres et tirets."
                )

    def _envelopes(self) -> None:
        for place, envelope in self._placed("envelopes", self.spec.envelopes):
            bounds = {key: getattr(envelope, key) for key in ("amount", "floor", "ceiling")}
            unit_is_sound = self._sound(f"{place}.rounding_unit")
            if unit_is_sound and envelope.rounding_unit <= 0:
                self._report(f"{place}.rounding_unit", "l’unité d’arrondi doit être positive.")
                unit_is_sound = False
            for key, value in bounds.items():
                if value is None or not self._sound(f"{place}.{key}"):
                    continue
                if value < 0:
                    self._report(f"{place}.{key}", "un montant négatif n’a pas de sens.")
                elif unit_is_sound and value % envelope.rounding_unit:
                    self._report(
                        f"{place}.{key}",
                        f"{value} n’est pas un multiple de l’unité d’arrondi ({envelope.rounding_unit}).",
                    )
            floor, ceiling = envelope.floor, envelope.ceiling
            if floor is not None and ceiling is not None and floor > ceiling:
                self._report(
                    f"{place}.floor",
                    "la dotation minimale dépasse la dotation maximale.",
                )
            self._criteria(place, envelope)
            self._expense_natures(place, envelope)

    def _expense_natures(self, place: str, envelope: EnvelopeSpec) -> None:
        """A nature that is refused says by which text and where it stands (M4)."""
        for nature in envelope.expense_natures:
            where = f"{place}.expense_natures[{nature.code}]"
            if nature.forbidden and not (nature.rule and nature.source):
                self._report(where, "une dépense interdite dit par quel texte (« rule », « source »).")
        if envelope.no_substitution and not envelope.no_substitution_source:
            self._report(
                f"{place}.no_substitution", "la source du texte manque (« no_substitution_source »)."
            )

    def _criteria(self, place: str, envelope: EnvelopeSpec) -> None:
        if not self._sound(f"{place}.criteria", f"{place}.amount"):
            return
        if not envelope.criteria:
            if envelope.amount is not None:
                self._report(
                    f"{place}.criteria",
                    "un montant national se répartit selon des critères.",
                )
            return
        weights = [each.weight for each in envelope.criteria]
        if any(weight <= 0 for weight in weights):
            self._report(f"{place}.criteria", "un poids doit être positif.")
        if sum(weights) != 100:
            self._report(
                f"{place}.criteria",
                f"les poids font {sum(weights)} %, au lieu de 100 %.",
            )

    def _signatories(self) -> None:
        if self._sound("signatories") and not any(not each.optional for each in self.spec.signatories):
            self._report("signatories", "au moins un signataire obligatoire est attendu.")
        for place, signatory in self._placed("signatories", self.spec.signatories):
            if signatory.optional and not signatory.condition:
                self._report(f"{place}.condition", "dire quand le signataire facultatif signe.")

    def _blanks(self) -> None:
        model = self.spec.contract_model
        if model is None or "contract_model" in self.reader.broken:
            return
        if not self._sound("contract_model.blanks", "contract_model.blocks"):
            return
        declared = {each.name for each in model.blanks}
        used: set[str] = set()
        texts = [
            (f"{place}.text", block.text)
            for place, block in self._placed("contract_model.blocks", model.blocks)
        ] + [
            (f"{place}.signature_label", each.signature_label)
            for place, each in self._placed("signatories", self.spec.signatories)
        ]
        for place, text in texts:
            for mark in MARK.findall(text):
                found = BLANK.fullmatch(mark)
                if not found:
                    self._report(
                        place,
                        f"blanc mal écrit : {mark[:40]} (attendu : ⟦nom_du_blanc⟧).",
                    )
                    continue
                used.add(found[1])
                if found[1] not in declared:
                    self._report(place, f"le blanc ⟦{found[1]}⟧ n’est pas déclaré.")
        for place, blank in self._placed("contract_model.blanks", model.blanks):
            if not re.fullmatch(r"[a-z][a-z0-9_]*", blank.name):
                self._report(
                    f"{place}.name",
                    "un nom de blanc s’écrit en minuscules, chiffres et « _ ».",
                )
            elif blank.name not in used:
                self._report(
                    place,
                    f"le blanc ⟦{blank.name}⟧ est déclaré mais le texte ne l’emploie pas.",
                )
