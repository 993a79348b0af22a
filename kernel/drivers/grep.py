"""Searches files as ripgrep does, and writes what the CLI's Grep shows of it."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..reading import read_whole
from .globs import glob_regex
from .search_inputs import GrepInput

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST_LINE = 500
_OMITTED = "[Omitted long matching line]"
_SNIFFED = 65536

# The extensions of the file types that models name; a type that is not here is refused.
_TYPES: dict[str, tuple[str, ...]] = {
    "c": ("*.[chH]", "*.[chH].in", "*.cats"),
    "css": ("*.css", "*.scss"),
    "csv": ("*.csv",),
    "go": ("*.go",),
    "html": ("*.htm", "*.html", "*.ejs"),
    "java": ("*.java", "*.jsp", "*.jspx", "*.properties"),
    "js": ("*.js", "*.jsx", "*.vue", "*.cjs", "*.mjs"),
    "json": ("*.json", "composer.lock", "*.sarif"),
    "md": ("*.markdown", "*.md", "*.mdown", "*.mdwn", "*.mdx", "*.mkd", "*.mkdn"),
    "py": ("*.py", "*.pyi"),
    "rust": ("*.rs",),
    "sql": ("*.sql", "*.psql"),
    "toml": ("*.toml", "Cargo.lock"),
    "ts": ("*.ts", "*.tsx", "*.cts", "*.mts"),
    "txt": ("*.txt",),
    "yaml": ("*.yaml", "*.yml"),
}


class GrepError(Exception):
    """The search cannot be carried out as ripgrep would."""


@dataclass(frozen=True, slots=True)
class _Hits:
    """The matching lines of one file: line numbers from 0, and what `-o` would show of them."""

    path: Path
    lines: list[str]
    numbers: list[int]
    parts: list[tuple[int, str]]


def grep_files(files: Iterable[Path], given: GrepInput, root: Path, cwd: Path) -> str:
    """Search files and return what the CLI shows.

    Args:
        files: What to search, in order.
        given: The input of the tool.
        root: The path that the search began with.
        cwd: Working directory, for names and globs.

    Raises:
        GrepError: If it cannot be carried out as ripgrep would.
    """
    regex = _compile(given)
    wanted = _selection(given, cwd)
    hits: list[_Hits] = []
    for path in files:
        if wanted(path):
            found = _search(path, regex, given)
            if found is not None:
                hits.append(found)
    return _SHOW[given.output_mode](hits, given, root, cwd)


def _compile(given: GrepInput) -> Any:
    # The package carries neither types nor stubs.
    re2: Any = importlib.import_module("re2")
    pattern = given.pattern
    # Without a count in it a brace is an error in ripgrep and a character in RE2; class
    # operators mean something else in the two; both put Unicode differently into \w and \b.
    if re.search(r"(?<!\\)\{(?!\d+(?:,\d*)?\})|&&|--|~~|\[\[(?!:)", pattern):
        raise GrepError("the pattern has a form that is not understood in a replay")
    options = re2.Options()
    options.log_errors = False
    options.case_sensitive = not given.ignore_case
    options.never_nl = False
    flags = "(?ms)" if given.multiline else "(?m)"
    try:
        return re2.compile(flags + pattern, options)
    except re2.error as error:
        raise GrepError(
            "Search failed — ripgrep rejected the pattern, glob, or file type without "
            f"searching:\n{error}"
        ) from None


def _selection(given: GrepInput, cwd: Path) -> Callable[[Path], bool]:
    included: list[re.Pattern[str]] = []
    excluded: list[re.Pattern[str]] = []
    for pattern in (given.glob or "").split():
        regex = glob_regex(pattern.removeprefix("!"))
        if regex is None:
            raise GrepError(f"the glob {pattern!r} is not understood in a replay")
        (excluded if pattern.startswith("!") else included).append(regex)
    if given.type is not None and given.type not in _TYPES:
        raise GrepError(f"the file type {given.type!r} is not known in a replay")
    names = [glob_regex(pattern) for pattern in _TYPES.get(given.type or "", ())]

    def wanted(path: Path) -> bool:
        relative = path.relative_to(cwd).as_posix() if path.is_relative_to(cwd) else path.name
        if any(regex.match(relative) for regex in excluded):
            return False
        if included and not any(regex.match(relative) for regex in included):
            return False
        return not names or any(regex is not None and regex.match(path.name) for regex in names)

    return wanted


def _search(path: Path, regex: Any, given: GrepInput) -> _Hits | None:
    try:
        data = read_whole(path)
    except OSError:
        return None
    if b"\0" in data[:_SNIFFED]:
        return None
    text = data.decode("utf-8", "replace").removeprefix("\ufeff")
    if not text.isascii() and re.search(r"\\[wWdDsSbB]|\[\[:|\(\?i|\.", given.pattern):
        raise GrepError("text beyond ASCII is matched in another way in a replay")
    if given.ignore_case and not text.isascii():
        raise GrepError("text beyond ASCII is matched in another way in a replay")
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()
    numbers, parts = _matches(text, lines, regex, given)
    return _Hits(path, lines, numbers, parts) if numbers else None


def _matches(
    text: str, lines: list[str], regex: Any, given: GrepInput
) -> tuple[list[int], list[tuple[int, str]]]:
    parts: list[tuple[int, str]] = []
    if given.multiline:
        found: set[int] = set()
        for match in regex.finditer(text):
            first = text.count("\n", 0, match.start())
            last = text.count("\n", 0, max(match.start(), match.end() - 1))
            found.update(number for number in range(first, last + 1) if number < len(lines))
            parts.append((first, match.group(0)))
        return sorted(found), parts
    numbers: list[int] = []
    for number, line in enumerate(lines):
        bare = line.removesuffix("\r")
        if regex.search(bare) is None:
            continue
        numbers.append(number)
        if given.only_matching:
            parts.extend((number, m.group(0)) for m in regex.finditer(bare) if m.group(0))
    return numbers, parts


def _name(path: Path, cwd: Path) -> str:
    return str(path.relative_to(cwd)) if path.is_relative_to(cwd) else str(path)


def _page(lines: list[str], given: GrepInput) -> tuple[list[str], str]:
    """Return one page of lines and what the CLI says of the paging."""
    shown = lines[given.offset :]
    cut = bool(given.head_limit) and len(shown) > given.head_limit
    if cut:
        shown = shown[: given.head_limit]
    said = [f"limit: {given.head_limit}"] if cut else []
    if given.offset:
        said.append(f"offset: {given.offset}")
    return shown, ", ".join(said)


def _files_with_matches(hits: list[_Hits], given: GrepInput, _root: Path, cwd: Path) -> str:
    newest = sorted(hits, key=lambda hit: (-hit.path.stat().st_mtime_ns, str(hit.path)))
    shown, paging = _page([_name(hit.path, cwd) for hit in newest], given)
    if not shown:
        return "No files found"
    count = f"Found {len(shown)} file{'' if len(shown) == 1 else 's'}"
    return "\n".join([f"{count} {paging}".rstrip(), *shown])


def _count(hits: list[_Hits], given: GrepInput, _root: Path, cwd: Path) -> str:
    counted = [(hit, len(hit.parts) if given.multiline else len(hit.numbers)) for hit in hits]
    shown, paging = _page([f"{_name(hit.path, cwd)}:{count}" for hit, count in counted], given)
    total = sum(int(line.rpartition(":")[2]) for line in shown)
    occurrences = "occurrence" if total == 1 else "occurrences"
    files = "file" if len(shown) == 1 else "files"
    text = "\n".join(shown) or "No matches found"
    said = f" with pagination = {paging}" if paging else ""
    return f"{text}\n\nFound {total} total {occurrences} across {len(shown)} {files}.{said}"


def _content(hits: list[_Hits], given: GrepInput, root: Path, cwd: Path) -> str:
    alone = not root.is_dir()
    blocks = [line for hit in hits for line in _lines(hit, given, None if alone else cwd)]
    if _context(given) != (0, 0):
        blocks = _separated(hits, given, None if alone else cwd)
    shown, paging = _page(blocks, given)
    if not shown:
        return "No matches found"
    text = "\n".join(shown)
    return f"{text}\n\n[Showing results with pagination = {paging}]" if paging else text


def _context(given: GrepInput) -> tuple[int, int]:
    around = given.context if given.context is not None else given.around
    return (
        given.before if given.before is not None else around or 0,
        given.after if given.after is not None else around or 0,
    )


def _line(hit: _Hits, number: int, text: str, mark: str, given: GrepInput, cwd: Path | None) -> str:
    name = "" if cwd is None else _name(hit.path, cwd) + mark
    position = f"{number + 1}{mark}" if given.numbers else ""
    shown = text if len(text) <= _LONGEST_LINE else _OMITTED
    return name + position + shown


def _lines(hit: _Hits, given: GrepInput, cwd: Path | None) -> Iterator[str]:
    if given.only_matching:
        for number, part in hit.parts:
            yield _line(hit, number, part, ":", given, cwd)
        return
    for number in hit.numbers:
        yield _line(hit, number, hit.lines[number], ":", given, cwd)


def _separated(hits: list[_Hits], given: GrepInput, cwd: Path | None) -> list[str]:
    """Return lines with their context; ``--`` parts what is not contiguous."""
    before, after = _context(given)
    out: list[str] = []
    for hit in hits:
        matching = set(hit.numbers)
        shown = sorted(
            {
                near
                for number in hit.numbers
                for near in range(max(0, number - before), number + after + 1)
                if near < len(hit.lines)
            }
        )
        last = None
        for number in shown:
            if out and (last is None or number != last + 1):
                out.append("--")
            mark = ":" if number in matching else "-"
            out.append(_line(hit, number, hit.lines[number], mark, given, cwd))
            last = number
    return out


_SHOW: dict[str, Callable[[list[_Hits], GrepInput, Path, Path], str]] = {
    "files_with_matches": _files_with_matches,
    "count": _count,
    "content": _content,
}
