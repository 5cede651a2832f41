"""Rows handed out as a file for a spreadsheet."""

import csv
import io
from collections.abc import Iterable
from typing import Any

from django.http import HttpResponse


def csv_file(rows: Iterable[list[Any]], name: str) -> HttpResponse:
    """Rows as a CSV file to keep, in which no cell is a formula to a spreadsheet."""
    out = io.StringIO()
    writer = csv.writer(out)
    for row in rows:
        writer.writerow([_plain(cell) for cell in row])
    answer = HttpResponse(out.getvalue(), content_type="text/csv; charset=utf-8")
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "private, no-store"
    return answer


def _plain(cell: Any) -> str:
    words = "" if cell is None else str(cell)
    number = words.lstrip("+-").replace(".", "", 1).isdigit()
    return f"'{words}" if words[:1] in "=+-@\t\r" and words and not number else words
