"""What the semantic memory keeps, finds and forgets."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from llmos.kernel.errors import UsageError, WorkspaceError
from llmos.memory import hybrid
from llmos.memory.semantic_tables import Filter, Memory, Mode
from llmos.memory.spaces import BATCH
from llmos.memory.store import LONGEST, SemanticMemory
from spaces import WordSpace


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "memory/semantic.sqlite"


@pytest.fixture
def memory(path: Path, clock: Clock) -> Iterator[SemanticMemory]:
    memory = SemanticMemory(path, WordSpace(), clock)
    yield memory
    memory.close()


def texts(
    memory: SemanticMemory,
    query: str,
    k: int = 5,
    *,
    mode: Mode = "hybrid",
    wanted: Filter | None = None,
) -> list[str]:
    return [hit.memory.text for hit in memory.search(query, k, mode=mode, wanted=wanted)]


def test_what_was_added_is_found_by_a_memory_opened_later(
    path: Path, memory: SemanticMemory
) -> None:
    added = memory.add("the release branch is trunk", {"by": "Ann"}, kind="fact")
    later = SemanticMemory(path, WordSpace())
    (hit,) = later.search("which branch is the release branch", 1)
    assert hit.memory == memory.get(added)
    assert (hit.memory.kind, hit.memory.metadata) == ("fact", {"by": "Ann"})
    later.close()


def test_the_default_embedding_finds_other_words_of_one_meaning(path: Path) -> None:
    memory = SemanticMemory(path)
    memory.add("delete the old pictures")
    memory.add("what is the weather in Rome")
    (hit,) = memory.search("remove ancient photos", 1)
    assert hit.memory.text == "delete the old pictures"
    assert hit.similarity is not None
    assert hit.similarity > memory.embedding.near
    memory.close()


def test_words_are_found_in_other_forms_and_rare_ones_count_more(memory: SemanticMemory) -> None:
    for number in range(5):
        memory.add(f"the server of team {number}")
    memory.add("the server restarts at night")
    assert texts(memory, "server restarted", mode="text")[0] == "the server restarts at night"


def test_a_search_takes_filters_on_kind_metadata_and_time(
    memory: SemanticMemory, clock: Clock
) -> None:
    memory.add("blue door", {"n": 1, "open": True})
    clock.now += 10
    memory.add("blue gate", {"n": "1"}, kind="fact")
    memory.add("blue sky", {"n": 1.5, "open": 1}, kind="fact")
    wanted = {
        "kind": (Filter(kind="fact"), {"blue gate", "blue sky"}),
        "number": (Filter(where={"n": 1}), {"blue door"}),
        "text": (Filter(where={"n": "1"}), {"blue gate"}),
        "truth": (Filter(where={"open": True}), {"blue door"}),
        "none": (Filter(where={"missing": None}), set[str]()),
        "since": (Filter(since=clock.now), {"blue gate", "blue sky"}),
        "until": (Filter(until=clock.now), {"blue door"}),
    }
    for name, (one, found) in wanted.items():
        assert set(texts(memory, "blue", wanted=one)) == found, name


def test_a_filter_that_leaves_out_all_that_is_near_finds_what_is_far(
    memory: SemanticMemory,
) -> None:
    near = [Memory(f"m-{n}", "note", f"red house {n}", {}, 0.0) for n in range(700)]
    memory.put(near)
    memory.add("green tree", kind="fact")
    found = memory.search("red house", 3, mode="vector", wanted=Filter(kind="fact"))
    assert [hit.memory.text for hit in found] == ["green tree"]


def test_a_memory_of_the_same_id_replaces_the_earlier_one_everywhere(
    memory: SemanticMemory,
) -> None:
    memory.add("the old name", id="m-1")
    memory.add("a new word", id="m-1")
    assert memory.count() == 1
    assert texts(memory, "old name", mode="text") == []
    assert texts(memory, "new word", mode="vector") == ["a new word"]


def test_what_is_forgotten_or_expired_is_not_found(memory: SemanticMemory, clock: Clock) -> None:
    kept = memory.add("red apple")
    gone = memory.add("red pear")
    memory.add("red plum", expires_at=clock.now + 5)
    assert memory.delete(gone, "m-unknown") == 1
    clock.now += 5
    assert texts(memory, "red") == ["red apple"]
    assert [one.id for one in memory.newest(10)] == [kept]
    assert (memory.expire(), memory.expire(), memory.count()) == (1, 0, 1)


def test_the_place_of_a_forgotten_memory_is_used_again_once_no_search_reads_it(
    path: Path, memory: SemanticMemory, clock: Clock
) -> None:
    def places() -> list[int]:
        with sqlite3.connect(path) as connection:
            found = connection.execute("SELECT number FROM memories ORDER BY number").fetchall()
        return [row[0] for row in found]

    memory.delete(memory.add("one"))
    memory.add("two")
    assert places() == [2]
    clock.now += 61
    memory.add("three")
    assert places() == [1, 2]
    assert texts(memory, "three", k=1) == ["three"]


@pytest.mark.parametrize("text", ["", "  \n", "x" * (LONGEST + 1)])
def test_an_empty_or_endless_text_is_refused(memory: SemanticMemory, text: str) -> None:
    with pytest.raises(UsageError):
        memory.add(text)
    assert memory.count() == 0


def test_a_query_without_words_or_with_the_signs_of_a_query_language_is_harmless(
    memory: SemanticMemory,
) -> None:
    memory.add('say "hello" AND NOT (goodbye*)')
    for query in ["", "???", 'NOT "', "a* OR (b", "hello AND", "\x00", "text:hello", "—"]:
        memory.search(query)
    assert texts(memory, 'AND "hello"')


def test_a_text_without_words_is_kept_and_found_by_its_id(memory: SemanticMemory) -> None:
    kept = memory.add("→ ↑")
    assert memory.get(kept) is not None


words = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(words.filter(str.strip), st.integers(0, 5)), min_size=1, max_size=8))
def test_it_holds_what_a_dict_would_hold(
    tmp_path_factory: pytest.TempPathFactory, added: list[tuple[str, int]]
) -> None:
    memory = SemanticMemory(tmp_path_factory.mktemp("m") / "s.sqlite", WordSpace(dimensions=32))
    known: dict[str, str] = {}
    for text, number in added:
        if number == 5 and known:
            gone = sorted(known)[0]
            assert memory.delete(gone) == 1
            del known[gone]
        else:
            memory.add(text, id=f"m-{number}")
            known[f"m-{number}"] = text
    assert {one.id: one.text for one in memory.each()} == known
    for text in known.values():
        found = {hit.memory.text for hit in memory.search(text, 10)}
        assert found <= set(known.values())
        assert text in found or not text.casefold().split()
    memory.close()


def test_a_change_of_embedding_embeds_anew_and_never_mixes_spaces(
    path: Path, memory: SemanticMemory
) -> None:
    memory.put([Memory(f"m-{n}", "note", f"thing {n}", {}, 0.0) for n in range(600)])
    other = SemanticMemory(path, WordSpace("other", 48))
    assert other.progress().done == 0
    assert texts(other, "thing 599", k=1, mode="vector") == []
    assert "thing 599" in texts(other, "thing 599"), "it is found by its words meanwhile"
    seen: list[int] = []

    def twice(progress: object) -> bool:
        seen.append(other.progress().done)
        return len(seen) <= 2

    assert not other.fill(twice)
    assert seen == [0, BATCH, 2 * BATCH]
    other.add("added meanwhile")
    assert other.fill()
    assert (other.progress().done, other.progress().total) == (601, 601)
    for query in ("thing 7", "added meanwhile"):
        best = other.search(query, 1, mode="vector")[0]
        assert (best.memory.text, best.similarity) == (query, pytest.approx(1, abs=1e-3))
    other.close()


def test_what_another_embedding_added_is_embedded_here_too(
    path: Path, memory: SemanticMemory
) -> None:
    other = SemanticMemory(path, WordSpace("other"))
    other.add("from the other side")
    assert texts(memory, "from the other side", mode="vector") == []
    assert texts(memory, "from the other side") == ["from the other side"]
    assert memory.progress().done == 0
    assert memory.fill()
    assert texts(memory, "from the other side", mode="vector") == ["from the other side"]
    other.close()


def test_a_space_that_nobody_used_for_a_week_is_removed(path: Path, clock: Clock) -> None:
    first = SemanticMemory(path, WordSpace("first"), clock)
    first.add("one")
    first.close()
    clock.now += 8 * 24 * 3600
    second = SemanticMemory(path, WordSpace("second"), clock)
    assert second.fill()
    assert [one.name for one in path.parent.glob("*.vectors")] == ["semantic-2.vectors"]
    second.close()
    again = SemanticMemory(path, WordSpace("first"), clock)
    assert again.progress().done == 0
    assert again.fill()
    assert texts(again, "one", mode="vector") == ["one"]
    again.close()


def test_a_memory_of_an_earlier_llmos_is_taken_over(path: Path) -> None:
    path.parent.mkdir()
    with sqlite3.connect(path) as connection:
        connection.execute(
            "CREATE TABLE memories (number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,"
            " text TEXT NOT NULL, metadata TEXT NOT NULL, space TEXT NOT NULL, vector BLOB)"
        )
        row = (3, "old", "count the lines", '{"answer": "4"}', "s", b"")
        connection.execute("INSERT INTO memories VALUES (?, ?, ?, ?, ?, ?)", row)
    memory = SemanticMemory(path, WordSpace())
    assert texts(memory, "lines", mode="text") == ["count the lines"]
    assert memory.fill()
    assert texts(memory, "count the lines", mode="vector") == ["count the lines"]
    memory.close()


def test_a_damaged_or_newer_database_is_an_error_that_says_what_to_do(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(WorkspaceError) as raised:
        SemanticMemory(path, WordSpace())
    assert "move it away" in raised.value.hint
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(WorkspaceError, match="newer"):
        SemanticMemory(path, WordSpace())


@pytest.fixture
def as_of_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rank words as among more memories than FTS5 is asked to rank."""
    monkeypatch.setattr(hybrid, "_FEW_MEMORIES", 0)


