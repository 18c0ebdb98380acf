"""The field of a long text with light marks: a plain textarea that static/cdppe/rich_text.js equips.

Without script it stays a textarea, and its text says its own marks. A page that shows one loads
components/rich_text_assets.html.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.urls import reverse

PREVIEW_ROUTE = "home:rich-text-preview"


class RichTextarea(forms.Textarea):
    """A textarea whose `data-rich-text` is the address that shows its text formatted."""

    def build_attrs(
        self, base_attrs: dict[str, Any], extra_attrs: dict[str, Any] | None = None
    ) -> dict[str, Any]:
        """The attributes of a textarea, and where its preview is."""
        return super().build_attrs(base_attrs, extra_attrs) | {"data-rich-text": reverse(PREVIEW_ROUTE)}
