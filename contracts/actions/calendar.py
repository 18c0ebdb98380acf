"""Writing the calendar of a contract: its steps, day J, what is done, and DGCS's extensions (C2, C3, C5).

What we chose: the calendar is written in every state of the contract. A finalised draft still has to be
adopted and signed, and those are steps; nothing here changes the text of the contract, but for day J, which
is one of its general informations and follows their rule.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils import timezone
from django.utils.formats import date_format

from cdppe.accounts.models import InstitutionKind, Territory, User
from cdppe.lib.business_days import day_off, previous_working_day
from cdppe.lib.errors import RuleViolation, StaleVersion, WrongState
from contracts.actions.journal import locked_contract, record, record_once
from contracts.actions.versions import Clashing, author_words, claim_version
from contracts.history import keeps_history
from contracts.merging import Opened, OpenedBefore, Stored, Values, put
from contracts.models import Contract, ContractStep, Deadline, DeadlineExtension, SettledDeadline
from contracts.places import Place
from contracts.retroplanning import Move, facts_of_step, moves

STEP_FIELDS = (
    "label",
    "description",
    "phase",
    "theme",
    "responsible",
    "resources",
    "parties",
    "days_before",
    "fixed_on",
    "lasting_days",
    "done_on",
)
"""What a person writes of a step: annexe 3.2's date, annexe 3.3's columns, whose turn, when it was done."""

TURN_KINDS = (InstitutionKind.PREFECTURE, InstitutionKind.ARS, InstitutionKind.COUNCIL)
"""The parties whose turn a step may be, in the order of the page."""
TURN_KEYS = {f"turn_{kind.value}": kind.value for kind in TURN_KINDS}
"""{name of the box: party}: each is merged alone, so that two people may name one party each."""
STEP_KEYS = (*(name for name in STEP_FIELDS if name != "parties"), *TURN_KEYS)
"""The names under which a step is merged: its fields, and a box a party in the place of their list."""

LONGEST_RETROPLANNING = 200
"""Steps of one contract, the campaign's and its own: over ten times annexe 3.2."""


def derive_steps(contract: Contract) -> None:
    """Give `contract` its own copy of each step of the campaign that it does not have yet (annexe 3.2)."""
    have = set(contract.calendar_steps.values_list("campaign_step_id", flat=True))
    ContractStep.objects.bulk_create(
        ContractStep(
            contract=contract,
            campaign_step=step,
            label=step.label,
            description=step.description,
            days_before=step.days_before,
            position=step.position,
            phase=facts.phase,
            theme=facts.theme,
            lasting_days=facts.lasting_days,
            parties=list(facts.parties),
        )
        for step in contract.campaign.retroplanning_steps.all()
        if step.pk not in have
        for facts in [facts_of_step(step.code)]
    )


@transaction.atomic
@keeps_history("calendar")
def add_step(contract: Contract, *, fields: Mapping[str, Any], by: User) -> ContractStep:
    """A step of the territory's own, at the end of the retroplanning.

    `fields` maps names of `STEP_FIELDS` to values. Raises RuleViolation when the contract has this very step
    already (a form sent twice makes one), or too many.
    """
    _check_names(fields)
    locked = locked_contract(contract, editable=False)
    same = locked.calendar_steps.filter(campaign_step=None, label=fields["label"]).first()
    if same is not None:
        raise RuleViolation(
            f"Le calendrier a déjà une étape « {same.label} » ajoutée par vous : modifiez-la, "
            "ou donnez un autre nom à celle-ci."
        )
    if locked.calendar_steps.count() >= LONGEST_RETROPLANNING:
        raise RuleViolation(
            f"Le calendrier a déjà {LONGEST_RETROPLANNING} étapes : retirez-en une avant "
            "d’en ajouter une autre."
        )
    last = locked.calendar_steps.aggregate(last=Max("position"))["last"] or 0
    step = ContractStep.objects.create(
        contract=locked,
        position=last + 1,
        updated_by=by,
        done_by=by if fields.get("done_on") else None,
        **fields,
    )
    record(locked, "calendar.step-added", f"Calendrier : étape « {_short(step)} » ajoutée.", by=by)
    return step


