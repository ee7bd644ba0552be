-- Numbers of events that a restore took away, and those passed over so that none of them is given again:
-- `after` < number < `upto`. `after` was the newest event in the copy; the next event gets a number above `upto`.

CREATE TABLE event_gap (
  after INTEGER PRIMARY KEY,
  upto  INTEGER NOT NULL
) STRICT;
