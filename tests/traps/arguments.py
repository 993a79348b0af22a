# ruff: noqa: E501
"""Pairs of goals that differ in the order or the role of their values, or in a unit."""

from __future__ import annotations

REVERSED = """
copy <file> to <file2> => cp <file> <file2>
copy <file2> to <file> => cp <file2> <file>

move everything from <dir> to <dir2> => mv <dir>/* <dir2>
move everything from <dir2> to <dir> => mv <dir2>/* <dir>

merge <branch> into <branch2> => git checkout <branch2> && git merge <branch>
merge <branch2> into <branch> => git checkout <branch> && git merge <branch2>

replace "<word>" by "<word2>" in <file> => sed -i 's/<word>/<word2>/g' <file>
replace "<word2>" by "<word>" in <file> => sed -i 's/<word2>/<word>/g' <file>

lines of <file> that are not in <file2> => grep -vxFf <file2> <file>
lines of <file2> that are not in <file> => grep -vxFf <file> <file2>

how do I get from <city> to <city2> => route {"start": "<city>", "end": "<city2>"}
how do I get from <city2> to <city> => route {"start": "<city2>", "end": "<city>"}

divide <n> by <m> => calc {"num": <n>, "den": <m>}
divide <m> by <n> => calc {"num": <m>, "den": <n>}

subtract <n> from <m> => expr <m> - <n>
subtract <m> from <n> => expr <n> - <m>

is <person> taller than <person2>? => compare {"taller": "<person>", "than": "<person2>"}
is <person2> taller than <person>? => compare {"taller": "<person2>", "than": "<person>"}

link <file> as <file2> => ln -s <file> <file2>
link <file2> as <file> => ln -s <file2> <file>

append <file> to <file2> => cat <file> >> <file2>
append <file2> to <file> => cat <file2> >> <file>

swap the seat of <person> for that of <person2> => seat {"from": "<person>", "to": "<person2>"}
swap the seat of <person2> for that of <person> => seat {"from": "<person2>", "to": "<person>"}

rename column <word> to <word2> in <table> => rename {"t": "<table>", "old": "<word>", "new": "<word2>"}
rename column <word2> to <word> in <table> => rename {"t": "<table>", "old": "<word2>", "new": "<word>"}

play <song> before <song2> => queue {"titles": ["<song>", "<song2>"]}
play <song2> before <song> => queue {"titles": ["<song2>", "<song>"]}

show what <branch> has that <branch2> lacks => git log <branch2>..<branch>
show what <branch2> has that <branch> lacks => git log <branch>..<branch2>
"""

ROLES = """
send <amount> dollars from <person> to <person2> => pay {"by": "<person>", "to": "<person2>", "usd": <amount>}
send <amount> dollars to <person> from <person2> => pay {"by": "<person2>", "to": "<person>", "usd": <amount>}

tell <person> that <person2> is late => message {"to": "<person>", "text": "<person2> is late"}
tell <person2> that <person> is late => message {"to": "<person2>", "text": "<person> is late"}

<person> owes <person2> <n> euros => debt {"debtor": "<person>", "creditor": "<person2>", "eur": <n>}
<person> is owed <n> euros by <person2> => debt {"debtor": "<person2>", "creditor": "<person>", "eur": <n>}

fly to <city> by way of <city2> => flight {"to": "<city>", "via": "<city2>"}
fly by way of <city> to <city2> => flight {"to": "<city2>", "via": "<city>"}

show rows <n> to <m> of <file> => sed -n '<n>,<m>p' <file>
show rows of <file> from <m> up, <n> of them => tail -n +<m> <file> | head -n <n>

print <n> copies of page <m> of <file> => lp -n <n> -P <m> <file>
print page <n> of <file> in <m> copies => lp -n <m> -P <n> <file>

find <word> in files named <word2> => grep -r --include=<word2> <word> .
find files named <word> that hold <word2> => grep -rl --include=<word> <word2> .

draw a box <n> wide and <m> high => box {"w": <n>, "h": <m>}
draw a box <n> high and <m> wide => box {"w": <m>, "h": <n>}

invite <person>, with a copy to <person2> => invite {"to": "<person>", "cc": "<person2>"}
invite, with a copy to <person>, <person2> => invite {"to": "<person2>", "cc": "<person>"}

meet <person> at <time> for <n> minutes => meet {"with": "<person>", "at": "<time>", "min": <n>}
meet <person> in <n> minutes until <time> => meet {"with": "<person>", "in": <n>, "until": "<time>"}

<n> times <m>, plus 1 => echo $((<n> * <m> + 1))
<n> plus <m>, times 1 => echo $((<n> + <m> * 1))

loan <n> of <m> books => loan {"take": <n>, "of": <m>}
of <n> books loan <m> => loan {"take": <m>, "of": <n>}

let <person> drive and <person2> navigate => crew {"driver": "<person>", "navigator": "<person2>"}
let <person> navigate and <person2> drive => crew {"driver": "<person2>", "navigator": "<person>"}

connect to <host> from port <n> to port <m> => nc -p <n> <host> <m>
connect to <host> to port <n> from port <m> => nc -p <m> <host> <n>
"""

UNIT = """
find files over <n> MB in <dir> => find <dir> -size +<n>M
find files over <n> GB in <dir> => find <dir> -size +<n>G

files in <dir> changed within <n> days => find <dir> -mtime -<n>
files in <dir> changed within <n> weeks => changed {"dir": "<dir>", "weeks": <n>}

convert <n> degrees Celsius to Kelvin => convert {"from": "C", "value": <n>}
convert <n> degrees Fahrenheit to Kelvin => convert {"from": "F", "value": <n>}

set the oven to <n> °C => oven {"t": <n>, "scale": "C"}
set the oven to <n> °F => oven {"t": <n>, "scale": "F"}

wait <n> seconds => sleep <n>
wait <n> minutes => sleep <n>m

run <n> kilometers on <date> => plan_run {"day": "<date>", "km": <n>}
run <n> miles on <date> => plan_run {"day": "<date>", "mi": <n>}

how much is <amount> dollars in yen => fx {"amount": <amount>, "base": "USD", "to": "JPY"}
how much is <amount> pounds in yen => fx {"amount": <amount>, "base": "GBP", "to": "JPY"}

truncate <file> to <n> bytes => truncate -s <n> <file>
truncate <file> to <n> kilobytes => truncate -s <n>K <file>

show the last <n> hours of the log => journalctl --since='<n> hours ago'
show the last <n> minutes of the log => journalctl --since='<n> minutes ago'

buy <n> pounds of <food> => shop {"item": "<food>", "lb": <n>}
buy <n> ounces of <food> => shop {"item": "<food>", "oz": <n>}

set the timer for <n>s => timer {"s": <n>}
set the timer for <n>h => timer {"h": <n>}

limit the upload to <n> KB/s => trickle -u <n> upload
limit the upload to <n> MB/s => trickle -u <n>000 upload

rotate <image> by <n> degrees => rotate {"image": "<image>", "deg": <n>}
rotate <image> by <n> radians => rotate {"image": "<image>", "rad": <n>}

dim the <room> to <n> percent => dim {"room": "<room>", "percent": <n>}
dim the <room> to <n> lumens => dim {"room": "<room>", "lumen": <n>}

show the first <n> characters of <file> => head -c <n> <file>
show the first <n> words of <file> => tr -s ' ' '\\n' < <file> | head -n <n>
"""
