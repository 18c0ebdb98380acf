"""What goes the way to signature (rule K3): a contract, or an amendment to it (rule V1).

The same steps, the same table (`contracts.workflow`), the same constraints in the database, each class under
its own names: see docs/decisions/amendments.md.
"""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from contracts.workflow import (
    DECIDED_STATES,
    EDITABLE_STATES,
    SIGNED_STATES,
    WAY_STATES,
    ContractState,
    Page,
    Transition,
    transitions_from,
)


class OnItsWay(models.Model):
    """Where a text stands on its way, with the date and the author of each step."""

    state = models.CharField(
        "état", max_length=20, choices=ContractState.choices, default=ContractState.DIAGNOSIS
    )
    deliberation_number = models.CharField("numéro de la délibération", max_length=60, blank=True)
    deliberation_on = models.DateField("date de la délibération", null=True, blank=True)
    odpe_informed_on = models.DateField("information de l’ODPE", null=True, blank=True)
    odpe_no_information_reason = models.CharField(
        "raison de l’absence d’information de l’ODPE", max_length=500, blank=True
    )
    odpe_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    odpe_at = models.DateTimeField("information de l’ODPE enregistrée le", null=True, blank=True)
    adopted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    adopted_at = models.DateTimeField("délibération enregistrée le", null=True, blank=True)
    agreed_on = models.DateField("accord de toutes les parties", null=True, blank=True)
    signed_on = models.DateField("dernière signature", null=True, blank=True)
    effect_on = models.DateField("prise d’effet", null=True, blank=True)
    """The day from which it is in force: the last signature, or the planned day if that comes later."""

    class Meta:
        abstract = True

    @property
    def is_amendment(self) -> bool:
        """Whether this is an amendment, not the contract itself."""
        return False

    @property
    def the_text(self) -> str:
        """What a sentence calls it, with a capital: « Le contrat »."""
        return "Le contrat"

    @property
    def is_written(self) -> bool:
        """Its own state lets people write: the text is not final yet."""
        return self.state in EDITABLE_STATES

    @property
    def is_on_its_way(self) -> bool:
        """The text is final and not signed by all yet."""
        return self.state in WAY_STATES

    @property
    def is_in_force(self) -> bool:
        return self.state == ContractState.IN_FORCE

    @property
    def is_signed(self) -> bool:
        """In force, or ended."""
        return self.state in SIGNED_STATES

    def transitions(self, page: Page) -> tuple[Transition, ...]:
        """The gestures that the table offers on `page` from where this stands."""
        found = transitions_from(self.state, page=page)
        return tuple(each for each in found if each.is_of_amendments or not self.is_amendment)

    def transition(self, code: str, page: Page = Page.OVERVIEW) -> Transition | None:
        """The gesture `code` if the table offers it on `page`, else None."""
        return next((each for each in self.transitions(page) if each.code == code), None)


def way_constraints(prefix: str, noun: str, the_noun: str) -> list[models.CheckConstraint]:
    """The constraints that keep dates, authors and state coherent, named after `prefix` ("contract").

    `noun` and `the_noun` are its French words: "contrat", "Le contrat".
    """
    decided, signed = sorted(DECIDED_STATES), sorted(SIGNED_STATES)
    return [
        models.CheckConstraint(
            name=f"{prefix}_odpe_date_or_reason",
            condition=Q(odpe_informed_on__isnull=True) | Q(odpe_no_information_reason=""),
            violation_error_message="L’ODPE a été informé, ou il y a une raison de ne pas l’avoir fait.",
        ),
        models.CheckConstraint(
            name=f"{prefix}_odpe_recorded_with_its_author",
            condition=~Q(state__in=[ContractState.ODPE_INFORMED, *decided])
            | (
                (Q(odpe_informed_on__isnull=False) | ~Q(odpe_no_information_reason=""))
                & Q(odpe_by__isnull=False, odpe_at__isnull=False)
            ),
            violation_error_message="L’information de l’ODPE s’enregistre avec sa date et son auteur.",
        ),
        models.CheckConstraint(
            name=f"{prefix}_adopted_with_its_deliberation",
            condition=~Q(state__in=decided)
            | (
                ~Q(deliberation_number="")
                & Q(deliberation_on__isnull=False, adopted_by__isnull=False, adopted_at__isnull=False)
            ),
            violation_error_message="Une délibération s’enregistre avec son numéro, sa date, son auteur.",
        ),
        models.CheckConstraint(
            name=f"{prefix}_odpe_before_its_deliberation",
            condition=~Q(state__in=decided)
            | Q(odpe_informed_on__isnull=True)
            | Q(odpe_informed_on__lte=models.F("deliberation_on")),
            violation_error_message="L’ODPE est informé avant l’assemblée.",
        ),
        models.CheckConstraint(
            name=f"{prefix}_agreed_in_its_states",
            condition=Q(agreed_on__isnull=True) | Q(state__in=[ContractState.SIGNATURE, *signed]),
            violation_error_message="L’accord de toutes les parties mène aux signatures.",
        ),
        models.CheckConstraint(
            name=f"{prefix}_signature_agreed",
            condition=~Q(state=ContractState.SIGNATURE) | Q(agreed_on__isnull=False),
            violation_error_message="Les signatures suivent l’accord de toutes les parties.",
        ),
        models.CheckConstraint(
            name=f"{prefix}_agreed_after_its_deliberation",
            condition=Q(agreed_on__isnull=True) | Q(deliberation_on__lte=models.F("agreed_on")),
            violation_error_message="L’accord des parties suit la délibération.",
        ),
        models.CheckConstraint(
            name=f"{prefix}_signed_in_its_states",
            condition=Q(signed_on__isnull=True, effect_on__isnull=True)
            | Q(
                state__in=[ContractState.SIGNATURE, *signed],
                signed_on__isnull=False,
                effect_on__isnull=False,
            ),
            violation_error_message=f"Un {noun} signé a une date de signature et une prise d’effet.",
        ),
        models.CheckConstraint(
            name=f"{prefix}_in_force_signed",
            condition=~Q(state__in=signed) | Q(signed_on__isnull=False),
            violation_error_message=f"Un {noun} en vigueur est signé.",
        ),
        models.CheckConstraint(
            name=f"{prefix}_signed_after_its_agreement",
            condition=Q(signed_on__isnull=True)
            | Q(agreed_on__isnull=True)
            | Q(agreed_on__lte=models.F("signed_on")),
            violation_error_message="Les signatures suivent l’accord de toutes les parties.",
        ),
        models.CheckConstraint(
            name=f"{prefix}_in_effect_from_its_signature",
            condition=Q(signed_on__isnull=True) | Q(signed_on__lte=models.F("effect_on")),
            violation_error_message=f"{the_noun} prend effet à compter de sa signature.",
        ),
    ]
