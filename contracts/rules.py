"""The rules of the contract itself, against which `contracts.compliance` checks it (C2, P1, P2, O1, O2,
O4-O7, M6, A1, A2, K1, K3).

Source: circulaire 2020/34, I-B, annexes 2, 4-I, 5.1, 5.4 and 6. Every check is pure: the facts below in,
findings out; the loaders at the end read the database.

How a severity was judged (docs/decisions/compliance-severities.md): what the text orders of the contract
(« doivent », « il est demandé », « en précise », an article's blank) blocks; what it orders but a program
cannot read, or orders of people and not of the contract, is to be checked; what it only offers as a model is
advice. Each check says in its docstring on which words it rests.

Two rules wait for the models they need: the contacts of the institutions (facts "contacts", see
`ContactsFacts`) and the information of the ODPE (facts "odpe", see `OdpeFacts`). Once their loader is
registered they are checked, without a line here.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Exists, OuterRef, Q

from cdppe.accounts.models import Institution
from cdppe.lib.french_words import joined
from contracts.compliance import Finding, Rule, Severity
from contracts.models import (
    ActionSheet,
    BankAccount,
    Contact,
    Contract,
    ContractModel,
    ContractObjective,
    ContractParty,
    Deadline,
    DeadlineExtension,
    Objective,
    SettledDeadline,
)
from contracts.overview import PARTIES, signs
from contracts.places import Place
from contracts.progress import ALL_PARTIES, SHEET_PARTS

CIRCULAR = "circulaire"
MODEL_PARTS = {
    "referent": "le référent",
    "diagnosis": "le constat du diagnostic",
    "description": "la description de l’action",
    "vigilance_points": "les points de vigilance",
}
"""What annexe 5.4 has a place for and annexe 4-I does not ask: {field of the sheet: how a sentence names
it}."""


# --- The facts ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class ObjectiveFacts:
    """An objective of the contract, with what the campaign asks of it; `pk` is the contract's own row."""

    pk: int
    label: str
    is_own: bool = False
    is_of_the_campaign: bool = True
    sheet_numbers: tuple[int, ...] = ()
    sheet_demands: tuple[str, ...] = ()
    action_statements: tuple[str, ...] = ()
    technical_advice: str = ""


@dataclass(frozen=True)
class SheetFacts:
    """A sheet, the names of its empty fields, whether its objective is one of this contract."""

    pk: int
    number: int
    empty: frozenset[str] = frozenset()
    has_financing: bool = True
    serves_the_contract: bool = True
    action_statements: tuple[str, ...] = ()


@dataclass(frozen=True)
class PartyFacts:
    """A signing party: `field` is its box in the form of the parties."""

    label: str
    name: str
    title: str
    field: str


@dataclass(frozen=True)
class DeadlineFacts:
    """A national deadline of the preparation that has passed, without a proof that it was kept."""

    code: str
    label: str
    due_on: dt.date


@dataclass(frozen=True)
class ContractFacts:
    """What is stored of one contract, but its money and its indicators."""

    optional_minimum: int = 0
    optional_maximum: int = 0
    own_maximum: int = 0
    optional_count: int = 0
    absent_fundamentals: tuple[str, ...] = ()
    objectives: tuple[ObjectiveFacts, ...] = ()
    sheets: tuple[SheetFacts, ...] = ()
    parties: tuple[PartyFacts, ...] = ()
    blanks: frozenset[str] = frozenset()
    """The named blanks of the model contract."""
    empty_details: frozenset[str] = frozenset()
    """The fields of the general information that are empty."""
    has_account: bool = True
    deliberation_on: dt.date | None = None
    planned_effect_on: dt.date | None = None
    passed_deadlines: tuple[DeadlineFacts, ...] = field(default=())


@dataclass(frozen=True)
class ContactFacts:
    """A contact as an institution named them (rule P2)."""

    name: str
    email: str
    phone: str


@dataclass(frozen=True)
class ContactsFacts:
    """{name of each of the three institutions, in the order of the contract: its contacts}.

    A loader gives every institution that is a party, with an empty tuple for one that named nobody.
    """

    by_institution: Mapping[str, Sequence[ContactFacts]]


