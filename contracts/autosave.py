"""What a page that saves by itself and the site say to each other.

A form marked `data-autosave` is sent to its own address by static/cdppe/autosave.js, the same fields by the
same POST, with the header `X-Autosave: 1`. The view does what it always does and answers in JSON:

- 200 `saved`: the time, the new version, where the page now is, inputs that somebody else changed;
- 422 `refused`: a sentence for each field that cannot be saved; nothing was written;
- 409 `conflict`: both texts field by field, as a piece of page; nothing was written;
- 403 and 404 with a sentence.

A redirect to the sign-in page says that the session ended. Nothing else redirects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils import timezone

from cdppe.lib.errors import RuleViolation

HEADER = "X-Autosave"
PERSON_HEADER = "X-Autosave-Person"


def is_autosave(request: HttpRequest) -> bool:
    """Whether the page saves by itself: then the answer is one of this module's."""
    return request.headers.get(HEADER) == "1"


def saved(
    *,
    version: int,
    url: str = "",
    heading: str = "",
    fields: Mapping[str, str] | None = None,
    hidden: Mapping[str, str] | None = None,
) -> JsonResponse:
    """It is stored as `version`.

    url, heading: of a page that has just become another one (a sheet that now exists). fields: {input: what
    it holds now} where somebody else wrote in the meantime. hidden: {hidden input: its new value}.
    """
    return JsonResponse(
        {
            "saved_at": f"{timezone.localtime():%H:%M}",
            "version": version,
            "url": url,
            "heading": heading,
            "taken_over": list(fields or {}),
            "fields": {**(fields or {}), **(hidden or {}), "version": str(version)},
        }
    )


def refused(problems: Mapping[str, str]) -> JsonResponse:
    """Nothing was written: {input, or "" for the whole page: sentence}."""
    return JsonResponse({"problems": dict(problems)}, status=422)


def form_problems(form: forms.BaseForm) -> dict[str, str]:
    """{input: sentence} of a form that is not valid."""
    return {
        "" if name == "__all__" else form.add_prefix(name): " ".join(str(error) for error in errors)
        for name, errors in form.errors.items()
    }


def conflict(
    request: HttpRequest,
    sentence: str,
    differences: Sequence[Any],
    *,
    version: int,
    fields: Mapping[str, str] | None = None,
) -> JsonResponse:
    """Nothing was written: somebody else changed the same fields. `version` is the one now stored."""
    context = {"sentence": sentence, "differences": differences, "version": version}
    return JsonResponse(
        {
            "sentence": sentence,
            "html": render_to_string("contracts/version_conflict.html", context, request),
            "fields": dict(fields or {}),
        },
        status=409,
    )


def autosaved(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """Decorate a view that a page saves to by itself: what it refuses with an exception is told in JSON.

    A text typed by one person is never saved under the name of another who signed in since in the same
    browser: the page says whose it is.
    """

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not is_autosave(request):
            return view(request, *args, **kwargs)
        person = request.headers.get(PERSON_HEADER)
        if person is not None and person != str(request.user.pk):
            return _told(
                "vous êtes connecté sous un autre nom que celui sous lequel ce texte a été tapé. "
                "Reconnectez-vous sous ce nom pour l’enregistrer.",
                403,
            )
        try:
            return view(request, *args, **kwargs)
        except Http404:
            return _told("cette page n’existe plus, ou ne vous est plus ouverte.", 404)
        except PermissionDenied:
            return _told("votre rôle ne permet plus d’écrire ici.", 403)
        except RuleViolation as refusal:
            return refused({"": str(refusal)})

    return answered


def _told(sentence: str, status: int) -> JsonResponse:
    return JsonResponse({"sentence": sentence}, status=status)
