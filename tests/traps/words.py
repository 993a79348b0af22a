# ruff: noqa: E501
"""Pairs of goals that differ in a word: a value without a slot, a negation, an opposite.

Each pair is two lines ``goal => call``; a blank line ends it. ``<file>`` and the like are values
that `values` fills in. A call is a shell command, or a tool's name and its JSON input.
"""

from __future__ import annotations

VALUE = """
show the largest 10 files in <dir> => du -a <dir> | sort -rn | head -10
show the largest ten percent of files in <dir> => largest_share {"folder": "<dir>", "share": 0.1}

resize <image> to half its size => convert <image> -resize 50% <image>
resize <image> to a third of its size => convert <image> -resize 33.3% <image>

remind me to call <person> every Monday => add_reminder {"text": "call <person>", "rrule": "MO"}
remind me to call <person> every Friday => add_reminder {"text": "call <person>", "rrule": "FR"}

set the font of <file> to bold => style {"file": "<file>", "weight": 700}
set the font of <file> to light => style {"file": "<file>", "weight": 300}

make <file> readable for everybody => chmod 644 <file>
make <file> executable for everybody => chmod 755 <file>

paint the <room> lamp red => set_color {"lamp": "<room>", "rgb": "#ff0000"}
paint the <room> lamp blue => set_color {"lamp": "<room>", "rgb": "#0000ff"}

play <song> quietly => play {"title": "<song>", "volume": 20}
play <song> loudly => play {"title": "<song>", "volume": 90}

export table <table> as a spreadsheet => export {"table": "<table>", "format": "xlsx"}
export table <table> as a web page => export {"table": "<table>", "format": "html"}

translate "<phrase>" into German => translate {"text": "<phrase>", "to": "de"}
translate "<phrase>" into French => translate {"text": "<phrase>", "to": "fr"}

round <amount> to two decimals => printf '%.2f' <amount>
round <amount> to three decimals => printf '%.3f' <amount>

show the commits of last week on <branch> => git log <branch> --since=1.week
show the commits of last month on <branch> => git log <branch> --since=1.month

what is the capital of Portugal => lookup {"country": "PT", "property": "capital"}
what is the capital of Spain => lookup {"country": "ES", "property": "capital"}

split <file> into two parts => split -n 2 <file>
split <file> into four parts => split -n 4 <file>

book a table for a couple at <place> => book {"where": "<place>", "guests": 2}
book a table for a family at <place> => book {"where": "<place>", "guests": 4}

print the third column of <file> => awk '{print $3}' <file>
print the fourth column of <file> => awk '{print $4}' <file>

give the major triad on the note <note> => chord {"root": "<note>", "steps": [0, 4, 7]}
give the minor triad on the note <note> => chord {"root": "<note>", "steps": [0, 3, 7]}
"""

NEGATED = """
list the files in <dir> that are empty => find <dir> -type f -empty
list the files in <dir> that are not empty => find <dir> -type f ! -empty

show lines of <file> that contain <word> => grep <word> <file>
show lines of <file> that do not contain <word> => grep -v <word> <file>

delete the files in <dir> that end in .tmp => find <dir> -name '*.tmp' -delete
delete the files in <dir> that don't end in .tmp => find <dir> ! -name '*.tmp' -delete

customers in <city> who have paid => query {"city": "<city>", "paid": true}
customers in <city> who have never paid => query {"city": "<city>", "paid": false}

show messages from <person> that I have read => inbox {"from": "<person>", "seen": true}
show messages from <person> that I haven't read => inbox {"from": "<person>", "seen": false}

compress <file> and keep the original => gzip -k <file>
compress <file> and do not keep the original => gzip <file>

find recipes with <food> => recipes {"with": "<food>"}
find recipes without <food> => recipes {"without": "<food>"}

let <person> edit <file> => grant {"user": "<person>", "file": "<file>"}
never let <person> edit <file> => deny {"user": "<person>", "file": "<file>"}

branches that are merged into <branch> => git branch --merged <branch>
branches that are not merged into <branch> => git branch --no-merged <branch>

numbers up to <n> that are divisible by 7 => list_numbers {"max": <n>, "mod7": "zero"}
numbers up to <n> that aren't divisible by 7 => list_numbers {"max": <n>, "mod7": "nonzero"}

show pictures in which <person> is smiling => photos {"who": "<person>", "smile": true}
show pictures in which <person> is not smiling => photos {"who": "<person>", "smile": false}

wake me on <date> => alarm {"date": "<date>", "on": true}
don't wake me on <date> => alarm {"date": "<date>", "on": false}

rows of <table> where email is missing => sqlite3 app.db "select * from <table> where email is null"
rows of <table> where no email is missing => sqlite3 app.db "select * from <table> where email > ''"

users on <host> who can log in => accounts {"host": "<host>", "login": true}
users on <host> who cannot log in => accounts {"host": "<host>", "login": false}

play songs by <artist> => play {"artist": "<artist>"}
play anything but songs by <artist> => play {"except_artist": "<artist>"}
"""

OPPOSITE = """
enable the firewall on <host> => firewall {"host": "<host>", "state": "up"}
disable the firewall on <host> => firewall {"host": "<host>", "state": "down"}

print the first <n> lines of <file> => head -n <n> <file>
print the last <n> lines of <file> => tail -n <n> <file>

sort <file> in ascending order => sort <file>
sort <file> in descending order => sort -r <file>

events before <date> => events {"until": "<date>"}
events after <date> => events {"from": "<date>"}

back up <dir> including hidden files => backup {"dir": "<dir>", "hidden": true}
back up <dir> excluding hidden files => backup {"dir": "<dir>", "hidden": false}

lock the <room> door => door {"room": "<room>", "locked": true}
unlock the <room> door => door {"room": "<room>", "locked": false}

files in <dir> bigger than <n>k => find <dir> -type f -size +<n>k
files in <dir> smaller than <n>k => find <dir> -type f -size -<n>k

turn on the lights in the <room> => lights {"room": "<room>", "power": 1}
turn off the lights in the <room> => lights {"room": "<room>", "power": 0}

raise the volume by <n> => volume {"change": <n>}
lower the volume by <n> => volume {"change": -<n>}

start the service <word> => systemctl start <word>
stop the service <word> => systemctl stop <word>

encrypt <file> for <person> => gpg -e -r <person> <file>
decrypt <file> for <person> => gpg -d -u <person> <file>

add <amount> dollars to the savings of <person> => savings {"who": "<person>", "delta": <amount>}
withdraw <amount> dollars from the savings of <person> => savings {"who": "<person>", "out": <amount>}

mute <person> in the chat => chat {"user": "<person>", "muted": true}
unmute <person> in the chat => chat {"user": "<person>", "muted": false}

show the cheapest flight to <city> => flights {"to": "<city>", "order": "price"}
show the most expensive flight to <city> => flights {"to": "<city>", "order": "-price"}

the highest temperature in <city> on <date> => weather {"city": "<city>", "day": "<date>", "f": "max"}
the lowest temperature in <city> on <date> => weather {"city": "<city>", "day": "<date>", "f": "min"}

install the package <word> => pip install <word>
uninstall the package <word> => pip uninstall -y <word>
"""
