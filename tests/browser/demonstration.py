"""The demonstration as the browser tests, the benchmark and the screenshots use it."""

from __future__ import annotations

import tomllib
from io import StringIO

from django.conf import settings
from django.core.management import call_command

from tests.loaded import load_once

EDITOR = "departement38@exemple.fr"
PREFECTURE = "prefecture38@exemple.fr"
READER = "lecture38@exemple.fr"
FOREIGN_EDITOR = "departement59@exemple.fr"
FULL_EDITOR = "departement63@exemple.fr"
MINISTRY = "dgcs@exemple.fr"

ISERE = "38-2022"
FULL = "63-2020"


def load() -> None:
    """Everything that `make demo` loads, in the current database."""
    load_once("loaddemo", lambda: call_command("loaddemo", verbosity=0, stdout=StringIO()))


def password() -> str:
    """The one password of the demonstration accounts."""
    with (settings.BASE_DIR / "fixtures" / "demo" / "accounts.toml").open("rb") as file:
        return str(tomllib.load(file)["password"])


def contract_pages(reference: str, sheet: int = 1) -> list[str]:
    """Every page of the walk around one contract, as its editor meets them."""
    base = f"/contrats/{reference}"
    return [
        f"{base}/",
        f"{base}/informations/",
        f"{base}/compte/",
        f"{base}/diagnostic/",
        f"{base}/objectifs/",
        f"{base}/tableau-de-bord/",
        f"{base}/tableau-de-bord/modifier/",
        f"{base}/fiches/",
        f"{base}/fiches/nouvelle/",
        f"{base}/fiches/importer/",
        f"{base}/fiches/{sheet}/",
        f"{base}/fiches/{sheet}/supprimer/",
        f"{base}/plan-d-action/",
        f"{base}/accord/",
        f"{base}/avenants/",
        f"{base}/a-une-date/",
        f"{base}/financement/",
        f"{base}/recherche/?q=familles",
        f"{base}/historique/",
        f"{base}/historique/comparer/",
        f"{base}/historique/journal/",
        f"{base}/document/",
        f"{base}/conformite/",
    ]
