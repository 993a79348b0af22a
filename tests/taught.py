"""Learned goals in an index of their own, in memory, and the families that are made of them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from llmos.kernel.database import open_database
from llmos.memory.count_tables import add_members, remove_members
from llmos.memory.families import Families
from llmos.memory.family_parts import Proposal
from llmos.memory.index_tables import SCHEMA
from llmos.memory.learned_goals import LearnedGoals
from llmos.memory.members import Member
from llmos.memory.slot_families import SlotFamilies


class Taught:
    """Families that are taught members without a store; several may share an index."""

    def __init__(
        self, members: Sequence[Member] = (), index: sqlite3.Connection | None = None
    ) -> None:
        self.index = index or empty_index()
        self.learned = LearnedGoals()
        self._families = Families(self.learned)
        self.add(members)

    def add(self, members: Sequence[Member]) -> None:
        """Take in goals that were learned."""
        add_members(self.index, ((one.trace_id, one.to_json()) for one in members))

    def remove(self, members: Sequence[Member]) -> None:
        """Take goals out."""
        remove_members(self.index, [one.trace_id for one in members])
        self.index.execute("UPDATE folder SET removals = removals + 1")

    def by_slots(self, goal: str) -> Proposal | None:
        """Return what is proposed by how goals fill inputs alone."""
        return SlotFamilies(self.followed()).propose(goal)

    def followed(self) -> LearnedGoals:
        """Return what was learned, up to date."""
        self.learned.follow(self.index)
        return self.learned

    def propose(self, goal: str) -> Proposal | None:
        """Return what the families propose."""
        return self._families.propose(self.index, goal)


def empty_index() -> sqlite3.Connection:
    """Return an index without traces."""
    connection = open_database(None, "")
    for statement in SCHEMA:
        connection.execute(statement)
    return connection
