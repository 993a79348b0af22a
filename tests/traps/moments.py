# ruff: noqa: E501
"""Pairs of goals one of which depends on the moment at which it is asked.

``<today>`` and its like stand in calls only: the day of asking, as a model that carries the goal
out would write it. So a goal learned on one day and asked on another is a trap of its own.
"""

from __future__ import annotations

NOW = """
sales of today in <city> => sales {"city": "<city>", "day": "<today>"}
sales of <date> in <city> => sales {"city": "<city>", "day": "<date>"}

what's the weather in <city> tomorrow => weather {"city": "<city>", "day": "<tomorrow>"}
what's the weather in <city> on <date> => weather {"city": "<city>", "day": "<date>"}

commits to <branch> since yesterday => git log <branch> --since=<yesterday>
commits to <branch> since <date> => git log <branch> --since=<date>

write a note called diary for today => touch diary-<today>.md
write a note called diary for <date> => touch diary-<date>.md

my meetings with <person> tomorrow => calendar {"with": "<person>", "day": "<tomorrow>"}
my meetings with <person> on <date> => calendar {"with": "<person>", "day": "<date>"}

back up <dir> under today's name => cp -r <dir> <dir>-<today>
back up <dir> under the name <date> => cp -r <dir> <dir>-<date>

log entries of <host> from yesterday => ssh <host> grep <yesterday> app.log
log entries of <host> from <date> => ssh <host> grep <date> app.log

exchange <amount> euros at the current rate => exchange {"eur": <amount>, "day": "<today>"}
exchange <amount> euros at the rate of <date> => exchange {"eur": <amount>, "day": "<date>"}

latest issue of the magazine <word> => magazine {"name": "<word>", "before": "<today>"}
issue of the magazine <word> of <date> => magazine {"name": "<word>", "on": "<date>"}

birthdays in my family today => birthdays {"of": "family", "day": "<today>"}
birthdays in my family on <date> => birthdays {"of": "family", "day": "<date>"}

remind me tonight to water the <room> plants => remind {"day": "<today>", "text": "water the <room> plants"}
remind me on <date> to water the <room> plants => remind {"day": "<date>", "text": "water the <room> plants"}

photos of <person> taken recently => photos {"who": "<person>", "since": "<yesterday>"}
photos of <person> taken since <date> => photos {"who": "<person>", "since": "<date>"}

orders of <person> that arrive now => orders {"by": "<person>", "due": "<today>"}
orders of <person> that arrive on <date> => orders {"by": "<person>", "due": "<date>"}
"""
