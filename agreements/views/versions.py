"""The versions of a contract: the list, one of them to read, two side by side, their PDF."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from agreements.comparison import ChangedObject
from agreements.content import Entry
from agreements.documents import CHANGES_KIND, changes_subject
from agreements.forms.versions import NOW, CompareVersionsForm
from agreements.models import ContractVersion
from agreements.reading import changes, masked, part_label, read_entries
from agreements.verification import VERSION_KIND
from cdppe.accounts.abilities import Ability, can
from cdppe.documents.actions.jobs import request_render
from contracts.document import contract_document
from contracts.models import Contract
from contracts.views.access import get_contract, refusals_shown, signed_in
from contracts.workspace import parts

TAB = "versions"


@dataclass(frozen=True)
class ReadPart:
    """A part of a version with its objects, each with its fields, as one reads it."""

    code: str
    label: str
    objects: tuple[tuple[str, tuple[Entry, ...]], ...]


@dataclass(frozen=True)
class ChangedPart:
    """A part of the contract with what is different in it."""

    label: str
    objects: tuple[ChangedObject, ...]


@require_safe
def versions(request: HttpRequest, reference: str) -> HttpResponse:
    """Every version of the contract, newest first, and two of them to compare."""
    contract = get_contract(request, reference)
    found = contract.versions.visible_to(signed_in(request)).without_texts().select_related("taken_by")
    listed = list(found)
    return render(
        request,
        "agreements/versions.html",
        {
            "contract": contract,
            "tab": TAB,
            "versions": listed,
            "form": CompareVersionsForm(versions=listed) if listed else None,
            "may_render": _may_render(request, contract),
        },
    )


@require_safe
def version(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """One version, part by part, as the contract stood."""
    contract = get_contract(request, reference)
    found = _version(contract, number)
    return render(
        request,
        "agreements/version.html",
        {
            "contract": contract,
            "tab": TAB,
            "version": found,
            "parts": read_parts(found.entries),
            "may_render": _may_render(request, contract),
        },
    )


@require_safe
@refusals_shown
def versions_compare(request: HttpRequest, reference: str) -> HttpResponse:
    """What is different between two versions, or between one and the contract as it is now."""
    contract = get_contract(request, reference)
    listed = list(contract.versions.without_texts())
    is_asked = bool({"de", "a"} & set(request.GET))
    form = CompareVersionsForm(request.GET if is_asked else None, versions=listed)
    context = {"contract": contract, "tab": TAB, "versions": listed, "form": form}
    if not form.is_bound or not form.is_valid():
        status = 422 if form.is_bound else 200
        return render(request, "agreements/versions_compare.html", context, status=status)
    before = _version(contract, form.cleaned_data["de"])
    wanted = form.cleaned_data["a"]
    after = None if wanted == NOW else _version(contract, wanted)
    now = read_entries(contract, contract_document(contract)) if after is None else ()
    context |= {
        "before": before,
        "after": after,
        "parts": changed_parts(changes(before.entries, after.entries if after else now)),
        "may_render": after is not None and _may_render(request, contract),
    }
    return render(request, "agreements/versions_compare.html", context)


@require_POST
def version_render(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """Ask for the PDF of a version, and wait for it on its own page."""
    contract = get_contract(request, reference, Ability.DOCUMENT_RENDER)
    found = _version(contract, number)
    job = request_render(
        VERSION_KIND, found.uid.hex, title=f"{found} – {contract.territory.name}", by=signed_in(request)
    )
    return redirect("documents:job", job_id=job.pk)


@require_POST
def changes_render(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask for the PDF of what changed between two versions."""
    contract = get_contract(request, reference, Ability.DOCUMENT_RENDER)
    listed = list(contract.versions.without_texts())
    form = CompareVersionsForm(request.POST, versions=listed, with_now=False)
    if not form.is_valid():
        context = {"contract": contract, "tab": TAB, "versions": listed, "form": form}
        return render(request, "agreements/versions_compare.html", context, status=422)
    before, after = (_version(contract, form.cleaned_data[name]) for name in ("de", "a"))
    job = request_render(
        CHANGES_KIND,
        changes_subject(before, after),
        title=f"Changements entre les versions {before.number} et {after.number} – {contract.territory.name}",
        by=signed_in(request),
    )
    return redirect("documents:job", job_id=job.pk)


def _version(contract: Contract, number: int) -> ContractVersion:
    return get_object_or_404(contract.versions.select_related("taken_by"), number=number)


def _may_render(request: HttpRequest, contract: Contract) -> bool:
    return can(signed_in(request), Ability.DOCUMENT_RENDER, contract.territory)


def read_parts(entries: tuple[Entry, ...]) -> list[ReadPart]:
    """The entries part by part in the order of the menu, the text of the contract first."""
    order = {part.code: part.position for part in parts()}
    by_part: dict[str, list[Entry]] = {}
    for entry in entries:
        by_part.setdefault(entry.part, []).append(masked(entry))
    return [
        ReadPart(
            code=code,
            label=part_label(code),
            objects=tuple(
                (label, tuple(fields))
                for (_, label), fields in groupby(
                    sorted(of_part, key=lambda each: (each.item, each.object_label, each.field_label)),
                    key=lambda each: (each.item, each.object_label),
                )
            ),
        )
        for code, of_part in sorted(by_part.items(), key=lambda each: (order.get(each[0], 0), each[0]))
    ]


def changed_parts(found: tuple[ChangedObject, ...]) -> list[ChangedPart]:
    return [
        ChangedPart(part_label(code), tuple(objects))
        for code, objects in groupby(found, key=lambda each: each.part)
    ]
