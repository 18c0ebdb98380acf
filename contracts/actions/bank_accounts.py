"""Writing the department's bank account (article 4; rule M6)."""

from __future__ import annotations

from django.db import transaction

from cdppe.accounts.models import User
from cdppe.lib.bank import read_bic, read_iban
from contracts.actions.journal import locked_contract, record
from contracts.history import keeps_history
from contracts.models import BankAccount, Contract


@transaction.atomic
@keeps_history("details")
def save_bank_account(contract: Contract, *, holder: str, iban: str, bic: str, by: User) -> BankAccount:
    """Write the account of `contract`, encrypted at rest; the journal keeps its masked IBAN only.

    Raises `cdppe.lib.bank.BankDetailError` for a wrong IBAN or BIC, WrongState when the contract is no
    longer written.
    """
    locked = locked_contract(contract)
    account, was_created = BankAccount.objects.update_or_create(
        contract=locked,
        defaults={"holder": holder, "iban": read_iban(iban), "bic": read_bic(bic), "updated_by": by},
    )
    verb = "enregistré" if was_created else "modifié"
    record(locked, "bank_account.saved", f"Compte bancaire {verb} : {account.masked_iban}.", by=by)
    return account
