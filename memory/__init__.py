"""Storage: sessions (L2), traces (L3), semantic memory (L4). Knows no model and no plugin."""

if __name__ != "llmos.memory":
    raise ImportError(f"imported as {__name__!r}: this room is `llmos.memory`")
