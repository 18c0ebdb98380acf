"""The page that an invitation's link opens: for anybody who holds the link."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from cdppe.accounts.actions.invitations import (
    NewPerson,
    accept_invitation,
    accept_invitation_with_new_account,
    find_invitation,
)
from cdppe.accounts.forms import NewAccountForm
from cdppe.accounts.models import Invitation, User
from cdppe.accounts.views.access import signed_in
from cdppe.lib.errors import RuleViolation


@login_not_required
@never_cache
@sensitive_post_parameters("password", "password_again")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation_accept(request: HttpRequest, token: str) -> HttpResponse:
    """Accept with the account that one has, after signing in to it, or with a new one.

    A link that is unknown, withdrawn, used or late gets one and the same answer.
    """
    invitation = find_invitation(token)
    if invitation is None:
        return render(request, "accounts/invitation_over.html", status=404)
    if request.user.is_authenticated:
        return _accept_signed_in(request, invitation)
    if User.objects.filter(email__iexact=invitation.email).exists():
        return render(request, "accounts/invitation_sign_in.html", {"invitation": invitation})
    return _accept_with_new_account(request, invitation)


def _accept_signed_in(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    user = signed_in(request)
    is_addressee = user.email.lower() == invitation.email.lower()
    if request.method == "POST" and is_addressee:
        try:
            accept_invitation(invitation, by=user)
        except RuleViolation as refusal:
            messages.error(request, str(refusal))
            return redirect("home:index")
        messages.success(request, f"Vous faites maintenant partie de « {invitation.institution} ».")
        return redirect("home:index")
    context = {"invitation": invitation, "is_addressee": is_addressee}
    return render(request, "accounts/invitation_confirm.html", context)


def _accept_with_new_account(request: HttpRequest, invitation: Invitation) -> HttpResponse:
    form = NewAccountForm(request.POST or None, email=invitation.email)
    if request.method == "POST" and form.is_valid():
        person = NewPerson(
            first_name=form.cleaned_data["first_name"],
            last_name=form.cleaned_data["last_name"],
            phone=form.cleaned_data["phone"],
            password=form.cleaned_data["password"],
        )
        try:
            accept_invitation_with_new_account(invitation, person=person)
        except RuleViolation as refusal:
            form.add_error(None, str(refusal))
        else:
            # Signing in is the business of the sign-in page, where a second factor will come.
            messages.success(
                request, f"Votre compte est ouvert : connectez-vous avec l’adresse {invitation.email}."
            )
            return redirect("accounts:sign-in")
    context = {"form": form, "invitation": invitation}
    status = 422 if form.errors else 200
    return render(request, "accounts/invitation_new_account.html", context, status=status)
