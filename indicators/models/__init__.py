from indicators.models.indicators import Indicator, IndicatorKind, NationalTarget, Periodicity
from indicators.models.values import IndicatorValue, ValueKind

__all__ = ["Indicator", "IndicatorKind", "IndicatorValue", "NationalTarget", "Periodicity", "ValueKind"]