@dataclass(frozen=True)
class OdpeFacts:
    """When the ODPE was informed of the draft, and when the assembly deliberated; None while not stated.

    `no_information_reason` is why it was not, where a territory says so.
    """

    informed_on: dt.date | None
    deliberation_on: dt.date | None
    no_information_reason: str = ""


# --- Calendar and parties -----------------------------------------------------------------------------------


def deadlines_kept(facts: ContractFacts) -> Iterator[Finding]:
    """C2. « Au plus tard le… » orders, but people, not the contract; late is normal and shown: to be
    checked."""
    place = Place("calendar")
    for deadline in facts.passed_deadlines:
        yield Finding(
            f"L’échéance « {deadline.label} » est passée ({deadline.due_on:%d/%m/%Y}) : "
            "vérifiez que c’est fait, ou dites ce qui retarde.",
            place,
            deadline.code,
        )


def contacts_named(facts: ContactsFacts) -> Iterator[Finding]:
    """P2. « Il vous est demandé de transmettre… d’un ou au maximum deux contacts »: asked of the State's
    services, before the contract and beside it; a contract can be signed without it: to be checked."""
    place = Place("details", 0, "contacts")
    for rank, (institution, contacts) in enumerate(facts.by_institution.items(), start=1):
        about = f"institution-{rank}"
        if not contacts:
            yield Finding(
                f"{institution} n’a désigné aucun contact : un au moins, deux au plus.", place, about
            )
        elif len(contacts) > 2:
            yield Finding(
                f"{institution} a désigné {len(contacts)} contacts : la circulaire en veut deux au plus.",
                place,
                about,
            )
        incomplete = [each.name for each in contacts if not (each.email and each.phone)]
        if incomplete:
            yield Finding(
                f"Le courriel ou le téléphone manque pour {joined(incomplete)} ({institution}).",
                place,
                f"{about}-incomplete",
            )


def representatives_named(facts: ContractFacts) -> Iterator[Finding]:
    """K1. A blank of the model contract (« représenté par xxxxxxxxxx »): the text is not whole without it,
    hence blocking."""
    for party in facts.parties:
        if not party.name:
            yield Finding(
                f"Le représentant n’est pas nommé pour : {party.label}.", Place("details", 0, party.field)
            )


def representatives_titled(facts: ContractFacts) -> Iterator[Finding]:
    """K1. The model leaves no blank for the quality of who signs: advice."""
    for party in facts.parties:
        if party.name and not party.title:
            yield Finding(
                f"La qualité de {party.name} n’est pas indiquée ({party.label}).",
                Place("details", 0, party.field.replace("_name", "_title")),
            )


DETAIL_OF_BLANK = {
    "deliberation_number": ("deliberation_number", "Le numéro de la délibération n’est pas indiqué."),
    "deliberation_on": ("deliberation_on", "La date de la délibération n’est pas indiquée."),
    "court": ("court", "Le tribunal administratif compétent n’est pas indiqué (article 7)."),
    "place": ("signed_at_place", "Le lieu de signature n’est pas indiqué."),
}
"""{blank of the model contract: (field that fills it, sentence)}; the others are parties, amounts or the
account."""


def blanks_filled(facts: ContractFacts) -> Iterator[Finding]:
    """K1. Blanks of the model contract, hence blocking as long as one is open."""
    for blank, (name, sentence) in DETAIL_OF_BLANK.items():
        if blank in facts.blanks and name in facts.empty_details:
            yield Finding(sentence, Place("details", 0, name))


def account_given(facts: ContractFacts) -> Iterator[Finding]:
    """M6. Article 4 writes the account in the contract, as blanks: blocking."""
    if not facts.has_account:
        yield Finding(
            "Le compte bancaire du département n’est pas saisi : l’article 4 du contrat le cite.",
            Place("details", 0, "account"),
        )


OFFICERS = {
    "state_officer": "L’ordonnateur des crédits de l’État n’est pas nommé.",
    "state_accountant": "Le comptable assignataire des crédits de l’État n’est pas nommé.",
    "agency_officer": "L’ordonnateur des crédits de l’ARS n’est pas nommé.",
    "agency_accountant": "Le comptable assignataire des crédits de l’ARS n’est pas nommé.",
}


def officers_named(facts: ContractFacts) -> Iterator[Finding]:
    """M6. Article 4 names the ordering officers and the accountants, as blanks: blocking."""
    for name, sentence in OFFICERS.items():
        if name in facts.empty_details:
            yield Finding(sentence, Place("details", 0, name))


