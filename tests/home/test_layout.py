"""What every page shares: the State's header, the menu by role, the messages, the error pages, the policy."""

from __future__ import annotations

import re

import pytest
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.test import Client, RequestFactory, override_settings
from django.urls import path
from django.views import defaults

from cdppe.accounts.models import User
from cdppe.urls import urlpatterns as site
from tests.cast import Cast


def browser_of(user: User) -> Client:
    browser = Client(raise_request_exception=False)
    browser.force_login(user)
    return browser


def menu_of(page: str) -> list[str]:
    """The labels of the main menu, in order."""
    menu = re.search(r'<nav class="fr-nav".*?</nav>', page, re.DOTALL)
    if menu is None:
        return []
    found = re.findall(r'class="fr-nav__(?:link|btn)"[^>]*>\s*(.*?)\s*</', menu.group(), re.DOTALL)
    return [label.strip() for label in found]


def test_the_menu_offers_the_allocation_to_the_ministry_alone(cast: Cast) -> None:
    council = menu_of(browser_of(cast.council_editor).get("/mon-compte/").text)
    ministry = menu_of(browser_of(cast.dgcs_reader).get("/mon-compte/").text)
    assert council == ["Accueil", "Contrats", "Rechercher", "Mes institutions", "Département de l’Isère"]
    nation = ["Répartition", "Transmissions", "Journal"]
    assert ministry == ["Accueil", "Contrats", "Rechercher", *nation, "Mes institutions", "DGCS"]


def test_the_menu_says_where_one_is(cast: Cast) -> None:
    page = browser_of(cast.council_editor).get("/contrats/").text
    current = re.findall(r'href="([^"]+)"\s+aria-current="(?:page|true)"', page)
    assert current == ["/contrats/"]
    below = browser_of(cast.council_editor).get(f"/contrats/{cast.contract.reference}/").text
    assert re.search(r'href="/contrats/"\s+aria-current="true"', below)


def test_the_header_names_the_person_and_lets_them_leave_by_post(cast: Cast) -> None:
    page = browser_of(cast.council_editor).get("/mon-compte/").text
    assert f"Mon compte : {cast.council_editor.get_full_name()}" in page
    form = re.search(r'<form method="post" action="/deconnexion/">.*?</form>', page, re.DOTALL)
    assert form is not None
    assert "csrfmiddlewaretoken" in form.group()


def test_a_visitor_is_offered_to_sign_in_and_no_menu(client: Client, db: None) -> None:
    page = client.get("/connexion/").text
    assert menu_of(page) == []
    assert "Se déconnecter" not in page
    assert 'href="/connexion/">Se connecter' in page


def test_a_name_with_markup_is_shown_as_text(cast: Cast) -> None:
    User.objects.filter(pk=cast.council_editor.pk).update(last_name="<script>alert(1)</script>{{7*7}}")
    page = browser_of(cast.council_editor).get("/mon-compte/").text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;{{7*7}}" in page


def test_every_asset_of_a_page_is_ours_and_exists(cast: Cast) -> None:
    page = browser_of(cast.dgcs_editor).get("/mon-compte/").text
    assets = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="([^"]+)"', page)
    assert len(assets) >= 7
    for asset in assets:
        assert asset.startswith("/static/"), asset
        assert finders.find(asset.removeprefix("/static/")), asset


def test_a_page_has_no_script_or_style_inside_it(cast: Cast) -> None:
    page = browser_of(cast.dgcs_editor).get("/mon-compte/").text
    assert re.findall(r"<script(?![^>]*\bsrc=)", page) == []
    assert "<style" not in page
    assert re.findall(r'\s(?:style|on[a-z]+)="', page) == []


def test_the_policy_refuses_what_is_not_ours(client: Client, db: None) -> None:
    policy = client.get("/connexion/").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy


def test_a_page_that_does_not_exist_says_so_and_leads_back(cast: Cast) -> None:
    answer = browser_of(cast.council_editor).get("/contrats/59-2030/")
    assert answer.status_code == 404
    assert "Page introuvable" in answer.text
    assert "que votre compte ne suit pas" in answer.text
    assert "Revenir à l’accueil" in answer.text
    assert "Contrats" in menu_of(answer.text), "who is signed in keeps the menu"


def test_a_foreign_page_and_one_that_never_existed_read_the_same(cast: Cast) -> None:
    browser = browser_of(cast.council_editor)

    def without_tokens(page: str) -> str:
        return re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", page)

    foreign = without_tokens(browser.get("/contrats/59-2030/").text)
    unknown = without_tokens(browser.get("/contrats/99-1999/").text)
    assert foreign == unknown


def test_a_gesture_that_a_role_does_not_allow_is_explained(cast: Cast) -> None:
    answer = browser_of(cast.council_reader).get(f"/institutions/{cast.council.pk}/inviter/")
    assert answer.status_code == 403
    assert "Seules les personnes qui administrent « Département de l’Isère »" in answer.text
    plain = browser_of(cast.council_reader).get("/repartition/")
    assert plain.status_code == 403
    assert "Votre rôle dans votre institution" in plain.text


def broken(request):
    raise ZeroDivisionError


class WithABrokenPage:
    urlpatterns = [path("casse/", broken), *site]


@override_settings(ROOT_URLCONF=WithABrokenPage)
def test_an_error_of_ours_says_that_it_is_ours(cast: Cast) -> None:
    answer = browser_of(cast.council_editor).get("/casse/")
    assert answer.status_code == 500
    assert "Ce n’est pas de votre fait" in answer.text
    assert "ZeroDivisionError" not in answer.text
    assert "Se connecter" not in answer.text, "the page knows nobody: the person may well be signed in"


def test_a_request_that_makes_no_sense_gets_a_page_too(rf: RequestFactory) -> None:
    answer = defaults.bad_request(rf.get("/"), ValueError())
    assert answer.status_code == 400
    assert "Demande incomprise" in answer.content.decode()


@pytest.mark.parametrize(
    ("level", "role"), [("error", "alert"), ("success", "status"), ("info", "status"), ("warning", "status")]
)
def test_a_message_is_read_aloud_according_to_its_weight(level: str, role: str) -> None:
    class Message:
        level_tag = level

        def __str__(self) -> str:
            return "Le texte & la suite"

    shown = render_to_string("components/messages.html", {"messages": [Message()]})
    assert f"fr-alert--{level}" in shown
    assert f'role="{role}"' in shown
    assert "Le texte &amp; la suite" in shown
