# ruff: noqa: E501
"""Pairs of goals of which the second says one thing more that matters."""

from __future__ import annotations

EXTRA = """
list the files in <dir> => ls <dir>
list the files in <dir> by size => ls -S <dir>

count the lines of <file> => wc -l < <file>
count the lines of <file> that are not blank => grep -c . <file>

delete the logs in <dir> => rm <dir>/*.log
delete the logs in <dir> older than 30 days => find <dir> -name '*.log' -mtime +30 -delete

sort <file> => sort <file>
sort <file> and drop duplicates => sort -u <file>

search for <word> in <dir> => grep -r <word> <dir>
search for <word> in <dir>, ignoring case => grep -ri <word> <dir>

commit everything with the message "<phrase>" => git commit -am "<phrase>"
commit everything with the message "<phrase>" and push => git commit -am "<phrase>" && git push

archive <dir> => tar -cf <dir>.tar <dir>
archive <dir> without the hidden files => tar --exclude='.*' -cf <dir>.tar <dir>

copy <file> to <dir> => cp <file> <dir>
copy <file> to <dir> unless it is already there => cp -n <file> <dir>

email <person> the report => email {"to": "<person>", "file": "report"}
email <person> the report if sales went up => email_if {"to": "<person>", "file": "report", "if": "sales_up"}

add milk to the shopping list => shopping {"add": ["milk"]}
add milk and <food> to the shopping list => shopping {"add": ["milk", "<food>"]}

play some music by <artist> => play {"artist": "<artist>"}
play some music by <artist> from the nineties => play {"artist": "<artist>", "from": 1990, "to": 1999}

find a hotel in <city> => hotels {"city": "<city>"}
find a hotel in <city> with a pool => hotels {"city": "<city>", "pool": true}

set an alarm for <time> => alarm {"at": "<time>"}
set an alarm for <time> on weekdays => alarm {"at": "<time>", "days": "mon-fri"}

customers in <city> => query {"table": "customers", "city": "<city>"}
customers in <city> who ordered twice => query {"table": "customers", "city": "<city>", "orders": 2}

what will the weather be in <city> on <date> => weather {"city": "<city>", "day": "<date>"}
what will the weather be in <city> on <date> at noon => weather {"city": "<city>", "day": "<date>", "hour": 12}

shrink <image> => shrink {"image": "<image>"}
shrink <image> in black and white => shrink {"image": "<image>", "grey": true}

close the blinds in the <room> => blinds {"room": "<room>", "open": 0}
close the blinds in the <room> halfway => blinds {"room": "<room>", "open": 50}

download <url> => curl -O <url>
download <url> again from where it stopped => curl -C - -O <url>

average of column <word> in <table> => sqlite3 app.db "select avg(<word>) from <table>"
average of column <word> in <table> per year => sqlite3 app.db "select year, avg(<word>) from <table> group by year"

transfer <amount> dollars to <person> => pay {"to": "<person>", "usd": <amount>}
transfer <amount> dollars to <person> every month => standing_order {"to": "<person>", "usd": <amount>}

show the processes of <person> => ps -u <person>
show the processes of <person> that use more than a gigabyte => big_processes {"user": "<person>", "gb": 1}

invite <person> to lunch on <date> => invite {"who": "<person>", "what": "lunch", "day": "<date>"}
invite <person> to lunch on <date> at the usual place => invite {"who": "<person>", "what": "lunch", "day": "<date>", "where": "usual"}

read <file> aloud => speak {"file": "<file>"}
read <file> aloud slowly => speak {"file": "<file>", "speed": 0.6}

factorise <n> => factor <n>
factorise <n> and count the factors => factor <n> | wc -w

order a pizza with <food> => pizza {"on": ["<food>"]}
order a pizza with <food>, no cheese => pizza {"on": ["<food>"], "off": ["cheese"]}

show who follows <person> => followers {"of": "<person>"}
show who follows <person> but is not followed back => followers {"of": "<person>", "mutual": false}
"""