def deliberation_before_effect(facts: ContractFacts) -> Iterator[Finding]:
    """K3. The assembly authorises the signature, which gives effect (article 5). The date of effect is only
    planned, so that one of the two dates may simply be wrong: to be checked."""
    deliberation, effect = facts.deliberation_on, facts.planned_effect_on
    if deliberation is not None and effect is not None and deliberation > effect:
        yield Finding(
            f"La délibération ({deliberation:%d/%m/%Y}) suit la prise d’effet prévue ({effect:%d/%m/%Y}) : "
            "elle doit la précéder.",
            Place("details", 0, "deliberation_on"),
        )


def odpe_informed_first(facts: OdpeFacts) -> Iterator[Finding]:
    """K3. « Ont vocation à être présentés pour information aux ODPE en amont »: a vocation, no order; the
    opinion may be missing, with a reason: to be checked."""
    place = Place("details", 0, "odpe_informed_on")
    if facts.informed_on is None:
        if not facts.no_information_reason:
            yield Finding(
                "L’information de l’ODPE n’est pas datée : le projet lui est présenté avant l’assemblée.",
                place,
            )
    elif facts.deliberation_on is not None and facts.informed_on >= facts.deliberation_on:
        yield Finding(
            f"L’ODPE a été informé le {facts.informed_on:%d/%m/%Y}, après l’assemblée départementale "
            f"({facts.deliberation_on:%d/%m/%Y}).",
            place,
            "order",
        )


# --- Objectives ---------------------------------------------------------------------------------------------


def objectives_of_the_catalogue(facts: ContractFacts) -> Iterator[Finding]:
    """O1. The contract carries the objectives of annexe 2; another campaign's has no meaning: blocking."""
    for objective in facts.objectives:
        if not objective.is_of_the_campaign:
            yield Finding(
                f"« {objective.label} » n’est pas un objectif de cette campagne : retirez-le.",
                Place("objectives", objective.pk),
            )


def fundamentals_carried(facts: ContractFacts) -> Iterator[Finding]:
    """O2. « Il est demandé à chaque département de s’engager a minima sur 11 objectifs fondamentaux »:
    blocking."""
    for number, label in enumerate(facts.absent_fundamentals, start=1):
        yield Finding(
            f"L’objectif fondamental « {label} » n’est pas au contrat : tous doivent y être.",
            Place("objectives"),
            f"absent-{number}",
        )


def optional_count_in_bounds(facts: ContractFacts) -> Iterator[Finding]:
    """O2. « Jusqu’à 15 objectifs facultatifs », and the least number that a campaign may ask: bounds, hence
    blocking."""
    place = Place("objectives")
    if facts.optional_count < facts.optional_minimum:
        yield Finding(
            f"{_objectives(facts.optional_count)} : il en faut au moins {facts.optional_minimum}.",
            place,
            "few",
        )
    if facts.optional_count > facts.optional_maximum:
        yield Finding(
            f"{_objectives(facts.optional_count)} : la campagne en veut {facts.optional_maximum} au plus.",
            place,
            "many",
        )


def own_objectives_in_bounds(facts: ContractFacts) -> Iterator[Finding]:
    """O4. « Peut s’y ajouter, le cas échéant, un objectif spécifique »: one, a bound, hence blocking."""
    own = [each for each in facts.objectives if each.is_own]
    if len(own) > facts.own_maximum:
        yield Finding(
            f"{len(own)} objectifs propres au territoire : la campagne en admet {facts.own_maximum} au plus.",
            Place("objectives", own[-1].pk),
        )


def objectives_have_an_action(facts: ContractFacts) -> Iterator[Finding]:
    """A2. The parties undertake actions for each objective (article 2.1), described in sheets; the sheet
    itself is asked of each co-financed action, not of each objective: to be checked."""
    for objective in facts.objectives:
        if not objective.sheet_numbers and not objective.sheet_demands:
            yield Finding(
                f"« {objective.label} » n’a aucune fiche action : le contrat s’engage sur des actions pour "
                "chaque objectif.",
                Place("objectives", objective.pk),
            )