@pytest.mark.usefixtures("as_of_many")
@given(
    st.lists(
        st.lists(st.sampled_from("abcdefghij"), min_size=3, max_size=3, unique=True),
        min_size=2,
        max_size=30,
    ),
    st.lists(st.sampled_from("abcdefghij"), min_size=1, max_size=4, unique=True),
)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_among_many_short_texts_rank_as_bm25_ranks_them(
    tmp_path_factory: pytest.TempPathFactory, contents: list[list[str]], asked: list[str]
) -> None:
    path = tmp_path_factory.mktemp("ranks") / "m.sqlite"
    memory = SemanticMemory(path, WordSpace())
    words = {one: f"zq{one}" for one in "abcdefghij"}
    for content in contents:
        memory.add(" ".join(words[one] for one in content))
    query = " ".join(words[one] for one in asked)
    found = {hit.memory.id: hit.score for hit in memory.search(query, 30, mode="text")}
    with sqlite3.connect(path) as other:
        rows = other.execute(
            "SELECT id, -bm25(words) FROM words JOIN memories ON number = words.rowid"
            " WHERE words MATCH ?",
            (" OR ".join(words[one] for one in asked),),
        ).fetchall()
    other.close()
    memory.close()
    expected = dict(rows)
    assert found.keys() == expected.keys()
    assert _shares(found) == pytest.approx(_shares(expected))


