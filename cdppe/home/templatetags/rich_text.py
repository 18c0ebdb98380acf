"""Long texts with light marks, shown the same on screen and in the PDF (cdppe.lib.rich_text)."""

from __future__ import annotations

from typing import Any

from django import template

from cdppe.lib.rich_text import parse_rich_text, to_plain

register = template.Library()


@register.inclusion_tag("components/rich_text.html")
def rich_text(text: object) -> dict[str, Any]:
    """`text` as paragraphs, lists and bold runs; nothing for a text without a visible character."""
    return {"blocks": parse_rich_text(str(text or ""))}


@register.filter
def without_marks(text: str) -> str:
    """`text` on lines, without its asterisks: for a narrow cell."""
    return to_plain(text)
