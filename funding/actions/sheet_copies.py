"""Copying an action sheet, without its money unless somebody asks for it (annexe 5.4; rules A1, M1).

A copy with its amounts plans the same money twice: the plan then exceeds what was notified, and the page that
asks says so.
"""

from __future__ import annotations

from django.db import transaction

from cdppe.accounts.models import User
from contracts.actions.action_sheets import copy_action_sheet
from contracts.history import keeps_history
from contracts.models import ActionSheet
from funding.models import ActionFinancing


@transaction.atomic
@keeps_history("sheets")
def copy_sheet(sheet: ActionSheet, *, with_amounts: bool, by: User) -> ActionSheet:
    """A copy of `sheet` in the same contract; its refusals are those of `copy_action_sheet`."""
    copy = copy_action_sheet(sheet, by=by)
    if with_amounts:
        ActionFinancing.objects.bulk_create(
            ActionFinancing(
                action_sheet=copy,
                year=row.year,
                contributor=row.contributor,
                envelope_id=row.envelope_id,
                amount=row.amount,
            )
            for row in sheet.financings.all()
        )
    return copy
