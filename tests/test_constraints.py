"""Every named constraint of the database bites: an incoherent row is refused by its name.

One world (tests/routes.py) has a row of most models; each constraint is broken there by one change, or by
the same row twice, and the whole is rolled back. A constraint without its line fails the suite.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction
from django.db.models import F, Model, Q
from django.utils import timezone

from agreements.actions.transmissions import write_remark
from agreements.actions.versions import freeze_version
from agreements.models import (
    Agreement,
    Proposal,
    RemarkKind,
    Signature,
    SignatureProof,
    SigningWay,
    TextInForce,
    VersionPurpose,
)
from cdppe.accounts.models import DigestSettings, SentDigest, SentLine
from contracts.actions.journal import record_elsewhere
from contracts.chain import GENESIS
from contracts.models import (
    ActionSheet,
    Diagnosis,
    DiagnosisText,
    Mention,
    MessageKind,
    Presence,
    SettledDeadline,
    Takeover,
    ThreadReading,
)
from funding.models import (
    ActionFinancing,
    Contributor,
    NotificationLetter,
    OwnMeans,
    Service,
    StateExpense,
)
from indicators.models import IndicatorValue, ValueKind
from tests.factories import IndicatorFactory
from tests.routes import World, make_world

pytestmark = pytest.mark.django_db

APPS = ("accounts", "documents", "contracts", "funding", "indicators", "agreements")
NOW = timezone.now()
BEFORE = dt.date(1900, 1, 1)

ELSEWHERE = {
    # What the way asks of a contract and of what is taken back: tests/agreements/test_way.py, state by state.
    **{
        f"contract_{name}": "test_way"
        for name in (
            "odpe_date_or_reason",
            "odpe_recorded_with_its_author",
            "adopted_with_its_deliberation",
            "odpe_before_its_deliberation",
            "agreed_in_its_states",
            "signature_agreed",
            "agreed_after_its_deliberation",
            "signed_in_its_states",
            "in_force_signed",
            "signed_after_its_agreement",
            "in_effect_from_its_signature",
        )
    },
    # Those of an amendment, each by its name.
    **{
        f"amendment_{name}": "test_amendment_constraints"
        for name in (
            "in_its_states",
            "says_what_and_why",
            "financial_has_its_year",
            "abandoned_with_its_reason",
            "abandoned_never_in_force",
            "odpe_date_or_reason",
            "odpe_recorded_with_its_author",
            "adopted_with_its_deliberation",
            "odpe_before_its_deliberation",
            "agreed_in_its_states",
            "signature_agreed",
            "agreed_after_its_deliberation",
            "signed_in_its_states",
            "in_force_signed",
            "signed_after_its_agreement",
            "in_effect_from_its_signature",
        )
    },
    "proposal_ended_with_author_and_reason": "test_way",
    "agreement_withdrawn_with_author_and_reason": "test_way",
    "signature_withdrawn_with_author_and_reason": "test_way",
    "render_job_progress_is_a_percentage": "test_jobs",
    "render_job_done_has_its_file": "test_jobs",
    "render_job_failed_says_why": "test_jobs",
}
"""{constraint: the test file that breaks it by name}"""

BROKEN: dict[str, dict[str, Any]] = {
    "reminded_a_day_or_more_before": {"days_before": 0},
    "institution_tied_to_its_scope": {"territory": None, "region": None, "kind": "council"},
    "invitation_accepted_by_somebody": {"accepted_at": NOW, "accepted_by": None},
    "campaign_period_in_order": {"period_end": 1900},
    "contract_objective_from_catalogue_or_own": {"objective": None, "own_title": ""},
    "action_sheet_archived_by_somebody_once_archived": {"archived_at": None, "archived_by": "somebody"},
    "finding_answer_withdrawn_by_somebody": {"withdrawn_at": NOW, "withdrawn_by": None},
    "finding_answer_has_a_reason": {"reason": ""},
    "contract_step_done_by_somebody_once_done": {"done_on": None, "done_by": "somebody"},
    "contract_step_lasts_a_day_or_more": {"lasting_days": 0},
    "contact_first_or_second": {"seat": 3},
    "contact_leaves_after_joining": {"left_on": BEFORE},
    "contact_followed_once_gone": {"successor": F("pk"), "left_on": None},
    "diagnosis_text_not_empty": {"text": ""},
    "thread_settled_by_somebody": {"state": "settled", "settled_by": None, "settled_at": NOW},
    "change_in_order": {"until": dt.datetime(1900, 1, 1, tzinfo=dt.UTC)},
    "takeover_completed_with_its_signed_file": {"completed_at": NOW, "signed_file": None},
    "criterion_value_not_negative": {"value": -1},
    "envelope_floor_not_over_ceiling": {"floor": 2, "ceiling": 1},
    "envelope_unit_positive": {"rounding_unit": 0},
    "allocation_run_reserve_is_freed": {"reserve": 2, "freed": 1},
    "notified_amount_not_negative": {"amount": -1},
    "notified_amount_says_where_from": {"run": None, "source": ""},
    "state_expense_says_something": {"nature": "", "replaces_existing": None},
    "financing_not_negative": {"amount": -1},
    "financing_state_pays_from_an_envelope": {"contributor": "state", "envelope": None},
    "publication_that_replaces_says_why": {"is_replacement": True, "reason": ""},
    "publication_not_replaced_by_itself": {"replaced_by": F("pk")},
    "published_amount_not_negative": {"amount": -1},
    "letter_announced_once_rendered": {"mailed_at": NOW, "job": None},
    "own_means_not_negative": {"amount": -1},
    "modulation_is_a_coefficient_or_an_amount": {"coefficient": None, "amount": None},
    "modulation_coefficient_only_lowers": {"coefficient": 2, "amount": None},
    "modulation_amount_not_negative": {"coefficient": None, "amount": -1},
    "modulation_says_why": {"reason": ""},
    "indicator_share_has_its_formula": {"kind": "share", "numerator": None},
    "indicator_local_has_its_objective": {"contract_objective": None},
    "indicator_value_figure_or_reason": {"value": None, "unavailable_reason": ""},
    "signed_file_infected_names_its_threat": {"screening": "infected", "threat": ""},
    "signed_file_examined_after_screening": {"verification": "done", "screening": "waiting"},
    "signed_file_confirmation_has_its_author": {"confirmed_at": NOW, "confirmed_by": None},
    "public_copy_withdrawn_with_author_and_reason": {"withdrawn_at": NOW, "withdrawn_by": None},
}
"""{check: what breaks it on a row of its model}; "somebody" is a person."""

INSERTED: dict[str, dict[str, Any]] = {
    "proposal_of_amendment_consolidated": {"consolidated": None},
    "text_in_force_from_its_signature": {"effect_on": BEFORE},
    "message_says_something_or_is_a_gesture": {"kind": MessageKind.TEXT, "text": "", "number": 9},
    "transmission_remark_says_something": {"text": "", "token": uuid.uuid4()},
    "journal_starts_at_one": {"sequence": 0, "previous_hash": GENESIS[:-1] + "1", "hash": "a" * 64},
    "journal_first_entry_follows_nothing": {"sequence": 99, "previous_hash": GENESIS, "hash": "b" * 64},
}
"""The same of rows that the database refuses to change: the broken row is a new one."""


ALSO_SAID = {"journal_starts_at_one": "journal_first_entry_follows_nothing"}
"""{check: another one that refuses the same row, and that PostgreSQL may name first}"""


def constraints() -> Iterator[tuple[type[Model], Any]]:
    for label in APPS:
        for model in apps.get_app_config(label).get_models():
            for constraint in model._meta.constraints:
                yield model, constraint


CHECKS = [(model, each.name) for model, each in constraints() if isinstance(each, models.CheckConstraint)]
UNIQUE = [(model, each) for model, each in constraints() if isinstance(each, models.UniqueConstraint)]


def test_every_check_of_the_database_has_its_line() -> None:
    assert {name for _, name in CHECKS} == set(BROKEN) | set(INSERTED) | set(ELSEWHERE)


@pytest.fixture
def world() -> World:
    """A row of each model that has a constraint."""
    world = make_world()
    person, contract = world.cast.council_editor, world.contract
    envelope, territory = world.run.envelope, world.cast.isere
    DigestSettings.objects.create(user=person)
    digest = SentDigest.objects.create(user=person, on=BEFORE)
    SentLine.objects.create(digest=digest, user=person, section="essai", key="essai")
    record_elsewhere("campaign.loaded", "Un essai.", by=None)
    diagnosis = Diagnosis.objects.get_or_create(contract=contract)[0]
    DiagnosisText.objects.create(diagnosis=diagnosis, code="essai", text="Un texte")
    StateExpense.objects.create(action_sheet=world.sheet, envelope=envelope, nature="essai")
    ActionFinancing.objects.create(
        action_sheet=world.sheet, year=2030, contributor=Contributor.STATE, envelope=envelope, amount=1
    )
    ActionFinancing.objects.create(
        action_sheet=world.sheet, year=2030, contributor=Contributor.DEPARTMENT, amount=1
    )
    OwnMeans.objects.create(contract=contract, service=Service.ASE, year=2030, amount=1)
    NotificationLetter.objects.create(publication=world.publication, territory=territory)
    IndicatorValue.objects.create(
        contract=contract, indicator=world.local_indicator, kind=ValueKind.TARGET, year=2030, value=1
    )
    IndicatorFactory(campaign=world.cast.campaign)
    SettledDeadline.objects.get_or_create(
        contract=contract,
        deadline=world.transmission.deadline,
        defaults={"done_on": BEFORE, "done_by": person},
    )
    message = world.thread.messages.get()
    Mention.objects.get_or_create(message=message, person=person)
    ThreadReading.objects.get_or_create(thread=world.thread, person=person, defaults={"last_number": 1})
    Presence.objects.create(contract=contract, user=person, tab=uuid.uuid4(), place="details", seen_at=NOW)
    Takeover.objects.get_or_create(contract=contract)
    ActionSheet.objects.filter(pk=world.sheet.pk).update(creation_token=uuid.uuid4())
    write_remark(
        world.transmission, RemarkKind.ADVICE, text="Avis", token=uuid.uuid4(), by=world.cast.dgcs_editor
    )
    # Neither text is agreed to nor signed in the world: the rows alone are.
    party = world.way_party
    Proposal.objects.create(contract=contract, version=world.version, proposed_by=person)
    law = TextInForce.objects.get(contract=world.amendment.contract)
    Proposal.objects.create(
        contract=world.amendment.contract,
        amendment=world.amendment,
        version=law.version,
        consolidated=law.version,
        proposed_by=person,
    )
    Agreement.objects.create(version=world.version, party=party, version_hash="", institution="", by=person)
    signature = Signature.objects.create(
        version=world.version,
        party=party,
        how=SigningWay.PAPER,
        signed_on=BEFORE,
        recorded_by=person,
    )
    SignatureProof.objects.create(signature=signature, file=world.signed_file, recorded_by=person)
    return world


def refused(name: str, write: Callable[[], object]) -> str:
    """Empty when the database refuses `write` by the constraint `name`; else what happened."""
    try:
        with transaction.atomic():
            write()
    except IntegrityError as error:
        # SQLite names the columns of a uniqueness that has no condition.
        is_named = any(each in str(error) for each in (name, ALSO_SAID.get(name, name))) or (
            connection.vendor == "sqlite" and str(error).startswith("UNIQUE constraint failed")
        )
        return "" if is_named else f"{name}: {error}"
    return f"{name}: accepted"


def test_each_check_refuses_an_incoherent_row_by_its_name(world: World) -> None:
    person = world.cast.dgcs_editor
    told = []
    for model, name in CHECKS:
        if name in ELSEWHERE:
            continue
        rows = model._base_manager.all()
        if name == "indicator_local_has_its_objective":
            rows = rows.filter(contract__isnull=False)
        row = rows.first()
        assert row is not None, f"no {model.__name__} in the world"
        fields = BROKEN.get(name) or INSERTED[name]
        values = {field: person if value == "somebody" else value for field, value in fields.items()}
        if name in BROKEN:
            told.append(refused(name, partial(model._base_manager.filter(pk=row.pk).update, **values)))
        else:
            told.append(refused(name, partial(insert, copy_of(row, **values))))
    assert "\n".join(each for each in told if each) == ""


def copy_of(row: Any, **changed: Any) -> Any:
    """A new row, not stored yet, with the values of `row` but for `changed`."""
    kept = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    kept.pop(row._meta.pk.attname)
    copy = type(row)(**kept)
    for name, value in changed.items():
        setattr(copy, name, value)
    return copy


def insert(row: Any) -> None:
    """Store `row` as it is: the database is asked, not the model."""
    models.Model.save_base(row, raw=True, force_insert=True)


def another_value(field: Any, value: Any) -> Any:
    """A value of `field` that no row has; the other seat of the two."""
    if field.name == "seat":
        return 3 - value
    if isinstance(field, models.UUIDField):
        return uuid.uuid4()
    if isinstance(field, models.IntegerField):
        return (value or 0) + 1000
    if isinstance(field, models.DateField):
        return BEFORE - dt.timedelta(days=1)
    return f"x{value}"[: field.max_length]


def test_each_uniqueness_refuses_the_same_row_twice_by_its_name(world: World) -> None:
    another = freeze_version(world.contract, purpose=VersionPurpose.AGREEMENT, label="Autre", by=None)
    # What a column of its own keeps from being there twice, and the constraint would not be reached.
    instead: dict[str, dict[str, Any]] = {
        "user_email_unique_without_case": {"email": world.cast.prefect_editor.email.upper()},
        "proposal_once_standing_per_contract": {"version_id": another.pk},
        "signed_file_once_per_version": {"file_id": world.job.file_id},
    }
    told = []
    for model, constraint in UNIQUE:
        rows = model._base_manager.all()
        if constraint.condition is not None:
            rows = rows.filter(constraint.condition)
        for field in constraint.fields:
            rows = rows.exclude(**{f"{field}__isnull": True})
        row = rows.first()
        if row is None:
            told.append(f"{constraint.name}: no {model.__name__} in the world")
            continue
        mine = set(constraint.fields)
        others = {
            name
            for each in model._meta.constraints
            if isinstance(each, models.UniqueConstraint)
            and each is not constraint
            and model._base_manager.filter(each.condition or Q(), pk=row.pk).exists()
            for name in each.fields
        }
        others |= {
            field.name for field in model._meta.concrete_fields if field.unique and not field.primary_key
        }
        changed = {}
        for name in others - mine:
            field = model._meta.get_field(name)
            if not field.is_relation:
                changed[field.attname] = another_value(field, getattr(row, field.attname))
        changed |= instead.get(constraint.name, {})
        told.append(refused(constraint.name, partial(insert, copy_of(row, **changed))))
    assert "\n".join(each for each in told if each) == ""
