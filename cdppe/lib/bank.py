"""Bank identifiers of article 4 of the contract (rule M6): IBAN and BIC, checked by schwifty.

The French account details (code établissement, code guichet, numéro, clé RIB) are parts of a French IBAN:
they are read from it, never typed a second time.
"""

from __future__ import annotations

from dataclasses import dataclass

from schwifty import BIC, IBAN
from schwifty.exceptions import SchwiftyException


class BankDetailError(ValueError):
    """What was typed is no IBAN or BIC; the message is a French sentence."""


@dataclass(frozen=True)
class AccountDetails:
    """The four parts of a French account (RIB)."""

    bank_code: str
    branch_code: str
    account_number: str
    rib_key: str


def read_iban(text: str) -> str:
    """The IBAN in `text` without its spaces, its length, key and RIB key checked; else `BankDetailError`."""
    try:
        iban = IBAN("".join(text.split()).upper(), validate_bban=True)
    except SchwiftyException as error:
        raise BankDetailError(
            "Cet IBAN n’est pas valide : recopiez-le du relevé d’identité bancaire du département "
            "(FR, puis 25 caractères). Sa clé de contrôle ne correspond pas."
        ) from error
    if iban.country_code != "FR":
        raise BankDetailError("Le compte d’un département est tenu en France : son IBAN commence par FR.")
    return str(iban.compact)


def read_bic(text: str) -> str:
    """The BIC in `text`, 8 or 11 characters, its form and country checked; else `BankDetailError`."""
    try:
        bic = BIC("".join(text.split()).upper())
    except SchwiftyException as error:
        raise BankDetailError(
            "Ce BIC n’est pas valide : il compte 8 ou 11 caractères, par exemple BDFEFRPPCCT."
        ) from error
    return str(bic.compact)


def account_details(iban: str) -> AccountDetails:
    """The parts of the French `iban` (already checked by `read_iban`)."""
    basic = iban[4:]
    return AccountDetails(
        bank_code=basic[:5], branch_code=basic[5:10], account_number=basic[10:21], rib_key=basic[21:]
    )


def masked(iban: str) -> str:
    """`iban` as it may stand on a screen: its country and its last three characters only."""
    return f"{iban[:2]}•• •••• •••• •••• •••• ••••{iban[-3:]}" if iban else ""
