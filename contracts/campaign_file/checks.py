"""What the types of a campaign cannot say: references, sums, orders, plausible dates, blanks."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

from contracts.campaign_file.tables import TableReader
from contracts.campaign_spec import BLANK, CampaignSpec, EnvelopeSpec, IndicatorSpec

T = TypeVar("T")

MARK = re.compile(r"⟦[^⟦⟧]*⟧?|⟧")
TEMPLATE_CODE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
LONGEST_SHEET_TITLE = 300
YEARS = range(1000, 10000)  # four figures

# What a reference designates → the list where it must stand, and its key there.
LISTS = {
    "un engagement": ("commitments", "code"),
    "une mesure": ("measures", "code"),
    "un objectif": ("objectives", "number"),
    "une enveloppe": ("envelopes", "code"),
    "un indicateur": ("indicators", "code"),
}


def check(spec: CampaignSpec, reader: TableReader) -> None:
    """Report to `reader` what is wrong in `spec`, but where the reader already did."""
    _Checks(reader, spec).run()


@dataclass
class _Checks:
    reader: TableReader
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
        self._diagnosis()
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

    def _diagnosis(self) -> None:
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
