"""The map and the chart of amounts: every department once at least, each with its figure (rule F8)."""

from __future__ import annotations

import json
from decimal import Decimal
from itertools import pairwise

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from cdppe.accounts.models import Department, InstitutionKind, Role
from contracts.models import Campaign
from funding.actions.allocations import run_allocation
from funding.actions.publications import publish
from funding.pictures import BAR_WIDTH, MAP_FILE, MOST_CLASSES, levels_of, outlines, picture_of
from tests.factories import InstitutionFactory, MembershipFactory, UserFactory


@given(st.lists(st.integers(0, 50).map(Decimal), max_size=120))
def test_classes_hold_every_amount_once_in_order_and_equal_amounts_together(amounts: list[Decimal]) -> None:
    levels = levels_of(amounts)
    assert len(levels) <= MOST_CLASSES
    assert sum(level.count for level in levels) == len(amounts)
    assert all(one.greatest < two.least for one, two in pairwise(levels))
    for level in levels:
        assert level.count == sum(level.least <= amount <= level.greatest for amount in amounts)


def test_distinct_amounts_fill_every_class_alike() -> None:
    levels = levels_of([Decimal(number) for number in range(60)])
    assert [level.count for level in levels] == [10] * MOST_CLASSES


def test_the_outlines_are_those_of_the_101_departments() -> None:
    assert "ADMIN EXPRESS" in json.loads(MAP_FILE.read_text(encoding="utf-8"))["source"]
    view_box, paths = outlines().view_box, outlines().paths
    assert len({path.code for path in paths}) == 101
    assert all(path.path.startswith("M") for path in paths)
    assert len(view_box.split()) == 4


@pytest.mark.django_db
def test_each_department_has_its_territorys_amount_and_the_bars_their_length(campaign: Campaign) -> None:
    run = run_allocation(campaign.envelopes.get(code="FIR"), year=2020, by=None)
    lines = run.lines.select_related("territory").prefetch_related("territory__departments")
    picture = picture_of([(line.territory, line.amount) for line in lines])
    assert {path.code for path in outlines().paths} == set(Department.objects.values_list("code", flat=True))
    titles = [shape.title.replace("\u202f", " ").replace("\u00a0", " ") for shape in picture.shapes]
    assert "Nord (59) : 1 000 000 €" in titles
    assert "Rhône (69) : aucun montant" in titles
    coloured = [shape for shape in picture.shapes if shape.level]
    departments = sum(line.territory.departments.count() for line in lines)
    assert len({shape.path for shape in coloured}) >= departments
    assert [bar.amount for bar in picture.bars] == sorted((line.amount for line in lines), reverse=True)
    assert picture.bars[0].length == BAR_WIDTH


@pytest.mark.django_db
def test_nothing_draws_an_empty_map() -> None:
    picture = picture_of([])
    assert not picture.levels
    assert {shape.level for shape in picture.shapes} == {0}


@pytest.mark.django_db
def test_the_pages_of_a_run_and_of_a_publication_show_them(campaign: Campaign) -> None:
    user = UserFactory()
    MembershipFactory(user=user, institution=InstitutionFactory(kind=InstitutionKind.DGCS), role=Role.READER)
    client = Client()
    client.force_login(user)
    run = run_allocation(campaign.envelopes.get(code="FIR"), year=2020, by=None)
    publication = publish([run], by=user)
    for path in (f"calculs/{run.pk}/", f"publications/{publication.pk}/"):
        page = client.get(f"/repartition/2020/{path}").content.decode()
        assert page.count("<path class=") == len(outlines().paths)
        assert "© IGN – ADMIN EXPRESS 2018, simplifié" in page
        assert page.count('class="cdppe-chart__bar"') == 30
