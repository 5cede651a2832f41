"""The size budgets: `python -m leadsite.tests.budgets`, part of `make check`."""

import ast
import statistics
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("leadsite", "leads", "messaging", "integrations", "analytics")
FILE_LINES = 350
PROVIDER_LINES = 300
FUNCTION_LINES = 45
MEDIAN_LINES = 10


def product_files() -> Iterator[Path]:
    """Every Python file of the product, without tests and migrations."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            if not {"tests", "migrations"} & set(path.parts):
                yield path


def functions(path: Path) -> Iterator[tuple[str, int, int]]:
    """Name, line and length in lines of every function in a file."""
    tree = ast.parse(path.read_text())
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            last = node.end_lineno or node.lineno
            yield node.name, node.lineno, last - node.lineno + 1


def overruns() -> list[str]:
    """What is over its budget, in words."""
    found: list[str] = []
    lengths: list[int] = []
    for path in product_files():
        name = path.relative_to(ROOT)
        lines = path.read_text().count("\n")
        limit = PROVIDER_LINES if "providers" in path.parts else FILE_LINES
        if lines > limit:
            found.append(f"{name}: {lines} lines, {limit} are allowed")
        for function, line, length in functions(path):
            lengths.append(length)
            if length > FUNCTION_LINES:
                words = f"{length} lines, {FUNCTION_LINES} are allowed"
                found.append(f"{name}:{line} {function}(): {words}")
    median = statistics.median(lengths)
    if median > MEDIAN_LINES:
        found.append(f"the median function has {median} lines, not {MEDIAN_LINES}")
    return found


if __name__ == "__main__":
    problems = overruns()
    sys.stdout.writelines(f"{problem}\n" for problem in problems)
    sys.exit(bool(problems))
