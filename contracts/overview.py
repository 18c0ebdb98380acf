"""Where contracts stand, for the pages that say what is done, what is missing, whose turn and by when (C5).

Loads, in as many queries for fifty contracts as for five, what the pure modules `progress` and `calendar`
need. The tableau de bord and the financing belong to higher apps: they are counted through the reverse
relations `indicator_values` and `financings`.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.utils.formats import date_format

from cdppe.accounts.abilities import covers
from cdppe.accounts.models import InstitutionKind, Territory, User
from cdppe.lib.business_days import day_off
from cdppe.lib.french_words import joined
from contracts.calendar import Agenda, Duty, agenda
from contracts.models import (
    ActionSheet,
    BankAccount,
    Campaign,
    Contact,
    Contract,
    ContractModel,
    ContractObjective,
    ContractParty,
    ContractStep,
    DeadlineExtension,
    SettledDeadline,
)
from contracts.models.action_sheets import ActionSheetQuerySet
from contracts.progress import (
    SHEET_PARTS,
    UNWRITTEN_MARK,
    Facts,
    ObjectiveFacts,
    Piece,
    SheetFacts,
    missing_fields,
    missing_parts,
    pieces,
)
from contracts.retroplanning import is_optional_deadline, state_of_deadline, state_prepared
from contracts.workflow import STEP_COUNT, WAY, ContractState, has_reached, step_number

PARTY_NAMES = {
    InstitutionKind.PREFECTURE: "la préfecture",
    InstitutionKind.ARS: "l’ARS",
    InstitutionKind.COUNCIL: "le département",
    InstitutionKind.REGIONAL_DIRECTORATE: "la direction régionale",
    InstitutionKind.DGCS: "la DGCS",
    InstitutionKind.DGS: "la DGS",
}
PARTIES = frozenset({InstitutionKind.PREFECTURE, InstitutionKind.ARS, InstitutionKind.COUNCIL})


@dataclass(frozen=True)
class Turn:
    """Whose turn, in words, and whether it is also the reader's."""

    label: str
    is_mine: bool
    is_everybodys: bool = False
    """The three parties act together: a list of such duties says it once."""


@dataclass(frozen=True)
class PieceLine:
    """A piece with its turn said for the reader."""

    piece: Piece
    turn: Turn


@dataclass(frozen=True)
class DutyLine:
    """A duty with its turn said for the reader and how far it is from today, in words."""

    duty: Duty
    turn: Turn
    distance: str
    is_late: bool

    @property
    def closed_words(self) -> str:
        """« passée » or « sans objet » for what nobody waits for any more; else empty."""
        if not self.duty.is_closed or self.duty.done_on is not None:
            return ""
        return "passée" if self.distance.startswith("depuis") else "sans objet"


@dataclass(frozen=True)
class Standing:
    """Where one contract stands for one reader, on one day."""

    contract: Contract
    pieces: tuple[PieceLine, ...]
    mine: Agenda
    """The duties whose turn is one of the reader's institutions'."""
    everybody: Agenda

    @property
    def missing(self) -> tuple[PieceLine, ...]:
        """What is not done yet: the reader's turn alone, then shared with others, then the others'."""
        left = [line for line in self.pieces if not line.piece.is_done]
        return tuple(sorted(left, key=lambda line: (not line.turn.is_mine, len(line.piece.turn))))

    @property
    def done_count(self) -> int:
        return len(self.pieces) - len(self.missing)

    @property
    def step_number(self) -> int:
        """The rank of the contract's state on its way (rule K3), from 1."""
        return step_number(self.contract.state)

    @property
    def step_count(self) -> int:
        return STEP_COUNT

    @property
    def next_step(self) -> str:
        """The name of the state that follows, empty at the last of the steps that are counted."""
        later = WAY[self.step_number : STEP_COUNT]
        return str(later[0].label) if later else ""

    @property
    def has_ended(self) -> bool:
        """No step is left to count: the contract has ended."""
        return self.contract.state == ContractState.ENDED

    @property
    def is_over(self) -> bool:
        """The period of the contract has passed."""
        return self.contract.ends_on < self.everybody.today


