"""Pairs of goals that differ in how far they reach, in what they are about, or in how many."""

from __future__ import annotations

SCOPE = """
count the python files in this folder => ls *.py | wc -l
count the python files in all subfolders => find . -name '*.py' | wc -l

show my open tickets about <word> => tickets {"about": "<word>", "owner": "me"}
show everybody's open tickets about <word> => tickets {"about": "<word>", "owner": "*"}

delete the backups in <dir> only => rm <dir>/*.bak
delete the backups in <dir> and below => find <dir> -name '*.bak' -delete

replace the first <word> in each line of <file> by x => sed 's/<word>/x/' <file>
replace every <word> in each line of <file> by x => sed 's/<word>/x/g' <file>

install <word> for me => pip install --user <word>
install <word> for all users => sudo pip install <word>

turn off the lamp in the <room> => lamp {"room": "<room>", "on": false}
turn off the lamps in the whole house and the <room> => lamp {"room": "*", "on": false}

reply to <person> => reply {"to": ["<person>"]}
reply to <person> and everyone in copy => reply {"to": ["<person>"], "all": true}

free space on the disk of <host> => ssh <host> df -h /
free space on all disks of <host> => ssh <host> df -h

tag <image> with "<phrase>" => tag {"image": "<image>", "tag": "<phrase>"}
tag the whole album of <image> with "<phrase>" => tag {"album_of": "<image>", "tag": "<phrase>"}

revenue of <city> for the quarter => revenue {"city": "<city>", "span": "quarter"}
revenue of <city> for the year => revenue {"city": "<city>", "span": "year"}

commits on <branch> => git log <branch>
commits on <branch> and all other branches => git log --all

block <person> on this device => block {"who": "<person>", "where": "device"}
block <person> on every device => block {"who": "<person>", "where": "*"}

number of users in the table <table> => sqlite3 app.db "select count(*) from <table>"
number of users in the database of <table> => count_users {"database_of": "<table>"}

restart <word> on <host> => restart {"service": "<word>", "host": "<host>"}
restart <word> on the cluster of <host> => restart {"service": "<word>", "cluster_of": "<host>"}
"""

OBJECT = """
delete the file <word> => rm <word>
delete the user <word> => userdel <word>

show the size of <dir> => du -sh <dir>
show the owner of <dir> => stat -c %U <dir>

create a branch named <branch> => git branch <branch>
create a tag named <branch> => git tag <branch>

what is the population of <city> => facts {"city": "<city>", "field": "population"}
what is the mayor of <city> called => facts {"city": "<city>", "field": "mayor"}

close the window in the <room> => close {"room": "<room>", "what": "window"}
close the garage door in the <room> => close {"room": "<room>", "what": "garage"}

open the song <song> => open {"kind": "song", "name": "<song>"}
open the playlist <song> => open {"kind": "playlist", "name": "<song>"}

count the words in <file> => wc -w <file>
count the characters in <file> => wc -m <file>

cancel my flight to <city> => cancel {"flight": "<city>"}
cancel my hotel in <city> => cancel {"hotel": "<city>"}

the square root of <n> => calc {"sqrt": <n>}
the cube root of <n> => calc {"cbrt": <n>}

pay the rent of <amount> dollars => pay {"for": "rent", "usd": <amount>}
pay the taxes of <amount> dollars => pay {"for": "taxes", "usd": <amount>}

drop the table <table> => sqlite3 app.db "drop table <table>"
drop the view <table> => sqlite3 app.db "drop view <table>"

text <person> that dinner is ready => text {"to": "<person>", "body": "dinner is ready"}
text <person> that lunch is ready => text {"to": "<person>", "body": "lunch is ready"}

remove the background of <image> => edit {"image": "<image>", "remove": "background"}
remove the watermark of <image> => edit {"image": "<image>", "remove": "watermark"}

ping <host> => ping -c 1 <host>
trace the route to <host> => traceroute <host>
"""

QUANTITY = """
open a file in <dir> => open_one {"dir": "<dir>"}
open all files in <dir> => open_all {"dir": "<dir>"}

delete the newsletter from <person> => mail_delete {"from": "<person>", "max": 1}
delete the newsletters from <person> => mail_delete {"from": "<person>"}

show a photo of <person> => photos {"who": "<person>", "limit": 1}
show photos of <person> => photos {"who": "<person>"}

read the next message from <person> => read {"from": "<person>", "count": 1}
read the next few messages from <person> => read {"from": "<person>", "count": 3}

give me a recipe with <food> => recipes {"with": "<food>", "limit": 1}
give me every recipe with <food> => recipes {"with": "<food>"}

kill the newest process named <word> => pkill -n <word>
kill the processes named <word> => pkill <word>

undo the last commit on <branch> => git reset --hard <branch>~1
undo the last two commits on <branch> => git reset --hard <branch>~2

play a song by <artist> => play {"artist": "<artist>", "tracks": 1}
play ten songs by <artist> => play {"artist": "<artist>", "tracks": 10}

print the line of <file> with <word> => grep -m1 <word> <file>
print the lines of <file> with <word> => grep <word> <file>

order one ticket to <city> => tickets {"to": "<city>", "n": 1}
order several tickets to <city> => tickets {"to": "<city>", "n": 3}

is there a user in <city>? => exists {"city": "<city>"}
are there two users in <city>? => exists {"city": "<city>", "n": 2}

roll a die with <n> sides => dice {"sides": <n>, "dice": 1}
roll a pair of dice with <n> sides => dice {"sides": <n>, "dice": 2}

find a pdf in <dir> => find <dir> -name '*.pdf' -print -quit
find any and all pdfs in <dir> => find <dir> -name '*.pdf'

one of the tables with the column <word> => tables {"column": "<word>", "limit": 1}
each of the tables with the column <word> => tables {"column": "<word>"}
"""
