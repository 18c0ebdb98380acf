"""The fixed cast of the tests: the same people around the same two territories, in every test.

`isere` and `nord` lie in two regions; each has a prefecture, a council and (through its region) an ARS.
"""

from __future__ import annotations

from dataclasses import dataclass

from cdppe.accounts.models import Institution, InstitutionKind, Role, Territory, User
from contracts.models import Campaign, Contract
from tests.factories import (
    CampaignFactory,
    ContractFactory,
    InstitutionFactory,
    MembershipFactory,
    RegionFactory,
    TerritoryFactory,
    UserFactory,
)


@dataclass(frozen=True)
class Cast:
    """People by what they are; the foreign ones belong to `nord`, the others to `isere`."""

    isere: Territory
    nord: Territory
    campaign: Campaign
    contract: Contract
    foreign_contract: Contract
    council: Institution
    prefect_editor: User
    ars_editor: User
    council_editor: User
    council_reader: User
    council_administrator: User
    foreign_editor: User
    foreign_prefect: User
    foreign_ars: User
    regional_reader: User
    dgcs_reader: User
    dgcs_editor: User
    dgcs_signatory: User
    disabled: User
    outsider: User


def make_cast() -> Cast:
    """The whole cast in the database, with one contract in each of the two territories."""
    alpes, hauts = (
        RegionFactory(code="84", name="Auvergne-Rhône-Alpes"),
        RegionFactory(code="32", name="Hauts-de-France"),
    )
    isere = TerritoryFactory(code="38", name="Isère", of_name="de l’Isère", region=alpes)
    nord = TerritoryFactory(code="59", name="Nord", of_name="du Nord", region=hauts)
    campaign = CampaignFactory(code="2030", territories=[isere, nord])
    council = InstitutionFactory(kind=InstitutionKind.COUNCIL, name="Département de l’Isère", territory=isere)
    prefecture = InstitutionFactory(
        kind=InstitutionKind.PREFECTURE, name="Préfecture de l’Isère", territory=isere
    )
    ars = InstitutionFactory(kind=InstitutionKind.ARS, name="ARS Auvergne-Rhône-Alpes", region=alpes)
    foreign = InstitutionFactory(kind=InstitutionKind.COUNCIL, name="Département du Nord", territory=nord)
    foreign_prefecture = InstitutionFactory(
        kind=InstitutionKind.PREFECTURE, name="Préfecture du Nord", territory=nord
    )
    foreign_ars = InstitutionFactory(kind=InstitutionKind.ARS, name="ARS Hauts-de-France", region=hauts)
    regional = InstitutionFactory(
        kind=InstitutionKind.REGIONAL_DIRECTORATE, name="DREETS Auvergne-Rhône-Alpes", region=alpes
    )
    dgcs = InstitutionFactory(kind=InstitutionKind.DGCS, name="DGCS")
    return Cast(
        isere=isere,
        nord=nord,
        campaign=campaign,
        contract=ContractFactory(campaign=campaign, territory=isere),
        foreign_contract=ContractFactory(campaign=campaign, territory=nord),
        council=council,
        prefect_editor=_person("prefecture@isere.exemple.fr", prefecture),
        ars_editor=_person("ars@exemple.fr", ars),
        council_editor=_person("redaction@isere.exemple.fr", council),
        council_reader=_person("lecture@isere.exemple.fr", council, Role.READER),
        council_administrator=_person("administration@isere.exemple.fr", council, is_administrator=True),
        foreign_editor=_person("redaction@nord.exemple.fr", foreign),
        foreign_prefect=_person("prefecture@nord.exemple.fr", foreign_prefecture),
        foreign_ars=_person("ars-hauts@exemple.fr", foreign_ars),
        regional_reader=_person("dreets@exemple.fr", regional, Role.READER),
        dgcs_reader=_person("lecture@dgcs.exemple.fr", dgcs, Role.READER),
        dgcs_editor=_person("redaction@dgcs.exemple.fr", dgcs),
        dgcs_signatory=_person("signature@dgcs.exemple.fr", dgcs, Role.SIGNATORY),
        disabled=_person("parti@isere.exemple.fr", council, is_active=False),
        outsider=UserFactory(email="sans-institution@exemple.fr"),
    )


def _person(
    email: str,
    institution: Institution,
    role: str = Role.EDITOR,
    *,
    is_active: bool = True,
    is_administrator: bool = False,
) -> User:
    user = UserFactory(email=email, is_active=is_active)
    MembershipFactory(user=user, institution=institution, role=role, is_administrator=is_administrator)
    return user
