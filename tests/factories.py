"""Test objects, one factory a model; the defaults make a small but coherent world.

`CampaignFactory` has a catalogue of four objectives under two commitments (1 and 2 fundamental, 12 and 20
optional), made by `catalogue` unless a test asks for none.
"""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import factory
from django.db.models import Max
from django.utils import timezone

from cdppe.accounts.models import (
    Department,
    Institution,
    InstitutionKind,
    Membership,
    Region,
    Role,
    Territory,
    TerritoryKind,
    User,
)
from contracts.actions.calendar import derive_steps
from contracts.models import (
    ActionSheet,
    Campaign,
    Commitment,
    Contract,
    ContractModel,
    ContractObjective,
    Deadline,
    Measure,
    Objective,
    RetroplanningStep,
    Signatory,
)
from funding.models import ActionFinancing, Contributor, Envelope, NotifiedAmount, Paid, Payer
from indicators.models import Indicator, IndicatorKind, IndicatorValue, ValueKind

PASSWORD = "motdepasse-de-test"


class RegionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Region
        django_get_or_create = ("code",)

    code = factory.Sequence(lambda n: f"r{n}"[:3])
    name = factory.LazyAttribute(lambda o: f"Région {o.code}")
    ars_name = factory.LazyAttribute(lambda o: f"ARS {o.name}")


class DepartmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Department
        django_get_or_create = ("code",)

    code = factory.Sequence(lambda n: f"{n % 1000:03d}")
    name = factory.LazyAttribute(lambda o: f"Département {o.code}")
    region = factory.SubFactory(RegionFactory)
    prefecture_seat = "Chef-lieu"
    ars_name = factory.LazyAttribute(lambda o: o.region.ars_name)
    court = "Tribunal administratif de Chef-lieu"
    court_seat = "Chef-lieu"
    collectivity = factory.LazyAttribute(lambda o: f"Département {o.code}")
    collectivity_kind = "département"


class TerritoryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Territory
        django_get_or_create = ("code",)
        skip_postgeneration_save = True

    code = factory.Sequence(lambda n: f"t{n}")
    name = factory.LazyAttribute(lambda o: f"Territoire {o.code}")
    of_name = factory.LazyAttribute(lambda o: f"du {o.name}")
    kind = TerritoryKind.DEPARTMENT
    region = factory.SubFactory(RegionFactory)
    ars_name = factory.LazyAttribute(lambda o: o.region.ars_name)
    prefecture_seat = "Chef-lieu"
    court = "Tribunal administratif de Chef-lieu"
    court_seat = "Chef-lieu"
    collectivity = factory.LazyAttribute(lambda o: f"Département {o.of_name}")
    collectivity_kind = "département"

    @factory.post_generation
    def departments(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        if create and extracted:
            self.departments.set(extracted)


class InstitutionFactory(factory.django.DjangoModelFactory):
    """A council by default; pass `kind` with `territory` or `region` (or neither) as the kind demands."""

    class Meta:
        model = Institution

    kind = InstitutionKind.COUNCIL
    name = factory.Sequence(lambda n: f"Institution {n}")
    territory = factory.Maybe(
        factory.LazyAttribute(lambda o: o.kind in (InstitutionKind.COUNCIL, InstitutionKind.PREFECTURE)),
        factory.SubFactory(TerritoryFactory),
        None,
    )
    region = factory.Maybe(
        factory.LazyAttribute(
            lambda o: o.kind in (InstitutionKind.ARS, InstitutionKind.REGIONAL_DIRECTORATE)
        ),
        factory.SubFactory(RegionFactory),
        None,
    )


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"personne{n}@exemple.fr")
    first_name = "Camille"
    last_name = factory.Sequence(lambda n: f"Martin {n}")
    password = factory.django.Password(PASSWORD)


class MembershipFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Membership

    user = factory.SubFactory(UserFactory)
    institution = factory.SubFactory(InstitutionFactory)
    role = Role.EDITOR


class CommitmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Commitment
        django_get_or_create = ("campaign", "code")

    campaign = factory.SubFactory("tests.factories.CampaignFactory")
    code = "e1"
    label = factory.LazyAttribute(lambda o: f"Engagement {o.code[1:]}")
    title = "Agir tôt"
    dashboard_label = factory.LazyAttribute(lambda o: f"{o.label} : {o.title}")
    position = 1


class MeasureFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Measure
        django_get_or_create = ("commitment", "code")

    commitment = factory.SubFactory(CommitmentFactory)
    code = "m1"
    title = "Rendre obligatoire l’entretien"
    plan_title = factory.LazyAttribute(lambda o: o.title)
    position = 1


class ObjectiveFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Objective

    campaign = factory.SubFactory("tests.factories.CampaignFactory", catalogue=False)
    measure = factory.LazyAttribute(
        lambda o: MeasureFactory(commitment=CommitmentFactory(campaign=o.campaign))
    )
    number = factory.Sequence(lambda n: 100 + n)
    title = factory.LazyAttribute(lambda o: f"Atteindre le but {o.number}")
    dashboard_title = factory.LazyAttribute(lambda o: o.title)
    plan_title = factory.LazyAttribute(lambda o: o.title)
    is_fundamental = False


class CampaignFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Campaign
        django_get_or_create = ("code",)
        skip_postgeneration_save = True

    code = factory.Sequence(lambda n: f"c{n}")
    year = 2030
    title = factory.LazyAttribute(lambda o: f"Campagne {o.year}")
    period_start = factory.LazyAttribute(lambda o: o.year)
    period_end = factory.LazyAttribute(lambda o: o.year + 2)
    reference_year = factory.LazyAttribute(lambda o: o.year - 1)
    reference = "Circulaire d’essai"
    planned_effect_on = factory.LazyAttribute(lambda o: dt.date(o.year, 10, 30))
    optional_maximum = 2
    own_objective_maximum = 1
    own_objective_label = "Objectif de santé publique propre au territoire"
    spec = factory.LazyFunction(dict)
    loaded_at = factory.LazyFunction(timezone.now)

    @factory.post_generation
    def territories(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        if create and extracted:
            self.territories.set(extracted)

    @factory.post_generation
    def catalogue(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        """Four objectives, signatories, a deadline, a step and a two-block model contract."""
        if not create or extracted is False:
            return
        for position, code in enumerate(("e1", "e2"), start=1):
            commitment = CommitmentFactory(campaign=self, code=code, position=position)
            measure = MeasureFactory(commitment=commitment, code=f"m{position}", position=position)
            for number, fundamental in ((position, True), (12 if position == 1 else 20, False)):
                ObjectiveFactory(campaign=self, measure=measure, number=number, is_fundamental=fundamental)
        for position, (code, kind, party) in enumerate(
            [
                ("council", InstitutionKind.COUNCIL, "le Département"),
                ("prefect", InstitutionKind.PREFECTURE, "le Préfet"),
                ("ars", InstitutionKind.ARS, "l’ARS"),
            ],
            start=1,
        ):
            Signatory.objects.create(
                campaign=self,
                code=code,
                institution_kind=kind,
                party_label=party,
                signature_label=f"Pour {party}",
                position=position,
            )
        Deadline.objects.create(
            campaign=self,
            code="first-version",
            label="Première version du tableau de bord",
            due_on=dt.date(self.year, 7, 30),
            parties=["prefecture", "ars", "council"],
        )
        RetroplanningStep.objects.create(
            campaign=self, code="signature", label="Signature", days_before=15, position=1
        )
        ContractModel.objects.create(
            campaign=self,
            version="essai",
            title="Contrat départemental",
            blanks=[{"name": "prefect_name", "label": "Nom du préfet", "kind": "text"}],
            blocks=[
                {"kind": "title", "text": "CONTRAT DÉPARTEMENTAL"},
                {"kind": "paragraph", "text": "Entre l’État, représenté par ⟦prefect_name⟧."},
            ],
        )


class ContractFactory(factory.django.DjangoModelFactory):
    """A contract of a territory that is made eligible; its fundamental objectives are in it."""

    class Meta:
        model = Contract
        skip_postgeneration_save = True

    campaign = factory.SubFactory(CampaignFactory)
    territory = factory.SubFactory(TerritoryFactory)
    reference = factory.LazyAttribute(lambda o: f"{o.territory.code}-{o.campaign.code}")
    planned_effect_on = factory.LazyAttribute(lambda o: o.campaign.planned_effect_on)
    initial_ends_on = factory.LazyAttribute(lambda o: dt.date(o.campaign.period_end, 12, 31))
    ends_on = factory.LazyAttribute(lambda o: o.initial_ends_on)

    @factory.post_generation
    def fundamental_objectives(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        if not create or extracted is False:
            return
        self.campaign.territories.add(self.territory)
        for objective in self.campaign.objectives.fundamental():
            ContractObjective.objects.create(contract=self, objective=objective)
        derive_steps(self)


class ContractObjectiveFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ContractObjective

    contract = factory.SubFactory(ContractFactory)
    objective = factory.LazyAttribute(lambda o: ObjectiveFactory(campaign=o.contract.campaign))


class ActionSheetFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ActionSheet

    contract = factory.SubFactory(ContractFactory)
    contract_objective = factory.LazyAttribute(
        lambda o: (
            o.contract.objectives.order_by("pk").first() or ContractObjectiveFactory(contract=o.contract)
        )
    )
    number = factory.LazyAttribute(lambda o: o.contract.action_sheets.count() + 1)
    position = factory.LazyAttribute(
        lambda o: (o.contract.action_sheets.aggregate(last=Max("position"))["last"] or 0) + 1
    )
    title = factory.LazyAttribute(lambda o: f"Action {o.number}")


class EnvelopeFactory(factory.django.DjangoModelFactory):
    """An envelope that may finance every objective of its campaign, unless `objectives` are given."""

    class Meta:
        model = Envelope
        django_get_or_create = ("campaign", "code")
        skip_postgeneration_save = True

    campaign = factory.SubFactory(CampaignFactory)
    code = factory.Sequence(lambda n: f"ENV{n}")
    label = factory.LazyAttribute(lambda o: f"Enveloppe {o.code}")
    legal_label = factory.LazyAttribute(lambda o: f"au titre de l’enveloppe {o.code}")
    plan_label = factory.LazyAttribute(lambda o: o.code)
    amount = Decimal(1_000_000)
    rounding_unit = Decimal(1)
    payer = Payer.PREFECTURE
    paid_to = Paid.COUNCIL
    position = factory.Sequence(lambda n: n % 1000)

    @factory.post_generation
    def objectives(self, create: bool, extracted: Any, **kwargs: Any) -> None:
        if create:
            self.objectives.set(extracted if extracted is not None else self.campaign.objectives.all())


class NotifiedAmountFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = NotifiedAmount

    envelope = factory.SubFactory(EnvelopeFactory)
    territory = factory.SubFactory(TerritoryFactory)
    year = factory.LazyAttribute(lambda o: o.envelope.campaign.year)
    amount = Decimal(100_000)
    source = "Notification d’essai"


class ActionFinancingFactory(factory.django.DjangoModelFactory):
    """The department's money by default; the State's needs `contributor` and `envelope`."""

    class Meta:
        model = ActionFinancing

    action_sheet = factory.SubFactory(ActionSheetFactory)
    year = factory.LazyAttribute(lambda o: o.action_sheet.contract.campaign.year)
    contributor = Contributor.DEPARTMENT
    envelope = None
    amount = Decimal(1000)


class IndicatorFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Indicator

    objective = factory.SubFactory(ObjectiveFactory)
    campaign = factory.LazyAttribute(lambda o: o.objective.campaign)
    code = factory.Sequence(lambda n: f"indicateur-{n}")
    label = factory.LazyAttribute(lambda o: f"Nombre de {o.code}")
    unit = "nombre"
    kind = IndicatorKind.COUNT
    source = "DREES / CD"
    position = factory.Sequence(lambda n: n % 1000)


class IndicatorValueFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = IndicatorValue

    contract = factory.SubFactory(ContractFactory)
    indicator = factory.LazyAttribute(
        lambda o: IndicatorFactory(objective=o.contract.campaign.objectives.first())
    )
    kind = ValueKind.REFERENCE
    year = factory.LazyAttribute(lambda o: o.contract.campaign.reference_year)
    value = Decimal(100)
