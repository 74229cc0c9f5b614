"""Limits of size for the TypeScript, and who may set the fields of its classes."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
LABEXTENSION = ROOT / "labextension"
SCRIPTS = LABEXTENSION / "src"
SIZES = Path(__file__).with_name("sizes.mjs")

MOST_LINES = 400
MOST_LINES_OF_A_FUNCTION = 60
MOST_FIELDS = 20
MOST_METHODS = 30


def measured(*files: Path) -> dict[str, Any]:
    """What `sizes.mjs` says of each file."""
    command = [sys.executable, str(ROOT / "tools" / "node.py"), "node", str(SIZES)]
    done = subprocess.run(
        [*command, str(LABEXTENSION), *map(str, files)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    sizes: dict[str, Any] = json.loads(done.stdout)
    return sizes


@cache
def sizes() -> dict[str, Any]:
    """The sizes of all sources, by their path below `src`."""
    found = measured(*sorted(SCRIPTS.rglob("*.ts*")))
    return {Path(file).relative_to(SCRIPTS).as_posix(): about for file, about in found.items()}


def too_long(found: dict[str, Any]) -> list[str]:
    """Files and functions with too many lines, each with its count."""
    files = [
        f"{file}: {of['lines']} lines" for file, of in found.items() if of["lines"] > MOST_LINES
    ]
    functions = [
        f"{file}: {function['name']} has {function['lines']} lines"
        for file, of in found.items()
        for function in of["functions"]
        if function["lines"] > MOST_LINES_OF_A_FUNCTION
    ]
    return files + functions


def too_large(found: dict[str, Any]) -> list[str]:
    """Classes with too many fields or methods, each with its counts."""
    return [
        f"{file}: {each['name']} has {each['fields']} fields and {each['methods']} methods"
        for file, of in found.items()
        for each in of["classes"]
        if each["fields"] > MOST_FIELDS or each["methods"] > MOST_METHODS
    ]


def set_from_outside(found: dict[str, Any]) -> list[str]:
    """Assignments to the fields of a class that another file declares."""
    return [f"{file}, {write}" for file, of in found.items() for write in of["writes"]]


def test_no_file_and_no_function_is_too_long() -> None:
    assert too_long(sizes()) == []


def test_no_class_has_too_many_fields_or_methods() -> None:
    assert too_large(sizes()) == []


def test_no_field_is_set_from_another_file() -> None:
    assert set_from_outside(sizes()) == []


@pytest.fixture
def wrong(tmp_path: Path) -> dict[str, Any]:
    """The sizes of a source that is too large, and of one that sets fields of its class."""
    fields = "".join(f"  field{i} = {i};\n" for i in range(MOST_FIELDS))
    methods = "".join(f"  method{i}(): void {{}}\n" for i in range(MOST_METHODS))
    lines = "  long();\n" * MOST_LINES
    owner = tmp_path / "owner.ts"
    owner.write_text(
        f"export class Many {{\n{fields}{methods}  constructor(public last: number) {{}}\n}}\n"
        f"const long = (): void => {{\n{lines}}};\n",
        "utf-8",
    )
    other = tmp_path / "other.ts"
    other.write_text(
        "import { Many } from './owner';\n"
        "class Own {\n  mine = 1;\n}\n"
        "export function set(many: Many, own: Own): void {\n"
        "  many.field0 += 1;\n  many.last--;\n  own.mine = many.field1;\n}\n",
        "utf-8",
    )
    return {Path(file).name: about for file, about in measured(owner, other).items()}


def test_each_limit_is_noticed_by_name_and_count(wrong: dict[str, Any]) -> None:
    assert too_large(wrong) == ["owner.ts: Many has 21 fields and 31 methods"]
    assert too_long(wrong) == ["owner.ts: 455 lines", "owner.ts: long has 402 lines"]
    assert set_from_outside(wrong) == [
        "other.ts, line 6: many.field0",
        "other.ts, line 7: many.last",
    ]
