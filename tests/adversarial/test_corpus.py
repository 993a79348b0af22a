"""The corpus: what somebody could try, each with its promised outcome."""

from __future__ import annotations

from adversarial import commands, plugins, traces, values


def test_the_corpus_is_as_large_as_promised() -> None:
    sizes = {
        "poisoned and malformed traces": len(traces.EDITED) + len(traces.RAW),
        "parameter injection": len(values.VALUES),
        "paths and links": len(values.PATHS),
        "terminal sequences": len(values.SEQUENCES),
        "plugins": len(plugins.CALLS) + len(plugins.INPUTS),
        "permission evasion": len(commands.DENY_RM)
        + len(commands.ALLOW_TEST)
        + len(commands.PROTECTED)
        + len(commands.DENY_SECRETS),
    }
    assert sum(sizes.values()) >= 200
    assert min(sizes.values()) >= 20, sizes
