"""Compliance: what a contract lacks against the numbered rules, found by a registry of small rules.

A rule reads facts and yields findings, each with a sentence and the `Place` of the very field. Facts are
loaded by name, for many contracts at once, in a number of queries that depends neither on the contracts nor
on their sheets. Contracts registers its rules (`contracts.rules`) in `AppConfig.ready()`, each higher app
its own (`<app>/compliance.py`). To add one::

    register_facts("own-means", load_own_means)   # (contracts, today) -> {primary key of a contract: facts}
    register_rule(Rule(code="own-means-kept", number="M3", …, facts="own-means", check=own_means_kept))

A rule whose facts nobody loads yet is listed as not checked, never as holding: so it may be written, and
tested, before the models it needs.

A finding is never a wall while one drafts. Three severities (docs/decisions/compliance-severities.md): what
blocks the way to signature, what a person must check and may answer with a reason, and advice. An answer
holds for the words that it answered: when the finding's sentence changes, the answer is stale and the
finding open.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.utils import timezone

from contracts.models import Contract, FindingAnswer
from contracts.places import Located, Place, locate


class Severity(StrEnum):
    """What a finding does to the way to signature, from the gravest."""

    BLOCKING = "blocking"
    TO_CHECK = "to_check"
    ADVICE = "advice"

    @property
    def label(self) -> str:
        """« bloquant », « à vérifier », « conseil »."""
        return _LABELS[self]

    @property
    def rank(self) -> int:
        return list(Severity).index(self)

    def counted(self, count: int) -> str:
        """« 1 point bloquant », « 3 points à vérifier », « 2 conseils »."""
        return f"{count} {_COUNTED[self][count > 1]}"


_LABELS = {Severity.BLOCKING: "bloquant", Severity.TO_CHECK: "à vérifier", Severity.ADVICE: "conseil"}
_COUNTED = {
    Severity.BLOCKING: ("point bloquant", "points bloquants"),
    Severity.TO_CHECK: ("point à vérifier", "points à vérifier"),
    Severity.ADVICE: ("conseil", "conseils"),
}


@dataclass(frozen=True)
class Finding:
    """What a rule found: a sentence that says what to do, and where.

    `about` tells apart the findings of one rule at one place (an envelope and a year); it never changes with
    the words, so that an answer finds its finding again.
    """

    sentence: str
    place: Place
    about: str = ""


@dataclass(frozen=True)
class Rule:
    """One rule: its own `code`, the `number` of docs/rules.md, its place in the circular.

    `title` says what must hold, `why` on what ground, in the words of the text. `check` reads the facts named
    `facts` of one contract; it is pure.
    """

    code: str
    number: str
    source: str
    severity: Severity
    title: str
    why: str
    facts: str
    check: Callable[[Any], Iterable[Finding]]


FactsLoader = Callable[[Sequence[Contract], dt.date], Mapping[int, Any]]
"""(contracts with their campaign, today) → {primary key: facts}, in a fixed number of queries.

What loaders share (`overview.OBJECTIVES_READ`…) they read with `prefetch_related_objects`: once for all.
"""

_rules: dict[str, Rule] = {}
_loaders: dict[str, FactsLoader] = {}


def register_rule(rule: Rule) -> None:
    """Add a rule; a second one with the same code is a programming error."""
    if _rules.get(rule.code, rule) != rule:
        raise ValueError(f"compliance rule {rule.code} is registered twice")
    _rules[rule.code] = rule


def register_facts(name: str, loader: FactsLoader) -> None:
    """Have `loader` give the facts `name`; two loaders of one name are a programming error."""
    if _loaders.get(name, loader) is not loader:
        raise ValueError(f"the facts {name} have two loaders")
    _loaders[name] = loader


def rules() -> tuple[Rule, ...]:
    """Every rule, in the order of registration: the contract, its money, its indicators."""
    return tuple(_rules.values())


@dataclass(frozen=True)
class Line:
    """A finding with its rule, its place in words once `located`, and the answer that it was given."""

    rule: Rule
    finding: Finding
    answer: FindingAnswer | None = None
    located: Located | None = None

    @property
    def key(self) -> str:
        """What names the finding in a form and in an answer; it does not depend on its words."""
        return finding_key(self.rule.code, self.finding)

    @property
    def is_stale(self) -> bool:
        """An answer was given to other words than today's."""
        return self.answer is not None and self.answer.sentence != self.finding.sentence

    @property
    def is_answered(self) -> bool:
        return self.answer is not None and not self.is_stale

    @property
    def may_be_answered(self) -> bool:
        """Only what is to be checked takes a reason; what blocks is mended, advice is taken or left."""
        return self.rule.severity == Severity.TO_CHECK and not self.is_answered


