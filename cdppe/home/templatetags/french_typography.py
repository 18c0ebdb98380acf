"""Dates, sizes and sentences as they are written in French; loaded in every template (settings.TEMPLATES).

Django's French locale writes « 1 juillet » and « 212,6 Kio »: the usage is « 1er juillet » and « 217,7 ko ».
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from django import template
from django.template.defaultfilters import date as django_date
from django.template.defaultfilters import stringfilter

from cdppe.lib.french_numbers import NO_BREAK_SPACE, write_french
from cdppe.lib.french_spaces import with_french_spaces

register = template.Library()

UNITS = ("ko", "Mo", "Go")


@register.filter(expects_localtime=True, is_safe=False)
def date(value: object, form: str | None = None) -> str:
    """Django's `date`; the first of a month written in words is « 1er »."""
    if form and getattr(value, "day", None) == 1:
        form = form.replace("j F", r"j\e\r F")
    return str(django_date(value, form))


@register.filter
def filesizeformat(size: int) -> str:
    """A size in bytes, of a thousand each, rounded half up: 217700 → "217,7 ko"."""
    if size < 1000:
        return f"{size}{NO_BREAK_SPACE}octet{'s' if size > 1 else ''}"
    tenth = Decimal("0.1")
    sizes = [
        ((Decimal(size) / 1000**rank).quantize(tenth, rounding=ROUND_HALF_UP), unit)
        for rank, unit in enumerate(UNITS, start=1)
    ]
    number, unit = next((each for each in sizes if each[0] < 1000), sizes[-1])
    return f"{write_french(number, places=1)}{NO_BREAK_SPACE}{unit}"


@register.filter(is_safe=True)
@stringfilter
def spaced(sentence: str) -> str:
    """A sentence that the program wrote, its double marks kept with their words."""
    return with_french_spaces(sentence)
