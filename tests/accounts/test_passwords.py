"""A password forgotten or changed: the mail, its link, and what the site does not tell."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from django.test import Client

from cdppe.accounts.models import User
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

FORGOTTEN = "/mot-de-passe-oublie/"
NEW = "grenoble sous la neige"


@pytest.fixture
def person() -> User:
    return UserFactory(email="jeanne@isere.exemple.fr", first_name="Jeanne", last_name="D’Arc & Cie")


def link_of(mail) -> str:
    """The path of the link that a mail carries."""
    return re.search(rf"{re.escape(settings.PUBLIC_URL)}(\S+)", mail.body).group(1)


def test_the_mail_carries_a_link_to_our_own_address(client: Client, person: User, mailoutbox) -> None:
    answer = client.post(FORGOTTEN, {"email": "JEANNE@isere.exemple.fr"}, headers={"host": "localhost"})
    assert answer.url == "/mot-de-passe-oublie/envoye/"
    (mail,) = mailoutbox
    assert mail.to == [person.email]
    assert mail.subject == "Choisir un nouveau mot de passe"
    assert "24 heures" in mail.body
    assert "&#" not in mail.body
    assert f"{settings.PUBLIC_URL}/mot-de-passe-oublie/" in mail.body


def test_the_link_changes_the_password_once(client: Client, person: User, mailoutbox) -> None:
    client.post(FORGOTTEN, {"email": person.email})
    link = link_of(mailoutbox[0])
    form = client.get(link, follow=True)
    assert "Choisir un nouveau mot de passe" in form.text
    answer = client.post(form.request["PATH_INFO"], {"new_password1": NEW, "new_password2": NEW})
    assert answer.url == "/connexion/"
    assert client.login(username=person.email, password=NEW)
    again = Client().get(link)
    assert again.status_code == 200
    assert "Ce lien ne sert plus" in again.text


def test_a_weak_password_is_refused_with_its_reason(client: Client, person: User, mailoutbox) -> None:
    client.post(FORGOTTEN, {"email": person.email})
    form = client.get(link_of(mailoutbox[0]), follow=True)
    answer = client.post(form.request["PATH_INFO"], {"new_password1": "court", "new_password2": "court"})
    assert answer.status_code == 422
    assert "12 caractères" in answer.text
    person.refresh_from_db()
    assert person.check_password(PASSWORD)


@pytest.mark.parametrize("email", ["inconnue@exemple.fr", "parti@isere.exemple.fr"])
def test_the_page_says_the_same_whether_the_account_exists_or_not(
    client: Client, person: User, mailoutbox, email: str
) -> None:
    UserFactory(email="parti@isere.exemple.fr", is_active=False)
    known = client.post(FORGOTTEN, {"email": person.email}, follow=True)
    mailoutbox.clear()
    unknown = client.post(FORGOTTEN, {"email": email}, follow=True)
    assert unknown.redirect_chain == known.redirect_chain
    assert unknown.text == known.text
    assert mailoutbox == []


def test_an_address_is_not_flooded_with_mails(client: Client, person: User, mailoutbox) -> None:
    for _ in range(8):
        assert client.post(FORGOTTEN, {"email": person.email}).status_code == 302
    assert len(mailoutbox) == 5


def test_an_incomplete_address_is_kept_and_explained(client: Client) -> None:
    answer = client.post(FORGOTTEN, {"email": "jeanne@"})
    assert answer.status_code == 422
    assert 'value="jeanne@"' in answer.text
    assert "nom@domaine.fr" in answer.text


def test_changing_ones_password_closes_the_other_sessions_only(client: Client, person: User) -> None:
    elsewhere = Client()
    for browser in (client, elsewhere):
        browser.force_login(person)
    answer = client.post(
        "/mon-compte/mot-de-passe/", {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}
    )
    assert answer.url == "/mon-compte/"
    assert client.get("/mon-compte/").status_code == 200
    assert elsewhere.get("/mon-compte/").status_code == 302


def test_the_present_password_is_asked_for(client: Client, person: User) -> None:
    client.force_login(person)
    answer = client.post(
        "/mon-compte/mot-de-passe/", {"old_password": "faux", "new_password1": NEW, "new_password2": NEW}
    )
    assert answer.status_code == 422
    assert "Mot de passe actuel" in answer.text
    person.refresh_from_db()
    assert person.check_password(PASSWORD)
