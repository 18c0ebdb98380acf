"""What of a contract is done, what is missing, and whose turn it is (rules A2, C5, K1, O2, O5, P2).

Pure: facts in, pieces out. The way to signature asks no visa (rule P3): nothing here blocks a gesture, it
tells people what remains.

What we chose where the text is silent: each objective of the contract is expected to have an action sheet;
the account is the department's turn, a representative's name the turn of the institution that they
represent, everything else the three parties'.
"""

from __future__ import annotations

from dataclasses import dataclass, field

ALL_PARTIES = ("prefecture", "ars", "council")
COUNCIL = ("council",)

SHEET_PARTS = {
    "operational_objective": "l’objectif opérationnel",
    "public": "le public cible",
    "actors": "les acteurs",
    "calendar": "le calendrier",
    "implementation_indicators": "un indicateur de mise en œuvre",
}
"""What rule A2 asks of a sheet besides its financing: {field: how a sentence names it}."""
FINANCING_PART = "le financement"
FINANCING_FIELD = "financing"
"""The place of the money on the page of a sheet, beside the names of its fields."""
UNWRITTEN_MARK = "[À compléter"
"""How each prompt of a skeleton begins (« [À compléter : …] »): a part that holds one is not written."""


@dataclass(frozen=True)
class SheetFacts:
    """One sheet: its number, and which parts that rule A2 asks for are empty, as a sentence names them."""

    number: int
    missing: tuple[str, ...]
    missing_fields: tuple[str, ...] = ()
    """The fields of `missing`, in the same order; the money's is `FINANCING_FIELD`."""

    @property
    def is_complete(self) -> bool:
        return not self.missing


@dataclass(frozen=True)
class ObjectiveFacts:
    """One objective of the contract: its name, how many sheets it has and how many the text demands."""

    label: str
    sheet_count: int
    demanded_count: int = 0


@dataclass(frozen=True)
class Facts:
    """What was found stored of one contract."""

    has_effect_date: bool
    unnamed_parties: tuple[tuple[str, str], ...]
    """(kind of institution or "", name in the contract) of each party without a representative."""
    has_court_and_officers: bool
    has_deliberation: bool
    has_account: bool
    optional_count: int
    optional_minimum: int
    optional_maximum: int
    dashboard_count: int
    objectives: tuple[ObjectiveFacts, ...] = field(default=())
    sheets: tuple[SheetFacts, ...] = field(default=())
    contact_kinds: frozenset[str] = frozenset(ALL_PARTIES)
    """The kinds of institution that have named a contact."""


@dataclass(frozen=True)
class Piece:
    """One piece of the contract: done or not, what is missing in words, whose turn, where it is written."""

    code: str
    label: str
    is_done: bool
    detail: str
    turn: tuple[str, ...]
    route: str


def missing_parts(empty_fields: frozenset[str], *, is_financed: bool) -> tuple[str, ...]:
    """The parts of rule A2 that a sheet lacks, given the names of its empty fields."""
    parts = tuple(name for code, name in SHEET_PARTS.items() if code in empty_fields)
    return parts if is_financed else (*parts, FINANCING_PART)


def missing_fields(empty_fields: frozenset[str], *, is_financed: bool) -> tuple[str, ...]:
    """The names of the fields that `missing_parts` says in words, in the same order."""
    fields = tuple(code for code in SHEET_PARTS if code in empty_fields)
    return fields if is_financed else (*fields, FINANCING_FIELD)


def pieces(facts: Facts) -> tuple[Piece, ...]:
    """Every piece of the contract, in the order in which a territory fills them."""
    return (
        _contacts(facts),
        Piece(
            "effect-date",
            "Date de prise d’effet",
            facts.has_effect_date,
            "" if facts.has_effect_date else "Elle date le rétroplanning.",
            ALL_PARTIES,
            "contracts:details-edit",
        ),
        _objectives(facts),
        _dashboard(facts),
        _sheets(facts),
        _complete_sheets(facts),
        _parties(facts),
        Piece(
            "officers",
            "Tribunal, ordonnateurs et comptables",
            facts.has_court_and_officers,
            "" if facts.has_court_and_officers else "L’article 4 et l’article 7 du contrat les nomment.",
            ALL_PARTIES,
            "contracts:details-edit",
        ),
        Piece(
            "account",
            "Compte bancaire du département",
            facts.has_account,
            "" if facts.has_account else "L’IBAN et le BIC de l’article 4.",
            COUNCIL,
            "contracts:details-edit",
        ),
        Piece(
            "deliberation",
            "Délibération de l’assemblée départementale",
            facts.has_deliberation,
            "" if facts.has_deliberation else "Son numéro et sa date, une fois votée.",
            COUNCIL,
            "contracts:details-edit",
        ),
    )


