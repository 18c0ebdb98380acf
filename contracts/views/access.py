"""Fetch and authorise in one step: every page of a contract, in every app, starts here.

What a person may not see does not exist for them (404); what they see but may not do is refused (403); what
the contract's state forbids is said in a sentence (`WrongState`, shown by `refusals_shown`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast
from urllib.parse import urlsplit

from django.core.exceptions import PermissionDenied
from django.forms import BaseForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.encoding import iri_to_uri
from django.utils.http import url_has_allowed_host_and_scheme

from cdppe.accounts.abilities import Ability, can
from cdppe.accounts.models import User
from cdppe.lib.errors import RuleViolation, WrongState
from contracts.actions.journal import require_editable
from contracts.models import Contract

P = ParamSpec("P")


def signed_in(request: HttpRequest) -> User:
    """The person of the request: LoginRequiredMiddleware lets nobody else reach a view."""
    return cast(User, request.user)


def get_contract(
    request: HttpRequest, reference: str, ability: Ability | None = None, *, editable: bool = False
) -> Contract:
    """The contract `reference` with its campaign, territory and region, if the person may do `ability` on it.

    Raises Http404 when the contract does not exist for this person, PermissionDenied when they see it but
    may not make the gesture, WrongState when `editable` is asked and the contract's state allows no writing.
    """
    user = signed_in(request)
    contract = get_object_or_404(Contract.objects.visible_to(user).with_context(), reference=reference)
    if ability is not None and not can(user, ability, contract.territory):
        raise PermissionDenied
    if editable:
        require_editable(contract)
    return contract


def may(request: HttpRequest, ability: Ability, contract: Contract) -> bool:
    """Whether to offer a gesture on a page: the person has the ability and the contract's state allows it."""
    return contract.is_editable and can(signed_in(request), ability, contract.territory)


def refusals_shown(
    view: Callable[Concatenate[HttpRequest, str, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, str, P], HttpResponse]:
    """Decorate a contract's view: a refusal of a rule becomes a page that shows its sentence (409).

    For refusals that the view's own form cannot show, such as a contract finalised in the meantime.
    """

    @wraps(view)
    def shown(request: HttpRequest, reference: str, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, reference, *args, **kwargs)
        except RuleViolation as refusal:
            return refused(request, get_contract(request, reference), str(refusal))

    return shown


def refused(request: HttpRequest, contract: Contract, sentence: str, *, tab: str = "") -> HttpResponse:
    """The page that says why nothing was changed (409), with the way back to where the person was."""
    context = {"contract": contract, "tab": tab, "sentence": sentence, "back_url": _page_before(request)}
    return render(request, "contracts/refused.html", context, status=409)


def _page_before(request: HttpRequest) -> str:
    """The path of the page of this site from which the request comes; "" for another site, none or itself."""
    before = request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(before, {request.get_host()}, require_https=request.is_secure()):
        return ""
    path = iri_to_uri(urlsplit(before)._replace(scheme="", netloc="", fragment="").geturl())
    return "" if path == request.get_full_path() and request.method == "GET" else path


@contextmanager
def refusals_in(form: BaseForm, field: str | None = None) -> Iterator[None]:
    """A refusal of a rule is told by `form`, at `field` if one is named; the page is shown again with it.

    But a WrongState: no other text in the form would help, `refusals_shown` says it on a page.
    """
    try:
        yield
    except WrongState:
        raise
    except RuleViolation as refusal:
        form.add_error(field, str(refusal))
