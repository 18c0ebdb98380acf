"""The computed figures of the tableau de bord: shares, gaps between two sources, parts of a whole.

Source: circulaire 2020/34, annexe 5.2 (rows « Part … ») and annexe 6; rules I3 (a share is computed; a
missing or zero denominator gives "not computable", never 0) and I4 (two sources of one fact, and their gap).
Pure: neither Django nor a model is read here.

What we chose where the text is silent: a share above 100 % is shown as it is, with a warning, because an
error in the figures must be seen; the gap is the second source less the first, relative to the first.

Worked example (objective 1): 412 interviews by the PMI for 1 648 births: ``share(Known(412), Known(1648))``
is ``Share(Decimal("0.25"))``, shown as 25 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from indicators.figures import Figure, Known, NotStated, Unavailable


@dataclass(frozen=True)
class Share:
    """A fraction of 1; `warning` is a French sentence when the figures contradict each other, else ""."""

    fraction: Decimal
    warning: str = ""


@dataclass(frozen=True)
class Gap:
    """By how much the second source departs from the first; `relative` (fraction of the first) may lack."""

    absolute: Decimal
    relative: Decimal | None


@dataclass(frozen=True)
class NotComputable:
    """No result, and why, in French; `is_untouched` when nothing at all has been filled yet."""

    reason: str
    is_untouched: bool = False


def share(numerator: Figure, denominator: Figure) -> Share | NotComputable:
    """`numerator` over `denominator`, as a fraction of 1 (rule I3).

    Not computable when either is missing or when the denominator is zero; the reason says which.
    """
    if isinstance(numerator, NotStated) and isinstance(denominator, NotStated):
        return NotComputable("numérateur et dénominateur non renseignés", is_untouched=True)
    if not isinstance(denominator, Known):
        return NotComputable(_missing("dénominateur", denominator))
    if not isinstance(numerator, Known):
        return NotComputable(_missing("numérateur", numerator))
    if not denominator.value:
        return NotComputable("dénominateur égal à zéro")
    fraction = numerator.value / denominator.value
    if numerator.value > denominator.value:
        return Share(fraction, "Plus de 100 % : le numérateur dépasse le dénominateur, à vérifier.")
    return Share(fraction)


def gap(first: Figure, second: Figure) -> Gap | NotComputable:
    """The second source less the first, absolute and relative to the first (rule I4).

    Without a relative value when the first is zero. Not computable when either source is missing.
    """
    if isinstance(first, NotStated) and isinstance(second, NotStated):
        return NotComputable("aucune des deux sources n’est renseignée", is_untouched=True)
    for name, figure in (("première source", first), ("seconde source", second)):
        if not isinstance(figure, Known):
            return NotComputable(_missing(name, figure))
    assert isinstance(first, Known)
    assert isinstance(second, Known)
    absolute = second.value - first.value
    return Gap(absolute, absolute / first.value if first.value else None)


def part_warning(whole: Figure, part: Figure) -> str:
    """A French sentence when a row « dont » exceeds the row that it is a part of, else ""."""
    if isinstance(whole, Known) and isinstance(part, Known) and part.value > whole.value:
        return "Supérieur au total dont cette ligne fait partie, à vérifier."
    return ""


def _missing(name: str, figure: Figure) -> str:
    """Which figure lacks; its own reason stands in its own cell."""
    if isinstance(figure, Unavailable):
        return f"{name} non disponible"
    return f"{name} manquant" if name.endswith("ateur") else f"{name} manquante"