def demanded_sheets_there(facts: ContractFacts) -> Iterator[Finding]:
    """O5. « Il est demandé que le président du conseil départemental s’engage à travers une fiche action »:
    blocking while the objective has no sheet at all."""
    for objective in facts.objectives:
        if objective.sheet_demands and not objective.sheet_numbers:
            yield Finding(
                f"« {objective.label} » demande une fiche action, et n’en a aucune. "
                f"{objective.sheet_demands[0]}",
                Place("objectives", objective.pk),
            )


def demanded_commitments_there(facts: ContractFacts) -> Iterator[Finding]:
    """O5. One sheet may hold several of the commitments demanded: only a reader can tell, to be checked."""
    for objective in facts.objectives:
        demanded, sheets = len(objective.sheet_demands), len(objective.sheet_numbers)
        if 0 < sheets < demanded:
            yield Finding(
                f"« {objective.label} » demande {demanded} engagements et a {_sheets(sheets)} : vérifiez que "
                "les textes les portent tous.",
                Place("objectives", objective.pk),
            )


def statements_made(facts: ContractFacts) -> Iterator[Finding]:
    """O6. « Doivent s’inscrire dans un cahier des charges précis, incluant… »: an order, but about words that
    only a reader can find in a text: to be checked."""
    for sheet in facts.sheets:
        if sheet.action_statements:
            told = " ; ".join(each.rstrip(" .") for each in sheet.action_statements)
            yield Finding(
                f"Fiche n° {sheet.number} : vérifiez que la description dit chacun de ces points. {told}.",
                Place("sheets", sheet.pk, "description"),
            )


def advice_asked(facts: ContractFacts) -> Iterator[Finding]:
    """O7. « Vous veillerez à faire systématiquement remonter »: asked of the State's services, and only for
    some projects; there is no visa (rule P3): to be checked."""
    for objective in facts.objectives:
        if objective.technical_advice and objective.sheet_numbers:
            yield Finding(
                f"« {objective.label} » : {_lowered(objective.technical_advice)} "
                "Indiquez quand et à qui le projet a été transmis, ou qu’il n’est pas concerné.",
                Place("objectives", objective.pk),
            )


# --- Sheets -------------------------------------------------------------------------------------------------


def sheets_serve_the_contract(facts: ContractFacts) -> Iterator[Finding]:
    """A2. An action serves an objective of this contract, else it has no place in it: blocking."""
    for sheet in facts.sheets:
        if not sheet.serves_the_contract:
            yield Finding(
                f"La fiche n° {sheet.number} sert un objectif qui n’est pas au contrat.",
                Place("sheets", sheet.pk, "contract_objective"),
            )


def sheets_complete(facts: ContractFacts) -> Iterator[Finding]:
    """A2. « Une fiche action annexée au contrat en précise l’objet, le public-cible, les acteurs, le
    calendrier et les financements, ainsi que le ou les indicateurs »: blocking, part by part."""
    for sheet in facts.sheets:
        for name, told in SHEET_PARTS.items():
            if name in sheet.empty:
                yield Finding(f"Fiche n° {sheet.number} : il manque {told}.", Place("sheets", sheet.pk, name))
        if not sheet.has_financing:
            yield Finding(
                f"Fiche n° {sheet.number} : il manque le financement.", Place("sheets", sheet.pk, "financing")
            )


def sheets_follow_the_model(facts: ContractFacts) -> Iterator[Finding]:
    """A1. Annexe 5.4 is a « modèle de fiche action »: the fields that no other text asks are advice."""
    for sheet in facts.sheets:
        missing = [name for name in MODEL_PARTS if name in sheet.empty]
        if missing:
            yield Finding(
                f"Fiche n° {sheet.number} : le modèle prévoit aussi "
                f"{joined([MODEL_PARTS[n] for n in missing])}.",
                Place("sheets", sheet.pk, missing[0]),
                "model",
            )


# --- French -------------------------------------------------------------------------------------------------


def _objectives(count: int) -> str:
    return f"{count} objectif{'s' if count > 1 else ''} facultatif{'s' if count > 1 else ''}"


def _sheets(count: int) -> str:
    return f"{count} fiche{'s' if count > 1 else ''}"


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]


# --- The rules ----------------------------------------------------------------------------------------------

_BLOCKING, _TO_CHECK, _ADVICE = Severity.BLOCKING, Severity.TO_CHECK, Severity.ADVICE

