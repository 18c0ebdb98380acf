"""The compliance of a contract: its findings by part and severity, answers to them, the line beside a
page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from cdppe.accounts.abilities import Ability, can
from cdppe.lib.errors import RuleViolation
from contracts.actions.compliance import answer_finding, withdraw_answer
from contracts.compliance import Line, Report, Rule, Severity, located, report_of
from contracts.forms import ComplianceFilterForm, FindingAnswerForm
from contracts.models import Contract, FindingAnswer
from contracts.parts import compliance_progress
from contracts.places import Place, read_place
from contracts.views.access import get_contract, refusals_shown, signed_in
from contracts.workspace import Part, find_part

LINES_SHOWN = 20
"""Findings that a page lists beside its fields; the others are on the page of compliance."""


@dataclass(frozen=True)
class Entry:
    """A finding as the page shows it; `typed` and `error` are those of an answer that was refused."""

    number: int
    line: Line
    typed: str = ""
    error: str = ""

    @property
    def html_id(self) -> str:
        return f"finding-{self.number}"


@dataclass(frozen=True)
class RuleGroup:
    """The findings of one rule in one part."""

    rule: Rule
    entries: tuple[Entry, ...]


@dataclass(frozen=True)
class PartGroup:
    """The findings about one part of the contract, from the gravest rule."""

    part: Part
    rules: tuple[RuleGroup, ...]
    count: int


@dataclass(frozen=True)
class Count:
    """One of the figures at the top of the page, a link that filters."""

    severity: Severity
    words: str
    query: str
    is_current: bool


@require_GET
def compliance(request: HttpRequest, reference: str) -> HttpResponse:
    """What the contract lacks against the rules, what holds, and what people answered."""
    return _page(request, get_contract(request, reference))


@require_GET
def compliance_line(request: HttpRequest, reference: str) -> HttpResponse:
    """The short line of a page, `?place=` being a part or an object in it: « 2 points bloquants ».

    With it the page's list of what is left there, and the count of the menu, both as they stand now. The
    whole contract without a place.
    """
    contract = get_contract(request, reference)
    typed = request.GET.get("place", "")
    try:
        place = read_place(typed) if typed else None
    except ValueError:
        return HttpResponseBadRequest(
            "Cet endroit du contrat n’existe pas.", content_type="text/plain; charset=utf-8"
        )
    whole = report_of(contract)
    report = whole if place is None else whole.at(Place(place.part, place.item))
    left = (*report.blocking, *report.to_check)
    context = {
        "contract": contract,
        "place": place,
        "report": report,
        "lines": located(contract, left)[:LINES_SHOWN],
        "more": max(0, len(left) - LINES_SHOWN),
        "progress": compliance_progress(whole),
    }
    return render(request, "contracts/compliance_line_content.html", context)


@require_POST
@refusals_shown
def answer_create(request: HttpRequest, reference: str) -> HttpResponse:
    """Answer one finding with a reason; what was typed stays on the page when it is refused."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT)
    form = FindingAnswerForm(request.POST)
    if not form.is_valid():
        return _page(request, contract, form=form, status=422)
    try:
        answer_finding(
            contract, form.cleaned_data["finding"], reason=form.cleaned_data["reason"], by=signed_in(request)
        )
    except RuleViolation as refusal:
        form.add_error("finding", str(refusal))
        return _page(request, contract, form=form, status=409)
    messages.success(request, "Votre réponse est enregistrée ; elle reste visible sous le constat.")
    return redirect("contracts:compliance", contract.reference)


@require_POST
@refusals_shown
def answer_withdraw(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """Take an answer back: the finding waits again."""
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT)
    answer = get_object_or_404(FindingAnswer.objects.filter(contract=contract), pk=pk)
    withdraw_answer(answer, by=signed_in(request))
    messages.success(request, "La réponse est retirée : le constat est de nouveau à vérifier.")
    return redirect("contracts:compliance", contract.reference)


