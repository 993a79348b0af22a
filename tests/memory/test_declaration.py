"""A declaration is believed as a whole or not at all, and only where it is clear what varies."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue, ValidationError

from llmos.memory.declaration import (
    Declaration,
    DeclarationRefused,
    declared_parameters,
    merged,
)
from llmos.memory.declared_flows import put_back
from llmos.memory.occurrences import leaves
from llmos.memory.substitution import in_form
from llmos.memory.traces import Flow, Parameter

CREATE = "Create a Python script to calculate primes"
SEQUENCES = ["primes", "fibonacci", "squares"]


def declaration(*parameters: Mapping[str, Any]) -> Declaration:
    return Declaration.model_validate_json(json.dumps({"parameters": parameters}))


def word(value: str, name: str = "it", **more: Any) -> dict[str, Any]:
    return {"name": name, "value": value, "kind": "word", **more}


def declared(goal: str, text: str, *parameters: Mapping[str, Any]) -> tuple[Parameter, ...]:
    return declared_parameters(goal, [{"text": text}], declaration(*parameters))


def varying(goal: str, text: str, *parameters: Mapping[str, Any]) -> str:
    """Return a text with what varies in brackets."""
    flows = [flow for one in declared(goal, text, *parameters) for flow in one.flows]
    for flow in sorted(flows, key=lambda one: one.start, reverse=True):
        text = f"{text[: flow.start]}[{text[flow.start : flow.end]}]{text[flow.end :]}"
    return text


def refusal(goal: str, text: str, *parameters: Mapping[str, Any]) -> str:
    with pytest.raises(DeclarationRefused) as caught:
        declared(goal, text, *parameters)
    return caught.value.reason


def problem(*parameters: Mapping[str, Any]) -> str:
    with pytest.raises(ValidationError) as caught:
        declaration(*parameters)
    return caught.value.errors(include_url=False)[0]["msg"]


def test_a_declared_word_is_a_parameter_with_its_domain_and_its_place() -> None:
    (one,) = declared(CREATE, "primes", word("primes", "sequence", domain=SEQUENCES))
    assert (one.name, one.kind, one.value, one.domain) == (
        "sequence",
        "word",
        "primes",
        tuple(SEQUENCES),
    )
    assert CREATE[one.start : one.end] == "primes"
    assert not one.marked
    assert one.flows == (Flow(step=0, path=("text",), start=0, end=6),)


def test_a_value_with_a_form_of_its_own_is_marked() -> None:
    (one,) = declared("Show data.csv", "cat data.csv", word("data.csv"))
    assert one.marked


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("python3 primes.py", "python3 [primes].py"),
        ("primes_list, all_primes", "[primes]_list, all_[primes]"),
        ("the-primes-here", "the-[primes]-here"),
        ("Primes PRIMES primes.", "[Primes] [PRIMES] [primes]."),
        ("primes, coprimes, primesieve, primes2", "[primes], coprimes, primesieve, primes2"),
        ("primes pRiMes", "[primes] pRiMes"),
        ("(primes)'primes'\nprimes", "([primes])'[primes]'\n[primes]"),
    ],
)
def test_a_word_with_a_domain_varies_in_names_too_but_not_inside_words(
    text: str, expected: str
) -> None:
    assert varying(CREATE, text, word("primes", domain=["primes", "squares"])) == expected


def test_an_abbreviation_varies_in_the_spellings_that_binding_knows() -> None:
    text = "CSV csv Csv"
    assert varying("Read CSV", text, word("CSV", domain=["CSV", "JSON"])) == "[CSV] [csv] Csv"


def test_a_plain_word_without_a_domain_varies_as_a_word_only() -> None:
    text = "primes: primes.py x_primes primes-x primes."
    assert varying(CREATE, text, word("primes")) == (
        "[primes]: primes.py x_primes primes-x [primes]."
    )


@pytest.mark.parametrize(
    ("value", "kind", "text", "expected"),
    [
        ("10", "number", "10 -10 x=10 10.5 1.10 110 10k", "[10] -[10] x=[10] 10.5 1.10 110 10k"),
        ("a.csv", "path", "./a.csv b_a.csv ba.csv", "./[a.csv] b_[a.csv] ba.csv"),
        ("*.csv", "glob", "ls in/*.csv x*.csv", "ls in/[*.csv] x*.csv"),
        ("in/", "path", "cat in/a.csv in/*.csv main/b", "cat [in/]a.csv [in/]*.csv main/b"),
        ("/etc", "path", "ls /etc ${cwd}/etc ~/etc /etc/x", "ls [/etc] ${cwd}/etc ~/etc [/etc]/x"),
        ("./a", "path", "cat ./a ../a", "cat [./a] ../a"),
        ("50%", "text", "50% 50%d", "[50%] 50%d"),
    ],
)  # fmt: skip
def test_a_literal_varies_where_it_stands_for_itself(
    value: str, kind: str, text: str, expected: str
) -> None:
    goal = f"Do it with {value}"
    assert varying(goal, text, {"name": "it", "value": value, "kind": kind}) == expected


def test_a_number_varies_as_a_json_number() -> None:
    number = {"name": "n", "value": "10", "kind": "number"}
    inputs: list[dict[str, JsonValue]] = [{"limit": 10, "deep": [{"a": 10.0}, True, 1, None]}]
    (one,) = declared_parameters("Show 10 lines", inputs, declaration(number))
    assert one.flows == (Flow(step=0, path=("limit",), start=0, end=0),)


def test_true_is_not_the_number_one() -> None:
    number = {"name": "n", "value": "1", "kind": "number"}
    with pytest.raises(DeclarationRefused, match="flows nowhere"):
        declared_parameters("Show 1 line", [{"flag": True, "text": "x"}], declaration(number))


def test_the_longest_value_comes_first_and_none_overlap() -> None:
    goal = "Copy data to data.csv"
    found = declared(goal, "data data.csv", word("data", "a", domain=["data", "x"]),
                     {"name": "b", "value": "data.csv", "kind": "path"})  # fmt: skip
    spans = {one.name: [(flow.start, flow.end) for flow in one.flows] for one in found}
    assert spans == {"a": [(0, 4)], "b": [(5, 13)]}


def test_parameters_stand_in_the_order_of_the_goal() -> None:
    found = declared("Swap aa bb", "bb aa", word("bb", "second"), word("aa", "first"))
    assert [one.name for one in found] == ["first", "second"]


def test_what_an_undeclared_value_of_the_goal_flows_into_is_not_a_flow() -> None:
    goal = "Write primes into primes.py"
    text = "primes > primes.py"
    assert varying(goal, text, word("primes", domain=SEQUENCES)) == "[primes] > primes.py"


def test_the_marker_of_the_working_directory_is_no_text() -> None:
    assert varying("Go to cwd", "${cwd}/cwd ${cwd\\}", word("cwd", domain=["cwd", "x"])) == (
        "${cwd}/[cwd] ${cwd\\}"
    )


TABLE = 'T = {"primes": primes, "fibonacci": fibonacci}\nSEQUENCE = "primes"\n'


def test_a_text_with_other_values_of_the_domain_needs_the_pieces_that_vary() -> None:
    reason = refusal(CREATE, TABLE, word("primes", domain=SEQUENCES))
    assert "'fibonacci'" in reason
    assert "only_in" in reason


def test_in_such_a_text_only_the_named_pieces_vary() -> None:
    one = word("primes", domain=SEQUENCES, only_in=['SEQUENCE = "primes"'])
    assert varying(CREATE, TABLE, one) == TABLE.replace('E = "primes"', 'E = "[primes]"')


def test_a_text_without_other_values_varies_beside_the_pieces() -> None:
    one = word("primes", domain=SEQUENCES, only_in=['SEQUENCE = "primes"'])
    inputs = [{"content": TABLE}, {"command": "python3 primes.py"}]
    loop = {"command": "for s in primes fibonacci; do echo $s; done"}
    (found,) = declared_parameters(CREATE, [*inputs, loop], declaration(one))
    assert [flow.step for flow in found.flows] == [0, 1]


def test_another_value_that_is_a_parameter_itself_makes_nothing_unclear() -> None:
    text = "convert *.png out.jpg"
    goal = "Convert png files to jpg"
    found = varying(goal, text, word("png", "a", domain=["png", "gif"]),
                    word("jpg", "b", domain=["jpg", "png"]))  # fmt: skip
    assert found == "convert *.[png] out.[jpg]"


@pytest.mark.parametrize(
    ("goal", "text", "parameter", "reason"),
    [
        ("Count words", "wc", word("lines"), "does not stand in the goal"),
        ("Count swords", "swords", word("words"), "does not stand in the goal"),
        ("Copy a to a", "a", word("a"), "more than once"),
        ("Copy CSV to csv", "csv", word("csv"), "more than once"),
        ("Count Words", "words", word("words"), "spelled 'Words'"),
        ("Count words", "wc", word("words"), "flows nowhere"),
        ("Sum in/", "cat in; cat in/x", {**word("in/"), "kind": "path"}, "without its slash"),
        ("Count words", "words", word("words", only_in=["x words"]), "holds the piece"),
        ('Say "a" b', "a b", {**word('a" b'), "kind": "text"}, "does not stand in the goal"),
    ],
)  # fmt: skip
def test_what_cannot_be_believed_is_refused(
    goal: str, text: str, parameter: Mapping[str, Any], reason: str
) -> None:
    assert reason in refusal(goal, text, parameter)


def test_one_refused_parameter_refuses_all() -> None:
    assert "flows nowhere" in refusal("Swap aa bb", "aa", word("aa", "a"), word("bb", "b"))


def test_parameters_must_not_overlap_in_the_goal() -> None:
    two = {"name": "both", "value": "aa bb", "kind": "text"}
    assert "overlap" in refusal("Swap aa bb", "aa bb", word("aa", "a"), two)


@pytest.mark.parametrize(
    ("parameter", "said"),
    [
        (word("a", "not a name"), "pattern"),
        (word("a", "__import__('os')"), "pattern"),
        (word("a", ""), "pattern"),
        (word("a", "a\n"), "pattern"),
        (word(""), "at least 1 character"),
        (word("a" * 201), "at most 200 characters"),
        (word("a\x1b[31m"), "control character"),
        (word("a\nb"), "control character"),
        (word("a\u202eb"), "direction of writing"),
        (word("a b"), "white space"),
        ({**word("  "), "kind": "text"}, "white space"),
        ({**word("ten"), "kind": "number"}, "not a plain number"),
        ({**word("www"), "kind": "url"}, "no URL"),
        ({**word("a"), "kind": "shell"}, "Input should be"),
        (word("a", domain=[]), "at least 1 item"),
        (word("a", domain=["b"]), "lacks the value"),
        (word("a", domain=["a", ""]), "at least 1 character"),
        (word("a", domain=["a", "A"]), "twice"),
        (word("a", domain=["a", "x" * 201]), "at most 200 characters"),
        (word("a", domain=["a", "x\0"]), "control character"),
        (word("a", domain=["a", "x y"]), "white space"),
        (word("a", domain=["a", *map(str, range(200))]), "at most 200 items"),
        ({**word("1", domain=["1", "-2"]), "kind": "number"}, "sign"),
        ({**word("a", domain=["a", "../../b"]), "kind": "path"}, "climbs"),
        (word("a", only_in=["b"]), "does not hold the value"),
        (word("a", unknown=1), "Extra inputs"),
    ],
)  # fmt: skip
def test_a_hostile_or_wrong_parameter_is_no_declaration(
    parameter: Mapping[str, Any], said: str
) -> None:
    assert said in problem(parameter)


def test_names_are_unique() -> None:
    assert "same name" in problem(word("a"), word("b"))


def test_there_are_at_most_twenty_parameters() -> None:
    assert "at most 20" in problem(*(word(f"v{n}", f"n{n}") for n in range(21)))


def test_the_domain_is_compared_without_case() -> None:
    (one,) = declared("Count Lines", "Lines", word("Lines", domain=["lines", "words"]))
    assert one.value == "Lines"


# What is found in the run, and what is declared.


def parameter(name: str, start: int, *spans: tuple[int, int], step: int = 0) -> Parameter:
    flows = tuple(Flow(step=step, path=("x",), start=a, end=b) for a, b in spans)
    return Parameter(name=name, kind="word", value="v", start=start, end=start + 5, flows=flows)


def test_found_and_declared_parameters_are_joined_in_the_order_of_the_goal() -> None:
    found, own = parameter("a", 10, (0, 3)), parameter("b", 0, (5, 8))
    assert merged([found], [own]) == (own, found)


def test_a_declared_parameter_wins_where_two_overlap_in_the_goal() -> None:
    own = parameter("b", 3, (5, 8))
    assert merged([parameter("a", 0, (0, 3))], [own]) == (own,)


def test_a_declared_parameter_wins_where_two_overlap_in_a_flow() -> None:
    own = parameter("b", 20, (2, 8))
    assert merged([parameter("a", 0, (0, 3))], [own]) == (own,)


def test_one_json_number_is_not_shared() -> None:
    own = parameter("b", 20, (0, 0))
    assert merged([parameter("a", 0, (0, 0))], [own]) == (own,)
    elsewhere = parameter("a", 0, (0, 0), step=1)
    assert merged([elsewhere], [own]) == (elsewhere, own)


def test_names_stay_unique() -> None:
    found = [parameter("a", 10, (0, 1)), parameter("a_2", 20, (1, 2))]
    own = parameter("a", 0, (5, 8))
    assert [one.name for one in merged(found, [own])] == ["a", "a_3", "a_2"]


# What always holds.

_words = st.sampled_from(["aa", "Bb", "10", "x.csv", "in/", "*.py", "aa_bb", "é", "2.5", "ß"])
_joints = st.sampled_from([" ", "", "_", "-", ".", "/", '"', "${cwd}/", "\n", "e\u0301"])
_texts = st.lists(st.tuples(_words | st.sampled_from(["AA", "bb", "SS"]), _joints), max_size=6).map(
    lambda pairs: "".join(word + joint for word, joint in pairs)
)
_leaves: st.SearchStrategy[Any] = _texts | st.sampled_from([10, 2.5, True, None])
_json = _leaves | st.lists(_leaves, max_size=2) | st.fixed_dictionaries({"a": _leaves})
_inputs = st.lists(st.dictionaries(st.sampled_from("abc"), _json, max_size=2), max_size=2)


def _kind(value: str) -> str:
    return {"1": "number", "2": "number", "*": "glob"}.get(value[0], "path")


@given(
    values=st.lists(_words, min_size=1, max_size=4, unique=True),
    inputs=_inputs,
    with_domain=st.booleans(),
)
def test_learned_values_give_back_what_was_done_and_no_flows_overlap(
    values: Sequence[str], inputs: Sequence[Mapping[str, JsonValue]], with_domain: bool
) -> None:
    own = [
        {"name": f"p{index}", "value": value, "kind": _kind(value)}
        | ({"domain": [value]} if with_domain else {})
        for index, value in enumerate(values)
    ]
    inputs = [*inputs, {"all": " ".join(values)}]
    try:
        found = declared_parameters("Do " + " ".join(values), inputs, declaration(*own))
    except DeclarationRefused:
        return
    assert put_back(inputs, found) == inputs
    texts = {(leaf.step, leaf.path): leaf.value for leaf in leaves(inputs)}
    seen: set[tuple[object, ...]] = set()
    for one in found:
        for flow in one.flows:
            text = texts[flow.step, flow.path]
            if isinstance(text, str):
                assert text[flow.start : flow.end] == in_form(one.value, flow.form)
            places = {(flow.step, flow.path, at) for at in range(flow.start, flow.end or 1)}
            assert not places & seen
            seen |= places


@given(goal=st.text(), value=st.text(min_size=1), inputs=_inputs, kind=st.sampled_from(
    ["number", "path", "glob", "url", "text", "word"]
))  # fmt: skip
def test_whatever_is_declared_is_believed_or_refused(
    goal: str, value: str, inputs: Sequence[Mapping[str, JsonValue]], kind: str
) -> None:
    try:
        own = declaration({"name": "x", "value": value, "kind": kind, "domain": [value]})
        declared_parameters(f"{goal} {value}", [*inputs, {"y": value}], own)
    except (ValidationError, DeclarationRefused):
        return