def sheets_with_parts(sheets: ActionSheetQuerySet) -> ActionSheetQuerySet:
    """`sheets` in order, with what rule A2 asks of them: `lacks_<field>` for each part, `is_financed`."""
    # Asked aside: counting through a join would group the whole rows, long texts included.
    financed = ActionSheet.objects.filter(pk=OuterRef("pk"), financings__isnull=False)
    return sheets.annotate(is_financed=Exists(financed), **lacking(SHEET_PARTS)).in_order()


def lacking(names: Iterable[str]) -> dict[str, Q]:
    """{`lacks_<field>`: whether a sheet's field is not written}: empty, or a prompt of its skeleton is left.

    The one definition of what rules A1 and A2 miss, on the overview and in the findings.
    """
    return {f"lacks_{name}": Q(**{name: ""}) | left_as_prompted(name) for name in names}


def left_as_prompted(name: str) -> Q:
    """Whether a prompt of the skeleton, « [À compléter : …] », is left in a sheet's field."""
    return Q(**{f"{name}__contains": UNWRITTEN_MARK})


def sheet_facts(sheet: ActionSheet) -> SheetFacts:
    """The facts of one sheet of `sheets_with_parts`."""
    empty = frozenset(name for name in SHEET_PARTS if getattr(sheet, f"lacks_{name}"))
    return SheetFacts(
        number=sheet.number,
        missing=missing_parts(empty, is_financed=sheet.is_financed),
        missing_fields=missing_fields(empty, is_financed=sheet.is_financed),
    )


def with_facts(contracts: QuerySet[Contract]) -> QuerySet[Contract]:
    """`contracts` with everything that `standing` reads of them."""
    # Counted aside: a join would repeat the campaign, with all that it says, for each value of the contract.
    stated = Contract.objects.order_by().filter(pk=OuterRef("pk")).values("pk")
    return (
        contracts.select_related("campaign", "territory__region", "takeover")
        .annotate(
            dashboard_count=Subquery(stated.annotate(count=Count("indicator_values")).values("count")),
            has_account=Exists(BankAccount.objects.filter(contract=OuterRef("pk"))),
        )
        .order_by("-campaign__year", "territory__code")
        .prefetch_related(
            PARTIES_READ,
            OBJECTIVES_READ,
            CONTACTS_READ,
            Prefetch(
                "action_sheets",
                sheets_with_parts(
                    ActionSheet.objects.in_plan().only(
                        "number", "position", "contract_id", "contract_objective_id"
                    )
                ),
            ),
            *_CALENDAR,
        )
    )


PARTIES_READ = Prefetch("parties", ContractParty.objects.select_related("signatory"))
OBJECTIVES_READ = Prefetch("objectives", ContractObjective.objects.in_order())
CONTACTS_READ = Prefetch("contacts", Contact.objects.current().select_related("institution"))
SETTLED_READ = Prefetch("settled_deadlines", SettledDeadline.objects.select_related("deadline"))
BLANKS_READ = Prefetch("campaign__contract_model", ContractModel.objects.only("campaign", "blanks"))
"""What is read of contracts, the same for whoever asks: what one has read, the next one finds."""

_CALENDAR = (
    "campaign__deadlines",
    Prefetch("calendar_steps", ContractStep.objects.select_related("campaign_step")),
    SETTLED_READ,
    "territory__deadline_extensions",
)


def with_calendar(contracts: QuerySet[Contract]) -> QuerySet[Contract]:
    """`contracts` with what `duties_of` reads of them, and no more."""
    return contracts.with_context().prefetch_related(*_CALENDAR)


