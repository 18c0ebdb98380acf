"""Joining an institution: the invitation, its mail, its link that serves once, and who may send it."""

from __future__ import annotations

import datetime as dt
import hashlib
import re

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from cdppe.accounts.actions.invitations import (
    NewPerson,
    accept_invitation,
    accept_invitation_with_new_account,
    find_invitation,
    revoke_invitation,
    send_invitation,
)
from cdppe.accounts.models import Invitation, Membership, Role, User
from cdppe.lib.errors import NotAllowed, RuleViolation, WrongState
from tests.cast import Cast
from tests.factories import MembershipFactory, UserFactory

GUEST = "nouvelle@isere.exemple.fr"
ACCOUNT = {
    "first_name": "Nadia",
    "last_name": "Benali",
    "phone": "04 76 00 00 00",
    "password": "grenoble sous la neige",
    "password_again": "grenoble sous la neige",
}


@pytest.fixture
def administrator(cast: Cast) -> Client:
    browser = Client()
    browser.force_login(cast.council_administrator)
    return browser


@pytest.fixture
def invite_url(cast: Cast) -> str:
    return f"/institutions/{cast.council.pk}/inviter/"


def invite(browser: Client, url: str, email: str = GUEST, role: str = Role.EDITOR, **data: str):
    return browser.post(url, {"email": email, "role": role, **data})


@pytest.fixture
def link(administrator: Client, invite_url: str, mailoutbox, django_capture_on_commit_callbacks) -> str:
    """The path of the link that an invited editor of the council receives."""
    with django_capture_on_commit_callbacks(execute=True):
        assert invite(administrator, invite_url).status_code == 302
    return re.search(rf"{re.escape(settings.PUBLIC_URL)}(\S+)", mailoutbox[-1].body).group(1)


def token_of(link: str) -> str:
    return link.split("/")[2]


def test_the_mail_says_who_invites_where_as_what_and_until_when(
    cast: Cast, administrator: Client, invite_url: str, mailoutbox, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = invite(administrator, invite_url)
    assert answer.url == f"/institutions/{cast.council.pk}/"
    (mail,) = mailoutbox
    invitation = Invitation.objects.get()
    assert mail.to == [GUEST]
    assert mail.subject == "Invitation à rejoindre « Département de l’Isère »"
    assert cast.council_administrator.get_full_name() in mail.body
    assert "« Rédaction »" in mail.body
    assert f"{timezone.localtime(invitation.expires_at):%H:%M}" in mail.body
    assert "&" not in mail.body, "a plain text is not escaped"
    assert invitation.expires_at - invitation.created_at == dt.timedelta(days=7)


def test_no_mail_leaves_when_the_invitation_is_not_stored(
    cast: Cast, administrator: Client, invite_url: str, mailoutbox, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        answer = invite(administrator, invite_url, email=cast.council_reader.email)
    assert answer.status_code == 422
    assert mailoutbox == []


def test_the_database_keeps_only_a_hash_of_the_link(link: str) -> None:
    token = token_of(link)
    invitation = Invitation.objects.get()
    assert invitation.token_hash == hashlib.sha256(token.encode()).hexdigest()
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM accounts_invitation")
        assert not any(token in str(value) for row in cursor.fetchall() for value in row)


def test_somebody_without_an_account_opens_one_and_is_a_member(cast: Cast, link: str) -> None:
    visitor = Client()
    page = visitor.get(link)
    assert page.status_code == 200
    assert "Ouvrir mon compte" in page.text
    answer = visitor.post(link, ACCOUNT)
    assert answer.url == "/connexion/"
    user = User.objects.get(email=GUEST)
    membership = user.memberships.get()
    assert (membership.institution, membership.role, membership.is_administrator) == (
        cast.council,
        Role.EDITOR,
        False,
    )
    assert user.get_full_name() == "Nadia Benali"
    signed_in = visitor.post("/connexion/", {"username": GUEST, "password": ACCOUNT["password"]})
    assert signed_in.status_code == 302


def test_a_link_serves_once(link: str) -> None:
    Client().post(link, ACCOUNT)
    again = Client().get(link)
    assert again.status_code == 404
    assert "n’est plus valable" in again.text
    assert Client().post(link, ACCOUNT).status_code == 404


def test_a_link_serves_seven_days(link: str) -> None:
    Invitation.objects.update(expires_at=timezone.now() + dt.timedelta(minutes=1))
    assert Client().get(link).status_code == 200
    Invitation.objects.update(expires_at=timezone.now() - dt.timedelta(seconds=1))
    assert Client().get(link).status_code == 404
    assert Client().post(link, ACCOUNT).status_code == 404
    assert not User.objects.filter(email=GUEST).exists()


def test_an_unknown_link_reads_as_a_used_one(db: None) -> None:
    answer = Client().get("/invitations/jeton-invente/")
    assert answer.status_code == 404
    assert "n’est plus valable" in answer.text


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"password": "court", "password_again": "court"}, "12 caractères"),
        ({"password_again": "un autre mot de passe"}, "différents"),
        (
            {"password": "nouvelle-isere-exemple", "password_again": "nouvelle-isere-exemple"},
            "trop semblable",
        ),
        ({"last_name": ""}, "obligatoire"),
    ],
)
def test_a_refused_account_keeps_what_was_typed_and_opens_nothing(
    link: str, changes: dict[str, str], sentence: str
) -> None:
    answer = Client().post(link, ACCOUNT | {"first_name": "Nadia"} | changes)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert 'value="Nadia"' in answer.text
    assert not User.objects.filter(email=GUEST).exists()
    assert Invitation.objects.get().accepted_at is None


