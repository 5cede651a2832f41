"""Consent and signed opt-out lists are append-only in PostgreSQL too, whoever asks.

A transaction that erases a person says so first (`leadsite.erasing`), for itself alone.
SQLite has no such settings; there the models refuse.
"""

from typing import Any

from django.db import migrations

TABLES = ("leads_consent", "leads_optoutlist")
FUNCTION = """
CREATE OR REPLACE FUNCTION leadsite_append_only() RETURNS trigger AS $$
BEGIN
  IF TG_OP = 'DELETE' AND current_setting('leadsite.erasing', true) = 'on' THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION '%% is append-only', TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END
$$ LANGUAGE plpgsql
"""
TRIGGER = """
CREATE OR REPLACE TRIGGER leadsite_append_only BEFORE UPDATE OR DELETE ON {table}
FOR EACH ROW EXECUTE FUNCTION leadsite_append_only()
"""


def guard(apps: Any, schema_editor: Any) -> None:
    """Add the triggers."""
    if schema_editor.connection.vendor != "postgresql":
        return
    schema_editor.execute(FUNCTION)
    for table in TABLES:
        schema_editor.execute(TRIGGER.format(table=table))


def unguard(apps: Any, schema_editor: Any) -> None:
    """Take them away."""
    if schema_editor.connection.vendor != "postgresql":
        return
    for table in TABLES:
        name = f"leadsite_append_only ON {table}"
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}")
    schema_editor.execute("DROP FUNCTION IF EXISTS leadsite_append_only()")


class Migration(migrations.Migration):
    dependencies = [("leads", "0005_consent_and_sequences")]
    operations = [migrations.RunPython(guard, unguard)]
