"""What a person is reminded of by e-mail: their page, and the address in each e-mail that stops it (C5)."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from cdppe.accounts.actions.digests import save_digest_settings, stop_digest, user_of_stop_token
from cdppe.accounts.forms import DigestSettingsForm
from cdppe.accounts.models import DigestSettings
from cdppe.accounts.models.digests import DigestFrequency, settings_of
from cdppe.accounts.views.access import signed_in


@require_http_methods(["GET", "HEAD", "POST"])
def digest_settings(request: HttpRequest) -> HttpResponse:
    """Show and write the person's choice."""
    user = signed_in(request)
    form = DigestSettingsForm(request.POST or None, instance=settings_of(user))
    if request.method == "POST" and form.is_valid():
        save_digest_settings(user, **form.cleaned_data)
        messages.success(request, "Vos rappels sont enregistrés.")
        return redirect("accounts:digest-settings")
    context = {"form": form}
    return render(request, "accounts/digest_settings.html", context, status=422 if form.errors else 200)


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def digest_stop(request: HttpRequest, token: str) -> HttpResponse:
    """Stop the digest of whoever got the e-mail, without signing in: a question (GET), then done (POST)."""
    user = user_of_stop_token(token)
    if user is None:
        raise Http404
    if request.method == "POST":
        stop_digest(user)
        return redirect("accounts:digest-stop", token)
    is_stopped = DigestSettings.objects.filter(user=user, frequency=DigestFrequency.NEVER).exists()
    return render(request, "accounts/digest_stop.html", {"is_stopped": is_stopped})
