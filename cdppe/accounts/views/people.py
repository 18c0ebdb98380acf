"""A person's own page, and the members of their institutions."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from cdppe.accounts.abilities import administers
from cdppe.accounts.actions.invitations import revoke_invitation, send_invitation
from cdppe.accounts.actions.memberships import change_membership, remove_membership
from cdppe.accounts.actions.profiles import change_profile
from cdppe.accounts.forms import InvitationForm, MembershipForm, ProfileForm
from cdppe.accounts.views.access import get_institution, signed_in
from cdppe.lib.errors import RuleViolation


@require_http_methods(["GET", "HEAD", "POST"])
def my_account(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    form = ProfileForm(request.POST or None, instance=user)
    if request.method == "POST" and form.is_valid():
        change_profile(user, **form.cleaned_data)
        messages.success(request, "Vos informations sont enregistrées.")
        return redirect("accounts:my-account")
    # A form that is refused has already written into its instance: the page shows the person as stored.
    user.refresh_from_db(fields=["first_name", "last_name", "phone"])
    context = {"form": form, "memberships": user.current_memberships}
    return render(request, "accounts/my_account.html", context, status=422 if form.errors else 200)


@require_safe
def institution(request: HttpRequest, pk: int) -> HttpResponse:
    shown = get_institution(request, pk)
    is_administered = administers(signed_in(request), shown)
    open_invitations = shown.invitations.filter(accepted_at__isnull=True).select_related("invited_by")
    context = {
        "institution": shown,
        "memberships": shown.memberships.select_related("user").order_by(
            "user__last_name", "user__first_name", "user__email"
        ),
        "is_administered": is_administered,
        "invitations": open_invitations if is_administered else [],
        "now": timezone.now(),
    }
    return render(request, "accounts/institution.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def invitation_create(request: HttpRequest, pk: int) -> HttpResponse:
    joined = get_institution(request, pk, administered=True)
    form = InvitationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            invitation = send_invitation(joined, **form.cleaned_data, by=signed_in(request))
        except RuleViolation as refusal:
            form.add_error("email", str(refusal))
        else:
            messages.success(
                request, f"L’invitation de {invitation.email} part par courriel ; son lien vaut sept jours."
            )
            return redirect("accounts:institution", pk=joined.pk)
    context = {"form": form, "institution": joined}
    return render(request, "accounts/invitation_create.html", context, status=422 if form.errors else 200)


@require_POST
def invitation_revoke(request: HttpRequest, pk: int, invitation_pk: int) -> HttpResponse:
    joined = get_institution(request, pk, administered=True)
    invitation = get_object_or_404(joined.invitations.filter(accepted_at__isnull=True), pk=invitation_pk)
    try:
        revoke_invitation(invitation, by=signed_in(request))
    except RuleViolation as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"L’invitation de {invitation.email} est annulée.")
    return redirect("accounts:institution", pk=joined.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def member_edit(request: HttpRequest, pk: int, membership_pk: int) -> HttpResponse:
    joined = get_institution(request, pk, administered=True)
    membership = get_object_or_404(joined.memberships.select_related("user"), pk=membership_pk)
    form = MembershipForm(request.POST or None, instance=membership)
    if request.method == "POST" and form.is_valid():
        try:
            change_membership(membership, **form.cleaned_data, by=signed_in(request))
        except RuleViolation as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, f"Le rôle de {membership.user} est enregistré.")
            return redirect("accounts:institution", pk=joined.pk)
    context = {"form": form, "institution": joined, "membership": membership}
    return render(request, "accounts/member_edit.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def member_remove(request: HttpRequest, pk: int, membership_pk: int) -> HttpResponse:
    joined = get_institution(request, pk, administered=True)
    membership = get_object_or_404(joined.memberships.select_related("user"), pk=membership_pk)
    if request.method == "POST":
        try:
            remove_membership(membership, by=signed_in(request))
        except RuleViolation as refusal:
            messages.error(request, str(refusal))
            return redirect("accounts:institution", pk=joined.pk)
        messages.success(request, f"{membership.user} ne fait plus partie de « {joined} ».")
        if membership.user == request.user:
            return redirect("accounts:my-account")
        return redirect("accounts:institution", pk=joined.pk)
    return render(request, "accounts/member_remove.html", {"institution": joined, "membership": membership})
