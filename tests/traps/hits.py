"""Goals that a store should answer, so that a matcher which always declines does not pass."""

from __future__ import annotations

HITS = """
count the words in "<file>" => wc -w "<file>"

show the first <n> lines of <file> => head -n <n> <file>

copy <file> to <dir> => cp <file> <dir>

replace "<word>" by "<word2>" in <file> => sed -i 's/<word>/<word2>/g' <file>

list all csv files under <dir> => find <dir> -name '*.csv'

find files over <n> MB in <dir> => find <dir> -size +<n>M

download <url> => curl -O <url>

search for "<phrase>" in <file> => grep "<phrase>" <file>

create the folder <dir2> => mkdir -p <dir2>

say "<phrase>" in the chat => say {"text": "<phrase>"}

show the meetings on <date> => calendar {"day": "<date>"}

set an alarm for <time> => alarm {"at": "<time>"}

resize <image> to <n> x <m> pixels => resize {"image": "<image>", "width": <n>, "height": <m>}

roll a die with <n> sides => dice {"sides": <n>}

ping <host> <m> times => ping -c <m> <host>
"""
