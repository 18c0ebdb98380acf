"""Signing in and out, and a password forgotten or changed: Django's views, our forms and pages.

No view checks a password itself: backends do, so that ProConnect and a second factor come in as backends.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.views import (
    LoginView,
    LogoutView,
    PasswordChangeView,
    PasswordResetConfirmView,
    PasswordResetDoneView,
    PasswordResetView,
)
from django.http import HttpResponse
from django.urls import reverse_lazy

from cdppe.accounts.forms import ChangePasswordForm, ForgottenPasswordForm, NewPasswordForm, SignInForm


class RefusedForm:
    """A form that is refused is shown again with status 422, as everywhere on the site."""

    def form_invalid(self, form: Any) -> HttpResponse:
        response: HttpResponse = super().form_invalid(form)
        response.status_code = 422
        return response


class SignIn(RefusedForm, LoginView):
    """E-mail and password; then the page that was asked for, if it is one of ours."""

    authentication_form = SignInForm
    template_name = "accounts/sign_in.html"
    redirect_authenticated_user = True


class SignOut(LogoutView):
    """Ends the session; by POST alone, so that no link or image of another site does it."""


class ForgottenPassword(RefusedForm, PasswordResetView):
    """Asks for the e-mail of the account; the answer is the same whether it exists or not."""

    form_class = ForgottenPasswordForm
    template_name = "accounts/forgotten_password.html"
    email_template_name = "emails/accounts/password_reset.txt"
    subject_template_name = "emails/accounts/password_reset_subject.txt"
    # The link starts with our own address, never with the Host header of whoever asks.
    extra_email_context = {"public_url": settings.PUBLIC_URL}
    success_url = reverse_lazy("accounts:forgotten-password-sent")


class ForgottenPasswordSent(PasswordResetDoneView):
    template_name = "accounts/forgotten_password_sent.html"


class NewPassword(RefusedForm, PasswordResetConfirmView):
    """The page that the mail's link opens: a new password, then signing in."""

    form_class = NewPasswordForm
    template_name = "accounts/new_password.html"
    success_url = reverse_lazy("accounts:sign-in")

    def form_valid(self, form: Any) -> HttpResponse:
        response = super().form_valid(form)
        messages.success(self.request, "Votre mot de passe est changé : connectez-vous avec le nouveau.")
        return response


class ChangePassword(RefusedForm, PasswordChangeView):
    form_class = ChangePasswordForm
    template_name = "accounts/change_password.html"
    success_url = reverse_lazy("accounts:my-account")

    def form_valid(self, form: Any) -> HttpResponse:
        messages.success(self.request, "Votre mot de passe est changé ; vos autres sessions sont fermées.")
        return super().form_valid(form)
