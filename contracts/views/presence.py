"""The heartbeat of an open page, and who else is there."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_POST

from contracts.places import read_place
from contracts.presence import come, companions, leave, told
from contracts.views.access import get_contract, signed_in

PAGE_WORDS = {
    "sheets": "cette fiche",
    "details": "ces informations",
    "diagnosis": "ce diagnostic",
    "dashboard": "ce tableau de bord",
    "calendar": "cette étape",
}


@require_POST
def presence(request: HttpRequest, reference: str) -> HttpResponse:
    """Note that the person's `tab` shows `place` (`contracts.places`); the sentence on the others there.

    With `left`, the tab is closed. A request that no page sends is refused in a sentence (422).
    """
    contract = get_contract(request, reference)
    user = signed_in(request)
    try:
        tab = UUID(request.POST.get("tab", ""))
        place = str(read_place(request.POST.get("place", "")))
    except ValueError:
        return JsonResponse(
            {"sentence": "Rechargez la page : ce qu’elle a envoyé est incomplet."}, status=422
        )
    if request.POST.get("left"):
        leave(contract, user=user, tab=tab)
        return JsonResponse({"told": ""})
    come(contract, place, user=user, tab=tab)
    here = PAGE_WORDS.get(place.split("/")[0], "cette page")
    return JsonResponse({"told": told(companions(contract, place, reader=user), here=here)})