@dataclass(frozen=True)
class Report:
    """The compliance of one contract: its findings, the rules that hold, those that nothing can check yet."""

    lines: tuple[Line, ...]
    holding: tuple[Rule, ...]
    not_checked: tuple[Rule, ...]

    @property
    def blocking(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.rule.severity == Severity.BLOCKING)

    @property
    def to_check(self) -> tuple[Line, ...]:
        """What is to be checked and has no answer, or one that no longer fits."""
        return tuple(line for line in self.lines if line.may_be_answered)

    @property
    def answered(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.is_answered)

    @property
    def advice(self) -> tuple[Line, ...]:
        return tuple(line for line in self.lines if line.rule.severity == Severity.ADVICE)

    @property
    def summary(self) -> str:
        """« 2 points bloquants, 1 point à vérifier »; « Rien à signaler » when nothing is left to do."""
        told = [
            severity.counted(len(lines))
            for severity, lines in ((Severity.BLOCKING, self.blocking), (Severity.TO_CHECK, self.to_check))
            if lines
        ]
        return ", ".join(told) or "rien de bloquant ni à vérifier"

    def at(self, place: Place) -> Report:
        """The part of the report about `place` and what lies in it: a part, an object of it."""
        inside = tuple(
            line
            for line in self.lines
            if line.finding.place.part == place.part
            and (not place.item or line.finding.place.item == place.item)
        )
        return Report(inside, self.holding, self.not_checked)


def finding_key(code: str, finding: Finding) -> str:
    """« rule code|place|about » of a finding."""
    return f"{code}|{finding.place}|{finding.about}"


def reports(contracts: Sequence[Contract], *, today: dt.date | None = None) -> dict[int, Report]:
    """{primary key: report} of `contracts`, given with their campaign: as many queries for fifty as for
    one."""
    on = today or timezone.localdate()
    unread = [_unread(contract) for contract in contracts]
    loaded = {name: load(unread, on) for name, load in _loaders.items() if unread}
    answers = _answers(contracts)
    return {
        contract.pk: _report(
            {name: facts[contract.pk] for name, facts in loaded.items() if contract.pk in facts},
            answers.get(contract.pk, {}),
        )
        for contract in contracts
    }


def _unread(contract: Contract) -> Contract:
    """A copy of `contract` of which nothing else was read: loaders read what is stored now."""
    fresh = copy(contract)
    fresh.campaign, fresh.territory = copy(contract.campaign), copy(contract.territory)
    for each in (fresh, fresh.campaign, fresh.territory):
        # Where Django keeps what a prefetch read.
        vars(each)["_prefetched_objects_cache"] = {}
    return fresh


_KNOWN = "known_compliance"


@dataclass
class _Known:
    """What one page has read already of the compliance of its contract."""

    facts: dict[str, Any] = field(default_factory=dict)
    report: Report | None = None


def remember_facts(contract: Contract) -> None:
    """Have the facts of `contract`, read for one page (`overview.with_facts`), loaded once for that object.

    For an object that nobody writes with and that goes with the page: what is read in it stays as it was.
    """
    vars(contract)[_KNOWN] = _Known()


def known_facts(contract: Contract, name: str) -> Any:
    """The facts `name` of `contract` today: as they are stored, or as its page has read them already.

    So the menu counts with what its compliance is checked with. None when there is nothing to check of this
    contract yet; KeyError for facts that nobody loads.
    """
    known: _Known | None = vars(contract).get(_KNOWN)
    if known is None:
        return _loaders[name]([_unread(contract)], timezone.localdate()).get(contract.pk)
    if name not in known.facts:
        known.facts[name] = _loaders[name]([contract], timezone.localdate()).get(contract.pk)
    return known.facts[name]


def known_report(contract: Contract) -> Report:
    """`report_of` today, with `known_facts`: made once for an object of which they are remembered."""
    known: _Known | None = vars(contract).get(_KNOWN)
    if known is None:
        return report_of(contract)
    if known.report is None:
        facts = {name: known_facts(contract, name) for name in _loaders}
        there = {name: each for name, each in facts.items() if each is not None}
        known.report = _report(there, _answers([contract]).get(contract.pk, {}))
    return known.report


def report_of(contract: Contract, *, today: dt.date | None = None) -> Report:
    """The report of one contract, given with its campaign, on `today` (the present day by default)."""
    return reports([contract], today=today)[contract.pk]


def blocking_findings(contract: Contract) -> tuple[Line, ...]:
    """What bars the way to signature of `contract`, each with its address; nothing else does (rule P3)."""
    return located(contract, report_of(contract).blocking)


def located(contract: Contract, lines: Collection[Line]) -> tuple[Line, ...]:
    """`lines` in the order of the menu and of the severities, with their places in words.

    A place whose object has gone since is shown by its part alone.
    """
    places = [line.finding.place for line in lines]
    found = locate(contract, [*places, *(Place(place.part) for place in places)])
    return tuple(
        Line(
            line.rule,
            line.finding,
            line.answer,
            found.get(line.finding.place) or found.get(Place(line.finding.place.part)),
        )
        for line in lines
    )


def _report(facts: Mapping[str, Any], answers: Mapping[str, FindingAnswer]) -> Report:
    lines: list[Line] = []
    holding: list[Rule] = []
    not_checked: list[Rule] = []
    for rule in _rules.values():
        if rule.facts not in facts:
            not_checked.append(rule)
            continue
        findings = list(rule.check(facts[rule.facts]))
        if not findings:
            holding.append(rule)
        lines += [Line(rule, each, answers.get(finding_key(rule.code, each))) for each in findings]
    lines.sort(key=lambda line: line.rule.severity.rank)
    return Report(tuple(lines), tuple(holding), tuple(not_checked))


def _answers(contracts: Sequence[Contract]) -> dict[int, dict[str, FindingAnswer]]:
    found: dict[int, dict[str, FindingAnswer]] = {}
    standing = FindingAnswer.objects.standing().filter(contract__in=[each.pk for each in contracts])
    for answer in standing.select_related("by"):
        found.setdefault(answer.contract_id, {})[answer.key] = answer
    return found
