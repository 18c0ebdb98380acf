"""The reference tables of fixtures/: departments, territories and their institutions (rules P1, P4)."""

import pytest
from django.core.management import call_command

from cdppe.accounts.models import Department, Institution, InstitutionKind, Region, Territory

pytestmark = pytest.mark.django_db


def test_loading_twice_gives_the_same_country(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("loadterritories")
    first = {model: model.objects.count() for model in (Region, Department, Territory, Institution)}
    call_command("loadterritories")
    assert first == {model: model.objects.count() for model in first}
    assert first[Department] == 101
    # 99 departments and collectivities in a department's place, the collectivité de Corse, Saint-Martin.
    assert first[Territory] == 101
    assert "101 départements, 101 territoires" in capsys.readouterr().out


def test_corsica_is_one_territory_of_two_departments_and_saint_martin_of_none() -> None:
    call_command("loadterritories", verbosity=0)
    departments = {
        territory.code: sorted(department.code for department in territory.departments.all())
        for territory in Territory.objects.prefetch_related("departments")
    }
    assert departments.pop("20") == ["2A", "2B"]
    assert departments.pop("978") == []
    assert departments == {code: [code] for code in departments}


def test_every_territory_has_its_three_parties_within_reach() -> None:
    call_command("loadterritories", verbosity=0)
    for territory in Territory.objects.prefetch_related("institutions", "region__institutions"):
        kinds = {institution.kind for institution in territory.institutions.all()}
        regional = {institution.kind for institution in territory.region.institutions.all()}
        assert kinds == {InstitutionKind.PREFECTURE, InstitutionKind.COUNCIL}, territory
        assert regional == {InstitutionKind.ARS, InstitutionKind.REGIONAL_DIRECTORATE}, territory


def test_an_institution_renamed_by_its_administrator_keeps_its_name() -> None:
    call_command("loadterritories", verbosity=0)
    Institution.objects.filter(kind=InstitutionKind.PREFECTURE, territory__code="38").update(
        name="Préfecture de Grenoble"
    )
    call_command("loadterritories", verbosity=0)
    names = Institution.objects.filter(kind=InstitutionKind.PREFECTURE, territory__code="38")
    assert [institution.name for institution in names] == ["Préfecture de Grenoble"]
