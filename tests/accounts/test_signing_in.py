"""Signing in and out: who gets in, what the others read, and when the door closes."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.auth.hashers import identify_hasher
from django.test import Client, override_settings
from django.urls import reverse

from cdppe.accounts.models import User
from tests.factories import PASSWORD, UserFactory

pytestmark = pytest.mark.django_db

SIGN_IN = "/connexion/"
REFUSAL = "Adresse électronique ou mot de passe incorrect."
CLOSED = "Trop d’essais"


@pytest.fixture
def person() -> User:
    return UserFactory(email="jeanne@isere.exemple.fr")


def sign_in(client: Client, email: str, password: str = PASSWORD, **data: str):
    return client.post(SIGN_IN, {"username": email, "password": password, **data})


def test_the_right_password_opens_the_home_page(client: Client, person: User) -> None:
    answer = sign_in(client, person.email)
    assert (answer.status_code, answer.url) == (302, "/")
    assert client.get("/mon-compte/").status_code == 200


def test_case_and_spaces_around_the_e_mail_do_not_matter(client: Client, person: User) -> None:
    assert sign_in(client, "  Jeanne@ISERE.exemple.fr ").status_code == 302


@pytest.mark.parametrize(
    ("email", "password"),
    [("jeanne@isere.exemple.fr", "autre chose"), ("inconnue@isere.exemple.fr", PASSWORD)],
)
def test_a_wrong_password_and_an_unknown_address_read_the_same(
    client: Client, person: User, email: str, password: str
) -> None:
    answer = sign_in(client, email, password)
    assert answer.status_code == 422
    assert REFUSAL in answer.text
    assert f'value="{email}"' in answer.text, "what was typed is kept"
    assert password not in answer.text


def test_a_disabled_account_reads_the_same_refusal(client: Client) -> None:
    UserFactory(email="parti@isere.exemple.fr", is_active=False)
    answer = sign_in(client, "parti@isere.exemple.fr")
    assert answer.status_code == 422
    assert REFUSAL in answer.text


def test_disabling_an_account_ends_its_open_session(client: Client, person: User) -> None:
    sign_in(client, person.email)
    User.objects.filter(pk=person.pk).update(is_active=False)
    answer = client.get("/mon-compte/")
    assert (answer.status_code, answer.url) == (302, f"{SIGN_IN}?next=/mon-compte/")


def test_empty_boxes_each_say_what_to_write(client: Client) -> None:
    answer = sign_in(client, "", "")
    assert answer.status_code == 422
    assert "Écrivez votre adresse électronique." in answer.text
    assert "Écrivez votre mot de passe." in answer.text


def test_one_comes_back_to_the_page_that_was_asked_for(client: Client, person: User) -> None:
    asked = client.get("/mon-compte/")
    page = client.get(asked.url)
    assert page.context["next"] == "/mon-compte/"
    assert sign_in(client, person.email, next="/mon-compte/").url == "/mon-compte/"


@pytest.mark.parametrize(
    "trap", ["https://ailleurs.exemple.fr/", "//ailleurs.exemple.fr", "javascript:alert(1)"]
)
def test_one_is_never_sent_to_another_site(client: Client, person: User, trap: str) -> None:
    assert sign_in(client, person.email, next=trap).url == "/"


def test_who_is_signed_in_is_not_asked_again(client: Client, person: User) -> None:
    client.force_login(person)
    assert client.get(SIGN_IN).url == "/"


def test_ten_failures_close_the_door_even_to_the_right_password(client: Client, person: User) -> None:
    for _ in range(10):
        assert REFUSAL in sign_in(client, person.email, "faux").text
    answer = sign_in(client, person.email)
    assert answer.status_code == 422
    assert CLOSED in answer.text


def test_the_door_closes_for_an_unknown_address_just_as_well(client: Client) -> None:
    for _ in range(10):
        sign_in(client, "inconnue@exemple.fr", "faux")
    assert CLOSED in sign_in(client, "inconnue@exemple.fr", "faux").text


def test_the_spelling_of_the_e_mail_does_not_reopen_the_door(client: Client, person: User) -> None:
    for _ in range(10):
        sign_in(client, person.email, "faux")
    assert CLOSED in sign_in(client, person.email.upper()).text


def test_a_success_forgets_the_failures_before_it(client: Client, person: User) -> None:
    for _ in range(9):
        sign_in(client, person.email, "faux")
    assert sign_in(client, person.email).status_code == 302
    client.post("/deconnexion/")
    for _ in range(9):
        assert REFUSAL in sign_in(client, person.email, "faux").text


def test_the_door_stays_open_to_others_and_from_elsewhere(client: Client, person: User) -> None:
    other = UserFactory(email="paul@isere.exemple.fr")
    for _ in range(10):
        sign_in(client, person.email, "faux")
    assert sign_in(Client(), other.email).status_code == 302
    assert sign_in(Client(REMOTE_ADDR="203.0.113.7"), person.email).status_code == 302


def test_one_password_tried_on_many_accounts_closes_the_address(client: Client, person: User) -> None:
    for number in range(100):
        sign_in(client, f"compte{number}@exemple.fr", "Printemps2030!")
    assert CLOSED in sign_in(client, person.email).text
    assert sign_in(Client(REMOTE_ADDR="203.0.113.7"), person.email).status_code == 302


@override_settings(BEHIND_TLS_PROXY=True)
def test_behind_the_proxy_the_address_is_the_one_that_the_proxy_adds(person: User) -> None:
    for number in range(10):
        # The first part is the client's own word: changing it changes nothing.
        attacker = Client(headers={"X-Forwarded-For": f"198.51.100.{number}, 203.0.113.9"})
        sign_in(attacker, person.email, "faux")
    assert CLOSED in sign_in(Client(headers={"X-Forwarded-For": "192.0.2.1, 203.0.113.9"}), person.email).text
    assert sign_in(Client(headers={"X-Forwarded-For": "192.0.2.1"}), person.email).status_code == 302


def test_signing_out_needs_a_post_and_ends_the_session(client: Client, person: User) -> None:
    client.force_login(person)
    assert client.get("/deconnexion/").status_code == 405
    assert client.get("/mon-compte/").status_code == 200
    assert client.post("/deconnexion/").url == SIGN_IN
    assert client.get("/mon-compte/").status_code == 302


def test_a_form_without_its_token_says_that_it_expired(person: User) -> None:
    client = Client(enforce_csrf_checks=True)
    answer = sign_in(client, person.email)
    assert answer.status_code == 403
    assert "Ce formulaire a expiré" in answer.text


def test_real_passwords_are_kept_with_argon2() -> None:
    real_order = [name for name in settings.PASSWORD_HASHERS if "MD5" not in name]
    with override_settings(PASSWORD_HASHERS=real_order):
        user = UserFactory(password="un mot de passe solide")
        assert identify_hasher(user.password).algorithm == "argon2"


def test_the_sign_in_page_names_its_route() -> None:
    assert reverse(settings.LOGIN_URL) == SIGN_IN