class StepShelf:
    """The values of a step, {name of `STEP_KEYS`: value}, as `merging.put` reads and writes them."""

    def __init__(self, step: ContractStep, *, by: User) -> None:
        self.contract, self.step, self.by = step.contract, step, by

    def read(self) -> Stored:
        """The stored step; raises WrongState when it was removed."""
        self.contract = locked_contract(self.contract, editable=False)
        self.step = _locked_step(self.step, self.contract)
        return Stored(self.step.version, step_values(self.step))

    def complete(self, mine: Values, stored: Values) -> Values:
        """The stored values, with those that the person gave."""
        return {**stored, **mine}

    def compare_and_set(self, version: int, values: Values) -> bool:
        """Write `values` if the step is still at `version`."""
        if not claim_version(self.step, version):
            return False
        was_done_on, others = self.step.done_on, set(self.step.parties) - set(TURN_KEYS.values())
        for name, value in values.items():
            if name not in TURN_KEYS:
                setattr(self.step, str(name), value)
        self.step.parties = [party for key, party in TURN_KEYS.items() if values[key]] + sorted(others)
        if self.step.done_on is None:
            self.step.done_by = None
        elif self.step.done_on != was_done_on:
            self.step.done_by = self.by
        _write(self.step, self.by)
        return True


def step_values(step: ContractStep) -> dict[str, Any]:
    """{name of `STEP_KEYS`: value} of `step`: whether each party's turn it is, in the place of their list."""
    values = {name: getattr(step, name) for name in STEP_KEYS if name not in TURN_KEYS}
    return values | {key: party in step.parties for key, party in TURN_KEYS.items()}


@transaction.atomic
@keeps_history("calendar")
def save_step(
    step: ContractStep,
    *,
    fields: Mapping[str, Any],
    version: int,
    by: User,
    opened: Opened | None = None,
    is_autosave: bool = False,
) -> ContractStep:
    """Write `fields`, {name of `STEP_FIELDS`: value}; the stored step. Nothing to change writes nothing.

    Without `opened` the step must still be at `version`; with it ({name of `STEP_KEYS` that the person
    changed: the values that it may have been opened with}) only those are written, beside what others wrote.
    Raises Clashing (a StaleVersion), whose `stored` is the step as somebody else saved it since, WrongState
    when it was removed. Nothing is written then.
    """
    _check_names(fields)
    mine = {name: value for name, value in fields.items() if name != "parties"}
    if "parties" in fields:
        mine |= {key: party in fields["parties"] for key, party in TURN_KEYS.items()}
    shelf = StepShelf(step, by=by)
    try:
        written = put(shelf, mine=mine, version=version, opened=opened)
    except OpenedBefore as refusal:
        words = author_words(shelf.step.updated_by, shelf.step.updated_at, reader=by)
        raise Clashing(
            f"L’étape « {_short(shelf.step)} » a été enregistrée {words}, pendant que vous l’écriviez. "
            "Rien n’a été perdu : les deux textes sont ci-dessous.",
            stored=shelf.step,
            clashes=refusal.clashes,
        ) from refusal
    if written.is_new:
        tell = record_once if is_autosave else record
        tell(
            shelf.contract,
            "calendar.step-saved",
            f"Calendrier : étape « {_short(shelf.step)} » modifiée.",
            by=by,
            place=str(Place("calendar", shelf.step.pk)),
        )
    return shelf.step


@transaction.atomic
@keeps_history("calendar")
def remove_step(step: ContractStep, *, by: User) -> None:
    """Take an own step out of the calendar.

    Raises RuleViolation for one of the campaign's (empty its number of days instead), WrongState when it is
    gone already.
    """
    locked = locked_contract(step.contract, editable=False)
    stored = _locked_step(step, locked)
    if not stored.is_own:
        raise RuleViolation(
            "Cette étape vient du rétroplanning de la campagne : elle ne se retire pas. "
            "Pour ne plus la dater, videz son nombre de jours."
        )
    record(locked, "calendar.step-removed", f"Calendrier : étape « {_short(stored)} » retirée.", by=by)
    stored.delete()


