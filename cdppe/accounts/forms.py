"""The forms of accounts. Only Django's backends check a password (see `SignInForm`)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth import password_validation
from django.contrib.auth.forms import (
    AuthenticationForm,
    PasswordChangeForm,
    PasswordResetForm,
    SetPasswordForm,
)
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator

from cdppe.accounts.models import DigestFrequency, DigestSettings, Invitation, Membership, Role, User
from cdppe.accounts.models.digests import MOST_DAYS_BEFORE
from cdppe.accounts.throttle import (
    PASSWORD_RESET_MAIL,
    SIGN_IN_FROM_ADDRESS,
    SIGN_IN_OF_ACCOUNT,
    client_address,
)

CHOICE_HINT = (
    "12 caractères au moins, pas seulement des chiffres, pas un mot de passe courant ni proche de votre nom "
    "ou de votre adresse."
)
EMAIL_HINT = "Format attendu : nom@domaine.fr"
ROLE_HINT = (
    "Lecture : tout voir. Rédaction : voir et modifier les contrats que l’institution prépare. "
    "Signature : comme la rédaction, pour les personnes qui signeront."
)
TOO_MANY_ATTEMPTS = (
    "Trop d’essais : par sécurité, la connexion à ce compte est suspendue un quart d’heure depuis votre "
    "réseau. Réessayez plus tard ou choisissez un nouveau mot de passe."
)


class SignInForm(AuthenticationForm):
    """E-mail and password, handed to Django's authentication backends; too many failures close the door.

    The same sentence answers an unknown address, a wrong password and a disabled account.
    """

    errors_title = "Connexion refusée"
    error_messages = {
        "invalid_login": (
            "Adresse électronique ou mot de passe incorrect. Vérifiez les deux, puis réessayez."
        ),
        "inactive": "Adresse électronique ou mot de passe incorrect. Vérifiez les deux, puis réessayez.",
        "too_many": TOO_MANY_ATTEMPTS,
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        email, password = self.fields["username"], self.fields["password"]
        email.label = "Adresse électronique"
        email.help_text = EMAIL_HINT
        email.widget = forms.EmailInput(attrs={"autocomplete": "username", "maxlength": 254})
        email.error_messages["required"] = "Écrivez votre adresse électronique."
        password.label = "Mot de passe"
        password.error_messages["required"] = "Écrivez votre mot de passe."

    def clean(self) -> dict[str, Any]:
        account, address = self._throttle_keys()
        if SIGN_IN_OF_ACCOUNT.is_exceeded(account) or SIGN_IN_FROM_ADDRESS.is_exceeded(address):
            raise ValidationError(self.error_messages["too_many"], code="too_many")
        try:
            cleaned = super().clean()
        except ValidationError:
            SIGN_IN_OF_ACCOUNT.count(account)
            SIGN_IN_FROM_ADDRESS.count(address)
            raise
        if self.get_user() is not None:
            SIGN_IN_OF_ACCOUNT.forget(account)
        return cleaned

    def _throttle_keys(self) -> tuple[str, str]:
        address = client_address(self.request) if self.request is not None else ""
        email = str(self.cleaned_data.get("username", "")).strip().lower()
        return f"{email} {address}", address


class ForgottenPasswordForm(PasswordResetForm):
    """An e-mail; who has an account receives a link, the page says the same to everybody."""

    email = forms.EmailField(
        label="Adresse électronique",
        help_text=EMAIL_HINT,
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email"}),
        error_messages={
            "required": "Écrivez votre adresse électronique.",
            "invalid": "Cette adresse électronique est incomplète : écrivez-la sous la forme nom@domaine.fr.",
        },
    )

    def save(self, **options: Any) -> None:
        """Send the link, unless the address has had enough of them this hour."""
        email = self.cleaned_data["email"].strip().lower()
        if PASSWORD_RESET_MAIL.is_exceeded(email):
            return
        PASSWORD_RESET_MAIL.count(email)
        super().save(**options)


def _french_password_fields(form: forms.Form) -> None:
    first, second = form.fields["new_password1"], form.fields["new_password2"]
    first.label, first.help_text = "Nouveau mot de passe", CHOICE_HINT
    second.label, second.help_text = "Le même, une seconde fois", ""


class NewPasswordForm(SetPasswordForm):
    """The new password of a person who followed the link of a reset mail."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _french_password_fields(self)


