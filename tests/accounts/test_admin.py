"""The technical administration: whom it lets in, and what it does not let write."""

from __future__ import annotations

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from cdppe.accounts.models import Invitation, Membership, Role, Territory, User
from tests.cast import Cast
from tests.factories import UserFactory


@pytest.fixture
def technician(db: None) -> Client:
    browser = Client()
    browser.force_login(UserFactory(email="technique@exemple.fr", is_staff=True, is_superuser=True))
    return browser


def test_anonymous_people_are_sent_to_the_sites_own_sign_in_page(client: Client, db: None) -> None:
    for url in ("/administration/", "/administration/login/", "/administration/accounts/user/"):
        answer = client.get(url, follow=True)
        last_url, _ = answer.redirect_chain[-1]
        assert last_url.startswith("/connexion/?next=/administration/")
        assert answer.status_code == 200


def test_the_administration_does_not_exist_for_who_is_not_let_in(cast: Cast) -> None:
    browser = Client()
    browser.force_login(cast.council_administrator)
    for url in ("/administration/", "/administration/accounts/user/"):
        assert browser.get(url, follow=True).status_code == 404


def test_its_own_sign_in_page_takes_no_password(client: Client, db: None) -> None:
    UserFactory(email="technique@exemple.fr", is_staff=True)
    answer = client.post(
        "/administration/login/", {"username": "technique@exemple.fr", "password": "motdepasse-de-test"}
    )
    assert answer.url.startswith("/connexion/")
    assert "_auth_user_id" not in client.session


@pytest.mark.parametrize(
    "model", [model for model in admin.site._registry if model._meta.app_label == "accounts"]
)
def test_every_list_and_every_page_opens(technician: Client, cast: Cast, model: type) -> None:
    base = f"admin:accounts_{model._meta.model_name}"
    assert technician.get(reverse(f"{base}_changelist"), {"q": "38"}).status_code == 200
    first = model.objects.first()
    if first is not None:
        assert technician.get(reverse(f"{base}_change", args=[first.pk])).status_code == 200


def test_the_first_member_of_an_institution_is_invited_from_here(
    technician: Client, cast: Cast, mailoutbox, django_capture_on_commit_callbacks
) -> None:
    data = {
        "institution": cast.council.pk,
        "email": "premiere@isere.exemple.fr",
        "role": Role.EDITOR,
        "is_administrator": "on",
    }
    with django_capture_on_commit_callbacks(execute=True):
        answer = technician.post(reverse("admin:accounts_invitation_add"), data)
    assert answer.status_code == 302
    invitation = Invitation.objects.get()
    assert invitation.is_administrator
    assert mailoutbox[0].to == ["premiere@isere.exemple.fr"]


def test_a_refused_invitation_is_told_and_writes_nothing(technician: Client, cast: Cast) -> None:
    data = {"institution": cast.council.pk, "email": cast.council_reader.email, "role": Role.EDITOR}
    answer = technician.post(reverse("admin:accounts_invitation_add"), data, follow=True)
    assert "fait déjà partie" in answer.text
    assert not Invitation.objects.exists()


def test_an_account_is_disabled_here_and_nothing_else_of_it_changes(technician: Client, cast: Cast) -> None:
    user = cast.council_reader
    url = reverse("admin:accounts_user_change", args=[user.pk])
    counts = {"memberships-TOTAL_FORMS": "1", "memberships-INITIAL_FORMS": "1"}
    technician.post(url, {"email": "autre@exemple.fr", "last_name": "Autre"} | counts)
    changed = User.objects.get(pk=user.pk)
    assert not changed.is_active
    assert (changed.email, changed.last_name) == (user.email, user.last_name)
    assert Membership.objects.filter(user=user).exists()


def test_reference_data_is_read_only(technician: Client, cast: Cast) -> None:
    assert technician.get(reverse("admin:accounts_territory_add")).status_code == 403
    url = reverse("admin:accounts_territory_change", args=[cast.isere.pk])
    assert technician.post(url, {"name": "Autre"}).status_code == 403
    assert Territory.objects.get(pk=cast.isere.pk).name == "Isère"
