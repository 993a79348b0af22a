"""Binding: what a value becomes in each place, what is refused and why, and what always holds."""

from __future__ import annotations

import subprocess
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from llmos.memory.binding import (
    BindingRefused,
    Kind,
    Placement,
    bind_command,
    bind_path,
    bind_text,
)
from llmos.memory.shell_tree import parse
from llmos.memory.shell_words import tokens

BIDI = "\u202e"


def at(text: str, learned: str, value: str, kind: Kind = "text") -> Placement:
    """Place a value where the last occurrence of the learned one stands."""
    start = text.rindex(learned)
    return Placement(start, start + len(learned), value, kind)


def command(text: str, learned: str, value: str, kind: Kind = "text") -> str:
    return bind_command(text, [at(text, learned, value, kind)])


def refusal(text: str, learned: str, value: str, kind: Kind = "text") -> str:
    with pytest.raises(BindingRefused) as caught:
        command(text, learned, value, kind)
    return caught.value.reason


# What a value becomes


@pytest.mark.parametrize(
    ("text", "value", "bound"),
    [
        ("cat VAL", "b.csv", "cat b.csv"),
        ("cat VAL", "my file", "cat 'my file'"),
        ("cat VAL", "it's", r"cat 'it'\''s'"),
        ("cat preVALpost", "a b", "cat pre'a b'post"),
        ("cat 'VAL'", "it's", r"cat 'it'\''s'"),
        ('cat "VAL"', 'a "b" $c `d` \\e', r'cat "a \"b\" \$c \`d\` \\e"'),
        ('cat "$HOME/VAL.txt"', "x y", 'cat "$HOME/x y.txt"'),
        ("cat VAL", "naïve", "cat 'naïve'"),
        ("X=VAL cat", "a b", "X='a b' cat"),
        ("echo 'é' VAL", "日 本", "echo 'é' '日 本'"),
    ],
)
def test_a_value_is_written_as_data_of_its_place(text: str, value: str, bound: str) -> None:
    assert command(text, "VAL", value) == bound


def test_a_place_may_include_its_quotes_and_keeps_them() -> None:
    assert command("grep 'old' f", "'old'", "new one") == "grep 'new one' f"


def test_a_place_may_span_an_escaped_blank() -> None:
    assert command(r"cat a\ b.txt", r"a\ b", "c d") == "cat 'c d'.txt"


def test_a_glob_stays_active_where_the_learned_one_was() -> None:
    assert command("ls *.csv", "*.csv", "my dir/*.t[!a]t", "glob") == "ls 'my dir/'*.t[!a]t"


def test_a_glob_that_was_quoted_stays_quoted() -> None:
    assert command("find . -name '*.csv'", "*.csv", "*.txt", "glob") == "find . -name '*.txt'"


def test_a_glob_in_the_place_of_a_name_is_a_name() -> None:
    assert command("ls a.csv", "a.csv", "*.csv", "glob") == "ls '*.csv'"


def test_a_star_of_another_kind_is_no_glob() -> None:
    assert command("ls *.csv", "*.csv", "*.txt") == "ls '*.txt'"


def test_a_tilde_stays_active_where_the_learned_one_was() -> None:
    assert command("ls ~/a", "~/a", "~/my dir", "path") == "ls ~/'my dir'"


def test_a_tilde_in_the_place_of_a_word_is_a_word() -> None:
    assert command("echo VAL", "VAL", "~root") == "echo '~root'"


def test_the_trailing_slash_is_the_new_value_s() -> None:
    assert command("ls a/b", "a/b", "c/", "path") == "ls c/"


def test_a_file_behind_a_here_document_s_begin_can_be_bound() -> None:
    assert command("cat <<EOF > o.txt\nx\nEOF", "o.txt", "p q", "path") == (
        "cat <<EOF > 'p q'\nx\nEOF"
    )


def test_the_words_of_find_s_exec_are_ordinary_words() -> None:
    text = r"find . -exec grep -l VAL {} \;"
    assert command(text, "VAL", "a b") == r"find . -exec grep -l 'a b' {} \;"