def test_the_form_of_a_new_account_takes_only_its_own_fields(link: str) -> None:
    Client().post(link, ACCOUNT | {"email": "autre@exemple.fr", "is_superuser": "1", "role": "signatory"})
    user = User.objects.get(email=GUEST)
    assert not user.is_superuser
    assert user.memberships.get().role == Role.EDITOR
    assert not User.objects.filter(email="autre@exemple.fr").exists()


def test_somebody_with_an_account_signs_in_then_confirms(cast: Cast, link: str) -> None:
    guest = UserFactory(email=GUEST)
    visitor = Client()
    page = visitor.get(link)
    assert f"/connexion/?next={link}" in page.text
    assert "Ouvrir mon compte" not in page.text
    visitor.force_login(guest)
    assert "Accepter l’invitation" in visitor.get(link).text
    assert not guest.memberships.exists(), "reading the page accepts nothing"
    assert visitor.post(link).status_code == 302
    assert guest.memberships.get().institution == cast.council


def test_posting_a_new_account_does_not_touch_an_account_that_exists(link: str) -> None:
    guest = UserFactory(email=GUEST)
    before = guest.password
    Client().post(link, ACCOUNT)
    guest.refresh_from_db()
    assert guest.password == before
    assert not guest.memberships.exists()


def test_somebody_else_cannot_use_the_link(cast: Cast, link: str) -> None:
    browser = Client()
    browser.force_login(cast.foreign_editor)
    page = browser.get(link)
    assert f"adressée à <strong>{GUEST}</strong>" in page.text
    browser.post(link)
    assert not Membership.objects.filter(user=cast.foreign_editor, institution=cast.council).exists()
    with pytest.raises(NotAllowed, match=GUEST):
        accept_invitation(Invitation.objects.get(), by=cast.foreign_editor)


