"""The cognitive layer and people's ways in: cortex, follower, dispatcher, REPL, command line."""

if __name__ != "llmos.interfaces":
    raise ImportError(f"imported as {__name__!r}: this room is `llmos.interfaces`")