def test_a_variable_may_carry_any_value_to_a_quoted_use() -> None:
    text = 'for f in VAL b; do cp "$f" "${f%.txt}.bak"; done'
    assert command(text, "VAL", "a b;c") == text.replace("VAL", "'a b;c'")


@pytest.mark.parametrize(
    ("text", "learned", "value"),
    [
        ("bash -c 'sleep 5'", "5", "7"),
        ("awk '{ print $2 }' f", "2", "11"),
        ("awk '/error/ { print }' f", "error", "warning"),
        ("""awk '$1 == "open"' f""", "open", "closed"),
        ("sed -n '5,9p' f", "9", "12"),
        ("sed 's/red/blue/g' f", "red", "green"),
        ("sed 's/red/blue/g' f", "blue", "green"),
        ("python3 -c 'print(2 ** 8)'", "8", "9"),
    ],
)
def test_harmless_alphabets_may_enter_program_text(text: str, learned: str, value: str) -> None:
    assert command(text, learned, value) == text.replace(learned, value)


def test_learned_values_give_the_learned_command_even_where_no_other_may_enter() -> None:
    text = "bash -c 'ls VAL' && $(echo VAL)"
    assert command(text, "VAL", "VAL") == text


def test_no_placements_give_the_learned_text() -> None:
    assert bind_command("ls -la", []) == "ls -la"


# What is refused


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("VAL x", "name of a command"),
        ("sudo -u bob VAL x", "name of a command"),
        ("find . -exec VAL {} +", "name of a command"),
        ("echo $(cat VAL)", "command substitution"),
        ("echo `cat VAL`", "command substitution"),
        ("cat <(sort VAL)", "process substitution"),
        ("echo ${x:-VAL}", "parameter expansion"),
        ("echo $((1 + VAL))", "arithmetic"),
        ("cat <<EOF\nVAL\nEOF", "here-document"),
        ("cat <<< VAL", "here-string"),
        ("ls # VAL", "comment"),
        ("[[ -f VAL ]]", "[[ ]]"),
        ("echo $'VAL'", "$'...'"),
        ("cat <<EOF\nx\nEOF\nls VAL", "here-document"),
        ("x=([VAL]=1)", "subscript"),
        ("x[VAL]=1", "arithmetic"),
        ("VAL() { ls; }", "not be a word"),
        ("cat 2>&VAL", "file descriptor"),
        (">log VAL x", "name of a command"),
        ("case x in VAL) ls;; esac", "not be a word"),
    ],
)
def test_a_value_does_not_enter(text: str, reason: str) -> None:
    assert reason in refusal(text, "VAL", "new")


@pytest.mark.parametrize(
    "name", ["PATH", "IFS", "LD_PRELOAD", "BASH_ENV", "ENV", "PS4", "PROMPT_COMMAND"]
)
@pytest.mark.parametrize("form", ["{}=VAL ls", "export {}=VAL", "env {}=VAL ls", "{}=(VAL)"])
def test_a_variable_that_decides_what_runs_is_closed(name: str, form: str) -> None:
    assert f"variable {name}" in refusal(form.format(name), "VAL", "new")


