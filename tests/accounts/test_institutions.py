"""The members of an institution: who sees them, who changes them, and the administrator that always stays."""

from __future__ import annotations

import pytest
from django.test import Client

from cdppe.accounts.actions.memberships import change_membership, remove_membership
from cdppe.accounts.models import Membership, Role, User
from cdppe.lib.errors import NotAllowed, RuleViolation, WrongState
from tests.cast import Cast
from tests.factories import MembershipFactory


def browser_of(user: User) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


@pytest.fixture
def reader(cast: Cast) -> Membership:
    return cast.council.memberships.get(user=cast.council_reader)


@pytest.fixture
def only_administrator(cast: Cast) -> Membership:
    return cast.council.memberships.get(user=cast.council_administrator)


def url_of(membership: Membership, gesture: str = "") -> str:
    return f"/institutions/{membership.institution_id}/membres/{membership.pk}/{gesture}"


def test_members_see_each_other(cast: Cast) -> None:
    page = browser_of(cast.council_reader).get(f"/institutions/{cast.council.pk}/")
    assert page.status_code == 200
    for user in (cast.council_editor, cast.council_reader, cast.council_administrator):
        assert user.email in page.text
    assert "Inviter quelqu’un" not in page.text
    assert "Changer le rôle" not in page.text


def test_who_does_not_belong_to_an_institution_does_not_know_that_it_exists(cast: Cast) -> None:
    url = f"/institutions/{cast.council.pk}/"
    for user in (cast.foreign_editor, cast.prefect_editor, cast.dgcs_editor, cast.outsider):
        assert browser_of(user).get(url).status_code == 404
    assert browser_of(cast.outsider).get("/institutions/999999/").status_code == 404


def test_an_administrator_is_offered_every_gesture(cast: Cast, reader: Membership) -> None:
    page = browser_of(cast.council_administrator).get(f"/institutions/{cast.council.pk}/")
    assert "Inviter quelqu’un" in page.text
    assert url_of(reader) in page.text
    assert url_of(reader, "retirer/") in page.text


def test_the_page_asks_as_many_queries_for_fifty_members_as_for_five(
    cast: Cast, django_assert_max_num_queries
) -> None:
    browser = browser_of(cast.council_administrator)
    url = f"/institutions/{cast.council.pk}/"
    MembershipFactory(institution=cast.council)
    with django_assert_max_num_queries(100) as few:
        browser.get(url)
    MembershipFactory.create_batch(45, institution=cast.council)
    with django_assert_max_num_queries(100) as many:
        assert browser.get(url).text.count("Changer le rôle") == 50
    assert len(many) == len(few)


def test_an_administrator_changes_a_role(cast: Cast, reader: Membership) -> None:
    browser = browser_of(cast.council_administrator)
    assert browser.get(url_of(reader)).status_code == 200
    answer = browser.post(url_of(reader), {"role": Role.SIGNATORY, "is_administrator": "on"})
    assert answer.url == f"/institutions/{cast.council.pk}/"
    reader.refresh_from_db()
    assert (reader.role, reader.is_administrator) == (Role.SIGNATORY, True)


def test_changing_a_role_takes_only_its_own_fields(cast: Cast, reader: Membership) -> None:
    browser_of(cast.council_administrator).post(
        url_of(reader), {"role": Role.EDITOR, "user": cast.outsider.pk, "institution": "1"}
    )
    reader.refresh_from_db()
    assert (reader.user, reader.institution) == (cast.council_reader, cast.council)


def test_a_role_that_does_not_exist_is_refused(cast: Cast, reader: Membership) -> None:
    answer = browser_of(cast.council_administrator).post(url_of(reader), {"role": "empereur"})
    assert answer.status_code == 422
    reader.refresh_from_db()
    assert reader.role == Role.READER


@pytest.mark.parametrize("gesture", ["", "retirer/"])
def test_nobody_else_changes_a_member(cast: Cast, reader: Membership, gesture: str) -> None:
    for user, status in ((cast.council_editor, 403), (cast.foreign_editor, 404)):
        browser = browser_of(user)
        assert browser.get(url_of(reader, gesture)).status_code == status
        assert browser.post(url_of(reader, gesture), {"role": Role.EDITOR}).status_code == status
    reader.refresh_from_db()
    assert reader.role == Role.READER


