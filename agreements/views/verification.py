"""Verifying a document: open to everybody, the file stays in the reader's browser."""

from __future__ import annotations

from uuid import UUID

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from agreements.forms.verification import VerifyForm
from agreements.verification import recognise_file, recognise_version


@login_not_required
@require_safe
@never_cache
def verify(request: HttpRequest) -> HttpResponse:
    """A file by its SHA-256 (`?empreinte=…`): whether it is a version of ours, and which."""
    form = VerifyForm(request.GET if "empreinte" in request.GET else None)
    is_asked = form.is_bound and form.is_valid()
    found = recognise_file(form.cleaned_data["empreinte"]) if is_asked else None
    status = 422 if form.is_bound and not is_asked else 200
    context = {"form": form, "is_asked": is_asked, "is_page": False, "found": found}
    return render(request, "agreements/verify.html", context, status=status)


@login_not_required
@require_safe
@never_cache
def verify_version(request: HttpRequest, uid: UUID) -> HttpResponse:
    """The version that the code of a printed page names."""
    found = recognise_version(uid)
    return render(
        request,
        "agreements/verify.html",
        {"form": VerifyForm(), "is_asked": True, "is_page": True, "found": found},
        status=200 if found else 404,
    )