@transaction.atomic
@keeps_history("calendar")
def mark_step(step: ContractStep, *, done_on: dt.date | None, by: User) -> ContractStep:
    """Say that `step` was done on that day, or (None) that it is to be done again.

    Saying it twice changes nothing. Raises WrongState when it was removed.
    """
    locked = locked_contract(step.contract, editable=False)
    stored = _locked_step(step, locked)
    if (stored.done_on is None) == (done_on is None):
        return stored
    stored.done_on = done_on
    stored.done_by = by if done_on is not None else None
    _write(stored, by)
    said = "faite" if done_on is not None else "à faire de nouveau"
    record(locked, "calendar.step-marked", f"Calendrier : étape « {_short(stored)} » {said}.", by=by)
    return stored


@transaction.atomic
@keeps_history("calendar")
def bring_step_forward(step: ContractStep, *, version: int, by: User) -> ContractStep:
    """Fix the date of `step`, still at `version`, on the working day before it.

    Raises RuleViolation when it falls on a working day already or has no date, StaleVersion when somebody
    changed it since the page was opened, WrongState when it was removed.
    """
    locked = locked_contract(step.contract, editable=False)
    stored = _locked_step(step, locked)
    calendar = locked.territory.holiday_calendar
    on = stored.on(locked.planned_effect_on)
    if stored.version != version:
        raise StaleVersion(
            f"L’étape « {stored.label} » a changé depuis que vous avez ouvert la page : rien n’a été "
            "déplacé. Regardez sa date, puis recommencez si besoin.",
            stored=stored,
        )
    if on is None or not day_off(on, calendar):
        raise RuleViolation(f"L’étape « {stored.label} » tombe déjà un jour ouvré : rien n’a été déplacé.")
    stored.fixed_on = previous_working_day(on, calendar)
    _write(stored, by)
    record(
        locked,
        "calendar.step-moved",
        f"Calendrier : étape « {_short(stored)} » avancée au {date_format(stored.fixed_on)}.",
        by=by,
    )
    return stored


@transaction.atomic
@keeps_history("details")
def set_effect_date(
    contract: Contract, *, effect_on: dt.date | None, version: int, by: User
) -> tuple[Move, ...]:
    """Write day J of `contract`, still at `version`; the steps that it moved (dates fixed by hand stay).

    Raises StaleVersion when its general information was saved since, WrongState when it is no longer written
    or already signed.
    """
    stored = locked_contract(contract)
    if stored.is_signed:
        raise WrongState(
            "Le contrat est signé : sa prise d’effet prévue ne change plus. Celle d’un avenant s’écrit sur "
            "la page de l’avenant."
        )
    if stored.version != version:
        raise StaleVersion(
            "La date de prise d’effet ou une autre information du contrat a été enregistrée par quelqu’un "
            "d’autre pendant que vous l’écriviez. Comparez les deux ci-dessous, puis enregistrez de nouveau.",
            stored=stored,
        )
    found = moved_steps(stored, effect_on)
    if stored.planned_effect_on == effect_on:
        return found
    stored.planned_effect_on = effect_on
    stored.version += 1
    stored.save(update_fields=["planned_effect_on", "version", "updated_at"])
    record(stored, "calendar.effect-date", effect_date_sentence(stored, found), by=by)
    return found


def moved_steps(contract: Contract, effect_on: dt.date | None) -> tuple[Move, ...]:
    """The steps of `contract`, not done yet, that change their date when J becomes `effect_on`."""
    return moves(
        contract.calendar_steps.filter(done_on=None).values_list("label", "days_before", "fixed_on"),
        contract.planned_effect_on,
        effect_on,
    )


def effect_date_sentence(contract: Contract, found: tuple[Move, ...]) -> str:
    """What the journal says of the new day J of `contract` and of the steps that it moved."""
    on = contract.planned_effect_on
    said = f"fixée au {date_format(on)}" if on is not None else "effacée"
    if not found:
        return f"Prise d’effet {said} : aucune étape déplacée."
    plural = "s" if len(found) > 1 else ""
    return f"Prise d’effet {said} : {len(found)} étape{plural} du calendrier déplacée{plural}."


