"""An allocation as a workbook that an auditor follows cell by cell: live formulas from the figures to the
amounts.

Source: circulaire 2020/34, annexe 4-II-A, 4-III-A, 4-IV-A; rules F5, F6 and F9, docs/decisions/allocation.md.

Five sheets: « Lisez-moi » (what it is, sources, statuses), « Chiffres », « Parts », « Clés », « Montants »; a
sixth, « Modulations », for a run that has some (docs/decisions/modulation.md).
Only the figures, the weights and the terms of the envelope are typed: the rest follows by formulas, so that
another figure gives the allocation which that figure would have given. Beside them stand the factor and the
amounts that the application computed, with checks.

*Who is held by a bound* needs no circular formula. What all the territories receive never decreases with the
factor: a territory is on the floor when the factor that would bring it there (floor / key) already hands out
the envelope or more, on the ceiling when the one that would bring it there (ceiling / key) hands out the
envelope or less. The common factor is then what the others share: (envelope - floors - ceilings) / their
keys. Where everybody is held a whole interval of factors gives the same amounts: the application's is taken.

A spreadsheet computes on floating numbers, we on fractions: amounts in units are rounded to DECIMALS before
they are cut, far above the noise and far under what tells two remainders apart. Its work grows with the
square of the number of territories: instant for a hundred, minutes for tens of thousands.
"""

from __future__ import annotations

from funding.workbook.rendering import allocation_workbook, run_workbook

__all__ = ["allocation_workbook", "run_workbook"]
