"""Why an address was opened again, in the words of the person who did."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("leads", "0006_append_only")]
    operations = [
        migrations.AddField(
            model_name="suppression",
            name="lifted_why",
            field=models.CharField(
                blank=True, db_default="", default="", max_length=300
            ),
        ),
    ]
