"""The forms of a contract's gestures, one class a gesture; each takes only its own fields."""

from contracts.forms.action_sheets import ActionSheetForm

__all__ = ["ActionSheetForm"]