class ChangePasswordForm(PasswordChangeForm):
    """The present password, then the new one twice."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        _french_password_fields(self)
        self.fields["old_password"].label = "Mot de passe actuel"
        self.fields["old_password"].widget.attrs.pop("autofocus", None)


class ProfileForm(forms.ModelForm):
    """What a person says of themself."""

    class Meta:
        model = User
        fields = ["first_name", "last_name", "phone"]
        widgets = {
            "first_name": forms.TextInput(attrs={"autocomplete": "given-name"}),
            "last_name": forms.TextInput(attrs={"autocomplete": "family-name"}),
            "phone": forms.TextInput(attrs={"autocomplete": "tel", "type": "tel"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["first_name"].required = True
        self.fields["last_name"].required = True


class InvitationForm(forms.ModelForm):
    """Who to invite into an institution, and as what."""

    class Meta:
        model = Invitation
        fields = ["email", "role", "is_administrator"]
        labels = {"is_administrator": "Cette personne pourra aussi inviter et retirer des membres"}
        help_texts = {"email": EMAIL_HINT, "role": ROLE_HINT}
        widgets = {
            "email": forms.EmailInput(attrs={"autocomplete": "off"}),
            "role": forms.RadioSelect,
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = Role.choices


class MembershipForm(forms.ModelForm):
    """The role of a member."""

    class Meta:
        model = Membership
        fields = ["role", "is_administrator"]
        labels = {"is_administrator": "Cette personne peut aussi inviter et retirer des membres"}
        help_texts = {"role": ROLE_HINT}
        widgets = {"role": forms.RadioSelect}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = Role.choices


class NewAccountForm(forms.Form):
    """What an invited person without an account writes; the e-mail is the invitation's."""

    first_name = forms.CharField(
        label="Prénom", max_length=80, widget=forms.TextInput(attrs={"autocomplete": "given-name"})
    )
    last_name = forms.CharField(
        label="Nom", max_length=80, widget=forms.TextInput(attrs={"autocomplete": "family-name"})
    )
    phone = forms.CharField(
        label="Téléphone professionnel",
        max_length=30,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "tel", "type": "tel"}),
    )
    password = forms.CharField(
        label="Mot de passe",
        strip=False,
        help_text=CHOICE_HINT,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )
    password_again = forms.CharField(
        label="Le même, une seconde fois",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        self.email = email
        super().__init__(*args, **kwargs)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        password, again = cleaned.get("password"), cleaned.get("password_again")
        if password and again and password != again:
            self.add_error(
                "password_again", "Les deux mots de passe sont différents : écrivez deux fois le même."
            )
        elif password:
            person = User(
                email=self.email,
                first_name=cleaned.get("first_name", ""),
                last_name=cleaned.get("last_name", ""),
            )
            try:
                password_validation.validate_password(password, person)
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned


class DigestSettingsForm(forms.ModelForm):
    """What a person is told by e-mail, and how often."""

    # Boxes to tick: nothing here is to be filled in.
    hides_optional_marks = True

    class Meta:
        model = DigestSettings
        fields = ["frequency", "tells_before", "days_before", "tells_late", "tells_exchanges"]
        labels = {
            "frequency": "Recevoir un récapitulatif",
            "tells_before": "Les échéances qui approchent, quand c’est mon tour",
            "days_before": "Combien de jours avant",
            "tells_late": "Les échéances passées que mon institution n’a pas tenues",
            "tells_exchanges": "Ce qui me concerne dans les échanges et les transmissions à la DGCS",
        }
        help_texts = {"days_before": f"De 1 à {MOST_DAYS_BEFORE} jours."}
        widgets = {
            "frequency": forms.RadioSelect,
            "days_before": forms.NumberInput(attrs={"min": 1, "max": MOST_DAYS_BEFORE}),
        }
        error_messages = {
            "frequency": {
                "required": "Choisissez un rythme.",
                "invalid_choice": "Choisissez un rythme de la liste.",
            },
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["frequency"].choices = DigestFrequency.choices
        sentence = f"Écrivez un nombre entier de jours, de 1 à {MOST_DAYS_BEFORE}."
        self.fields["days_before"].error_messages = dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"), sentence
        )
        self.fields["days_before"].validators = [
            MinValueValidator(1, sentence),
            MaxValueValidator(MOST_DAYS_BEFORE, sentence),
        ]