# --- What the page shows --------------------------------------------------------------------------------


def _page(
    request: HttpRequest, contract: Contract, *, form: FindingAnswerForm | None = None, status: int = 200
) -> HttpResponse:
    report = report_of(contract)
    entries = _entries(located(contract, report.lines), form)
    parts = sorted(
        {part.code: part for entry in entries if (part := _part(entry))}.values(), key=lambda p: p.position
    )
    filters = ComplianceFilterForm(request.GET, parts=parts)
    chosen = filters.cleaned_data if filters.is_valid() else {}
    shown = [entry for entry in entries if _is_chosen(entry, chosen)]
    context = {
        "contract": contract,
        "tab": "compliance",
        "report": report,
        "counts": _counts(report, chosen.get("gravite", "")),
        "filter": filters,
        "is_filtered": any(chosen.values()),
        "groups": _groups(shown),
        "shown_count": len(shown),
        "may_answer": can(signed_in(request), Ability.CONTRACT_EDIT, contract.territory),
        "refusals": _refusals(form, entries),
    }
    return render(request, "contracts/compliance.html", context, status=status)


def _entries(lines: Sequence[Line], form: FindingAnswerForm | None) -> list[Entry]:
    refused = form["finding"].value() if form is not None else None
    return [
        Entry(number, line, str(form["reason"].value() or ""), _error(form))
        if form is not None and line.key == refused and line.may_be_answered
        else Entry(number, line)
        for number, line in enumerate(lines, start=1)
    ]


def _error(form: FindingAnswerForm) -> str:
    return " ".join(sentence for sentences in form.errors.values() for sentence in sentences)


def _refusals(form: FindingAnswerForm | None, entries: Iterable[Entry]) -> list[dict[str, str]]:
    """[{"sentence", "anchor", "typed"}] for the top of the page; no anchor when the finding is gone, and then
    what was typed, which has no box any more."""
    if form is None:
        return []
    refused = next((entry for entry in entries if entry.error), None)
    if refused is not None:
        return [{"sentence": refused.error, "anchor": f"{refused.html_id}-reason", "typed": ""}]
    return [{"sentence": _error(form), "anchor": "", "typed": str(form["reason"].value() or "")[:1000]}]


def _part(entry: Entry) -> Part | None:
    return find_part(entry.line.finding.place.part)


def _is_chosen(entry: Entry, chosen: dict[str, str]) -> bool:
    # A refused answer is always shown: what was typed is in it.
    if entry.error:
        return True
    severity, part = chosen.get("gravite"), chosen.get("partie")
    return (not severity or entry.line.rule.severity == severity) and (
        not part or entry.line.finding.place.part == part
    )


def _counts(report: Report, current: str) -> list[Count]:
    counted = {
        Severity.BLOCKING: len(report.blocking),
        Severity.TO_CHECK: len(report.to_check),
        Severity.ADVICE: len(report.advice),
    }
    return [
        Count(each, each.counted(counted[each]), f"?gravite={each.value}", each.value == current)
        for each in Severity
    ]


def _groups(entries: Iterable[Entry]) -> list[PartGroup]:
    """By part in the order of the menu, then by severity, then by rule in the order of the registry."""
    ranked = [(part, entry) for entry in entries if (part := _part(entry)) is not None]
    ranked.sort(key=lambda pair: (pair[0].position, pair[1].line.rule.severity.rank))
    groups = []
    for part, members in groupby(ranked, key=lambda pair: pair[0]):
        of_part = [entry for _, entry in members]
        by_rule: dict[str, list[Entry]] = {}
        for entry in of_part:
            by_rule.setdefault(entry.line.rule.code, []).append(entry)
        rules = tuple(RuleGroup(own[0].line.rule, tuple(own)) for own in by_rule.values())
        groups.append(PartGroup(part, rules, len(of_part)))
    return groups
