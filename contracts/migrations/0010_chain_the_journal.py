"""The journal becomes one chain that only grows: the rows that exist are numbered and hashed, then protected.

What the old rows did not keep (institution, where from) stays empty: nothing is made up. The author's name is
today's.
"""

import django.db.models.deletion
from django.db import migrations, models

from cdppe.lib.append_only import lift, protect
from contracts.chain import GENESIS, Link, fingerprint

TABLE = "contracts_journalentry"
BATCH = 1000


def name_of(user):
    """As `User.get_full_name` says it."""
    return f"{user.first_name} {user.last_name}".strip() or user.email


def chain(apps, schema_editor):
    JournalEntry = apps.get_model("contracts", "JournalEntry")
    previous_hash, done = GENESIS, []
    rows = JournalEntry.objects.select_related("by").order_by("at", "pk")
    for sequence, row in enumerate(rows, start=1):
        row.sequence = sequence
        row.previous_hash = previous_hash
        row.actor = name_of(row.by)[:200] if row.by is not None else ""
        row.hash = previous_hash = fingerprint(
            Link(
                sequence=sequence,
                at=row.at,
                contract=row.contract_id,
                by=row.by_id,
                actor=row.actor,
                institution=row.institution,
                origin=row.origin,
                code=row.code,
                sentence=row.sentence,
                place=row.place,
                previous_hash=row.previous_hash,
            )
        )
        done.append(row)
    JournalEntry.objects.bulk_update(done, ["sequence", "previous_hash", "actor", "hash"], batch_size=BATCH)


def protect_the_journal(apps, schema_editor):
    protect(schema_editor.connection, TABLE)


def lift_the_protection(apps, schema_editor):
    lift(schema_editor.connection, TABLE)


class Migration(migrations.Migration):
    dependencies = [("contracts", "0009_finding_answers")]

    operations = [
        migrations.RenameModel("ContractEvent", "JournalEntry"),
        migrations.AlterField(
            "JournalEntry",
            "contract",
            models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="events",
                to="contracts.contract",
            ),
        ),
        migrations.AlterField("JournalEntry", "at", models.DateTimeField(verbose_name="le")),
        migrations.AddField("JournalEntry", "sequence", models.BigIntegerField(null=True, verbose_name="n°")),
        migrations.AddField(
            "JournalEntry",
            "actor",
            models.CharField(blank=True, default="", max_length=200, verbose_name="qui"),
            preserve_default=False,
        ),
        migrations.AddField(
            "JournalEntry",
            "institution",
            models.CharField(blank=True, default="", max_length=200, verbose_name="au titre de"),
            preserve_default=False,
        ),
        migrations.AddField(
            "JournalEntry",
            "origin",
            models.CharField(blank=True, default="", max_length=60, verbose_name="d’où"),
            preserve_default=False,
        ),
        migrations.AddField(
            "JournalEntry",
            "previous_hash",
            models.CharField(default="", max_length=64, verbose_name="empreinte précédente"),
            preserve_default=False,
        ),
        migrations.AddField(
            "JournalEntry",
            "hash",
            models.CharField(default="", max_length=64, verbose_name="empreinte"),
            preserve_default=False,
        ),
        migrations.RunPython(chain, migrations.RunPython.noop),
        migrations.AlterField(
            "JournalEntry", "sequence", models.BigIntegerField(unique=True, verbose_name="n°")
        ),
        migrations.AlterField(
            "JournalEntry",
            "hash",
            models.CharField(max_length=64, unique=True, verbose_name="empreinte"),
        ),
        migrations.AlterModelOptions(
            "JournalEntry",
            {
                "ordering": ["-sequence"],
                "verbose_name": "entrée du journal",
                "verbose_name_plural": "entrées du journal",
            },
        ),
        migrations.AddIndex(
            "JournalEntry", models.Index(fields=["contract", "-sequence"], name="journal_of_contract")
        ),
        migrations.AddConstraint(
            "JournalEntry",
            models.CheckConstraint(condition=models.Q(sequence__gte=1), name="journal_starts_at_one"),
        ),
        migrations.AddConstraint(
            "JournalEntry",
            models.CheckConstraint(
                condition=models.Q(sequence=1, previous_hash=GENESIS)
                | (models.Q(sequence__gt=1) & ~models.Q(previous_hash=GENESIS)),
                name="journal_first_entry_follows_nothing",
            ),
        ),
        migrations.CreateModel(
            name="JournalCheck",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("checked_at", models.DateTimeField(verbose_name="vérifié le")),
                ("last_sequence", models.BigIntegerField(verbose_name="jusqu’au n°")),
                ("last_hash", models.CharField(max_length=64, verbose_name="empreinte de la tête")),
                ("findings", models.JSONField(blank=True, default=list, verbose_name="ruptures")),
            ],
            options={
                "verbose_name": "vérification du journal",
                "verbose_name_plural": "vérifications du journal",
                "ordering": ["-checked_at", "-pk"],
            },
        ),
        # Last: SQLite rebuilds a table that is altered, and drops its triggers.
        migrations.RunPython(protect_the_journal, lift_the_protection),
    ]
