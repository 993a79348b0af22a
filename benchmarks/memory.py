"""How well does the semantic memory find, and how fast is it when it is large?

Quality, for search by words (BM25), by vectors, and by both: recall@1, recall@10 and MRR

- on paraphrases: every goal of DIR/cases that means the same as a learned one is looked up among
  all learned goals of its source (itself left out);
- on standard collections in SMART form, where DIR/../NAME or --collections names a folder with
  NAME.all, NAME.qry and NAME.rel (Cranfield, CISI: documents, queries, judgements).

Scale (--scale N ...): texts made of pairs of learned goals. Search and durable add p50 and p99,
cold open with its first search in a new process, memory of that process, room on the disk.

    python benchmarks/memory.py DIR [--collections DIR] [--scale N ...] [--embedding NAME] [--json]
"""

from __future__ import annotations

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from llmos.memory.embedding import CHOICES, Embedding, chosen_embedding
from llmos.memory.semantic_tables import Memory, Mode
from llmos.memory.store import SemanticMemory

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MODES: tuple[Mode, ...] = ("text", "vector", "hybrid")
Query = tuple[str, set[str]]
Figures = dict[str, Any]
_DEEP = 100
_BATCH = 5000


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", metavar="DIR", type=Path)
    parser.add_argument("--collections", metavar="DIR", type=Path)
    parser.add_argument("--scale", metavar="N", type=int, nargs="+", default=[])
    parser.add_argument("--asks", metavar="N", type=int, default=200)
    parser.add_argument("--embedding", choices=CHOICES, default="static")
    parser.add_argument("--no-quality", action="store_true")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--open", metavar="FILE", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.open is not None:
        print(json.dumps(_opened(options.open, options.embedding)))
        return 0
    found: Figures = {"embedding": options.embedding, "quality": {}, "scale": {}}
    if not options.no_quality:
        found["quality"] = dict(_qualities(options))
    for size in options.scale:
        found["scale"][size] = _scale(options, size)
    print(json.dumps(found, indent=1) if options.json else _tables(found))
    return 0


def _qualities(options: argparse.Namespace) -> Iterator[tuple[str, Figures]]:
    pooled: dict[str, list[float]] = {mode: [0.0, 0.0, 0.0] for mode in MODES}
    asked = 0
    for path in sorted((options.data / "cases").glob("*.jsonl")):
        texts, queries = _paraphrases(path)
        if len(queries) < 20:
            continue
        figures = _quality(texts, queries, options.embedding)
        yield path.stem, figures
        asked += len(queries)
        for mode in MODES:
            for place, name in enumerate(("recall@1", "recall@10", "mrr")):
                pooled[mode][place] += figures[mode][name] * len(queries)
    if asked:
        names = ("recall@1", "recall@10", "mrr")
        rows = {
            mode: dict(zip(names, (one / asked for one in sums), strict=True))
            for mode, sums in pooled.items()
        }
        yield "paraphrases", {"queries": asked, **rows}
    if options.collections is not None:
        for path in sorted(options.collections.glob("*.all")):
            texts, queries = _collection(path)
            yield path.stem, _quality(texts, queries, options.embedding)


def _paraphrases(path: Path) -> tuple[dict[str, str], list[Query]]:
    texts: dict[str, str] = {}
    answers: dict[str, set[str]] = {}
    for line in path.read_text().splitlines():
        case = json.loads(line)
        learned = {one["goal"] for one in case["learned"]}
        texts.update({goal: goal for goal in learned})
        if case["kind"] == "b_paraphrase":
            answers.setdefault(case["goal"], set()).update(learned - {case["goal"]})
    return texts, [(goal, right) for goal, right in answers.items() if right]


def _collection(path: Path) -> tuple[dict[str, str], list[Query]]:
    texts = _smart(path)
    asked = list(_smart(path.with_suffix(".qry")).values())
    right: dict[int, set[str]] = {}
    for line in path.with_suffix(".rel").read_text().splitlines():
        query, document, *_ = line.split()
        right.setdefault(int(query), set()).add(document)
    return texts, [(asked[number - 1], found & texts.keys()) for number, found in right.items()]