RULES = (
    Rule(
        "deadlines-kept",
        "C2",
        f"{CIRCULAR}, I-B",
        _TO_CHECK,
        "Les échéances nationales de la préparation sont tenues",
        "La circulaire fixe au plus tard à ces dates les contacts, la première version, le projet aux "
        "montants stabilisés et la signature. Un retard se dit ; il n’empêche pas de signer.",
        "contract",
        deadlines_kept,
    ),
    Rule(
        "contacts-named",
        "P2",
        f"{CIRCULAR}, I-B",
        _TO_CHECK,
        "Chaque institution a un contact, deux au plus, avec courriel et téléphone",
        "« Il vous est demandé de transmettre […] les coordonnées (courriel et numéro de téléphone) d’un ou "
        "au maximum deux contacts au sein de chaque institution. »",
        "contacts",
        contacts_named,
    ),
    Rule(
        "representatives-named",
        "K1",
        f"{CIRCULAR}, annexe 5.1",
        _BLOCKING,
        "Le représentant de chaque partie est nommé",
        "« Entre l’État, représenté par […] » : le contrat-type nomme qui signe pour chaque partie.",
        "contract",
        representatives_named,
    ),
    Rule(
        "representatives-titled",
        "K1",
        f"{CIRCULAR}, annexe 5.1",
        _ADVICE,
        "La qualité de chaque représentant est indiquée",
        "Elle figure sous le nom dans le bloc de signature.",
        "contract",
        representatives_titled,
    ),
    Rule(
        "blanks-filled",
        "K1",
        f"{CIRCULAR}, annexe 5.1",
        _BLOCKING,
        "La délibération, le tribunal et le lieu de signature remplissent le contrat-type",
        "Le texte du contrat est celui du modèle, blancs remplis : un blanc ouvert n’est pas un texte à "
        "signer.",
        "contract",
        blanks_filled,
    ),
    Rule(
        "account-given",
        "M6",
        f"{CIRCULAR}, annexe 5.1, article 4",
        _BLOCKING,
        "Le compte du département est donné",
        "« Les montants correspondants seront crédités sur le compte du Département » : l’article 4 en écrit "
        "l’IBAN et le BIC.",
        "contract",
        account_given,
    ),
    Rule(
        "officers-named",
        "M6",
        f"{CIRCULAR}, annexe 5.1, article 4",
        _BLOCKING,
        "Les ordonnateurs et les comptables assignataires sont nommés",
        "« Le comptable assignataire de la dépense est […] » : l’article 4 les nomme.",
        "contract",
        officers_named,
    ),
    Rule(
        "deliberation-before-effect",
        "K3",
        f"{CIRCULAR}, annexe 5.1, visas et article 5",
        _TO_CHECK,
        "L’assemblée départementale délibère avant la prise d’effet",
        "La délibération autorise le président à signer, et le contrat « prend effet à compter de sa "
        "signature ».",
        "contract",
        deliberation_before_effect,
    ),
    Rule(
        "odpe-informed-first",
        "K3",
        f"{CIRCULAR}, I-B et annexe 5.1, article 2",
        _TO_CHECK,
        "L’ODPE est informé avant l’assemblée départementale",
        "« Les projets de contrats ont vocation à être présentés pour information aux observatoires "
        "départementaux de la protection de l’enfance (ODPE) en amont de leur examen par les assemblées. »",
        "odpe",
        odpe_informed_first,
    ),
    Rule(
        "objectives-of-the-catalogue",
        "O1",
        f"{CIRCULAR}, annexe 2",
        _BLOCKING,
        "Les objectifs sont ceux de la campagne",
        "L’annexe 2 en donne la liste ; une autre campagne en a d’autres.",
        "contract",
        objectives_of_the_catalogue,
    ),
    Rule(
        "fundamentals-carried",
        "O2",
        f"{CIRCULAR}, I-B et annexe 6",
        _BLOCKING,
        "Tous les objectifs fondamentaux sont au contrat",
        "« Il est demandé à chaque département de s’engager a minima sur [les] objectifs fondamentaux. »",
        "contract",
        fundamentals_carried,
    ),
    Rule(
        "optional-count",
        "O2",
        f"{CIRCULAR}, I-B et annexe 6",
        _BLOCKING,
        "Le nombre d’objectifs facultatifs est dans les bornes de la campagne",
        "« Peuvent s’y ajouter jusqu’à […] objectifs facultatifs, en fonction des priorités d’action et des "
        "projets portés localement. »",
        "contract",
        optional_count_in_bounds,
    ),
    Rule(
        "own-objectives",
        "O4",
        f"{CIRCULAR}, annexe 4-II-B",
        _BLOCKING,
        "Les objectifs propres au territoire ne dépassent pas le nombre admis",
        "« Peut s’y ajouter, le cas échéant, un objectif spécifique de santé publique […] déterminé par "
        "l’ARS et le conseil départemental. »",
        "contract",
        own_objectives_in_bounds,
    ),
    Rule(
        "sheet-demanded",
        "O5",
        f"{CIRCULAR}, annexe 6",
        _BLOCKING,
        "Les fiches action demandées existent",
        "« Il est demandé que le président du conseil départemental s’engage à travers une fiche action. »",
        "contract",
        demanded_sheets_there,
    ),
    Rule(
        "commitments-demanded",
        "O5",
        f"{CIRCULAR}, annexe 6",
        _TO_CHECK,
        "Les fiches portent tous les engagements demandés",
        "L’annexe 6 demande plusieurs engagements pour certains objectifs ; une fiche peut en porter "
        "plusieurs.",
        "contract",
        demanded_commitments_there,
    ),
    Rule(
        "statements-made",
        "O6",
        f"{CIRCULAR}, annexe 6",
        _TO_CHECK,
        "Les actions disent ce que la circulaire leur demande de dire",
        "« Les actions […] susceptibles d’être cofinancées […] doivent s’inscrire dans un cahier des charges "
        "précis. » L’outil ne lit pas les textes : une personne vérifie.",
        "contract",
        statements_made,
    ),
    Rule(
        "advice-asked",
        "O7",
        f"{CIRCULAR}, annexe 6",
        _TO_CHECK,
        "Les projets à remonter pour avis technique l’ont été",
        "« Vous veillerez à faire systématiquement remonter […] les projets éventuellement proposés à ce "
        "titre, pour un avis technique. » Cet avis n’est pas un visa.",
        "contract",
        advice_asked,
    ),
    Rule(
        "sheets-serve-the-contract",
        "A2",
        f"{CIRCULAR}, annexe 4-I",
        _BLOCKING,
        "Chaque action sert un objectif du contrat",
        "Les trois sources financent des actions « à l’appui de l’atteinte des objectifs ».",
        "contract",
        sheets_serve_the_contract,
    ),
    Rule(
        "objectives-have-an-action",
        "A2",
        f"{CIRCULAR}, annexe 5.1, article 2.1",
        _TO_CHECK,
        "Chaque objectif a une action",
        "Les parties « s’engagent à réaliser des actions concourant à la réalisation de ces […] objectifs », "
        "« décrites dans des fiches actions ».",
        "contract",
        objectives_have_an_action,
    ),
    Rule(
        "sheets-complete",
        "A2",
        f"{CIRCULAR}, annexe 4-I",
        _BLOCKING,
        "Chaque fiche dit l’objet, le public, les acteurs, le calendrier, les financements et un indicateur",
        "« Pour chaque action ou projet cofinancé […], une fiche action annexée au contrat en précise "
        "l’objet, le public-cible, les acteurs, le calendrier et les financements, ainsi que le ou les "
        "indicateurs de réalisation. »",
        "contract",
        sheets_complete,
    ),
    Rule(
        "sheets-follow-the-model",
        "A1",
        f"{CIRCULAR}, annexe 5.4",
        _ADVICE,
        "Chaque fiche remplit le modèle",
        "Le modèle de fiche prévoit aussi le référent, le constat du diagnostic, la description et les "
        "points de vigilance.",
        "contract",
        sheets_follow_the_model,
    ),
)


