"""How and when a contract ends: its last day, a denunciation and what follows from it (rules C1, D1).

Source: circulaire 2020/34, annexe 5.1, articles 5 and 6: « Le contrat peut être dénoncé par l’une ou l’autre
des parties par lettre recommandée avec accusé de réception adressée aux deux autres parties au plus tard le
31 décembre de chaque année. » The text gives no day of effect: we read that letters of one year end the
contract with that year (docs/decisions/denunciation.md).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.urls import reverse

from agreements.models import Denunciation
from agreements.needs import agreeing_parties
from cdppe.accounts.abilities import Ability, acts_for
from cdppe.accounts.models import User
from contracts.models import Contract, ContractParty
from contracts.notices import Notice
from contracts.workspace import Progress, Stage

UNTOLD = "Écrivez une date d’envoi à partir de la prise d’effet du contrat, le {on:%d/%m/%Y}."
TWO_YEARS = (
    "Les lettres sont envoyées au plus tard le 31 décembre d’une même année : la première est de {first}, la "
    "dernière de {last}. La dénonciation n’était pas complète le 31 décembre {first} : renvoyez les lettres "
    "de {first}, ou corrigez les dates."
)


def last_day_of(notified_on: dt.date) -> dt.date:
    """The last day of a contract denounced by letters of which the last was sent on `notified_on`.

    >>> last_day_of(dt.date(2031, 3, 4))
    datetime.date(2031, 12, 31)
    """
    return dt.date(notified_on.year, 12, 31)


def refusal_of_letters(sent: Collection[dt.date], *, in_effect_from: dt.date | None) -> str:
    """Why letters sent on these days do not denounce a contract in effect from that day; empty if they do."""
    first, last = min(sent), max(sent)
    if in_effect_from is not None and first < in_effect_from:
        return UNTOLD.format(on=in_effect_from)
    if first.year != last.year:
        return TWO_YEARS.format(first=first.year, last=last.year)
    return ""


def other_parties(contract: Contract, party: ContractParty) -> list[ContractParty]:
    """To whom `party` sends its letters: every other party that agrees to the contract."""
    return [each for each in agreeing_parties(contract) if each.pk != party.pk]


def parties_of(reader: User, contract: Contract) -> list[ContractParty]:
    """The parties in whose name `reader` writes: their own institution's, never another's."""
    return [
        party
        for party in agreeing_parties(contract)
        if acts_for(reader, Ability.CONTRACT_EDIT, party.signatory.institution_kind, contract.territory)
    ]


def standing_denunciation(contract: Contract) -> Denunciation | None:
    """The denunciation that nobody withdrew, with its party and its letters."""
    found: Denunciation | None = (
        Denunciation.objects.standing()
        .filter(contract=contract)
        .select_related("party__signatory", "recorded_by")
        .prefetch_related("letters__addressee__signatory")
        .first()
    )
    return found


def may_be_withdrawn(denunciation: Denunciation, contract: Contract, *, today: dt.date) -> bool:
    """Before the contract has ended: afterwards the others rely on its end."""
    return contract.is_in_force and today <= denunciation.effect_on


@dataclass(frozen=True)
class Report:
    """A yearly report of the execution: its year, when it is due, whether the denunciation leaves it due."""

    label: str
    exercise: int
    due_on: dt.date
    is_due: bool


def reports_of(contract: Contract, *, last_day: dt.date) -> tuple[Report, ...]:
    """The campaign's yearly reports: those of the years in which the contract held stay due (article 6)."""
    deadlines = contract.campaign.deadlines.filter(exercise__isnull=False).order_by("exercise", "due_on")
    return tuple(
        Report(each.label, each.exercise, each.due_on, each.exercise <= last_day.year)
        for each in deadlines
        if each.exercise is not None
    )


def lost_years(contract: Contract, former_end: dt.date, last_day: dt.date) -> tuple[int, ...]:
    """The years that the contract no longer finances when it ends on `last_day`."""
    return tuple(range(max(last_day.year + 1, contract.campaign.period_start), former_end.year + 1))


def end_moved_to(contract: Contract, ends_on: dt.date) -> dt.date:
    """The last day of `contract` once its text, or its campaign, moves it to `ends_on`; under its lock.

    A denounced contract keeps the day of the denunciation: `ends_on` is then the end that comes back if the
    denunciation is withdrawn.
    """
    denunciation: Denunciation | None = Denunciation.objects.standing().filter(contract=contract).first()
    if denunciation is None:
        return ends_on
    denunciation.former_ends_on = max(ends_on, denunciation.effect_on)
    denunciation.save(update_fields=["former_ends_on"])
    return denunciation.effect_on


def ended_sentence(contract: Contract) -> str:
    """What the journal says when the last day of `contract` has passed."""
    sentence = f"Contrat terminé : son dernier jour était le {contract.ends_on:%d/%m/%Y}"
    denunciation = standing_denunciation(contract)
    return f"{sentence}, dénoncé par {denunciation.institution}." if denunciation else f"{sentence}."


def denunciation_notices(contracts: Sequence[Contract]) -> Mapping[int, Notice]:
    """{primary key of a denounced contract: what each of its pages says}; one query for all of them."""
    found = Denunciation.objects.standing().filter(contract__in=[each.pk for each in contracts])
    by_pk = {each.pk: each for each in contracts}
    return {each.contract_id: _notice(each, by_pk[each.contract_id]) for each in found}


def _notice(denunciation: Denunciation, contract: Contract) -> Notice:
    verb = "prend fin" if contract.is_in_force else "a pris fin"
    return Notice(
        badge="Dénoncé",
        sentence=f"Contrat dénoncé par {denunciation.institution} : il {verb} le "
        f"{denunciation.effect_on:%d/%m/%Y}. Le rapport d’exécution reste dû.",
        url=reverse("agreements:ending", args=[contract.reference]),
    )


def measure_ending(contract: Contract, user: User) -> Progress | None:
    """An alert where the contract is denounced; nothing to count else."""
    if not contract.is_signed or not Denunciation.objects.standing().filter(contract=contract).exists():
        return None
    return Progress(Stage.ALERT, "dénoncé", "contrat dénoncé")
