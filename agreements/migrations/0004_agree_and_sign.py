"""Proposals, agreements and signatures of versions (rules K1, K4)."""

import cdppe.lib.encryption
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("agreements", "0003_receive_signed_files"),
        ("contracts", "0011_way_to_signature"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Agreement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version_hash", models.CharField(max_length=64, verbose_name="empreinte du texte agréé")),
                ("institution", models.CharField(max_length=200, verbose_name="institution")),
                ("at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="donné le")),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True, verbose_name="retiré le")),
                (
                    "withdrawn_how",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("withdrawn", "retiré par la partie"),
                            ("sent-back", "texte renvoyé"),
                            ("reopened", "négociation rouverte"),
                            ("changed", "le texte a changé"),
                        ],
                        max_length=20,
                        verbose_name="retiré parce que",
                    ),
                ),
                ("withdrawn_reason", models.CharField(blank=True, max_length=500, verbose_name="raison")),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="agreements",
                        to="contracts.contractparty",
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="agreements",
                        to="agreements.contractversion",
                    ),
                ),
                (
                    "withdrawn_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "accord",
                "ordering": ["at", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at__isnull", True)),
                        fields=("version", "party"),
                        name="agreement_once_standing_per_party_and_version",
                        violation_error_message="Cette partie a déjà donné son accord à ce texte.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("withdrawn_at__isnull", True),
                                ("withdrawn_by__isnull", True),
                                ("withdrawn_how", ""),
                            ),
                            models.Q(("withdrawn_at__isnull", False), ("withdrawn_how", "changed")),
                            models.Q(
                                ("withdrawn_at__isnull", False),
                                ("withdrawn_by__isnull", False),
                                ("withdrawn_how__in", ["withdrawn", "sent-back", "reopened"]),
                                models.Q(("withdrawn_reason", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="agreement_withdrawn_with_author_and_reason",
                        violation_error_message="Un accord se retire avec son auteur et sa raison.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Proposal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "proposed_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="proposé le"),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="repris le")),
                (
                    "ended_how",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("withdrawn", "retiré par la partie"),
                            ("sent-back", "texte renvoyé"),
                            ("reopened", "négociation rouverte"),
                            ("changed", "le texte a changé"),
                        ],
                        max_length=20,
                        verbose_name="repris parce que",
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=500, verbose_name="raison")),
                (
                    "changes_text",
                    cdppe.lib.encryption.EncryptedTextField(
                        blank=True, default="", verbose_name="ce qui a changé"
                    ),
                ),
                (
                    "contract",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proposals",
                        to="contracts.contract",
                    ),
                ),
                (
                    "ended_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "proposed_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="proposal",
                        to="agreements.contractversion",
                    ),
                ),
            ],
            options={
                "verbose_name": "texte proposé",
                "ordering": ["-proposed_at", "-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("contract",),
                        name="proposal_once_standing_per_contract",
                        violation_error_message="Un texte est déjà proposé.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("ended_at__isnull", True), ("ended_by__isnull", True), ("ended_how", "")
                            ),
                            models.Q(("ended_at__isnull", False), ("ended_how", "changed")),
                            models.Q(
                                ("ended_at__isnull", False),
                                ("ended_by__isnull", False),
                                ("ended_how__in", ["sent-back", "reopened"]),
                                models.Q(("reason", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="proposal_ended_with_author_and_reason",
                        violation_error_message="Un texte est repris avec son auteur et sa raison.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Signature",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("signed_on", models.DateField(verbose_name="signé le")),
                (
                    "how",
                    models.CharField(
                        choices=[
                            ("paper", "signature manuscrite constatée"),
                            ("electronic", "signature électronique"),
                        ],
                        default="paper",
                        max_length=20,
                        verbose_name="manière",
                    ),
                ),
                (
                    "recorded_at",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="enregistrée le"),
                ),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True, verbose_name="retirée le")),
                ("withdrawn_reason", models.CharField(blank=True, max_length=500, verbose_name="raison")),
                (
                    "party",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="signatures",
                        to="contracts.contractparty",
                    ),
                ),
                (
                    "recorded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="signatures",
                        to="agreements.contractversion",
                    ),
                ),
                (
                    "withdrawn_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "verbose_name": "signature",
                "ordering": ["recorded_at", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("withdrawn_at__isnull", True)),
                        fields=("version", "party"),
                        name="signature_once_standing_per_party_and_version",
                        violation_error_message="La signature de cette partie est déjà enregistrée.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("withdrawn_at__isnull", True),
                                ("withdrawn_by__isnull", True),
                                ("withdrawn_reason", ""),
                            ),
                            models.Q(
                                ("withdrawn_at__isnull", False),
                                ("withdrawn_by__isnull", False),
                                models.Q(("withdrawn_reason", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="signature_withdrawn_with_author_and_reason",
                        violation_error_message="Une signature se retire avec son auteur et sa raison.",
                    ),
                ],
            },
        ),
    ]