# --- Loading the facts --------------------------------------------------------------------------------------

DeadlineProof = Callable[[Sequence[Contract]], Mapping[int, frozenset[str]]]


def settled_deadlines(contracts: Sequence[Contract]) -> dict[int, set[str]]:
    """The deadlines that people said were met, on the calendar of each contract."""
    found: dict[int, set[str]] = defaultdict(set)
    settled = SettledDeadline.objects.filter(contract__in=[contract.pk for contract in contracts])
    for contract_id, code in settled.values_list("contract_id", "deadline__code"):
        found[contract_id].add(code)
    return found


def load_contact_facts(contracts: Sequence[Contract], today: dt.date) -> dict[int, ContactsFacts]:
    """The facts "contacts" of `contracts`: two queries whatever their number."""
    territories = {contract.territory_id: contract.territory for contract in contracts}
    institutions = Institution.objects.filter(kind__in=ALL_PARTIES).filter(
        Q(territory__in=territories) | Q(region__in={each.region_id for each in territories.values()})
    )
    parties = sorted(institutions, key=lambda each: ALL_PARTIES.index(each.kind))
    named: dict[tuple[int, int], list[ContactFacts]] = defaultdict(list)
    for contact in Contact.objects.current().filter(contract__in=[each.pk for each in contracts]):
        named[contact.contract_id, contact.institution_id].append(
            ContactFacts(contact.name, contact.email, contact.phone)
        )
    return {
        contract.pk: ContactsFacts(
            {
                each.name: tuple(named[contract.pk, each.pk])
                for each in parties
                if each.territory_id == contract.territory_id
                or (each.region_id is not None and each.region_id == contract.territory.region_id)
            }
        )
        for contract in contracts
    }


