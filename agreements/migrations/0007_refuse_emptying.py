"""PostgreSQL refuses to empty the tables whose rows it refuses to change: a TRUNCATE goes past a row's trigger."""

from django.db import migrations

TABLES = ("contractversion", "transmission", "transmissionreceipt", "transmissionremark")


def make(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for table in TABLES:
            schema_editor.execute(
                f"CREATE TRIGGER {table}_never_emptied BEFORE TRUNCATE ON agreements_{table} "
                "FOR EACH STATEMENT EXECUTE FUNCTION agreements_refuse_change()",
                params=None,
            )


def unmake(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for table in TABLES:
            schema_editor.execute(f"DROP TRIGGER {table}_never_emptied ON agreements_{table}", params=None)


class Migration(migrations.Migration):
    dependencies = [("agreements", "0006_keep_texts_in_force")]

    operations = [migrations.RunPython(make, unmake)]
