"""The chart of Today: messages in, a day, for Unfold's bar component."""

import json
from collections.abc import Sequence
from typing import Any

from messaging.measures import InboundDay

# Readable on white and on dark: the canvas does not follow the theme.
GREY = "#7b8494"
TICKS: dict[str, Any] = {"color": GREY, "font": {"size": 11}}
BARS = {"borderRadius": 3, "borderSkipped": "bottom", "stack": "in"}
LEGEND = {
    "display": True,
    "align": "end",
    "labels": {"boxWidth": 10, "boxHeight": 10, "color": GREY},
}
X_AXIS: dict[str, Any] = {
    "stacked": True,
    "grid": {"display": False},
    "ticks": {**TICKS, "maxRotation": 0, "autoSkipPadding": 12},
}
Y_AXIS: dict[str, Any] = {
    "display": True,
    "stacked": True,
    "beginAtZero": True,
    "border": {"display": False},
    "grid": {"color": "#9ca3af44"},
    "ticks": {**TICKS, "precision": 0, "maxTicksLimit": 5},
}
OPTIONS: dict[str, Any] = {
    "maxBarThickness": 28,
    "barPercentage": 0.8,
    "grouped": True,
    "responsive": True,
    "maintainAspectRatio": False,
    "animation": False,
    "plugins": {"legend": LEGEND},
}


def chart(days: Sequence[InboundDay]) -> dict[str, str]:
    """Return data and options as JSON; an empty chart keeps an axis up to 4."""
    top = max((row.texts + row.emails for row in days), default=0)
    scales = {"x": X_AXIS, "y": {**Y_AXIS, "suggestedMax": max(4, top)}}
    data = {
        "labels": [f"{row.day.day} {row.day:%b}" for row in days],
        "datasets": [
            _bars("Texts", [row.texts for row in days], "var(--ls-chart-1)"),
            _bars("Emails", [row.emails for row in days], "var(--ls-chart-2)"),
        ],
    }
    return {
        "data": json.dumps(data),
        "options": json.dumps({**OPTIONS, "scales": scales}),
    }


def _bars(label: str, values: list[int], colour: str) -> dict[str, Any]:
    return {"label": label, "data": values, "backgroundColor": colour, **BARS}