_deadline_proofs: list[DeadlineProof] = []


def register_deadline_proof(proof: DeadlineProof) -> None:
    """Have `proof` say which deadlines were kept: {primary key of a contract: codes}, in a fixed number of
    queries (a transmission, a signature)."""
    if proof not in _deadline_proofs:
        _deadline_proofs.append(proof)


def load_contract_facts(contracts: Sequence[Contract], today: dt.date) -> dict[int, ContractFacts]:
    """The facts "contract" of `contracts`: eight queries whatever their number and their sheets."""
    pks = [contract.pk for contract in contracts]
    campaigns = {contract.campaign_id for contract in contracts}
    blanks = {
        campaign_id: frozenset(each["name"] for each in names)
        for campaign_id, names in ContractModel.objects.filter(campaign__in=campaigns).values_list(
            "campaign_id", "blanks"
        )
    }
    fundamentals: dict[int, list[Objective]] = defaultdict(list)
    for objective in Objective.objects.fundamental().filter(campaign__in=campaigns).order_by("number"):
        fundamentals[objective.campaign_id].append(objective)
    objectives: dict[int, list[ContractObjective]] = defaultdict(list)
    for each in ContractObjective.objects.filter(contract__in=pks).in_order():
        objectives[each.contract_id].append(each)
    sheets = _sheets_by_contract(pks)
    parties: dict[int, list[ContractParty]] = defaultdict(list)
    for party in ContractParty.objects.filter(contract__in=pks).select_related("signatory"):
        parties[party.contract_id].append(party)
    with_account = set(BankAccount.objects.filter(contract__in=pks).values_list("contract_id", flat=True))
    deadlines = _passed_deadlines(contracts, campaigns, today)
    return {
        contract.pk: _facts(
            contract,
            fundamentals=fundamentals[contract.campaign_id],
            objectives=objectives[contract.pk],
            sheets=sheets[contract.pk],
            parties=[party for party in parties[contract.pk] if signs(party, contract)],
            blanks=blanks.get(contract.campaign_id, frozenset()),
            has_account=contract.pk in with_account,
            passed_deadlines=deadlines[contract.pk],
        )
        for contract in contracts
    }


