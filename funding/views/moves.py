"""« Mouvements de crédits »: the list with its totals, a new move, its correction, the table (rule M7)."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from cdppe.accounts.abilities import Ability, can
from cdppe.lib.errors import WrongState
from cdppe.lib.table_export import CSV_TYPE, write_csv
from contracts.models import Contract
from contracts.views.access import get_contract, refusals_in, refusals_shown, signed_in
from funding.actions.moves import Information, correct_move, record_move
from funding.moves import moves_of, moves_page, rows_of
from funding.moves_forms import InformationForm, MoveForm

TAB = "financing"


@require_GET
def moves(request: HttpRequest, reference: str) -> HttpResponse:
    """Every move of the contract, and what they make of each action; `?annee=` keeps one year."""
    contract = get_contract(request, reference)
    year = next((each for each in contract.years if str(each) == request.GET.get("annee")), None)
    context = {
        "contract": contract,
        "tab": TAB,
        "page": moves_page(contract, year=year),
        "year": year,
        "years": contract.years,
        "may_move": contract.is_in_force
        and can(signed_in(request), Ability.CONTRACT_EDIT, contract.territory),
    }
    return render(request, "funding/moves.html", context)


@require_GET
def moves_export(request: HttpRequest, reference: str) -> HttpResponse:
    """Every move of the contract as a CSV file."""
    contract = get_contract(request, reference)
    answer = HttpResponse(write_csv(rows_of(moves_of(contract))), content_type=CSV_TYPE)
    answer["Content-Disposition"] = f'attachment; filename="mouvements-{contract.reference}.csv"'
    return answer


@require_http_methods(["GET", "POST"])
@refusals_shown
def move_create(request: HttpRequest, reference: str) -> HttpResponse:
    """Move credits from one action to another of the same envelope."""
    contract = _in_force(request, reference)
    form = MoveForm(request.POST or None, contract=contract)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        information = Information(given.pop("informed_who"), given.pop("informed_on"))
        with refusals_in(form):
            record_move(contract, **given, information=information, by=signed_in(request))
            return _done(request, contract, "Le mouvement est enregistré. L’institution informée le lira.")
    return _form_page(
        request, contract, form, title="Déplacer des crédits", button="Enregistrer le mouvement"
    )


@require_http_methods(["GET", "POST"])
@refusals_shown
def move_correct(request: HttpRequest, reference: str, pk: int) -> HttpResponse:
    """Undo a move by its opposite, with a reason."""
    contract = _in_force(request, reference)
    move = get_object_or_404(moves_of(contract), pk=pk)
    if move.corrects is not None or move.is_corrected:
        raise WrongState("Ce mouvement est déjà corrigé, ou en corrige un autre : rien n’a changé.")
    form = InformationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        given = dict(form.cleaned_data)
        information = Information(given.pop("informed_who"), given.pop("informed_on"))
        with refusals_in(form):
            correct_move(move, **given, information=information, by=signed_in(request))
            return _done(
                request, contract, "Le mouvement inverse est enregistré : les deux restent lisibles."
            )
    return _form_page(
        request,
        contract,
        form,
        title="Corriger un mouvement",
        button="Enregistrer le mouvement inverse",
        move=move,
    )


def _in_force(request: HttpRequest, reference: str) -> Contract:
    contract = get_contract(request, reference, Ability.CONTRACT_EDIT)
    if not contract.is_in_force:
        raise WrongState(
            f"Le contrat est à l’état « {contract.get_state_display()} » : les crédits se déplacent entre "
            "actions pendant qu’il est en vigueur. Avant, corrigez les montants des fiches."
        )
    return contract


def _form_page(
    request: HttpRequest, contract: Contract, form: Any, *, title: str, button: str, move: Any = None
) -> HttpResponse:
    context = {
        "contract": contract,
        "tab": TAB,
        "form": form,
        "title": title,
        "button": button,
        "move": move,
    }
    return render(request, "funding/move_form.html", context, status=422 if form.is_bound else 200)


def _done(request: HttpRequest, contract: Contract, told: str) -> HttpResponse:
    messages.success(request, told)
    return redirect("funding:moves", contract.reference)
