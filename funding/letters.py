"""The notification letter as a document: a territory's amounts of one publication, and why (annexe 4; F8).

Source: circulaire DGCS 2020/34, annexe 4-I: the amounts are indicative until they are notified. The letter
says what the page « Pourquoi ce montant » says, from the same explanation (`funding.explanation`), and names
no signatory. It depends on nothing but the publication: rendered again, it is the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Count, Q
from django.template.loader import render_to_string
from django.urls import reverse

from cdppe.accounts.abilities import Ability, can
from cdppe.accounts.models import Territory, User
from cdppe.documents.models import JobState
from cdppe.documents.pdf import render_pdf
from cdppe.documents.registry import Progress, RenderedDocument
from cdppe.lib.errors import MissingPiece
from contracts.models import Contract
from funding.actions.letters import read_subject
from funding.explanation import Explanation, explain
from funding.models import AllocationLine, NotificationLetter, Publication, PublishedAmount


@dataclass(frozen=True)
class LetterAmount:
    """One envelope of the letter; `explanation` is None for an amount that no run computed."""

    stated: PublishedAmount
    explanation: Explanation | None


@dataclass(frozen=True)
class Letter:
    """Everything that the letter says, before any layout; `total` in euros."""

    publication: Publication
    territory: Territory
    amounts: tuple[LetterAmount, ...]
    total: Decimal
    replaced: tuple[Publication, ...]
    is_demonstration: bool

    @property
    def is_all_official(self) -> bool:
        return all(each.explanation.is_all_official for each in self.amounts if each.explanation)

    @property
    def title(self) -> str:
        return f"Notification des crédits {self.publication.year} – {self.territory.name}"

    @property
    def file_name(self) -> str:
        year, code = self.publication.year, self.territory.code
        return f"notification-{year}-{code}-publication-{self.publication.pk}.pdf"


@dataclass(frozen=True)
class LetterCounts:
    """How far the letters of a publication are; `asked` and the others are numbers of letters."""

    expected: int
    asked: int
    done: int
    failed: int

    @property
    def waiting(self) -> int:
        """Those that somebody still renders."""
        return self.asked - self.done - self.failed

    @property
    def missing(self) -> int:
        return self.expected - self.done

    @property
    def is_complete(self) -> bool:
        return self.missing == 0


def letter_of(publication: Publication, territory: Territory) -> Letter:
    """What the letter of `territory` says; raises MissingPiece when the publication states nothing for it."""
    stated = list(
        publication.amounts.filter(territory=territory)
        .select_related("envelope", "run__envelope")
        .order_by("envelope__position", "envelope__pk")
    )
    if not stated:
        raise MissingPiece(
            f"Cette publication ne notifie aucun montant à {territory} : il n’y a pas de lettre à produire."
        )
    lines = {
        line.run_id: line
        for line in AllocationLine.objects.filter(
            territory=territory, run__in=[row.run_id for row in stated if row.run_id is not None]
        ).select_related("territory")
    }
    amounts = []
    for row in stated:
        line = None if row.run_id is None else lines.get(row.run_id)
        explanation = None if row.run is None or line is None else explain(row.run, line)
        amounts.append(LetterAmount(row, explanation))
    return Letter(
        publication=publication,
        territory=territory,
        amounts=tuple(amounts),
        total=sum((row.amount for row in stated), Decimal(0)),
        replaced=tuple(publication.replaces.all()),
        is_demonstration=Contract.objects.filter(
            campaign=publication.campaign, territory=territory, is_demonstration=True
        ).exists(),
    )


def render_letter(letter: Letter, *, progress: Progress | None = None) -> RenderedDocument:
    """The PDF/UA of `letter`, dated as its publication: the same letter is the same bytes."""
    content = render_pdf(
        render_to_string("documents/notification_letter.html", {"letter": letter}),
        title=letter.title,
        dated=letter.publication.published_at,
        stylesheets=("contract.css", "letter.css"),
        author="Direction générale de la cohésion sociale",
        subject=f"Campagne {letter.publication.campaign.title}",
        progress=progress,
        expected_pages=2,
    )
    return RenderedDocument(letter.file_name, "application/pdf", content)


def letter_counts(publication: Publication) -> LetterCounts:
    """How many letters `publication` has, and how far they are; two queries."""
    expected = publication.amounts.order_by().values("territory").distinct().count()
    counts = publication.letters.aggregate(
        asked=Count("pk", filter=Q(job__isnull=False)),
        done=Count("pk", filter=Q(job__state=JobState.DONE)),
        failed=Count("pk", filter=Q(job__state=JobState.FAILED)),
    )
    return LetterCounts(expected=expected, **counts)


def letters_context(publication: Publication) -> dict[str, Any]:
    """What the part « Lettres de notification » of a publication's page shows.

    `missing` are the territories whose letter is not there.
    """
    letters = list(publication.letters.select_related("territory", "job__file"))
    there = [letter.territory_id for letter in letters if letter.job and letter.job.state == JobState.DONE]
    territories = Territory.objects.filter(published_amounts__publication=publication).distinct()
    return {
        "campaign": publication.campaign,
        "publication": publication,
        "letters": letters,
        "counts": letter_counts(publication),
        "missing": list(territories.exclude(pk__in=there)),
        "is_partial": False,
    }


def letters_of_contract(contract: Contract) -> list[NotificationLetter]:
    """The letters of the contract's territory that are ready, of publications in force, by year."""
    return list(
        NotificationLetter.objects.ready()
        .in_force()
        .filter(territory=contract.territory_id, publication__campaign=contract.campaign_id)
        .select_related("publication", "territory", "job__file")
        .order_by("publication__year", "publication__published_at")
    )


