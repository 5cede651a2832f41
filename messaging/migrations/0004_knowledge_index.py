import django.db.models.deletion
from django.db import migrations, models

from leads.databases import extension, only_on

# The stems as they are, not read again by a parser: every database finds the same.
STEMS = "array_to_tsvector(array_remove(string_to_array(words, ' '), ''))"

# Without `fastupdate = off` the planner reads the whole table until the next vacuum.
POSTGRESQL = (
    "ALTER TABLE messaging_knowledgeentry ADD COLUMN search tsvector"
    f" GENERATED ALWAYS AS ({STEMS}) STORED",
    "CREATE INDEX messaging_knowledge_search ON messaging_knowledgeentry"
    " USING gin (search) WITH (fastupdate = off)",
    "CREATE INDEX messaging_knowledge_alike ON messaging_knowledgeterm"
    " USING gin (word gin_trgm_ops) WITH (fastupdate = off)",
)
POSTGRESQL_BACK = (
    "DROP INDEX messaging_knowledge_alike",
    "ALTER TABLE messaging_knowledgeentry DROP COLUMN search",
)


def mirror(search: str, table: str, column: str, tokenizer: str) -> tuple[str, ...]:
    """An FTS5 table over one column, kept by triggers, whoever writes."""
    new = f"INSERT INTO {search} (rowid, {column}) VALUES (new.id, new.{column});"
    old = (
        f"INSERT INTO {search} ({search}, rowid, {column})"
        f" VALUES ('delete', old.id, old.{column});"
    )
    return (
        f"CREATE VIRTUAL TABLE {search} USING fts5({column}, content='{table}',"
        f" content_rowid='id', tokenize='{tokenizer}')",
        f"CREATE TRIGGER {search}_new AFTER INSERT ON {table} BEGIN {new} END",
        f"CREATE TRIGGER {search}_old AFTER DELETE ON {table} BEGIN {old} END",
        f"CREATE TRIGGER {search}_changed AFTER UPDATE OF id, {column} ON {table}"
        f" BEGIN {old} {new} END",
    )


# A later change of these two tables on SQLite (Django copies and drops them) must
# make the triggers again.
SQLITE = (
    *mirror(
        "messaging_knowledge_words",
        "messaging_knowledgeentry",
        "words",
        "unicode61 remove_diacritics 0",
    ),
    *mirror(
        "messaging_knowledge_alike", "messaging_knowledgeterm", "word", "trigram"
    ),
)
SQLITE_BACK = tuple(
    statement
    for search in ("messaging_knowledge_words", "messaging_knowledge_alike")
    for statement in (
        f"DROP TRIGGER {search}_new",
        f"DROP TRIGGER {search}_old",
        f"DROP TRIGGER {search}_changed",
        f"DROP TABLE {search}",
    )
)


class Migration(migrations.Migration):

    dependencies = [
        ('messaging', '0003_knowledge'),
    ]

    operations = [
        migrations.CreateModel(
            name='KnowledgeTerm',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('word', models.CharField(max_length=40, unique=True)),
                ('documents', models.IntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name='KnowledgeVector',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('model', models.CharField(max_length=80)),
                ('digest', models.CharField(max_length=64)),
                ('vector', models.BinaryField()),
                ('article', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='vectors', to='messaging.article')),
                ('offer', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='vectors', to='messaging.offer')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('article', 'model'), name='one_vector_an_article'), models.UniqueConstraint(fields=('offer', 'model'), name='one_vector_an_offer')],
            },
        ),
        migrations.AddField(
            model_name='knowledgeentry',
            name='valid_until',
            field=models.DateField(blank=True, null=True),
        ),
        extension("pg_trgm"),
        only_on("postgresql", POSTGRESQL, POSTGRESQL_BACK),
        only_on("sqlite", SQLITE, SQLITE_BACK),
    ]
