"""The text of the circular cut by annexe, and what it says where our data corrects it.

The text is an extraction of the PDF: columns are jumbled, lines broken. `section` rejoins it (one space
between words, words broken by a hyphen at the end of a line put back together, page furniture taken out),
so that a label can be looked for word for word.
"""

import re
from collections.abc import Iterable
from pathlib import Path

FIXTURES = Path(__file__).resolve().parents[2] / "fixtures"
CIRCULAR = FIXTURES / "sources" / "circulaire-dgcs-2020-34.txt"
ISERE = FIXTURES / "sources" / "isere-2022-06-20.txt"

# The first words of each annexe in the text, in their order; an annexe ends where the next one starts.
STARTS = {
    "1": "Annexe 1 – Liste des départements",
    "2": "Annexe 2 – Objectifs de la contractualisation",
    "3": "Date de mise à jour de l'outil",
    "3.1": "il s’agit d’une chronologie de signature",
    "3.2": "Les cellules en vert peuvent être modifiées",
    "3.3": "Tâches à réaliser Responsable",
    "4": "Annexe 4 – Financements à l’appui des CDPPE \n \nI – Principes",
    "5.1": "CONTRAT DEPARTEMENTAL DE PREVENTION",
    "5.2": "2020 2021 2022 2020 2021 2022",
    "5.3": "Partenaires",
    "5.4": "STRATÉGIE NATIONALE DE PRÉVENTION ET",
    "6": "Annexe 6 – Cahier des charges des objectifs",
}

# Where the circular slips: what our files say → what it prints. Everything else is word for word.
SLIPS = {
    "entretien du 4e mois réalisé": "entetien du 4e mois réalisé",
    "première intervention du service": "première interventin du service",
    "Taux d'IP évaluées sous": "Taux d'IP évalués sous",
    "par objectif de contractualisation": "par objectif de contratctualisation",
    "concomitante": "concommittante",
    # The yearly amendment is article 5's, the yearly report article 3's.
    "programme 304 pourront faire l’objet d’une fongibilité entre les actions prévues par le présent "
    "contrat au sein de cette enveloppe, sous réserve d’une information préalable du Préfet. Ces "
    "modifications seront inscrites au contrat lors de l’adoption de l’avenant financier annuel mentionné "
    "à l’article 5.": "programme 304 pourront faire l’objet d’une fongibilité entre les actions prévues par "
    "le présent contrat au sein de cette enveloppe, sous réserve d’une information préalable du Préfet. Ces "
    "modifications seront inscrites au contrat lors de l’adoption de l’avenant financier annuel mentionné "
    "à l’article 4.",
    "soumis aux obligations résultant de l’article 3": "soumis aux obligations résultant de l’article 4",
}

FURNITURE = (
    r"Contrat départemental de prévention et de protection de l’enfance 2020-2022\s+\d/\d",
    r"Annexe 6 – Cahier des charges des objectifs / indicateurs / actions \d+/\d+",
)


def one_line(text: str) -> str:
    """`text` on one line, words broken at the end of a line rejoined with their hyphen."""
    return re.sub(r"\s+", " ", re.sub(r"(?<=\w)-\n\s*(?=\w)", "-", text)).strip()


def section(number: str) -> str:
    """The whole text of annexe `number` ("5.2") on one line."""
    return one_line(raw_section(number))


def raw_section(number: str) -> str:
    """The same with its lines as they came."""
    text = CIRCULAR.read_text(encoding="utf-8").replace("\f", " ")
    places = []
    start = 0
    for words in STARTS.values():
        start = text.index(words, start)
        places.append(start)
    names = list(STARTS)
    rank = names.index(number)
    end = places[rank + 1] if rank + 1 < len(names) else len(text)
    cut = text[places[rank] : end]
    for pattern in FURNITURE:
        cut = re.sub(pattern, " ", cut)
    return cut


def as_printed(text: str) -> str:
    """`text` of ours with the circular's slips put back."""
    for ours, printed in SLIPS.items():
        text = text.replace(ours, printed)
    return text


def without(text: str, parts: Iterable[str]) -> str:
    """`text` less each of `parts` (longest first, as often as each is listed), whitespace collapsed."""
    for part in sorted(parts, key=len, reverse=True):
        assert part in text, f"not in the annexe, or not so often: {part}"
        text = text.replace(part, " ", 1)
    return re.sub(r"\s+", " ", text).strip()