# --- What the registry of documents asks ------------------------------------------------------------------


def render_subject(subject: str, progress: Progress) -> RenderedDocument:
    """The letter that `subject` names; raises MissingPiece when the publication or its amounts are gone."""
    publication_id, code = read_subject(subject)
    publication = Publication.objects.select_related("campaign").filter(pk=publication_id).first()
    territory = Territory.objects.select_related("region").filter(code=code).first()
    if publication is None or territory is None:
        raise MissingPiece("Cette publication n’existe plus : sa lettre ne peut pas être produite.")
    return render_letter(letter_of(publication, territory), progress=progress)


def is_visible_to(user: AbstractBaseUser | AnonymousUser, subject: str) -> bool:
    """Whether `user` follows the territory of the letter."""
    publication_id, code = read_subject(subject)
    return (
        isinstance(user, User)
        and NotificationLetter.objects.visible_to(user)
        .filter(publication=publication_id, territory__code=code)
        .exists()
    )


def may_render(user: AbstractBaseUser | AnonymousUser, subject: str) -> bool:
    """Whether `user` may ask for the letter: who publishes."""
    return isinstance(user, User) and can(user, Ability.ALLOCATION_PUBLISH)


def back_url(subject: str) -> str:
    """Where one goes back to: the credits in the territory's contract, else the list of contracts."""
    publication_id, code = read_subject(subject)
    contract = Contract.objects.filter(campaign__publications=publication_id, territory__code=code).first()
    if contract is None:
        return reverse("contracts:list")
    return f"{reverse('funding:action-plan', args=[contract.reference])}#balances"


def back_for(user: AbstractBaseUser | AnonymousUser, subject: str) -> tuple[str, str] | None:
    """Who reads the allocation goes back to the letters of the publication: address and label."""
    publication = Publication.objects.filter(pk=read_subject(subject)[0]).select_related("campaign").first()
    if publication is None or not (isinstance(user, User) and can(user, Ability.ALLOCATION_READ)):
        return None
    page = reverse("funding:publication-detail", args=[publication.campaign.code, publication.pk])
    return f"{page}#letters", "Revenir aux lettres de la publication"
