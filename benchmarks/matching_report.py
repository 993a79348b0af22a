"""Puts the outcomes of a run of `matching` into a table or JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from matching_runs import CaseTally, Outcome, StreamTally
from scoring import Row, percentile, upper_bound

LEARN_USD = 0.10
"""What learning one goal costs, fixed so that figures can be compared."""

_HEAD = (
    f"{'stream':18}{'goals':>7}{'replays':>8}{'right':>7}{'wrong':>6}{'declined':>9}{'hit%':>7}"
    f"{'exact%':>8}{'oracle%':>8}{'share':>7}{'wrong%':>8}{'<=95%':>8}{'p50µs':>8}{'p99µs':>8}"
    f"{'$spent':>9}{'$always':>9}{'$exact':>9}{'$oracle':>9}"
)
_CASE_HEAD = f"{'source':12}{'kind':14}{'n':>6}{'replays':>9}{'right':>7}{'wrong':>7}{'replay%':>9}"
_LEGEND = f"""\
hit: right replays / goals. share: right replays / goals that the oracle could derive.
exact: goals asked before, word for word. wrong%: wrong replays / replays.
<=95%: one-sided 95 % Clopper-Pearson upper bound of that rate.
$ at ${LEARN_USD:.2f} a learned goal. always: every goal is learned; exact: only goals not asked
before; oracle: only goals that it cannot derive. Never to learn costs $0.00 and answers nothing.
Times: one call of match, of some goals in each stream, with the folder at rest (see --quick)."""
_DECLINE = ("d_near_miss", "e_novel")


def streams_of(outcomes: Iterable[Outcome]) -> list[StreamTally]:
    """Return the tallies of the streams."""
    return [one.stream for one in outcomes if one.stream is not None]


def cases_of(outcomes: Iterable[Outcome]) -> list[CaseTally]:
    """Return the tallies of the cases, those of one source and kind put together."""
    found: dict[tuple[str, str], CaseTally] = {}
    for outcome in outcomes:
        for key, tally in outcome.cases.items():
            whole = found.setdefault(key, CaseTally(*key))
            whole.n += tally.n
            whole.right += tally.right
            whole.wrong += tally.wrong
    return [found[key] for key in sorted(found)]


def to_json(outcomes: Sequence[Outcome], matcher: str) -> Row:
    """Return everything measured as JSON."""
    streams = streams_of(outcomes)
    return {
        "matcher": matcher,
        "usd_per_learned_goal": LEARN_USD,
        "streams": [_stream_json(one) for one in streams],
        "cases": [
            {
                "source": one.source,
                "kind": one.kind,
                "n": one.n,
                "replays": one.right + one.wrong,
                "right": one.right,
                "wrong": one.wrong,
            }
            for one in cases_of(outcomes)
        ],
        "all": _stream_json(_total("all", streams)),
    }


def _stream_json(tally: StreamTally) -> Row:
    return {
        "name": tally.name,
        "goals": tally.goals,
        "replays": tally.replays,
        "right": tally.right,
        "wrong": tally.wrong,
        "declined": tally.declined,
        "learned": tally.learned,
        "not_kept": tally.not_kept,
        "oracle_hits": tally.oracle_hits,
        "seen_hits": tally.seen_hits,
        "wrong_rate": _ratio(tally.wrong, tally.replays),
        "wrong_rate_upper_95": upper_bound(tally.wrong, tally.replays),
        "decide_us_p50": _time(tally, 0.5),
        "decide_us_p99": _time(tally, 0.99),
        "dollars": round(tally.learned * LEARN_USD, 2),
        "dollars_never": 0.0,
        "dollars_always": round(tally.goals * LEARN_USD, 2),
        "dollars_exact": round((tally.goals - tally.seen_hits) * LEARN_USD, 2),
        "dollars_oracle": round((tally.goals - tally.oracle_hits) * LEARN_USD, 2),
    }


def tables(outcomes: Sequence[Outcome], matcher: str) -> str:
    """Return everything measured as tables for people."""
    lines = [f"matcher: {matcher}"]
    streams = streams_of(outcomes)
    if streams:
        lines += ["", _HEAD, *map(_stream_line, streams), *map(_stream_line, _totals(streams))]
        lines += ["", _LEGEND]
        lost = sum(one.not_kept for one in streams)
        if lost:
            lines.append(f"{lost} learned goals left no trace.")
    cases = cases_of(outcomes)
    if cases:
        lines += ["", _CASE_HEAD, *map(_case_line, cases), *map(_case_line, _case_totals(cases))]
        lines.append(_to_decline(cases))
    return "\n".join(lines)


def _total(name: str, streams: Iterable[StreamTally]) -> StreamTally:
    total = StreamTally(name)
    for one in streams:
        total.add(one)
    return total


def _totals(streams: Sequence[StreamTally]) -> list[StreamTally]:
    groups: list[tuple[str, Callable[[str], bool]]] = [
        ("all zipf", lambda name: name.endswith(".zipf")),
        ("all unique", lambda name: name.endswith(".unique")),
        ("all", lambda _: True),
    ]
    totals = [_total(name, [s for s in streams if belongs(s.name)]) for name, belongs in groups]
    return [one for one in totals if one.goals]


def _stream_line(tally: StreamTally) -> str:
    def percent(part: int, whole: int) -> str:
        return f"{100 * _ratio(part, whole):.1f}" if whole else "-"

    replays = tally.replays
    dollars = _stream_json(tally)
    return (
        f"{tally.name:18}{tally.goals:7}{replays:8}{tally.right:7}{tally.wrong:6}"
        f"{tally.declined:9}{percent(tally.right, tally.goals):>7}"
        f"{percent(tally.seen_hits, tally.goals):>8}{percent(tally.oracle_hits, tally.goals):>8}"
        f"{_ratio(tally.right, tally.oracle_hits):7.3f}"
        f"{100 * _ratio(tally.wrong, replays):8.2f}{100 * upper_bound(tally.wrong, replays):8.2f}"
        f"{_time(tally, 0.5):8.0f}{_time(tally, 0.99):8.0f}"
        + "".join(
            f"{dollars[name]:9.2f}"
            for name in ("dollars", "dollars_always", "dollars_exact", "dollars_oracle")
        )
    )


def _case_line(tally: CaseTally) -> str:
    replays = tally.right + tally.wrong
    share = 100 * _ratio(replays, tally.n)
    return (
        f"{tally.source:12}{tally.kind:14}{tally.n:6}{replays:9}{tally.right:7}{tally.wrong:7}"
        f"{share:9.2f}"
    )


def _case_totals(cases: Sequence[CaseTally]) -> list[CaseTally]:
    totals: dict[str, CaseTally] = {}
    for one in cases:
        total = totals.setdefault(one.kind, CaseTally("all", one.kind))
        total.n += one.n
        total.right += one.right
        total.wrong += one.wrong
    return [totals[kind] for kind in sorted(totals)]


def _to_decline(cases: Iterable[CaseTally]) -> str:
    chosen = [one for one in cases if one.kind in _DECLINE]
    n, replays = sum(one.n for one in chosen), sum(one.right + one.wrong for one in chosen)
    return (
        f"To be declined ({', '.join(_DECLINE)}): {replays} of {n} replayed, "
        f"{100 * _ratio(replays, n):.2f} %, with 95 % confidence at most "
        f"{100 * upper_bound(replays, n):.2f} %."
    )


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _time(tally: StreamTally, share: float) -> float:
    return round(percentile(tally.nanoseconds, share) / 1000, 1)
