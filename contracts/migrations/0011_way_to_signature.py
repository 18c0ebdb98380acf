"""The dates and authors of the way to signature; a contract taken over is dated by its paper."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def date_taken_over(apps, schema_editor):
    """What is in force was taken over from a signed paper: its date is the takeover's."""
    Takeover = apps.get_model("contracts", "Takeover")
    Contract = apps.get_model("contracts", "Contract")
    for takeover in Takeover.objects.filter(contract__state="in_force", signed_on__isnull=False):
        Contract.objects.filter(pk=takeover.contract_id).update(
            signed_on=takeover.signed_on, effect_on=takeover.signed_on
        )


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_add_holidays_and_digests"),
        ("contracts", "0010_chain_the_journal"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="contract",
            name="adopted_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="délibération enregistrée le"),
        ),
        migrations.AddField(
            model_name="contract",
            name="adopted_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="contract",
            name="agreed_on",
            field=models.DateField(blank=True, null=True, verbose_name="accord de toutes les parties"),
        ),
        migrations.AddField(
            model_name="contract",
            name="effect_on",
            field=models.DateField(blank=True, null=True, verbose_name="prise d’effet"),
        ),
        migrations.AddField(
            model_name="contract",
            name="odpe_at",
            field=models.DateTimeField(
                blank=True, null=True, verbose_name="information de l’ODPE enregistrée le"
            ),
        ),
        migrations.AddField(
            model_name="contract",
            name="odpe_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="contract",
            name="odpe_informed_on",
            field=models.DateField(blank=True, null=True, verbose_name="information de l’ODPE"),
        ),
        migrations.AddField(
            model_name="contract",
            name="odpe_no_information_reason",
            field=models.CharField(
                blank=True, max_length=500, verbose_name="raison de l’absence d’information de l’ODPE"
            ),
        ),
        migrations.AddField(
            model_name="contract",
            name="signed_on",
            field=models.DateField(blank=True, null=True, verbose_name="dernière signature"),
        ),
        migrations.AddField(
            model_name="contractparty",
            name="delegation",
            field=models.CharField(blank=True, max_length=200, verbose_name="délégation de signature"),
        ),
        migrations.AlterField(
            model_name="contract",
            name="state",
            field=models.CharField(
                choices=[
                    ("diagnosis", "Diagnostic"),
                    ("negotiation", "Négociation"),
                    ("draft", "Texte final"),
                    ("odpe_informed", "ODPE informé"),
                    ("adopted", "Délibération prise"),
                    ("agreement", "Accord des parties"),
                    ("signature", "Signature"),
                    ("in_force", "En vigueur"),
                    ("ended", "Terminé"),
                ],
                default="diagnosis",
                max_length=20,
                verbose_name="état",
            ),
        ),
        migrations.RunPython(date_taken_over, migrations.RunPython.noop),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("odpe_informed_on__isnull", True), ("odpe_no_information_reason", ""), _connector="OR"
                ),
                name="contract_odpe_date_or_reason",
                violation_error_message="L’ODPE a été informé, ou il y a une raison de ne pas l’avoir fait.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("state__in", ["odpe_informed", "adopted", "agreement", "signature"]), _negated=True
                    ),
                    models.Q(
                        models.Q(
                            ("odpe_informed_on__isnull", False),
                            models.Q(("odpe_no_information_reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        ("odpe_at__isnull", False),
                        ("odpe_by__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="contract_odpe_recorded_with_its_author",
                violation_error_message="L’information de l’ODPE s’enregistre avec sa date et son auteur.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["adopted", "agreement", "signature"]), _negated=True),
                    models.Q(
                        models.Q(("deliberation_number", ""), _negated=True),
                        ("adopted_at__isnull", False),
                        ("adopted_by__isnull", False),
                        ("deliberation_on__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="contract_adopted_with_its_deliberation",
                violation_error_message="Une délibération s’enregistre avec son numéro, sa date, son auteur.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["adopted", "agreement", "signature"]), _negated=True),
                    ("odpe_informed_on__isnull", True),
                    ("odpe_informed_on__lte", models.F("deliberation_on")),
                    _connector="OR",
                ),
                name="contract_odpe_before_its_deliberation",
                violation_error_message="L’ODPE est informé avant l’assemblée.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("agreed_on__isnull", True),
                    ("state__in", ["signature", "ended", "in_force"]),
                    _connector="OR",
                ),
                name="contract_agreed_in_its_states",
                violation_error_message="L’accord de toutes les parties mène aux signatures.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "signature"), _negated=True),
                    ("agreed_on__isnull", False),
                    _connector="OR",
                ),
                name="contract_signature_agreed",
                violation_error_message="Les signatures suivent l’accord de toutes les parties.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("agreed_on__isnull", True),
                    ("deliberation_on__lte", models.F("agreed_on")),
                    _connector="OR",
                ),
                name="contract_agreed_after_its_deliberation",
                violation_error_message="L’accord des parties suit la délibération.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("effect_on__isnull", True), ("signed_on__isnull", True)),
                    models.Q(
                        ("effect_on__isnull", False),
                        ("signed_on__isnull", False),
                        ("state__in", ["signature", "ended", "in_force"]),
                    ),
                    _connector="OR",
                ),
                name="contract_signed_in_its_states",
                violation_error_message="Un contrat signé a une date de signature et une prise d’effet.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["ended", "in_force"]), _negated=True),
                    ("signed_on__isnull", False),
                    _connector="OR",
                ),
                name="contract_in_force_signed",
                violation_error_message="Un contrat en vigueur est signé.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("signed_on__isnull", True),
                    ("agreed_on__isnull", True),
                    ("agreed_on__lte", models.F("signed_on")),
                    _connector="OR",
                ),
                name="contract_signed_after_its_agreement",
                violation_error_message="Les signatures suivent l’accord de toutes les parties.",
            ),
        ),
        migrations.AddConstraint(
            model_name="contract",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("signed_on__isnull", True), ("signed_on__lte", models.F("effect_on")), _connector="OR"
                ),
                name="contract_in_effect_from_its_signature",
                violation_error_message="Le contrat prend effet à compter de sa signature.",
            ),
        ),
    ]
