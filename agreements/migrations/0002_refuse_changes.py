"""PostgreSQL itself refuses to change or delete a version, whoever asks."""

from django.db import migrations

MAKE = """
CREATE FUNCTION agreements_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a row of % never changes', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END
$$;
CREATE TRIGGER version_never_changes BEFORE UPDATE OR DELETE ON agreements_contractversion
    FOR EACH ROW EXECUTE FUNCTION agreements_refuse_change();
"""
UNMAKE = """
DROP TRIGGER version_never_changes ON agreements_contractversion;
DROP FUNCTION agreements_refuse_change();
"""


def make(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(MAKE, params=None)


def unmake(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute(UNMAKE, params=None)


class Migration(migrations.Migration):
    dependencies = [("agreements", "0001_freeze_versions")]

    operations = [migrations.RunPython(make, unmake)]