@transaction.atomic
@keeps_history("calendar")
def settle_deadline(
    contract: Contract, deadline: Deadline, *, done_on: dt.date | None, by: User
) -> SettledDeadline | None:
    """Say that `contract` met a national deadline of its campaign on that day, or (None) that it did not.

    Saying it twice changes nothing. Raises RuleViolation for a deadline of another campaign.
    """
    locked = locked_contract(contract, editable=False)
    if deadline.campaign_id != locked.campaign_id:
        raise RuleViolation("Cette échéance n’est pas de la campagne de ce contrat.")
    found = locked.settled_deadlines.filter(deadline=deadline).first()
    if done_on is None:
        if found is not None:
            found.delete()
            record(locked, "calendar.deadline-reopened", f"Échéance à tenir : {deadline.label}.", by=by)
        return None
    if found is None:
        found = SettledDeadline.objects.create(
            contract=locked, deadline=deadline, done_on=done_on, done_by=by
        )
        record(locked, "calendar.deadline-settled", f"Échéance tenue : {deadline.label}.", by=by)
    return found


@transaction.atomic
def grant_extension(
    deadline: Deadline, territory: Territory, *, due_on: dt.date, reason: str, version: int, by: User | None
) -> DeadlineExtension:
    """Give `territory` a later date for a national deadline, with the reason that everybody reads.

    `version` is that of the extension that the page showed, 0 when there was none. Raises StaleVersion when
    somebody granted or changed it since, RuleViolation for a date that is not later than the national one or
    a territory that the campaign does not concern.
    """
    if not deadline.campaign.territories.filter(pk=territory.pk).exists():
        raise RuleViolation(f"La campagne ne concerne pas le territoire {territory}.")
    if due_on <= deadline.due_on:
        raise RuleViolation(
            f"Une prolongation est plus tardive que l’échéance nationale, le {date_format(deadline.due_on)}."
        )
    stored = (
        DeadlineExtension.objects.select_for_update(of=("self",))
        .filter(deadline=deadline, territory=territory)
        .first()
    )
    if (stored.version if stored else 0) != version:
        raise StaleVersion(
            "Cette prolongation a été accordée, changée ou retirée par quelqu’un d’autre pendant que vous "
            "l’écriviez : regardez ce qui est enregistré, puis recommencez.",
            stored=stored,
        )
    extension = stored or DeadlineExtension(deadline=deadline, territory=territory, version=0)
    extension.due_on = due_on
    extension.reason = reason
    extension.granted_by = by
    extension.granted_at = timezone.now()
    extension.version += 1
    try:
        with transaction.atomic():
            extension.save()
    except IntegrityError as error:
        # Two people grant it at the same moment: the constraint lets the first one through.
        raise RuleViolation(
            f"{territory} vient d’obtenir une prolongation de cette échéance : rechargez la page."
        ) from error
    _tell_contract(extension, f"Échéance « {deadline.label} » prolongée au {date_format(due_on)}.", by=by)
    return extension


@transaction.atomic
def withdraw_extension(extension: DeadlineExtension, *, by: User) -> None:
    """The national date holds again. Raises WrongState when the extension is gone already."""
    stored = DeadlineExtension.objects.select_for_update(of=("self",)).filter(pk=extension.pk).first()
    if stored is None:
        raise WrongState("Cette prolongation est déjà retirée.")
    label = extension.deadline.label
    stored.delete()
    _tell_contract(extension, f"Prolongation de l’échéance « {label} » retirée.", by=by)


def _tell_contract(extension: DeadlineExtension, sentence: str, *, by: User | None) -> None:
    contract = Contract.objects.filter(
        campaign=extension.deadline.campaign_id, territory=extension.territory_id
    ).first()
    if contract is not None:
        record(contract, "calendar.deadline-extended", sentence, by=by)


def _check_names(fields: Mapping[str, Any]) -> None:
    unknown = set(fields) - set(STEP_FIELDS)
    if unknown:
        raise TypeError(f"not fields of a step: {', '.join(sorted(unknown))}")


def _locked_step(step: ContractStep, contract: Contract) -> ContractStep:
    # The lock is for the step's row alone: PostgreSQL locks no row of an outer join.
    found = (
        ContractStep.objects.select_for_update(of=("self",))
        .select_related("updated_by", "campaign_step")
        .filter(pk=step.pk, contract=contract)
        .first()
    )
    if found is None:
        raise WrongState(f"L’étape « {step.label} » a été retirée entre-temps : rien n’a été enregistré.")
    return found


def _write(step: ContractStep, by: User) -> None:
    step.version += 1
    step.updated_by = by
    step.updated_at = timezone.now()
    step.save()


def _short(step: ContractStep) -> str:
    return step.label if len(step.label) <= 120 else f"{step.label[:120]}…"
