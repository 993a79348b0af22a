"""The lookups of `peers.py` that stand on a peer; run by an interpreter that has it.

- muscle-mem: ``engine(tags=[goal])``, its public call, with a tool that notes its command, and a
  check of the working directory before it. It keeps its trajectories in memory alone.
- GPTCache exact: ``get(goal)`` over ``manager_factory("map")``, the goal itself as its key, and
  the evaluation that it has by default, which compares them; kept by ``pickle``.
- GPTCache similar: ``get(goal)`` over ``manager_factory("sqlite,faiss")`` as its
  ``init_similar_cache`` has it (``SearchDistanceEvaluation``, threshold 0.8), with the word vectors
  of `llmos.memory.static_embedding` in the place of an encoder that a hub would have to give.

GPTCache keeps 1,000 entries by default; here it may keep all.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from lookups import Ask, Asked, Lookup, asking, main, spelled
from scale_goals import Known

_DIMENSIONS = 256


def load_muscle_mem() -> None:
    """Import muscle-mem."""
    import_module("muscle_mem")


def open_muscle_mem(_store: Path, known: Sequence[Known]) -> Ask:
    """Let an agent do each goal once; it is asked for none of them again."""
    muscle_mem: Any = import_module("muscle_mem")
    ran: list[str] = []
    calls = {one.goal: spelled(one.call) for one in known}

    def carry_out(call: str) -> None:
        ran.append(call)

    def capture(_call: str) -> str:
        return os.getcwd()  # noqa: PTH109 - the quickest check that there is

    engine = muscle_mem.Engine()
    tool = engine.function(pre_check=muscle_mem.Check(capture, operator.eq))(carry_out)

    def agent(goal: str) -> None:
        if goal in calls:
            tool(calls[goal])

    engine.set_agent(agent).finalize()
    for goal in calls:
        engine(goal, tags=[goal])
    calls.clear()
    ask = asking(lambda goal: ran[-1] if engine(goal, tags=[goal]) else None)

    def ask_quietly(goal: str) -> Asked:
        ran.clear()
        return ask(goal)

    # It sets and resets the terminal's colour around each step.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    return ask_quietly


def load_gptcache() -> None:
    """Import GPTCache with what its `get` needs."""
    import_module("gptcache.adapter.api")


def load_similar() -> None:
    """Import GPTCache, its stores and the word vectors."""
    load_gptcache()
    for name in ("faiss", "sqlalchemy", "llmos.memory.static_embedding"):
        import_module(name)


def exact_cache(store: Path, size: int) -> Any:
    """Return GPTCache as it is for the very same question."""
    gptcache: Any = import_module("gptcache")
    manager: Any = import_module("gptcache.manager")
    pre: Any = import_module("gptcache.processor.pre")
    cache = gptcache.Cache()
    held = manager.manager_factory("map", data_dir=str(store), max_size=size)
    cache.init(pre_embedding_func=pre.get_prompt, data_manager=held)
    return cache


def similar_cache(store: Path, size: int) -> Any:
    """Return GPTCache as it is for a similar question."""
    gptcache: Any = import_module("gptcache")
    manager: Any = import_module("gptcache.manager")
    pre: Any = import_module("gptcache.processor.pre")
    evaluation: Any = import_module("gptcache.similarity_evaluation")
    static: Any = import_module("llmos.memory.static_embedding").static_embedding()

    def embed(text: str, **_: object) -> Any:
        return static.embed([text])[0]

    cache = gptcache.Cache()
    held = manager.manager_factory(
        "sqlite,faiss",
        data_dir=str(store),
        vector_params={"dimension": _DIMENSIONS},
        eviction_params={"max_size": size, "clean_size": 1},
    )
    cache.init(
        pre_embedding_func=pre.get_prompt,
        embedding_func=embed,
        data_manager=held,
        similarity_evaluation=evaluation.SearchDistanceEvaluation(),
        config=gptcache.Config(),
    )
    return cache


def _fill(cache: Any, known: Sequence[Known]) -> None:
    cache.import_data([one.goal for one in known], [spelled(one.call) for one in known])
    cache.flush()


def _ask(cache: Any) -> Ask:
    api: Any = import_module("gptcache.adapter.api")
    return asking(lambda goal: api.get(goal, cache_obj=cache))


def fill_exact(store: Path, known: Sequence[Known]) -> None:
    """Store the goals for those that are the same."""
    _fill(exact_cache(store, len(known)), known)


def open_exact(store: Path, known: Sequence[Known]) -> Ask:
    """Open what `fill_exact` stored."""
    return _ask(exact_cache(store, len(known)))


def fill_similar(store: Path, known: Sequence[Known]) -> None:
    """Store the goals for those that are similar."""
    _fill(similar_cache(store, len(known)), known)


def open_similar(store: Path, known: Sequence[Known]) -> Ask:
    """Open what `fill_similar` stored."""
    return _ask(similar_cache(store, len(known)))


def open_unreported(store: Path, known: Sequence[Known]) -> Ask:
    """Open it so that no row of a report is written for each answer, as it is by default."""
    cache = similar_cache(store, len(known))
    cache.config.disable_report = True
    return _ask(cache)


_SIMILAR = ("gptcache", "faiss-cpu", "SQLAlchemy", "numpy", "wordllama")
LOOKUPS = {
    "muscle-mem": Lookup(load_muscle_mem, open_muscle_mem, packages=("muscle-mem",)),
    "GPTCache exact": Lookup(
        load_gptcache, open_exact, fill_exact, packages=("gptcache", "cachetools")
    ),
    "GPTCache similar": Lookup(load_similar, open_similar, fill_similar, _SIMILAR),
    "the same, no report": Lookup(load_similar, open_unreported, fill_similar, _SIMILAR),
}

if __name__ == "__main__":
    main(LOOKUPS)