def missing(all_pieces: tuple[Piece, ...]) -> tuple[Piece, ...]:
    """The pieces that are not done."""
    return tuple(piece for piece in all_pieces if not piece.is_done)


PARTY_WORDS = {"prefecture": "la préfecture", "ars": "l’ARS", "council": "le département"}


def _contacts(facts: Facts) -> Piece:
    """Each institution names one contact, two at most (rule P2)."""
    without = tuple(kind for kind in ALL_PARTIES if kind not in facts.contact_kinds)
    names = [PARTY_WORDS[kind] for kind in without]
    return Piece(
        "contacts",
        "Contacts des institutions",
        not without,
        f"À nommer : {_listed(names)}." if names else "",
        without or ALL_PARTIES,
        "contracts:details-edit",
    )


def _objectives(facts: Facts) -> Piece:
    chosen = _counted(facts.optional_count, "objectif facultatif choisi", "objectifs facultatifs choisis")
    detail = f"{chosen}, {facts.optional_maximum} au plus."
    if facts.optional_count < facts.optional_minimum:
        detail = f"{chosen} : il en faut au moins {facts.optional_minimum}."
    return Piece(
        "objectives",
        "Objectifs",
        bool(facts.objectives) and facts.optional_count >= facts.optional_minimum,
        detail,
        ALL_PARTIES,
        "contracts:objectives",
    )


def _dashboard(facts: Facts) -> Piece:
    is_started = facts.dashboard_count > 0
    return Piece(
        "dashboard",
        "Tableau de bord",
        is_started,
        _counted(facts.dashboard_count, "valeur saisie", "valeurs saisies") + "."
        if is_started
        else "Aucune valeur de référence ni cible n’est saisie.",
        ALL_PARTIES,
        "indicators:dashboard",
    )


def _sheets(facts: Facts) -> Piece:
    bare = [each.label for each in facts.objectives if each.sheet_count == 0]
    short = [
        f"{each.label} ({each.sheet_count} sur {each.demanded_count} demandées)"
        for each in facts.objectives
        if 0 < each.sheet_count < each.demanded_count
    ]
    details = []
    if bare:
        details.append(f"Sans fiche : {_listed(bare)}.")
    if short:
        details.append(f"Fiches demandées par la circulaire : {_listed(short)}.")
    is_done = bool(facts.sheets) and not details
    if is_done:
        details.append(_counted(len(facts.sheets), "fiche", "fiches") + ".")
    return Piece("sheets", "Fiches action", is_done, " ".join(details), ALL_PARTIES, "contracts:sheets")


def _complete_sheets(facts: Facts) -> Piece:
    numbers = sorted(sheet.number for sheet in facts.sheets if not sheet.is_complete)
    incomplete = [f"n° {number}" for number in numbers]
    if not facts.sheets:
        detail = "Aucune fiche n’est écrite."
    elif incomplete:
        detail = f"À compléter : {_listed(incomplete)}."
    else:
        detail = "Toutes ont objet, public, acteurs, calendrier, financement et indicateur."
    return Piece(
        "complete-sheets",
        "Fiches complètes",
        bool(facts.sheets) and not incomplete,
        detail,
        ALL_PARTIES,
        "contracts:sheets",
    )


def _parties(facts: Facts) -> Piece:
    kinds = tuple(dict.fromkeys(kind for kind, _ in facts.unnamed_parties if kind))
    names = [name for _, name in facts.unnamed_parties]
    return Piece(
        "parties",
        "Représentants des parties",
        not names,
        f"À nommer : {_listed(names)}." if names else "",
        kinds or ALL_PARTIES,
        "contracts:details-edit",
    )


def _counted(count: int, one: str, several: str) -> str:
    # In French zero and one take the singular.
    return f"{count} {one if count < 2 else several}"


def _listed(names: list[str], limit: int = 6) -> str:
    shown = ", ".join(names[:limit])
    rest = len(names) - limit
    return f"{shown} et {rest} autre{'s' if rest > 1 else ''}" if rest > 0 else shown
