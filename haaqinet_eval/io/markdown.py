"""Tables as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def markdown_table(head: Sequence[str], rows: Iterable[Sequence[object]], rule: str = "---") -> str:
    """A table as Markdown, with a line end; a bar in a cell becomes a slash.

    Args:
        rule: what is below the heads after the first, such as `---:` for numbers.

    >>> print(markdown_table(("system", "mean"), [("hpss", 0.5)], "---:"), end="")
    | system | mean |
    | --- | ---: |
    | hpss | 0.5 |
    """
    lines = [head, ["---"] + [rule] * (len(head) - 1), *rows]
    return "".join(f"| {' | '.join(str(cell).replace('|', '/') for cell in line)} |\n" for line in lines)
