"""Technical administration of people and institutions: mostly for reading.

What people do for themselves (inviting, changing roles) is done on the site's own pages, by its actions.
Here a technical administrator opens institutions, invites their first member and disables accounts.
"""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.views import redirect_to_login
from django.db.models import Model
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from cdppe.accounts.actions.invitations import send_invitation
from cdppe.accounts.models import Department, Institution, Invitation, Membership, Region, Territory, User
from cdppe.lib.errors import RuleViolation

admin.site.site_header = "Administration technique"
admin.site.site_title = "Administration technique – CDPPE"
admin.site.index_title = "Données du site"


def sign_in_through_the_site(
    request: HttpRequest, extra_context: dict[str, Any] | None = None
) -> HttpResponse:
    """The administration has no door of its own: the site's sign-in page, with its limits, is the only one.

    Somebody who is signed in and still not let in learns nothing of it (404).
    """
    if request.user.is_authenticated:
        raise Http404
    wanted = request.GET.get("next", reverse("admin:index"))
    return redirect_to_login(wanted, reverse("accounts:sign-in"))


admin.site.login = sign_in_through_the_site  # as Django's documentation replaces it


class ReadOnly:
    """Shown, never written: for what actions and commands alone write."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class MembershipInline(ReadOnly, admin.TabularInline):
    model = Membership
    extra = 0
    fields = ["user", "institution", "role", "is_administrator"]


@admin.register(User)
class UserAdmin(admin.ModelAdmin):
    """Accounts: only whether they are active, and the technical rights, are changed here."""

    list_display = ["email", "last_name", "first_name", "is_active", "is_staff", "last_login"]
    list_filter = ["is_active", "is_staff"]
    search_fields = ["email", "last_name", "first_name"]
    fields = [
        "email",
        "first_name",
        "last_name",
        "phone",
        "is_active",
        "is_staff",
        "is_superuser",
        "last_login",
        "date_joined",
    ]
    readonly_fields = ["email", "first_name", "last_name", "phone", "last_login", "date_joined"]
    inlines = [MembershipInline]

    def has_add_permission(self, request: HttpRequest) -> bool:
        """People join by invitation."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """An account is disabled: what its owner wrote keeps its author."""
        return False


@admin.register(Institution)
class InstitutionAdmin(admin.ModelAdmin):
    list_display = ["name", "kind", "territory", "region"]
    list_filter = ["kind"]
    list_select_related = ["territory", "region"]
    search_fields = ["name", "territory__code", "territory__name"]
    inlines = [MembershipInline]

    def has_delete_permission(self, request: HttpRequest, obj: Institution | None = None) -> bool:
        """Its memberships and invitations would go with it."""
        return False


@admin.register(Invitation)
class InvitationAdmin(admin.ModelAdmin):
    """How the first member of an institution arrives; the link goes by mail and is shown nowhere."""

    list_display = ["email", "institution", "role", "is_administrator", "created_at", "accepted_at"]
    list_select_related = ["institution"]
    search_fields = ["email", "institution__name"]
    fields = ["institution", "email", "role", "is_administrator"]

    def has_change_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Invitation | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Invitation, form: ModelForm, change: bool) -> None:
        """Hand the invitation to its action, which mails the link; a refusal writes nothing and is told."""
        try:
            sent = send_invitation(
                obj.institution,
                email=obj.email,
                role=obj.role,
                is_administrator=obj.is_administrator,
                by=request.user,
            )
        except RuleViolation as refusal:
            messages.error(request, str(refusal))
        else:
            obj.pk = sent.pk

    def log_addition(self, request: HttpRequest, obj: Invitation, message: Any) -> Any:
        return super().log_addition(request, obj, message) if obj.pk else None

    def response_add(self, request: HttpRequest, obj: Invitation, *args: Any, **kwargs: Any) -> HttpResponse:
        if obj.pk is None:
            return HttpResponseRedirect(reverse("admin:accounts_invitation_add"))
        return super().response_add(request, obj, *args, **kwargs)


class ReferenceAdmin(ReadOnly, admin.ModelAdmin):
    """Reference data: loaded by commands, looked at here."""

    search_fields = ["code", "name"]


@admin.register(Region)
class RegionAdmin(ReferenceAdmin):
    list_display = ["code", "name", "ars_name"]


@admin.register(Department)
class DepartmentAdmin(ReferenceAdmin):
    list_display = ["code", "name", "region"]
    list_select_related = ["region"]


@admin.register(Territory)
class TerritoryAdmin(ReferenceAdmin):
    list_display = ["code", "name", "kind", "region"]
    list_filter = ["kind"]
    list_select_related = ["region"]
