"""The same in Python, with what comes with it.   python3 hundred_at_a_time.py URL DATABASE"""

import json
import sqlite3
import sys
import urllib.parse
import urllib.request

url, file = sys.argv[1:]
db = sqlite3.connect(file)
ids = [row[0] for row in
       db.execute("SELECT order_id FROM orders WHERE status NOT IN ('Completed', 'Canceled', 'Partial')")]

for first in range(0, len(ids), 100):
    form = urllib.parse.urlencode(
        {"key": "practice-key", "action": "status", "orders": ",".join(ids[first:first + 100])})
    with urllib.request.urlopen(url, form.encode(), timeout=30) as reply:
        replies = json.load(reply)
    with db:
        db.executemany(
            "UPDATE orders SET status = ?, charge = ?, start_count = ?, remains = ? WHERE order_id = ?",
            [(order["status"], order["charge"], order["start_count"], order["remains"], order_id)
             for order_id, order in replies.items() if "status" in order])
