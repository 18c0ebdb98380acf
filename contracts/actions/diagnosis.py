"""Writing the shared diagnosis of a contract (annexes 3 and 6; rules C3, C4)."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import IntegrityError, transaction
from django.utils import timezone

from cdppe.accounts.models import User
from contracts.actions.journal import locked_contract, record, record_once
from contracts.actions.versions import Clashing, author_words, claim_version
from contracts.diagnosis import sections_of
from contracts.history import keeps_history
from contracts.merging import Opened, OpenedBefore, Stored, Values, put
from contracts.models import Contract, Diagnosis, DiagnosisText

UNWRITTEN = 1
"""The version of a diagnosis in which nobody has written yet."""


class DiagnosisShelf:
    """The texts of a diagnosis, {code of a section: text}, as `merging.put` reads and writes them."""

    def __init__(self, contract: Contract, *, by: User) -> None:
        self.contract, self.by = contract, by
        self.row: Diagnosis | None = None
        self.rows: dict[str, DiagnosisText] = {}

    def read(self) -> Stored:
        """The stored texts; raises WrongState when the contract is no longer written."""
        self.contract = locked_contract(self.contract)
        self.row = Diagnosis.objects.select_related("updated_by").filter(contract=self.contract).first()
        self.rows = {} if self.row is None else {each.code: each for each in self.row.texts.all()}
        values = {each.code: "" for each in sections_of(self.contract.campaign)}
        values |= {code: each.text for code, each in self.rows.items()}
        return Stored(UNWRITTEN if self.row is None else self.row.version, dict(values))

    def complete(self, mine: Values, stored: Values) -> Values:
        """The stored texts, with those that the person gave."""
        return {**stored, **mine}

    def compare_and_set(self, version: int, values: Values) -> bool:
        """Write the texts of `values` if the diagnosis is still at `version`."""
        if self.row is None:
            try:
                with transaction.atomic():
                    self.row = Diagnosis.objects.create(contract=self.contract, version=version)
            except IntegrityError:
                # Somebody else wrote its first text at the same moment.
                return False
        if not claim_version(self.row, version):
            return False
        self.row.version = version + 1
        self.row.updated_by, self.row.updated_at = self.by, timezone.now()
        self.row.save()
        for code, text in values.items():
            self._write(self.row, str(code), text)
        return True

    def _write(self, diagnosis: Diagnosis, code: str, text: str) -> None:
        row = self.rows.get(code)
        if row is None and text:
            DiagnosisText.objects.create(diagnosis=diagnosis, code=code, text=text)
        elif row is not None and not text:
            row.delete()
        elif row is not None and row.text != text:
            row.text = text
            row.save(update_fields=["text"])


@transaction.atomic
@keeps_history("diagnosis")
def save_diagnosis(
    contract: Contract,
    *,
    texts: Mapping[str, str],
    version: int,
    by: User,
    opened: Opened | None = None,
    is_autosave: bool = False,
) -> Diagnosis | None:
    """Write `texts`, {code of a section: text}; the stored diagnosis, None while it has no text at all.

    Without `opened` the diagnosis must still be at `version`; with it only the sections that the person
    changed are written, beside what others wrote elsewhere. Raises Clashing (a StaleVersion), whose `stored`
    is the diagnosis as somebody else saved it since, WrongState when the contract is no longer written.
    """
    unknown = set(texts) - {each.code for each in sections_of(contract.campaign)}
    if unknown:
        raise TypeError(f"not sections of the diagnosis: {', '.join(sorted(unknown))}")
    shelf = DiagnosisShelf(contract, by=by)
    try:
        written = put(shelf, mine=dict(texts), version=version, opened=opened)
    except OpenedBefore as refusal:
        row = shelf.row
        words = author_words(row.updated_by, row.updated_at, reader=by) if row is not None else ""
        raise Clashing(
            f"Le diagnostic a été enregistré {words}, pendant que vous l’écriviez. "
            "Rien n’a été perdu : les deux textes sont ci-dessous.",
            stored=row,
            clashes=refusal.clashes,
        ) from refusal
    if written.is_new:
        tell = record_once if is_autosave else record
        tell(shelf.contract, "diagnosis.saved", "Diagnostic modifié.", by=by, place="diagnosis")
    return shelf.row
