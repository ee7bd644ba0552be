-- The steps of the wall clock: how far it was set on or back, in the order in which that was noticed. Times in
-- other tables are those that the clock showed; these tell how much time lies between them.

CREATE TABLE clock_step (
  row   INTEGER PRIMARY KEY,
  at    INTEGER NOT NULL,  -- the first moment it can have shown afterwards
  moved INTEGER NOT NULL   -- milliseconds; negative = back
) STRICT;