def _shares(scores: dict[str, float]) -> dict[str, float]:
    best = max(scores.values(), default=1.0)
    return {one: score / best for one, score in scores.items()}


@pytest.mark.usefixtures("as_of_many")
def test_among_many_what_is_not_wanted_is_left_out_however_well_its_words_fit(
    memory: SemanticMemory,
) -> None:
    memory.put([Memory(f"m-{n}", "other", f"trunk {n}", {}, 0.0) for n in range(300)])
    wanted = memory.add("the trunk of a tree that stands before the old house", kind="fact")
    hits = memory.search("trunk", 5, mode="text", wanted=Filter(kind="fact"))
    assert [hit.memory.id for hit in hits] == [wanted]


@pytest.mark.usefixtures("as_of_many")
def test_among_many_a_search_by_words_alone_finds_common_ones_where_there_are_no_others(
    memory: SemanticMemory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hybrid, "_RARE", 1)
    for name in ("ash", "oak"):
        memory.add(f"the branch of an {name}")
    assert len(texts(memory, "branch", mode="text")) == 2
    assert texts(memory, "branch of an oak", mode="text") == ["the branch of an oak"]


@pytest.mark.usefixtures("as_of_many")
def test_among_many_a_word_that_nobody_wrote_finds_nothing(memory: SemanticMemory) -> None:
    memory.add("the release branch is trunk")
    assert memory.search("zebra", 5, mode="text") == []
