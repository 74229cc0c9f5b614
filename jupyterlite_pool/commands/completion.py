"""What the Tab key offers in the lines of the magics."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable, Sequence
from typing import Any

from IPython.core.completer import SimpleCompletion, context_matcher

from ..api.history import history
from .magic_lines import MAGICS
from .pool_command import COMMANDS

#: A magic of the pool in a line, and the text behind it up to the cursor.
_MAGIC = re.compile(r"(?:^|[\s=(])%%?(pool(?:_map|_submit|_run)?)\s(.*)$")


def complete_magics(shell: Any) -> None:
    """Let the Tab key of a shell complete subcommands, options, numbers of jobs, and names."""

    @context_matcher(identifier="jupyterlite_pool")  # type: ignore[untyped-decorator]
    def matcher(context: Any) -> dict[str, Any]:
        found = completions(context.text_until_cursor, shell.user_ns)
        word, texts = ("", []) if found is None else found
        return {
            "completions": [SimpleCompletion(text=text, type="magic") for text in texts],
            "matched_fragment": word,
            # Other completions know nothing of these lines.
            "suppress": bool(texts),
            "do_not_suppress": set(),
        }

    shell.Completer.custom_matchers.append(matcher)


def completions(line: str, names: Iterable[str] = ()) -> tuple[str, list[str]] | None:
    """What may stand at the end of a line.

    Args:
        line: the line up to the cursor.
        names: the notebook's variables.

    Returns:
        The word at the cursor as far as it is written, and what it may become; None where other
        completions are better.
    """
    found = _MAGIC.search(line)
    if found is None:
        return None
    name, rest = found.groups()
    *before, word = re.split(r"\s+", rest)
    words = _of_pool(before) if name == "pool" else _of_options(name, before, word)
    if not words and name != "pool" and word.isidentifier():
        # IPython does not look for names in the lines of magics where it uses jedi.
        words = sorted(each for each in {*names, *dir(builtins)} if not each.startswith("_"))
    return word, [each for each in words if each.startswith(word)]


def _of_pool(before: Sequence[str]) -> list[str]:
    """What may stand behind `%pool` and the words that are there."""
    if not before:
        return list(COMMANDS)
    if len(before) == 1 and before[0] == "job":
        return [str(entry.number) for entry in history.entries() if entry.given is not None]
    if len(before) == 1 and before[0] == "cancel":
        return [str(entry.number) for entry in history.entries() if entry.ended is None]
    return []


def _of_options(name: str, before: Sequence[str], word: str) -> list[str]:
    """The options of a magic, or the words that may stand behind one."""
    flags = MAGICS[name].flags
    last = flags.get(before[-1]) if before else None
    if last is not None and last.read is not None:
        return list(last.words)
    flag, equals, _ = word.partition("=")
    if equals:
        option = flags.get(flag)
        return [f"{flag}={each}" for each in option.words] if option is not None else []
    return list(flags) if word.startswith("-") else []
