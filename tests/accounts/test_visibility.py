"""What each institution sees and may do: the two rules on which every page rests (rules P1, P3)."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser

from cdppe.accounts.abilities import ABILITIES, Ability, administers, can
from cdppe.accounts.models import Institution, InstitutionKind, Role, Territory, User
from tests.cast import Cast
from tests.factories import (
    InstitutionFactory,
    MembershipFactory,
    RegionFactory,
    TerritoryFactory,
    UserFactory,
)

READ = {Ability.CONTRACT_READ, Ability.CONTRACT_COMMENT, Ability.DOCUMENT_RENDER}
EDIT = READ | {
    Ability.CONTRACT_CREATE,
    Ability.CONTRACT_EDIT,
    Ability.CONTACT_EDIT,
    Ability.TRANSMISSION_SEND,
    Ability.CONTRACT_PUBLISH,
}
ENGAGE = EDIT | {Ability.AGREEMENT_GIVE}
NATION = READ | {Ability.NATION_FOLLOW, Ability.ALLOCATION_READ}
FOLLOW = NATION | {
    Ability.ALLOCATION_RUN,
    Ability.DEADLINE_EXTEND,
    Ability.TRANSMISSION_REVIEW,
    Ability.AMENDMENT_PREPARE,
}

EXPECTED = {
    InstitutionKind.PREFECTURE: (READ, EDIT, ENGAGE),
    InstitutionKind.ARS: (READ, EDIT, ENGAGE),
    InstitutionKind.COUNCIL: (
        READ,
        EDIT | {Ability.BANK_ACCOUNT_EDIT},
        ENGAGE | {Ability.BANK_ACCOUNT_EDIT},
    ),
    InstitutionKind.REGIONAL_DIRECTORATE: (READ, READ, READ),
    InstitutionKind.DGCS: (
        NATION,
        FOLLOW,
        FOLLOW | {Ability.ALLOCATION_PUBLISH, Ability.CAMPAIGN_EXTEND},
    ),
    InstitutionKind.DGS: (NATION, NATION, NATION),
}
"""What a reader, an editor and a signatory of each kind of institution may do where it has a say."""


@pytest.mark.parametrize("kind", InstitutionKind.values)
def test_each_role_of_each_institution_may_do_exactly_this(kind: str) -> None:
    roles = (Role.READER, Role.EDITOR, Role.SIGNATORY)
    assert {role: set(ABILITIES[kind][role]) for role in roles} == dict(
        zip(roles, EXPECTED[kind], strict=True)
    )


@pytest.mark.parametrize(
    ("person", "territories"),
    [
        ("prefect_editor", {"38"}),
        ("council_reader", {"38"}),
        ("ars_editor", {"38", "73"}),
        ("regional_reader", {"38", "73"}),
        ("foreign_editor", {"59"}),
        ("dgcs_reader", {"38", "59", "73"}),
        ("outsider", set()),
        ("disabled", set()),
    ],
)
def test_each_person_sees_these_territories(cast: Cast, person: str, territories: set[str]) -> None:
    TerritoryFactory(code="73", region=cast.isere.region)
    seen = Territory.objects.visible_to(getattr(cast, person))
    assert {territory.code for territory in seen} == territories


def test_a_visitor_sees_no_territory_and_may_do_nothing(cast: Cast) -> None:
    assert not Territory.objects.visible_to(AnonymousUser()).exists()
    assert not Institution.objects.visible_to(AnonymousUser()).exists()
    assert not can(AnonymousUser(), Ability.CONTRACT_READ, cast.isere)
    assert not administers(AnonymousUser(), cast.council)


def test_belonging_to_two_institutions_adds_up(db: None) -> None:
    user = UserFactory()
    first, second = TerritoryFactory(code="01"), TerritoryFactory(code="02", region=RegionFactory(code="02"))
    MembershipFactory(user=user, institution__territory=first, role=Role.READER)
    MembershipFactory(user=user, institution__territory=second, role=Role.EDITOR)
    assert {each.code for each in Territory.objects.visible_to(user)} == {"01", "02"}
    assert not can(user, Ability.CONTRACT_EDIT, first), "the role in one institution gives nothing elsewhere"
    assert can(user, Ability.CONTRACT_EDIT, second)


def test_a_territory_that_is_seen_twice_is_listed_once(cast: Cast) -> None:
    prefecture = Institution.objects.get(kind=InstitutionKind.PREFECTURE, territory=cast.isere)
    ars = Institution.objects.get(kind=InstitutionKind.ARS, region=cast.isere.region)
    user = UserFactory()
    for institution in (cast.council, prefecture, ars):
        MembershipFactory(user=user, institution=institution)
    assert Territory.objects.visible_to(user).count() == 1


def test_a_gesture_without_a_territory_is_the_ministrys(cast: Cast) -> None:
    assert can(cast.dgcs_editor, Ability.ALLOCATION_RUN)
    assert not can(cast.dgcs_reader, Ability.ALLOCATION_RUN)
    assert not can(cast.council_editor, Ability.CONTRACT_EDIT), "a territory must be named"


def test_an_editor_has_no_ability_on_a_foreign_territory(cast: Cast) -> None:
    for user in (cast.prefect_editor, cast.ars_editor, cast.council_editor):
        assert can(user, Ability.CONTRACT_EDIT, cast.isere)
        assert not any(can(user, ability, cast.nord) for ability in Ability)


def test_a_disabled_account_may_do_nothing(cast: Cast) -> None:
    assert not any(can(cast.disabled, ability, cast.isere) for ability in Ability)
    MembershipFactory(user=UserFactory(is_active=False), institution=cast.council, is_administrator=True)
    former = User.objects.get(is_active=False, memberships__is_administrator=True)
    assert not administers(former, cast.council)


def test_administering_one_institution_gives_nothing_on_another(cast: Cast) -> None:
    other = InstitutionFactory(kind=InstitutionKind.PREFECTURE, territory=cast.nord)
    assert administers(cast.council_administrator, cast.council)
    assert not administers(cast.council_administrator, other)
    assert not administers(cast.council_editor, cast.council)


def test_a_technical_administrator_sees_no_territory_for_all_that(db: None) -> None:
    TerritoryFactory()
    technician = User.objects.create_superuser("technique@exemple.fr", "un mot de passe")
    assert not Territory.objects.visible_to(technician).exists()
