"""The crispy pack « cdppe »: each box with its label, hint and errors tied to it for screen readers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from crispy_forms.helper import FormHelper
from crispy_forms.layout import Column, Div, Fieldset, Layout, Row, Submit
from crispy_forms.templatetags.crispy_forms_filters import as_crispy_field, as_crispy_form
from crispy_forms.utils import render_crispy_form
from django import forms


class EveryKind(forms.Form):
    title = forms.CharField(label="Intitulé", help_text="Un <titre> court")
    text = forms.CharField(label="Description", widget=forms.Textarea, required=False)
    kind = forms.ChoiceField(label="Nature", choices=[("a", "Première"), ("b", "Seconde")])
    role = forms.ChoiceField(
        label="Rôle", choices=[("a", "Lire"), ("b", "Écrire")], widget=forms.RadioSelect, help_text="Un seul"
    )
    parts = forms.MultipleChoiceField(
        label="Volets", choices=[("a", "A"), ("b", "B")], widget=forms.CheckboxSelectMultiple
    )
    agreed = forms.BooleanField(label="Je confirme", help_text="Avant d’envoyer")
    day = forms.DateField(label="Jour", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    file = forms.FileField(label="Pièce", required=False)
    version = forms.IntegerField(widget=forms.HiddenInput, initial=3)


def shown(form: forms.Form | None = None) -> str:
    return as_crispy_form(form or EveryKind())


def element(page: str, pattern: str) -> str:
    found = re.search(pattern, page, re.DOTALL)
    assert found, f"nothing like {pattern}"
    return found.group()


@pytest.mark.parametrize(
    ("name", "tag", "css"),
    [
        ("title", "input", "fr-input"),
        ("text", "textarea", "fr-input"),
        ("kind", "select", "fr-select"),
        ("day", "input", "fr-input"),
        ("file", "input", "fr-upload"),
    ],
)
def test_a_box_has_its_class_and_a_label_of_its_own(name: str, tag: str, css: str) -> None:
    page = shown()
    box = element(page, rf'<{tag}[^>]*name="{name}"[^>]*>')
    assert f'class="{css}"' in box
    assert f'<label class="fr-label" for="id_{name}">' in page


def test_an_optional_box_says_so_and_a_mandatory_one_does_not() -> None:
    page = shown()
    assert re.search(r"Description\s+\(facultatif\)", page)
    assert not re.search(r"Intitulé\s+\(facultatif\)", page)


def test_a_form_of_optional_boxes_may_leave_the_marks_out() -> None:
    class Search(forms.Form):
        hides_optional_marks = True
        q = forms.CharField(label="Nom", required=False)

    assert "facultatif" not in shown(Search())


def test_a_hint_is_text_tied_to_its_box() -> None:
    page = shown()
    assert "Un &lt;titre&gt; court" in page
    assert 'id="id_title_helptext"' in page
    assert 'aria-describedby="id_title_helptext"' in element(page, r'<input[^>]*name="title"[^>]*>')


def test_choices_form_a_group_named_by_its_legend() -> None:
    page = shown()
    group = element(page, r'<fieldset[^>]*id="id_role".*?</fieldset>')
    assert 'aria-labelledby="id_role_legend"' in group
    assert group.count('type="radio"') == 2
    assert '<label class="fr-label" for="id_role_1">Écrire</label>' in group
    boxes = element(page, r'<fieldset[^>]*id="id_parts".*?</fieldset>')
    assert boxes.count('type="checkbox"') == 2
    assert "fr-checkbox-group" in boxes


def test_a_hidden_box_has_neither_label_nor_frame() -> None:
    page = shown()
    assert re.search(r'<input type="hidden" name="version" value="3"[^>]*>', page)
    assert 'for="id_version"' not in page


@pytest.fixture
def refused() -> str:
    return shown(EveryKind({"text": "<b>gardé</b>", "kind": "b", "role": "z"}))


def test_what_was_typed_is_kept_and_shown_as_text(refused: str) -> None:
    assert "&lt;b&gt;gardé&lt;/b&gt;" in refused
    assert '<option value="b" selected>' in refused


def test_each_error_is_tied_to_its_box(refused: str) -> None:
    box = element(refused, r'<input[^>]*name="title"[^>]*>')
    assert 'aria-invalid="true"' in box
    assert 'aria-describedby="id_title_helptext id_title_error"' in box
    assert 'id="id_title_error"' in refused
    group = element(refused, r'<fieldset[^>]*id="id_role"[^>]*>')
    assert 'aria-labelledby="id_role_legend id_role_error"' in group


def test_every_reference_of_the_page_leads_somewhere(refused: str) -> None:
    ids = set(re.findall(r'\bid="([^"]+)"', refused))
    named = re.findall(r'aria-(?:describedby|labelledby)="([^"]+)"', refused)
    named += re.findall(r'\bfor="([^"]+)"', refused) + re.findall(r'href="#([^"]+)"', refused)
    wanted = {each for names in named for each in names.split()}
    assert wanted - ids == set()
    assert len(re.findall(r'\bid="', refused)) == len(ids), "an id stands once"


def test_the_summary_comes_first_takes_the_focus_and_links_to_each_box(refused: str) -> None:
    summary = element(refused, r'<div class="fr-alert fr-alert--error.*?</div>')
    assert refused.index("fr-alert") < refused.index("<label")
    assert "data-focus-on-load" in summary
    for box, label in (("id_title", "Intitulé"), ("id_role", "Rôle"), ("id_agreed", "Je confirme")):
        assert f'<a href="#{box}">{label}</a>' in summary


def test_errors_of_the_whole_form_stand_in_the_summary() -> None:
    class Refusing(EveryKind):
        errors_title = "Envoi refusé"

        def clean(self) -> dict[str, Any]:
            raise forms.ValidationError("Les deux dates <se croisent>.")

    page = shown(Refusing({}))
    assert "Les deux dates &lt;se croisent&gt;." in page
    assert "Envoi refusé" in page


def test_one_box_alone_is_drawn_the_same() -> None:
    assert as_crispy_field(EveryKind()["kind"]).strip() in shown()


def test_a_formset_draws_its_forms_and_its_own_errors() -> None:
    class Line(forms.Form):
        name = forms.CharField(label="Nom")

    lines = forms.formset_factory(Line, extra=0, min_num=2, validate_min=True)
    drawn = as_crispy_form(lines())
    assert 'name="form-TOTAL_FORMS"' in drawn
    assert 'for="id_form-1-name"' in drawn
    short = lines({"form-TOTAL_FORMS": "0", "form-INITIAL_FORMS": "0"})
    assert not short.is_valid()
    assert "fr-alert--error" in as_crispy_form(short)


def test_a_helper_lays_the_boxes_out_with_the_grid_and_the_buttons() -> None:
    form = EveryKind()
    form.helper = FormHelper()
    form.helper.layout = Layout(
        Fieldset("Le fond", "title", Row(Column("text"), Column("kind"))), Div("agreed", css_class="fr-mt-2w")
    )
    form.helper.add_input(Submit("send", "Envoyer"))
    page = render_crispy_form(form, context={"csrf_token": "jeton"})
    assert '<form method="post" novalidate' in page
    assert 'value="jeton"' in page
    assert "fr-grid-row" in page
    assert re.search(r"<legend[^>]*>Le fond</legend>", page)
    assert 'class="fr-mt-2w"' in page
    assert re.search(r"<button[^>]*>Envoyer</button>", page)
