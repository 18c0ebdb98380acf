"""PostgreSQL's French search without accents, and its index over the texts of the sheets.

The extension `unaccent` is a trusted one: the owner of the database may create it.
"""

from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchVector
from django.db import migrations

CONFIGURATION = "cdppe_french"
INDEX = GinIndex(
    SearchVector(
        "title",
        "referent",
        "diagnosis",
        "operational_objective",
        "description",
        "public",
        "actors",
        "calendar",
        "implementation_indicators",
        "vigilance_points",
        config=CONFIGURATION,
    ),
    name="action_sheet_search",
)


def make(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute("CREATE EXTENSION IF NOT EXISTS unaccent")
    schema_editor.execute(f"DROP TEXT SEARCH CONFIGURATION IF EXISTS {CONFIGURATION}")
    schema_editor.execute(f"CREATE TEXT SEARCH CONFIGURATION {CONFIGURATION} (COPY = french)")
    schema_editor.execute(
        f"ALTER TEXT SEARCH CONFIGURATION {CONFIGURATION} "
        "ALTER MAPPING FOR hword, hword_part, word WITH unaccent, french_stem"
    )
    schema_editor.add_index(apps.get_model("contracts", "ActionSheet"), INDEX)


def unmake(apps, schema_editor):
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.remove_index(apps.get_model("contracts", "ActionSheet"), INDEX)
    schema_editor.execute(f"DROP TEXT SEARCH CONFIGURATION IF EXISTS {CONFIGURATION}")


class Migration(migrations.Migration):
    dependencies = [("contracts", "0002_keep_history")]

    operations = [migrations.RunPython(make, unmake)]
