"""Publishing: the amounts of some runs become the notified ones of a year (annexe 4; rules F8, M1).

Source: circulaire DGCS 2020/34, annexe 4-I: the amounts are indicative until they are notified. Where it is
silent, we chose: an envelope is published once for a year; only a new publication, with its reason, replaces
it, and the replaced amounts stay readable.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from cdppe.accounts.models import User
from cdppe.lib.errors import MissingPiece, RuleViolation, WrongState
from contracts.actions.journal import record_elsewhere
from contracts.models import Campaign
from funding.models import AllocationRun, Envelope, NotifiedAmount, Publication, PublishedAmount

FROM_A_DOCUMENT = 0
"""How a state names amounts that no publication made, such as those copied from a signed contract."""


def published_state(year: int, envelope_ids: Iterable[int]) -> str:
    """What holds now for some envelopes: the ids of the publications of their amounts, as text ("12,15").

    Empty when nothing is notified. A page carries it, so that a confirmation given on an older state is told.
    """
    found = NotifiedAmount.objects.filter(year=year, envelope__in=list(envelope_ids))
    ids = {
        FROM_A_DOCUMENT if pk is None else pk for pk in found.values_list("publication", flat=True).distinct()
    }
    return ",".join(str(pk) for pk in sorted(ids))


@transaction.atomic
def publish(
    runs: Sequence[AllocationRun], *, by: User | None, reason: str = "", seen: str | None = None
) -> Publication:
    """Make the amounts of `runs` (of one campaign and year, one an envelope) the notified ones of their year.

    `seen` is the `published_state` that the person confirmed, None for a command. When an envelope is already
    notified the publication replaces what holds, which takes a `reason`; it must then state again every
    envelope of the publications that it replaces. `by` is None for a command.

    Raises WrongState when somebody published in the meantime, MissingPiece without a run, a reason or an
    envelope, RuleViolation for runs that do not go together; nothing is written then.
    """
    campaign, year = _campaign_and_year(runs)
    # The lock makes two people who confirm at the same time come one after the other.
    Campaign.objects.select_for_update(no_key=True).get(pk=campaign.pk)
    envelope_ids = {run.envelope_id for run in runs}
    holding = NotifiedAmount.objects.filter(year=year, envelope__in=envelope_ids)
    if seen is not None and seen != published_state(year, envelope_ids):
        raise WrongState(_told(holding))
    reason = reason.strip()
    is_replacement = holding.exists()
    if is_replacement and not reason:
        raise MissingPiece(
            f"Des montants {year} sont déjà notifiés : indiquez le motif de la nouvelle publication."
        )
    replaced = list(
        Publication.objects.filter(notified_amounts__in=holding.filter(publication__isnull=False)).distinct()
    )
    _require_every_envelope(replaced, envelope_ids)
    if (earlier := _publication_of_documents(campaign, year, holding)) is not None:
        replaced.append(earlier)
    publication = Publication.objects.create(
        campaign=campaign,
        year=year,
        reason=reason,
        is_replacement=is_replacement,
        published_by=by,
    )
    publication.runs.set(runs)
    Publication.objects.filter(pk__in=[each.pk for each in replaced]).update(replaced_by=publication)
    _state_amounts(publication, runs)
    envelopes = ", ".join(f"« {run.envelope.label} »" for run in runs)
    verb = "notifiés de nouveau" if is_replacement else "notifiés"
    record_elsewhere("amounts.published", f"Montants {year} {verb} : {envelopes}.", by=by)
    return publication


@transaction.atomic
def notify_run(run: AllocationRun, *, by: User | None) -> list[NotifiedAmount]:
    """Publish one run whose envelope is not yet notified for its year; answers the notified amounts.

    Raises WrongState when some territory already has an amount, and nothing is written then.
    """
    Campaign.objects.select_for_update(no_key=True).get(pk=run.envelope.campaign_id)
    holding = NotifiedAmount.objects.filter(year=run.year, envelope=run.envelope_id)
    if holding.exists():
        raise WrongState(_told(holding))
    return list(publish([run], by=by).notified_amounts.all())


def _campaign_and_year(runs: Sequence[AllocationRun]) -> tuple[Campaign, int]:
    if not runs:
        raise MissingPiece(
            "Aucune répartition n’est choisie : calculez d’abord la répartition d’une enveloppe."
        )
    if len({run.envelope_id for run in runs}) < len(runs):
        raise RuleViolation("Une enveloppe est choisie deux fois : gardez une répartition par enveloppe.")
    if len({(run.envelope.campaign_id, run.year) for run in runs}) > 1:
        raise RuleViolation(
            "Ces répartitions ne sont pas d’une même campagne et d’une même année : publiez-les à part."
        )
    return runs[0].envelope.campaign, runs[0].year


def _told(holding: QuerySet[NotifiedAmount]) -> str:
    """Who published what holds, and when."""
    latest = holding.select_related("envelope", "territory", "published_by").order_by("-published_at").first()
    if latest is None:
        return (
            "Les montants notifiés ont changé depuis que cette page est ouverte. Rien n’a été modifié : "
            "rouvrez la page pour lire ce qui change."
        )
    author = f" par {latest.published_by}" if latest.published_by is not None else ""
    return (
        f"Les montants {latest.year} de l’enveloppe « {latest.envelope.label} » ont déjà été notifiés "
        f"le {timezone.localtime(latest.published_at):%d/%m/%Y à %H h %M}{author} "
        f"({_counted(holding.filter(envelope=latest.envelope_id).count())}, "
        f"à commencer par {latest.territory}). Rien n’a été modifié."
    )


def _counted(territories: int) -> str:
    return f"{territories} territoire{'s' if territories > 1 else ''}"


def _require_every_envelope(replaced: Sequence[Publication], envelope_ids: set[int]) -> None:
    forgotten = (
        Envelope.objects.filter(published_amounts__publication__in=replaced)
        .exclude(pk__in=envelope_ids)
        .distinct()
    )
    if forgotten:
        labels = ", ".join(f"« {envelope.label} »" for envelope in forgotten)
        raise MissingPiece(
            f"La publication à remplacer porte aussi sur {labels} : choisissez une répartition pour "
            "chacune de ses enveloppes, au besoin celle qui est déjà publiée."
        )


def _publication_of_documents(
    campaign: Campaign, year: int, holding: QuerySet[NotifiedAmount]
) -> Publication | None:
    """Keep the amounts that no publication made, before they are replaced; None when there are none."""
    rows = list(holding.filter(publication__isnull=True).order_by("published_at"))
    if not rows:
        return None
    publication = Publication.objects.create(
        campaign=campaign, year=year, published_by=rows[-1].published_by, published_at=rows[-1].published_at
    )
    publication.runs.set({row.run_id for row in rows if row.run_id is not None})
    PublishedAmount.objects.bulk_create(
        PublishedAmount(
            publication=publication,
            envelope_id=row.envelope_id,
            territory_id=row.territory_id,
            amount=row.amount,
            run_id=row.run_id,
            source=row.source,
        )
        for row in rows
    )
    return publication


def _state_amounts(publication: Publication, runs: Sequence[AllocationRun]) -> None:
    """Write what the publication states, and make it what holds; who is left out has nothing."""
    lines = [line for run in runs for line in run.lines.all()]
    envelope_of = {run.pk: run.envelope_id for run in runs}
    PublishedAmount.objects.bulk_create(
        PublishedAmount(
            publication=publication,
            envelope_id=envelope_of[line.run_id],
            territory_id=line.territory_id,
            amount=line.amount,
            run_id=line.run_id,
        )
        for line in lines
    )
    NotifiedAmount.objects.filter(year=publication.year, envelope__in=envelope_of.values()).delete()
    NotifiedAmount.objects.bulk_create(
        NotifiedAmount(
            envelope_id=envelope_of[line.run_id],
            territory_id=line.territory_id,
            year=publication.year,
            amount=line.amount,
            run_id=line.run_id,
            publication=publication,
            published_by=publication.published_by,
            published_at=publication.published_at,
        )
        for line in lines
    )