def test_the_actions_refuse_who_does_not_administer(cast: Cast, reader: Membership) -> None:
    with pytest.raises(NotAllowed):
        change_membership(reader, role=Role.EDITOR, is_administrator=True, by=cast.council_reader)
    with pytest.raises(NotAllowed):
        remove_membership(reader, by=cast.foreign_editor)


def test_a_member_of_another_institution_is_not_reached_through_ones_own(cast: Cast) -> None:
    foreign = Membership.objects.get(user=cast.foreign_editor)
    url = f"/institutions/{cast.council.pk}/membres/{foreign.pk}/retirer/"
    assert browser_of(cast.council_administrator).post(url).status_code == 404
    assert Membership.objects.filter(pk=foreign.pk).exists()


def test_a_removed_person_keeps_an_account_that_sees_nothing_more(cast: Cast, reader: Membership) -> None:
    browser = browser_of(cast.council_administrator)
    assert "Retirer" in browser.get(url_of(reader, "retirer/")).text
    assert Membership.objects.filter(pk=reader.pk).exists(), "reading the page removes nobody"
    assert browser.post(url_of(reader, "retirer/")).status_code == 302
    removed = browser_of(cast.council_reader)
    assert removed.get(f"/institutions/{cast.council.pk}/").status_code == 404
    assert "n’appartient à aucune institution" in removed.get("/mon-compte/").text


def test_the_last_administrator_can_neither_leave_nor_step_down(
    cast: Cast, only_administrator: Membership
) -> None:
    browser = browser_of(cast.council_administrator)
    removal = browser.post(url_of(only_administrator, "retirer/"), follow=True)
    assert "seule personne qui administre" in removal.text
    stepping_down = browser.post(url_of(only_administrator), {"role": Role.EDITOR})
    assert stepping_down.status_code == 422
    assert "seule personne qui administre" in stepping_down.text
    only_administrator.refresh_from_db()
    assert only_administrator.is_administrator


def test_a_disabled_administrator_does_not_count_as_the_other_one(
    cast: Cast, only_administrator: Membership
) -> None:
    MembershipFactory(institution=cast.council, is_administrator=True, user__is_active=False)
    with pytest.raises(RuleViolation, match="confiez d’abord"):
        remove_membership(only_administrator, by=cast.council_administrator)


def test_with_another_administrator_one_may_leave(cast: Cast, only_administrator: Membership) -> None:
    MembershipFactory(institution=cast.council, is_administrator=True)
    answer = browser_of(cast.council_administrator).post(url_of(only_administrator, "retirer/"))
    assert answer.url == "/mon-compte/"
    assert not Membership.objects.filter(pk=only_administrator.pk).exists()


def test_two_administrators_cannot_remove_each_other(cast: Cast, only_administrator: Membership) -> None:
    other = MembershipFactory(institution=cast.council, is_administrator=True)
    remove_membership(only_administrator, by=other.user)
    with pytest.raises(NotAllowed):
        remove_membership(other, by=cast.council_administrator)
    with pytest.raises(WrongState):
        change_membership(only_administrator, role=Role.EDITOR, is_administrator=True, by=other.user)


def test_a_person_writes_their_own_name_and_phone(cast: Cast) -> None:
    browser = browser_of(cast.council_reader)
    answer = browser.post(
        "/mon-compte/",
        {
            "first_name": "Amélie",
            "last_name": "O’Neill <b>",
            "phone": "04 76 00 00 00",
            "email": "autre@exemple.fr",
            "is_staff": "on",
        },
    )
    assert answer.url == "/mon-compte/"
    user = User.objects.get(pk=cast.council_reader.pk)
    assert (user.get_full_name(), user.phone) == ("Amélie O’Neill <b>", "04 76 00 00 00")
    assert user.email == cast.council_reader.email
    assert not user.is_staff
    page = browser.get("/mon-compte/").text
    assert "O’Neill &lt;b&gt;" in page
    assert "<b>" not in page


def test_a_refused_name_is_kept_on_the_form_and_not_in_the_header(cast: Cast) -> None:
    answer = browser_of(cast.council_reader).post(
        "/mon-compte/", {"first_name": "", "last_name": "Écrit à l’instant", "phone": "1" * 31}
    )
    assert answer.status_code == 422
    assert answer.text.count("Écrit à l’instant") == 1
    assert cast.council_reader.last_name in answer.text
