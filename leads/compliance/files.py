"""Rows handed out as a file for a spreadsheet."""

import csv
import io
from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse

MOST = 50_000


def csv_file(
    rows: Iterable[list[Any]], name: str, *, most: int | None = None
) -> HttpResponse:
    """Rows as a CSV file to keep, in which no cell is a formula to a spreadsheet.

    The first is the heading. With `most`, a file that does not hold all says so in its
    last line.
    """
    out = io.StringIO()
    writer = csv.writer(out)
    for number, row in enumerate(rows):
        if most is not None and number > most:
            writer.writerow([f"Only the first {most:,} rows are in this file"])
            break
        writer.writerow([_plain(cell) for cell in row])
    answer = HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def _plain(cell: Any) -> str:
    words = "" if cell is None else str(cell)
    number = words.lstrip("+-").replace(".", "", 1).isdigit()
    return f"'{words}" if words[:1] in "=+-@\t\r" and words and not number else words