def _sheets_by_contract(pks: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """The sheets as plain rows: what is empty is told by the database, no long text is read."""
    names = (*SHEET_PARTS, *MODEL_PARTS)
    rows = (
        ActionSheet.objects.in_plan()
        .filter(contract__in=pks)
        .annotate(
            is_financed=Exists(ActionSheet.objects.filter(pk=OuterRef("pk"), financings__isnull=False)),
            **{f"lacks_{name}": Q(**{name: ""}) for name in names},
        )
        .order_by("number")
        .values(
            "pk",
            "number",
            "contract_id",
            "contract_objective_id",
            "is_financed",
            *(f"lacks_{name}" for name in names),
        )
    )
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        empty = frozenset(name for name in names if row[f"lacks_{name}"])
        found[row["contract_id"]].append({**row, "empty": empty})
    return found


def _passed_deadlines(
    contracts: Sequence[Contract], campaigns: set[int], today: dt.date
) -> dict[int, tuple[DeadlineFacts, ...]]:
    """The deadlines of the preparation that have passed without proof.

    Those of the preparation are undated by an exercise, concern a party of the contract, and fall before the
    last day of the campaign's first year, from which on they are the days to denounce (article 6).
    """
    kept: dict[int, set[str]] = defaultdict(set)
    for proof in _deadline_proofs:
        for pk, codes in proof(contracts).items():
            kept[pk] |= codes
    put_off = {
        (deadline_id, territory_id): due_on
        for deadline_id, territory_id, due_on in DeadlineExtension.objects.filter(
            deadline__campaign__in=campaigns
        ).values_list("deadline_id", "territory_id", "due_on")
    }
    by_campaign: dict[int, list[Deadline]] = defaultdict(list)
    for deadline in Deadline.objects.filter(campaign__in=campaigns, exercise__isnull=True, due_on__lt=today):
        if PARTIES & set(deadline.parties):
            by_campaign[deadline.campaign_id].append(deadline)
    return {
        contract.pk: tuple(
            DeadlineFacts(each.code, each.label, put_off.get((each.pk, contract.territory_id), each.due_on))
            for each in by_campaign[contract.campaign_id]
            if each.due_on < dt.date(contract.campaign.year, 12, 31)
            and each.code not in kept[contract.pk]
            and put_off.get((each.pk, contract.territory_id), each.due_on) < today
        )
        for contract in contracts
    }


def _facts(
    contract: Contract,
    *,
    fundamentals: Sequence[Objective],
    objectives: Sequence[ContractObjective],
    sheets: Sequence[Mapping[str, Any]],
    parties: Sequence[ContractParty],
    blanks: frozenset[str],
    has_account: bool,
    passed_deadlines: tuple[DeadlineFacts, ...],
) -> ContractFacts:
    campaign = contract.campaign
    carried = {each.objective_id for each in objectives}
    numbers: dict[int, list[int]] = defaultdict(list)
    for sheet in sheets:
        numbers[sheet["contract_objective_id"]].append(sheet["number"])
    by_pk = {each.pk: each for each in objectives}
    kinds = Counter(each.is_fundamental for each in objectives if each.objective is not None)
    return ContractFacts(
        optional_minimum=campaign.optional_minimum,
        optional_maximum=campaign.optional_maximum,
        own_maximum=campaign.own_objective_maximum,
        optional_count=kinds[False],
        absent_fundamentals=tuple(str(each) for each in fundamentals if each.pk not in carried),
        objectives=tuple(
            _objective_facts(each, campaign.pk, tuple(numbers.get(each.pk, ()))) for each in objectives
        ),
        sheets=tuple(_sheet_facts(sheet, by_pk.get(sheet["contract_objective_id"])) for sheet in sheets),
        parties=tuple(
            PartyFacts(
                str(each.signatory),
                each.representative_name,
                each.representative_title,
                f"party_{each.pk}_name",
            )
            for each in parties
        ),
        blanks=blanks,
        empty_details=frozenset(
            name
            for name in (*(name for name, _ in DETAIL_OF_BLANK.values()), *OFFICERS)
            if not getattr(contract, name)
        ),
        has_account=has_account,
        deliberation_on=contract.deliberation_on,
        planned_effect_on=contract.planned_effect_on,
        passed_deadlines=passed_deadlines,
    )


def _objective_facts(each: ContractObjective, campaign_id: int, numbers: tuple[int, ...]) -> ObjectiveFacts:
    objective = each.objective
    if objective is None:
        return ObjectiveFacts(each.pk, each.label, is_own=True, sheet_numbers=numbers)
    return ObjectiveFacts(
        each.pk,
        each.label,
        is_of_the_campaign=objective.campaign_id == campaign_id,
        sheet_numbers=numbers,
        sheet_demands=tuple(objective.sheet_demands),
        action_statements=tuple(objective.action_statements),
        technical_advice=objective.technical_advice,
    )


def _sheet_facts(sheet: Mapping[str, Any], served: ContractObjective | None) -> SheetFacts:
    objective = served.objective if served is not None else None
    return SheetFacts(
        pk=sheet["pk"],
        number=sheet["number"],
        empty=sheet["empty"],
        has_financing=sheet["is_financed"],
        serves_the_contract=served is not None,
        action_statements=tuple(objective.action_statements) if objective is not None else (),
    )