def facts_of(contract: Contract) -> Facts:
    """The facts of one contract of `with_facts`, without a query."""
    sheets = contract.action_sheets.all()
    sheet_counts = Counter(sheet.contract_objective_id for sheet in sheets)
    objectives = contract.objectives.all()
    return Facts(
        has_effect_date=contract.planned_effect_on is not None,
        unnamed_parties=tuple(
            (party.signatory.institution_kind, str(party.signatory))
            for party in contract.parties.all()
            if not party.representative_name and signs(party, contract)
        ),
        has_court_and_officers=all(
            [
                contract.court,
                contract.state_accountant,
                contract.agency_accountant,
            ]
        ),
        has_deliberation=bool(contract.deliberation_number and contract.deliberation_on),
        has_account=contract.has_account,
        optional_count=sum(not each.is_fundamental for each in objectives if each.objective is not None),
        optional_minimum=contract.campaign.optional_minimum,
        optional_maximum=contract.campaign.optional_maximum,
        dashboard_count=contract.dashboard_count,
        objectives=tuple(
            ObjectiveFacts(
                label=each.short_label,
                sheet_count=sheet_counts[each.pk],
                demanded_count=len(each.objective.sheet_demands) if each.objective is not None else 0,
            )
            for each in objectives
        ),
        sheets=tuple(sheet_facts(sheet) for sheet in sheets),
        contact_kinds=frozenset(contact.institution.kind for contact in contract.contacts.all()),
    )


def blanks_of(contract: Contract) -> frozenset[str]:
    """The names of the blanks of the model of `contract` (with `BLANKS_READ`), none without a model."""
    model = getattr(contract.campaign, "contract_model", None)
    return frozenset(each["name"] for each in model.blanks) if model is not None else frozenset()


def signs(party: ContractParty, contract: Contract) -> bool:
    """Whether `party` has a block on this contract: an optional one only when the contract says so (K1)."""
    return not party.signatory.is_optional or contract.needs_budget_controller


def duties_of(contract: Contract, *, today: dt.date) -> list[Duty]:
    """The campaign's deadlines and the steps of the retroplanning, dated from the contract (C2, C3).

    Those that nobody waits for any more on `today` are closed (`is_closed`).
    """
    settled = {each.deadline_id: each.done_on for each in contract.settled_deadlines.all()}
    national = [
        replace(duty, is_closed=is_deadline_closed(contract, duty.code, on=duty.on, today=today))
        for duty in campaign_duties(contract.campaign, contract.territory, settled=settled)
    ]
    return [*national, *retroplanning_duties(contract, today=today)]


def is_closed(contract: Contract, prepares: str, *, on: dt.date | None, today: dt.date) -> bool:
    """Whether nobody waits any more for what is due on `on` and leads to the state `prepares`.

    So it is once `contract` is at that state or further (a paper one taken over too), and, whatever it leads
    to, once its period has passed. What a signed contract owes after its end stays to do: its last yearly
    report (model contract, article 6).
    """
    if prepares and has_reached(contract.state, prepares):
        return True
    is_over = contract.ends_on < today or contract.state == ContractState.ENDED
    return is_over and (not contract.is_signed or on is None or on <= contract.ends_on)


def is_deadline_closed(contract: Contract, code: str, *, on: dt.date | None, today: dt.date) -> bool:
    """Whether nobody waits any more for the national deadline `code`, due on `on`.

    The last day to denounce closes by itself: nobody is late for not having denounced.
    """
    if is_optional_deadline(code) and on is not None and on < today:
        return True
    return is_closed(contract, state_of_deadline(code), on=on, today=today)


def step_prepares(step: ContractStep) -> str:
    """The state to which `step` leads."""
    return state_prepared(step.campaign_step.code if step.campaign_step is not None else "", step.phase)


def campaign_duties(
    campaign: Campaign, territory: Territory | None = None, *, settled: Mapping[int, dt.date] | None = None
) -> list[Duty]:
    """The national deadlines of `campaign`; with `territory`, its extensions in their place (rule C2).

    `settled` maps the deadlines that a contract has met to the day on which it did.
    """
    granted = (
        {each.deadline_id: each for each in territory.deadline_extensions.all()}
        if territory is not None
        else {}
    )
    return [
        Duty(
            deadline.label,
            on := granted[deadline.pk].due_on if deadline.pk in granted else deadline.due_on,
            tuple(deadline.parties),
            deadline.description,
            code=deadline.code,
            anchor=f"deadline-{deadline.pk}",
            done_on=(settled or {}).get(deadline.pk),
            note=extension_note(granted.get(deadline.pk), deadline.due_on),
            day_off=day_off(on, territory.holiday_calendar if territory is not None else ""),
        )
        for deadline in campaign.deadlines.all()
    ]