@pytest.mark.parametrize(
    "text",
    [
        "bash -c 'ls VAL'", "sh -ec 'ls VAL'", "bash -c 'ls \"$1\"' _ VAL", "eval ls VAL",
        "source VAL", ". VAL", "trap 'ls VAL' EXIT", "ssh host ls VAL", "su -c 'ls VAL' bob",
        "xargs sh -c 'ls VAL'", "xargs -n 1 -I{} sh -c 'ls VAL'", "expr VAL + 1", "bc VAL",
        "find . -exec sh -c 'ls VAL' ';'", "python3 -c 'print(VAL)'", "python3.11 -c 'VAL'",
        "perl -ne 'print VAL'", "perl -e'VAL'", "ruby -e 'VAL'", "node -e 'VAL'",
        "node --eval 'VAL'", "node --eval='VAL'", "php -r 'VAL'", "awk '{ VAL }' f",
        "awk -F, '{ print VAL }' f", "gawk -e 'VAL'", "sed 's/a/b/VAL'", "sed -e VAL", "jq .VAL f",
        "sqlite3 a.db 'select VAL'", "psql -c 'select VAL'", "mysql -e 'select VAL'",
        "sudo bash -c VAL", "sudo -u bob bash -c VAL", "env A=b bash -c VAL", "nice -n 5 sh -c VAL",
        "nohup sh -c VAL", "time sh -c VAL", "timeout 5 sh -c VAL", "command sh -c VAL",
        "exec sh -c VAL", "busybox sh -c VAL", "sudo env nice timeout -k 1 5 sh -c VAL",
        "docker exec web sh -c 'ls VAL'", "$SHELL -c VAL", ">log bash -c VAL", "bash 2>log -c VAL",
        "git -c core.pager=VAL log", "tar --to-command=VAL -xf a", "rsync -e VAL a b:",
        "if true; then bash -c VAL; fi", "for i in 1; do sh -c VAL; done", "! sh -c VAL",
        "watch ls VAL", "let x=VAL", "git bisect run VAL",
        "tar -I VAL -xf a", "split --filter=VAL f", "git submodule foreach VAL",
        "printf -v VAL x", "declare -i x; x=VAL",
    ],
)  # fmt: skip
def test_program_text_is_closed(text: str) -> None:
    assert "program" in refusal(text, "VAL", "x y")


@pytest.mark.parametrize(
    ("text", "learned", "value"),
    [
        ("sed 's/red/blue/g' f", "blue", "a/e"),
        ("sed 's/red/blue/ge' f", "blue", "green"),
        ("sed 's/a/b/gI' f", "gI", "ge"),
        ("sed '/red/d' f", "d", "e"),
        ("awk '{ toupper($1) }' f", "toupper", "system"),
        ("""awk '{ print | "sort" }' f""", "sort", "reboot"),
        ("awk '{ print total }' f", "total", "other"),
    ],
)
def test_an_identifier_does_not_enter_where_it_may_be_code(
    text: str, learned: str, value: str
) -> None:
    assert "program" in refusal(text, learned, value)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("", "empty"),
        ("x" * 4097, "longer than 4096"),
        ("a\nb", "line break"),
        ("a\tb", "control character"),
        ("a\0b", "control character"),
        ("a\x9bb", "control character"),
        ("a\u2028b", "line break"),
        ("a\udc80b", "control character"),
        (f"a{BIDI}b", "direction of writing"),
        ("-rf", "begins with a dash"),
        ("../x", "climbs"),
        ("/etc/passwd", "absolute"),
    ],
)
def test_some_values_enter_no_command(value: str, reason: str) -> None:
    assert reason in refusal("ls VAL", "VAL", value)


def test_a_dash_may_stand_where_the_learned_one_stood() -> None:
    assert command("head -5 f", "-5", "-7", "number") == "head -7 f"


def test_a_dash_behind_an_expansion_that_may_be_empty_is_refused() -> None:
    assert "dash" in refusal('ls "$x"VAL', "VAL", "-rf")


def test_the_name_of_an_option_is_no_value() -> None:
    assert "name of an option" in refusal("find . -VAL x", "VAL", "delete")


def test_a_number_may_stand_behind_the_dash_of_an_option() -> None:
    assert command("head -5 f", "5", "7", "number") == "head -7 f"


def test_several_words_are_no_place() -> None:
    assert "several words" in refusal("ls a b", "a b", "c")


def test_a_place_that_cuts_a_quote_is_refused() -> None:
    assert "inside a quote" in refusal("ls a'b c'", "a'b", "c")


def test_a_place_with_an_expansion_is_refused() -> None:
    assert "expansion" in refusal('ls "$x/a"', "$x/a", "c")