def _smart(path: Path) -> dict[str, str]:
    """Return title and text of each entry by its number."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    field = ""
    for line in path.read_text("latin-1").splitlines():
        if line.startswith(".I "):
            current = found.setdefault(line.split()[1], [])
        elif re.fullmatch(r"\.[A-Z]\s*", line):
            field = line[1]
        elif field in "TW":
            current.append(line.strip())
    return {number: " ".join(lines) for number, lines in found.items() if any(lines)}


def _quality(texts: dict[str, str], queries: list[Query], embedding: str) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        memory = SemanticMemory(Path(folder) / "m.sqlite", chosen_embedding(embedding))
        memory.put([Memory(name, "note", text, {}, 0.0) for name, text in texts.items()])
        figures: Figures = {"texts": len(texts), "queries": len(queries)}
        for mode in MODES:
            ranks = [_rank(memory, query, right, mode) for query, right in queries]
            figures[mode] = {
                "recall@1": sum(rank == 1 for rank in ranks) / len(ranks),
                "recall@10": sum(0 < rank <= 10 for rank in ranks) / len(ranks),
                "mrr": sum(1 / rank for rank in ranks if rank) / len(ranks),
            }
        memory.close()
    return figures


def _rank(memory: SemanticMemory, query: str, right: set[str], mode: Mode) -> int:
    """Return at which place the first right answer stands; 0 for none."""
    found = [hit.memory.id for hit in memory.search(query, _DEEP, mode=mode)]
    others = [one for one in found if one != query]
    return next((place for place, one in enumerate(others, 1) if one in right), 0)


class _Pairs:
    """The vectors of an embedding, and for ``one; other`` the mean of two that are known.

    To embed a million texts takes an hour and tells nothing of the store.
    """

    def __init__(self, embedding: Embedding, goals: Sequence[str]) -> None:
        self.name, self.dimensions, self.near = (
            embedding.name,
            embedding.dimensions,
            embedding.near,
        )
        self._embedding = embedding
        rows = embedding.embed(list(goals))
        self._known = dict(zip(goals, rows, strict=True))

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        import numpy as np

        pairs = [text.partition("; ") for text in texts]
        if not all(one in self._known and other in self._known for one, _, other in pairs):
            return self._embedding.embed(texts)
        rows = np.array([self._known[one] + self._known[other] for one, _, other in pairs])
        return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.float32(1e-9))


def _scale(options: argparse.Namespace, size: int) -> Figures:
    found = [
        one["goal"]
        for path in sorted((options.data / "cases").glob("*.jsonl"))
        for line in path.read_text().splitlines()
        for one in json.loads(line)["learned"]
    ]
    goals = sorted({goal for goal in found if "; " not in goal})
    chance = random.Random(size)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.sqlite"
        memory = SemanticMemory(path, _Pairs(chosen_embedding(options.embedding), goals))
        began = time.perf_counter()
        for start in range(0, size, _BATCH):
            memory.put(
                [
                    Memory(
                        f"m-{n}", "note", f"{chance.choice(goals)}; {chance.choice(goals)}", {}, n
                    )
                    for n in range(start, min(size, start + _BATCH))
                ]
            )
        filled = time.perf_counter() - began
        queries = chance.choices(goals, k=options.asks)
        figures: Figures = {"fill_s": filled}
        for mode in MODES:
            figures[f"search_{mode}_ms"] = _timed(
                [partial(memory.search, query, 10, mode=mode) for query in queries]
            )
        figures["search_vector_found_of_exact"] = _found(memory, queries[:50], size)
        figures["add_ms"] = _timed([partial(memory.add, text) for text in queries])
        memory.close()
        command = [sys.executable, __file__, str(options.data), "--open", str(path)]
        command += ["--embedding", options.embedding]
        colds = [json.loads(subprocess.check_output(command)) for _ in range(5)]
        figures["cold"] = sorted(colds, key=lambda one: one["open_ms"])[2]
        figures["disk_mb"] = sum(one.stat().st_blocks * 512 for one in path.parent.iterdir()) / 1e6
    return figures


def _found(memory: SemanticMemory, queries: Sequence[str], size: int) -> float:
    """Return the share of the ten nearest by whole vectors that a search by vectors finds."""
    import numpy as np

    file = memory._space.file  # pyright: ignore[reportPrivateUsage] # noqa: SLF001
    everything = np.arange(1, size + 1)
    shares: list[float] = []
    for query in queries:
        vector = memory.embedding.embed([query])[0]
        exact = set(file.nearest_of(vector, everything)[0][:10].tolist())
        near = set(file.nearest(vector, size, 300)[0][:10].tolist())
        shares.append(len(exact & near) / len(exact))
    return sum(shares) / len(shares)


def _opened(path: Path, embedding: str) -> Figures:
    """Open a memory and search once: in a new process, which has loaded what a search needs."""
    began = time.perf_counter()
    chosen = chosen_embedding(embedding)
    chosen.embed(["warm"])
    embedding_ms = (time.perf_counter() - began) * 1000
    before = _resident_mb()
    began = time.perf_counter()
    memory = SemanticMemory(path, chosen)
    memory.newest(1)
    opened = time.perf_counter()
    memory.search("delete old log files", 10)
    return {
        "embedding_ms": embedding_ms,
        "open_ms": (opened - began) * 1000,
        "first_search_ms": (time.perf_counter() - opened) * 1000,
        "rss_before_mb": before,
        "rss_mb": _resident_mb(),
    }


def _resident_mb() -> float:
    return psutil.Process().memory_info().rss / 1e6


def _timed(calls: Sequence[Any]) -> dict[str, float]:
    """Return percentiles by the clock and of the thread's CPU time, milliseconds."""
    clock: list[float] = []
    cpu: list[float] = []
    for call in calls:
        began, began_cpu = time.perf_counter(), time.thread_time()
        call()
        clock.append((time.perf_counter() - began) * 1000)
        cpu.append((time.thread_time() - began_cpu) * 1000)
    clock.sort()
    cpu.sort()
    middle, late = len(clock) // 2, len(clock) * 99 // 100
    return {"p50": clock[middle], "p99": clock[late], "min": clock[0], "cpu_p50": cpu[middle]}


def _tables(found: Figures) -> str:
    lines = [f"embedding {found['embedding']}", ""]
    lines.append(f"{'texts looked up':<18}{'queries':>8}  {'':<7}{'@1':>7}{'@10':>7}{'MRR':>7}")
    for name, figures in found["quality"].items():
        for mode in MODES:
            one = figures[mode]
            shown = f"{one['recall@1']:>7.3f}{one['recall@10']:>7.3f}{one['mrr']:>7.3f}"
            lines.append(f"{name:<18}{figures['queries']:>8}  {mode:<7}{shown}")
    for size, figures in found["scale"].items():
        lines += ["", f"{size:,} memories", json.dumps(figures, indent=1)]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