def extension_note(extension: DeadlineExtension | None, national_on: dt.date) -> str:
    """What stands beside a date that DGCS put off: the national one and the reason; else empty."""
    if extension is None:
        return ""
    return (
        f"Échéance nationale du {date_format(national_on)}, prolongée par la DGCS : "
        f"{extension.reason.rstrip('.')}."
    )


def retroplanning_duties(contract: Contract, *, today: dt.date) -> list[Duty]:
    """The contract's own steps (annexe 3.2), dated from its date of effect or by hand."""
    calendar = contract.territory.holiday_calendar
    return [
        Duty(
            step.label,
            on := step.on(contract.planned_effect_on),
            tuple(step.parties) or tuple(sorted(PARTIES)),
            step.description,
            anchor=f"step-{step.pk}",
            done_on=step.done_on,
            day_off=day_off(on, calendar),
            is_closed=is_closed(contract, step_prepares(step), on=on, today=today),
        )
        for step in contract.calendar_steps.all()
    ]


def reader_kinds(user: User, contract: Contract) -> frozenset[str]:
    """The kinds of institution (of the territory, region or nation) by which `user` follows it."""
    return frozenset(
        membership.institution.kind
        for membership in user.current_memberships
        if covers(membership, contract.territory)
    )


def standing(contract: Contract, *, reader: User, today: dt.date) -> Standing:
    """Where `contract` (of `with_facts`) stands for `reader` on `today`."""
    kinds = reader_kinds(reader, contract)
    duties = duties_of(contract, today=today)
    return Standing(
        contract=contract,
        pieces=tuple(PieceLine(piece, turn(piece.turn, kinds)) for piece in pieces(facts_of(contract))),
        mine=agenda(duties, today=today, kinds=kinds),
        everybody=agenda(duties, today=today),
    )


def duty_lines(duties: Iterable[Duty], *, today: dt.date, kinds: Collection[str]) -> list[DutyLine]:
    """`duties` as a page shows them to somebody of these `kinds` of institution."""
    return [
        DutyLine(
            duty=duty,
            turn=turn(duty.turn, kinds),
            distance=distance(duty.on, today),
            is_late=duty.on is not None and duty.on < today and not duty.is_closed,
        )
        for duty in duties
    ]


def turn(parties: Collection[str], kinds: Collection[str]) -> Turn:
    """Whose turn in words: « À vous », « À vous, avec l’ARS », « Au département », « Aux trois parties »."""
    concerned = [kind for kind in InstitutionKind.values if kind in parties]
    mine = bool(set(kinds) & set(concerned)) if concerned else bool(PARTIES & set(kinds))
    others = [kind for kind in concerned if kind not in kinds]
    if not concerned or set(concerned) == PARTIES:
        return Turn("Aux trois parties", mine, is_everybodys=True)
    if mine and not others:
        return Turn("À vous", is_mine=True)
    if mine:
        return Turn(f"À vous, avec {joined([PARTY_NAMES[InstitutionKind(k)] for k in others])}", is_mine=True)
    words = joined([_to(InstitutionKind(kind)) for kind in concerned])
    return Turn(words[:1].upper() + words[1:], is_mine=False)


def distance(on: dt.date | None, today: dt.date) -> str:
    """How far `on` is from `today`, in words: « aujourd’hui », « dans 12 jours », « depuis 3 jours »."""
    if on is None:
        return "non datée"
    days = (on - today).days
    if days == 0:
        return "aujourd’hui"
    if days == 1:
        return "demain"
    if days > 0:
        return f"dans {_span(days)}"
    return f"depuis {_span(-days)}"


def _span(days: int) -> str:
    if days < 60:
        return f"{days} jour{'s' if days > 1 else ''}"
    if days < 730:
        return f"{days // 30} mois"
    return f"{days // 365} ans"


def _to(kind: InstitutionKind) -> str:
    name = PARTY_NAMES[kind]
    return name.replace("le ", "au ", 1) if name.startswith("le ") else f"à {name}"