def test_a_value_that_would_lengthen_a_variable_s_name_is_refused() -> None:
    assert "learned one with the value" in refusal('ls "$x-a"', "-a", "a")


def test_a_digit_that_would_become_a_descriptor_is_refused() -> None:
    assert "parsed another way" in refusal("echo VAL>x", "VAL", "2")


def test_a_command_with_errors_is_refused() -> None:
    assert "without errors" in refusal("ls 'VAL", "VAL", "x")


def test_overlapping_places_are_refused() -> None:
    with pytest.raises(BindingRefused, match="overlap"):
        bind_command("ls abc", [Placement(3, 5, "x", "text"), Placement(4, 6, "y", "text")])


def test_brackets_and_braces_that_bash_expands_stay_as_they_are() -> None:
    assert "brackets or braces" in refusal("ls {a,VAL}", "VAL", "x,y")


def test_a_redirection_target_is_a_path_whatever_its_kind() -> None:
    assert "absolute" in refusal("ls > VAL", "VAL", "/etc/x")


def test_a_file_name_that_bash_takes_for_a_network_address_is_refused() -> None:
    assert "network" in refusal("ls > /tmp/x", "/tmp/x", "/dev/tcp/1.2.3.4/80", "path")


@pytest.mark.parametrize("value", ["!", "(", ")", ",", "-o", "{}", "a{}b"])
def test_an_operator_of_find_is_refused(value: str) -> None:
    assert refusal("find . -name VAL", "VAL", value)


@pytest.mark.parametrize(
    "text",
    [
        "echo VAL | bash", "echo VAL | sudo bash", "{ echo VAL; } | sh", "x=VAL; eval \"$x\"",
        "x=VAL; y=\"$x\"; bash -c \"$y\"", "x=VAL; echo $((x))", "x=VAL; [[ $x -eq 1 ]]",
        "echo VAL > s.sh; bash s.sh", "echo VAL | tee s.sh; ./s.sh", "f() { eval \"$1\"; }; f VAL",
        "echo VAL | xargs -I{} sh -c 'ls {}'", "for f in VAL; do sh -c \"$f\"; done",
    ],
)  # fmt: skip
def test_data_that_becomes_a_program_is_refused(text: str) -> None:
    assert "program" in refusal(text, "VAL", "a b")


@pytest.mark.parametrize(
    "text", ["x=VAL; rm $x", "for f in VAL; do rm $f; done", "echo VAL | xargs rm"]
)
def test_a_value_that_is_split_later_has_to_be_a_plain_name(text: str) -> None:
    assert "plain names" in refusal(text, "VAL", "a b")
    assert command(text, "VAL", "ab.txt") == text.replace("VAL", "ab.txt")


def test_an_operand_that_awk_takes_for_an_assignment_is_refused() -> None:
    assert "equals sign" in refusal("awk '{ print }' VAL", "VAL", "a=b")


@pytest.mark.parametrize("value", ["|touch x", "touch x|"])
def test_a_file_name_that_some_programs_run_is_refused(value: str) -> None:
    assert "bar" in refusal("convert VAL o.png", "VAL", value)


def test_a_word_that_is_a_builtin_s_name_closes_nothing() -> None:
    assert command("pixi config set k VAL", "VAL", "a b") == "pixi config set k 'a b'"


def test_a_bar_alone_is_data() -> None:
    assert command("cut -d VAL f", "VAL", "|") == "cut -d '|' f"


def test_arguments_behind_a_redirection_are_no_paths() -> None:
    assert command("grep 2>log VAL f", "VAL", "~ $x") == "grep 2>log '~ $x' f"


# Kinds


@pytest.mark.parametrize(
    ("learned", "value", "reason"),
    [
        ("5", "five", "not a plain number"),
        ("5", "1e9", "not a plain number"),
        ("5", "-3", "sign"),
        ("5", "+3", "sign"),
        ("5", "2.5", "decimals"),
    ],
)
def test_a_number_keeps_its_form(learned: str, value: str, reason: str) -> None:
    assert reason in refusal(f"head -n {learned}", learned, value, "number")


