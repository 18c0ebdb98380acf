"""Forms whose texts are read by `cdppe.lib.typed_text`: one mixin, for every form that takes texts."""

from __future__ import annotations

from typing import Any

from django import forms

from cdppe.lib.typed_text import UnreadableText, read_text


class TypedTexts(forms.BaseForm):
    """Put before Form or ModelForm: each text is made regular, or refused with the sentence that says why."""

    def clean(self) -> dict[str, Any]:
        """The cleaned values, texts read by `read_text`."""
        super().clean()
        for name, value in list(self.cleaned_data.items()):
            if isinstance(value, str) and isinstance(self.fields.get(name), forms.CharField):
                try:
                    self.cleaned_data[name] = read_text(value)
                except UnreadableText as refusal:
                    self.add_error(name, str(refusal))
        return self.cleaned_data
