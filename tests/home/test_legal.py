"""What the site says of itself: honest where nothing is established, the operator's words where they are."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.cast import Cast

NOTICES = ("legal-notice", "accessibility", "personal-data", "site-map")
MISSING = "Non établi"


def page(client: Client, name: str) -> str:
    answer = client.get(reverse(f"home:{name}"))
    assert answer.status_code == 200
    return " ".join(answer.text.replace("\u00a0", " ").replace("&nbsp;", " ").split())


@pytest.mark.django_db
@pytest.mark.parametrize("name", NOTICES)
def test_every_page_links_to_every_notice(client: Client, name: str) -> None:
    assert f'href="{reverse(f"home:{name}")}"' in page(client, "legal-notice").partition("<footer")[2]
    page(client, name)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "missing"), [("legal-notice", 4), ("accessibility", 1), ("personal-data", 2)]
)
def test_what_the_operator_did_not_write_is_said_to_be_missing(
    client: Client, name: str, missing: int
) -> None:
    assert page(client, name).count(MISSING) == missing


@pytest.mark.django_db
def test_what_the_operator_wrote_is_shown_as_text(client: Client, settings: Any) -> None:
    settings.PUBLISHER = "Direction d’essai | 1 rue de l’<b>Exemple</b>"
    settings.PUBLICATION_DIRECTOR = "Camille Exemple"
    settings.HOSTING_PROVIDER = "Hébergeur d’essai"
    settings.CONTACT_EMAIL = "contact@exemple.fr"
    settings.DATA_PROTECTION_EMAIL = "dpd@exemple.fr"
    notice = page(client, "legal-notice")
    assert MISSING not in notice
    assert "1 rue de l’&lt;b&gt;Exemple&lt;/b&gt;" in notice
    assert 'href="mailto:contact@exemple.fr"' in notice
    assert "dpd@exemple.fr" in page(client, "personal-data")


@pytest.mark.django_db
def test_without_an_audit_the_declaration_says_not_compliant_as_the_footer_does(client: Client) -> None:
    shown = page(client, "accessibility")
    assert "<strong>non conforme</strong>" in shown
    assert "aucun audit n’a encore été fait" in shown
    assert "Accessibilité : non conforme</a>" in shown


@pytest.mark.django_db
def test_the_two_cookies_that_are_named_are_all_there_are(client: Client, cast: Cast) -> None:
    client.get(reverse("accounts:sign-in"))
    client.force_login(cast.council_editor)
    client.get(reverse("home:index"))
    assert set(client.cookies) == {"sessionid", "csrftoken"}
    assert "celui de la connexion (12 heures)" in page(client, "personal-data")


@pytest.mark.django_db
def test_the_plan_offers_what_the_reader_may_open(client: Client, cast: Cast) -> None:
    assert "Répartition" not in page(client, "site-map")
    client.force_login(cast.council_editor)
    shown = page(client, "site-map")
    assert "Fiches action" in shown
    assert cast.council.name in shown
    assert 'href="/repartition/"' not in shown
    client.force_login(cast.dgcs_reader)
    assert 'href="/repartition/"' in page(client, "site-map")