@pytest.mark.parametrize(("learned", "value"), [("5", "12"), ("0.5", "2"), ("-5", "-1")])
def test_a_number_of_the_learned_form_is_bound(learned: str, value: str) -> None:
    assert command(f"seq {learned}", learned, value, "number") == f"seq {value}"


def test_a_url_keeps_its_scheme() -> None:
    assert "scheme" in refusal("curl https://a/b", "https://a/b", "file:///etc/passwd", "url")


def test_a_url_holds_no_white_space() -> None:
    assert "white space" in refusal("curl https://a", "https://a", "https://a b", "url")


def test_a_word_holds_no_white_space() -> None:
    assert "one word" in refusal("echo VAL", "VAL", "a b", "word")


def test_a_word_holds_no_slash() -> None:
    assert "slash" in refusal("echo VAL", "VAL", "a/b", "word")


PATHS = [
    ("a/b", "/a/b", "absolute"),
    ("/a/b", "a/b", "relative"),
    ("a", "~/a", "below ~"),
    ("~/a", "a", "relative"),
    ("a/b", "a/../../b", "climbs"),
    ("../a", "../../a", "climbs"),
    ("a", "b" * 256, "longer than 255 bytes"),
]


@pytest.mark.parametrize(("learned", "value", "reason"), PATHS)
def test_a_path_stays_of_its_class(learned: str, value: str, reason: str) -> None:
    with pytest.raises(BindingRefused, match=reason):
        bind_path(learned, [at(learned, learned, value, "path")])


@pytest.mark.parametrize(("learned", "value", "reason"), PATHS)
def test_a_path_in_a_command_stays_of_its_class(learned: str, value: str, reason: str) -> None:
    assert reason in refusal(f"ls {learned}", learned, value, "path")


def test_part_of_a_file_name_holds_no_slash() -> None:
    with pytest.raises(BindingRefused, match="part of a name"):
        bind_path("report_may.csv", [at("report_may.csv", "may", "a/b", "text")])


def test_part_of_a_file_name_in_a_command_holds_no_slash() -> None:
    assert "part of a name" in refusal("cat report_may.csv", "may", "a/b", "path")


@pytest.mark.parametrize("value", ["out", "out/", "a//b", "my dir/x", "*", "it's"])
def test_a_path_is_bound_as_it_is(value: str) -> None:
    assert bind_path("data/in.csv", [at("data/in.csv", "data/in.csv", value, "path")]) == value


def test_a_path_that_climbed_may_climb_as_far() -> None:
    assert bind_path("../a", [at("../a", "../a", "../b", "path")]) == "../b"


def test_two_values_do_not_climb_together() -> None:
    places = [Placement(0, 1, ".", "text"), Placement(1, 2, ".", "text")]
    with pytest.raises(BindingRefused, match="climbs"):
        bind_path("ab/c", places)


# Texts


def test_a_text_is_bound_by_value() -> None:
    value = 'it\'s "$(x)"; \\\n\t../é'
    assert bind_text("Hello VAL!", [at("Hello VAL!", "VAL", value)]) == f"Hello {value}!"


@pytest.mark.parametrize("value", ["", "x" * 4097, "a\0b", "a\x1bb", BIDI])
def test_general_limits_hold_for_texts_too(value: str) -> None:
    with pytest.raises(BindingRefused):
        bind_text("Hello VAL!", [at("Hello VAL!", "VAL", value)])


# What always holds

PLAIN_WORDS = st.text("abcxyz019_./", min_size=1, max_size=8)
SIGNS = st.sampled_from(list("'\"\\`$(){}[]*?!~#;&|<>= -ab.^%,"))
HOSTILE = st.text(SIGNS, min_size=1, max_size=12)
ANYTHING = st.text(st.one_of(SIGNS, st.characters(codec="utf-8")), max_size=12)
VALUES = st.one_of(PLAIN_WORDS, HOSTILE, HOSTILE, ANYTHING)
QUOTES = st.sampled_from(["{}", "'{}'", '"{}"', "a{}", "a'{}'b", 'a"{}"', "--o={}", '"$x"/{}'])