def test_inviting_again_replaces_the_first_link(
    administrator: Client, invite_url: str, link: str, mailoutbox, django_capture_on_commit_callbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        invite(administrator, invite_url, email=GUEST.upper(), role=Role.READER)
    assert len(mailoutbox) == 2
    assert Invitation.objects.get().role == Role.READER
    assert Client().get(link).status_code == 404


def test_a_withdrawn_invitation_serves_no_more(cast: Cast, administrator: Client, link: str) -> None:
    invitation = Invitation.objects.get()
    url = f"/institutions/{cast.council.pk}/invitations/{invitation.pk}/annuler/"
    assert administrator.get(url).status_code == 405
    assert administrator.post(url).url == f"/institutions/{cast.council.pk}/"
    assert Client().get(link).status_code == 404
    assert administrator.post(url).status_code == 404


def test_an_accepted_invitation_cannot_be_withdrawn(cast: Cast, link: str) -> None:
    Client().post(link, ACCOUNT)
    with pytest.raises(WrongState, match="acceptée"):
        revoke_invitation(Invitation.objects.get(), by=cast.council_administrator)
    assert Membership.objects.filter(user__email=GUEST).exists()


def test_an_administrator_does_not_withdraw_the_invitations_of_others(cast: Cast, link: str) -> None:
    stranger = MembershipFactory(institution__name="Autre conseil", is_administrator=True)
    browser = Client()
    browser.force_login(stranger.user)
    pk = Invitation.objects.get().pk
    own = f"/institutions/{stranger.institution_id}/invitations/{pk}/annuler/"
    theirs = f"/institutions/{cast.council.pk}/invitations/{pk}/annuler/"
    assert browser.post(own).status_code == 404
    assert browser.post(theirs).status_code == 404
    with pytest.raises(NotAllowed):
        revoke_invitation(Invitation.objects.get(), by=stranger.user)
    assert Invitation.objects.exists()


def test_only_administrators_invite(cast: Cast, invite_url: str) -> None:
    for user, status in ((cast.council_editor, 403), (cast.foreign_editor, 404), (cast.dgcs_editor, 404)):
        browser = Client()
        browser.force_login(user)
        assert browser.get(invite_url).status_code == status
        assert invite(browser, invite_url).status_code == status
        with pytest.raises(NotAllowed):
            send_invitation(cast.council, email=GUEST, role=Role.READER, is_administrator=False, by=user)
    assert not Invitation.objects.exists()


def test_a_refused_invitation_keeps_what_was_typed(administrator: Client, invite_url: str) -> None:
    answer = invite(administrator, invite_url, email="nouvelle@", role="empereur", is_administrator="on")
    assert answer.status_code == 422
    assert 'value="nouvelle@"' in answer.text
    assert re.search(r'name="is_administrator"[^>]*checked', answer.text)
    assert "empereur" in answer.text
    assert not Invitation.objects.exists()


def test_a_member_is_not_invited_again(cast: Cast, administrator: Client, invite_url: str) -> None:
    answer = invite(administrator, invite_url, email=cast.council_reader.email.upper())
    assert answer.status_code == 422
    assert "fait déjà partie" in answer.text
    with pytest.raises(RuleViolation):
        send_invitation(
            cast.council,
            email=cast.council_reader.email,
            role=Role.READER,
            is_administrator=False,
            by=cast.council_administrator,
        )


def test_two_people_who_hold_one_link_do_not_both_join(link: str) -> None:
    invitation = find_invitation(token_of(link))
    assert invitation is not None
    person = NewPerson(first_name="A", last_name="B", phone="", password="grenoble sous la neige")
    accept_invitation_with_new_account(invitation, person=person)
    with pytest.raises(WrongState):
        accept_invitation_with_new_account(invitation, person=person)
    assert Membership.objects.filter(user__email=GUEST).count() == 1


def test_a_mail_server_that_is_down_loses_no_invitation(
    administrator: Client, invite_url: str, monkeypatch, django_capture_on_commit_callbacks
) -> None:
    def down(*args: object, **kwargs: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("cdppe.accounts.mail.send_mail", down)
    with django_capture_on_commit_callbacks(execute=True):
        assert invite(administrator, invite_url).status_code == 302
    assert Invitation.objects.get().email == GUEST
