"""The values that stand in the trap goals; four of each kind, in a fixed order."""

from __future__ import annotations

import re
from datetime import date, timedelta

_POOLS = {
    "file": "report.csv notes.txt server.log draft.md",
    "file2": "backup.csv summary.txt merged.log final.md",
    "dir": "input/march reports data/raw projects/alpha",
    "dir2": "archive old/2019 output/clean projects/beta",
    "image": "beach.png cat.jpg logo.png holiday/team.jpg",
    "branch": "feature/login release-2 hotfix dev",
    "branch2": "main staging trunk next",
    "host": "web1.example.com db.example.org 10.0.0.7 cache-3.example.net",
    "url": "https://example.com/a.zip https://example.org/data.tgz"
    " http://files.example.net/x.iso https://example.com/docs/b.pdf",
    "word": "timeout invoice nginx total",
    "word2": "deadline receipt apache sum",
    "table": "orders invoices employees parcels",
    "person": "alice Bob priya Jonas",
    "person2": "carol Dmitri mei Tom",
    "city": "Lisbon Oslo Nairobi Lima",
    "city2": "Vienna Kyoto Denver Cairo",
    "room": "kitchen bedroom office hallway",
    "food": "spinach mushrooms rice lemons",
    "note": "C F# Bb E",
    "n": "12 40 7 365",
    "m": "5 300 18 64",
    "amount": "250 19.95 1200 48.5",
    "time": "7:30 18:45 06:15 21:00",
    "date": "2024-03-05 2023-11-30 2025-01-17 2022-08-09",
}
_PHRASES = {
    "phrase": ("good morning", "the train is late", "fix the parser", "see you soon"),
    "artist": ("Nina Simone", "Queen", "Miles Davis", "Massive Attack"),
    "song": ("Yesterday Once More", "Hurt", "Blue Monday", "Clair de Lune"),
    "song2": ("Golden Brown", "Creep", "Heroes", "Gymnopedie"),
    "place": ("Da Mario", "the Blue Door", "Chez Louise", "Green Lantern"),
}
VALUES = {name: tuple(pool.split()) for name, pool in _POOLS.items()} | _PHRASES
_SLOT = re.compile(r"<([a-z]+2?)>")


def fill(text: str, variant: int, today: date) -> str:
    """Put the values of a variant into a text."""
    days = {name: str(today + timedelta(n)) for name, n in _RELATIVE.items()}

    def value(found: re.Match[str]) -> str:
        name = found.group(1)
        return days[name] if name in days else VALUES[name][variant % 4]

    return _SLOT.sub(value, text)


_RELATIVE = {"yesterday": -1, "today": 0, "tomorrow": 1}