@st.composite
def templates(draw: st.DrawFn) -> tuple[str, list[tuple[int, int]]]:
    """Return a command made of simple ones, and where its learned values stand."""
    text, holes = "", list[tuple[int, int]]()
    for number in range(draw(st.integers(1, 3))):
        text += draw(st.sampled_from([" | ", " && ", " || ", "; ", " & ", "\n"])) if number else ""
        text += draw(st.sampled_from(["show", "A=b show", "time show", "! show"]))
        for _ in range(draw(st.integers(0, 3))):
            before, _, after = draw(QUOTES).partition("{}")
            text += " " + before
            holes.append((len(text), len(text) + 3))
            text += "VAL" + after
        text += draw(st.sampled_from(["", " >out", " 2>&1", " < in 2>/dev/null"]))
    return text, holes


@st.composite
def bindings(draw: st.DrawFn) -> tuple[str, list[Placement]]:
    text, holes = draw(templates())
    kinds: list[Kind] = ["text", "text", "text", "path", "glob", "word"]
    return text, [Placement(a, b, draw(VALUES), draw(st.sampled_from(kinds))) for a, b in holes]


def shape(text: str) -> list[str]:
    """Return the operators and the number of words between them."""
    return [token.operator for token in tokens(text)]


def outcome(text: str, places: list[Placement]) -> str:
    try:
        return bind_command(text, places)
    except BindingRefused as refused:
        return f"refused: {refused.reason}"


@given(bindings())
@settings(max_examples=300, deadline=None)
def test_a_bound_command_has_the_learned_words_with_the_values(
    case: tuple[str, list[Placement]],
) -> None:
    text, places = case
    try:
        bound = bind_command(text, places)
    except BindingRefused:
        return
    assert parse(bound) is not None
    assert shape(bound) == shape(text)
    for old, new in zip(tokens(text), tokens(bound), strict=True):
        inside = [p for p in places if old.start <= p.start < old.end]
        assert new.text == old.text.replace("VAL", inside[0].value if inside else "VAL")


@given(bindings())
@settings(max_examples=100, deadline=None)
def test_the_order_of_placements_does_not_matter(
    case: tuple[str, list[Placement]],
) -> None:
    text, places = case
    expected = outcome(text, places)
    for order in list(permutations(places))[:6]:
        assert outcome(text, list(order)) == expected


@given(templates())
@settings(max_examples=100, deadline=None)
def test_the_learned_values_give_back_the_learned_command(
    case: tuple[str, list[tuple[int, int]]],
) -> None:
    text, holes = case
    assert bind_command(text, [Placement(a, b, "VAL", "text") for a, b in holes]) == text


@given(st.lists(st.tuples(QUOTES, VALUES), min_size=20, max_size=40))
@settings(max_examples=15, deadline=None)
def test_bash_sees_exactly_the_words_that_were_bound(cases: list[tuple[str, str]]) -> None:
    lines: list[str] = []
    expected: list[str] = []
    for quotes, value in cases:
        text = "printf '%s\\0' " + quotes.format("VAL")
        bound = outcome(text, [at(text, "VAL", value)])
        if not bound.startswith("refused: "):
            lines.append(bound)
            word = quotes.replace("'", "").replace('"', "").replace("$x", "")
            expected.append(word.format(value) if "{}" in word else word)
    done = subprocess.run(
        ["/bin/bash", "--norc", "-c", "\n".join(lines)],
        env={"LC_ALL": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=20,
        check=True,
    )
    assert done.stdout == "".join(f"{word}\0" for word in expected).encode()


@given(VALUES)
@settings(max_examples=200, deadline=None)
def test_any_text_is_bound_by_value_or_refused(value: str) -> None:
    try:
        bound = bind_text("<VAL>", [Placement(1, 4, value, "text")])
    except BindingRefused:
        return
    assert bound == f"<{value}>"
