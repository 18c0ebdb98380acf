"""How far the drafts of the financial amendments of a campaign are, and what came of each (rule V1).

Each draft is a job of the documents app (`agreements.actions.financial_amendments`): what is shown is read
from the jobs of the last day on which somebody asked for drafts of that year.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.urls import reverse
from django.utils import timezone

from agreements.actions.financial_amendments import KIND, DraftSubject
from cdppe.accounts.abilities import Ability, can
from cdppe.accounts.models import User
from cdppe.documents.models import JobState, RenderJob
from contracts.models import Amendment, Campaign, Contract


@dataclass(frozen=True)
class Draft:
    """One contract, what its job has come to, and the amendment of the year that it has now."""

    contract: Contract
    job: RenderJob
    amendment: Amendment | None

    @property
    def is_done(self) -> bool:
        return bool(self.job.state == JobState.DONE)

    @property
    def is_refused(self) -> bool:
        return bool(self.job.state == JobState.FAILED)


@dataclass(frozen=True)
class Preparation:
    """The drafts that were asked for on one day, by territory."""

    asked_on: dt.date
    drafts: tuple[Draft, ...]

    @property
    def done(self) -> int:
        return sum(draft.is_done for draft in self.drafts)

    @property
    def refused(self) -> int:
        return sum(draft.is_refused for draft in self.drafts)

    @property
    def finished(self) -> int:
        return self.done + self.refused

    @property
    def waiting(self) -> int:
        return len(self.drafts) - self.finished


def preparation_of(campaign: Campaign, year: int) -> Preparation | None:
    """The last preparation of `year` for `campaign`, None if nobody asked; as many queries for any number."""
    jobs = RenderJob.objects.filter(kind=KIND, subject__startswith=DraftSubject.beginning(campaign, year))
    last = jobs.order_by("-created_at").first()
    if last is None:
        return None
    asked_on = timezone.localdate(last.created_at)
    latest: dict[int, RenderJob] = {}
    for job in jobs.filter(created_at__date=asked_on).order_by("created_at"):
        latest[DraftSubject.read(job.subject).contract] = job
    amendments = {
        amendment.contract_id: amendment
        for amendment in Amendment.objects.filter(contract__in=latest, year=year, abandoned_at__isnull=True)
    }
    contracts = Contract.objects.filter(pk__in=latest).with_context().order_by("territory__code")
    return Preparation(
        asked_on,
        tuple(Draft(contract, latest[contract.pk], amendments.get(contract.pk)) for contract in contracts),
    )


# --- What the documents app is told (see `AgreementsConfig.ready`) -----------------------------------------


def is_visible_to(user: AbstractBaseUser | AnonymousUser, _subject: str) -> bool:
    """Whether `user` prepares the amendments of campaigns, hence follows them."""
    return isinstance(user, User) and can(user, Ability.AMENDMENT_PREPARE)


def amendments_page(subject: str) -> str:
    """The campaign's page of the amendments of the year."""
    named = DraftSubject.read(subject)
    code = Campaign.objects.values_list("code", flat=True).get(pk=named.campaign)
    return f"{reverse('agreements:campaign-amendments', args=[code])}?annee={named.year}&voir=tous"
