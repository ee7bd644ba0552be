-- Panels, their orders, and what became of each.
--
-- Times are milliseconds since 1970 UTC. Money is the decimal text the panel wrote. Flags are 0 or 1.
-- Numbers that stand for words are those of the program's enums and never change their meaning.

-- A panel as the configuration names it; its row stays when the configuration forgets it.
CREATE TABLE panel (
  row           INTEGER PRIMARY KEY,
  name          TEXT    NOT NULL UNIQUE,
  paused        INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),
  state         TEXT    NOT NULL DEFAULT 'up',  -- up, limited, down, key_rejected
  state_since   INTEGER NOT NULL DEFAULT 0,
  last_error    TEXT    NOT NULL DEFAULT '',    -- the panel's words, cleaned
  last_error_at INTEGER,
  last_success_at INTEGER,                      -- of a panel that is not up: its last good answer
  refill_rest_until INTEGER,                      -- automatic refills ask nothing before that
  refill_refusals   INTEGER NOT NULL DEFAULT 0,   -- of automatic refills, in a row
  balance_low       INTEGER NOT NULL DEFAULT 0 CHECK (balance_low IN (0, 1)),  -- it has been said to be low
  services_seen_at  INTEGER  -- when the list of services last brought something new; NULL = never had one
) STRICT;

-- An order: what the user said of it, the panel's last word, and what was concluded. One row is written over
-- at every change, so the row is kept small; the panel's whole object stands in order_raw.
-- AUTOINCREMENT: the row of a purged order is never given to another.
CREATE TABLE orders (
  row               INTEGER PRIMARY KEY AUTOINCREMENT,
  panel             INTEGER NOT NULL REFERENCES panel (row),
  id                TEXT    NOT NULL,
  status            INTEGER NOT NULL DEFAULT 0 CHECK (status BETWEEN 0 AND 11),
      -- 0 new, 1 pending, 2 processing, 3 in_progress, 4 completed, 5 partial, 6 canceled, 7 refunded, 8 failed,
      -- 9 active, 10 paused, 11 expired
  kind              INTEGER NOT NULL DEFAULT 0 CHECK (kind BETWEEN 0 AND 2),
      -- 0 ordinary, 1 subscription, 2 drip_feed
  quiet             INTEGER NOT NULL DEFAULT 0 CHECK (quiet IN (0, 1)),  -- the first sight makes no event
  settled           INTEGER NOT NULL DEFAULT 0 CHECK (settled IN (0, 1)),
  stalled           INTEGER NOT NULL DEFAULT 0 CHECK (stalled IN (0, 1)),
  lost              INTEGER NOT NULL DEFAULT 0 CHECK (lost IN (0, 1)),
  untracked         INTEGER NOT NULL DEFAULT 0 CHECK (untracked IN (0, 1)),
  history_kept      INTEGER NOT NULL DEFAULT 0 CHECK (history_kept BETWEEN 0 AND 2),
      -- 0 all of it, 1 thinned, 2 none any more; a new point sets it to 0
  revision          INTEGER NOT NULL DEFAULT 0,
  seen_statuses     INTEGER NOT NULL DEFAULT 0,  -- bit (1 << status) for each status it has had
  tracked_at        INTEGER NOT NULL,
  placed_at         INTEGER,
  changed_at        INTEGER,  -- of the last point of history
  status_changed_at INTEGER,
  ended_at          INTEGER,
  missing_since     INTEGER,  -- since when the panel says it does not know it
  parent            INTEGER REFERENCES orders (row) ON DELETE SET NULL,  -- the subscription or drip-feed it is of
  quantity          INTEGER,
  remains           INTEGER,
  start_count       INTEGER,
  runs              INTEGER,  -- of a drip-feed
  charge            TEXT,
  currency          TEXT,
  status_text       TEXT NOT NULL DEFAULT '',  -- the panel's own word, cleaned
  service           TEXT,
  ref               TEXT,
  labels            TEXT,  -- a JSON object of text by name; NULL = none
  link              TEXT,
  ended_given       INTEGER NOT NULL DEFAULT 0 CHECK (ended_given IN (0, 1)),  -- the user said when it ended
  interval          INTEGER,  -- milliseconds between the runs of a drip-feed
  refill_auto       INTEGER CHECK (refill_auto BETWEEN 0 AND 2),
      -- the user's word for this order alone: 0 schedule, 1 drop, 2 off
  -- What the catalogue said of its service when the order was first seen with it; NULL in the first = not yet.
  refill_offered    INTEGER CHECK (refill_offered IN (0, 1)),
  refill_window     INTEGER,  -- milliseconds after its end
  cancel_offered    INTEGER CHECK (cancel_offered IN (0, 1)),
  rate_at_placing   TEXT      -- per 1000
) STRICT;

-- One order a panel and id; also finds ids by their beginning.
CREATE UNIQUE INDEX orders_by_id ON orders (panel, id);
-- The orders asked about, in the order of their rows, which is the order in which they came.
CREATE INDEX orders_by_panel ON orders (panel) WHERE untracked = 0;
CREATE INDEX orders_by_status ON orders (status) WHERE untracked = 0;
CREATE INDEX orders_by_change ON orders (ifnull(changed_at, tracked_at)) WHERE untracked = 0;
CREATE INDEX orders_by_placing ON orders (ifnull(placed_at, tracked_at)) WHERE untracked = 0;
CREATE INDEX orders_by_ref ON orders (ref) WHERE ref IS NOT NULL;
CREATE INDEX orders_by_parent ON orders (parent) WHERE parent IS NOT NULL;
CREATE INDEX orders_stalled ON orders (stalled) WHERE stalled = 1;
CREATE INDEX orders_lost ON orders (lost) WHERE lost = 1;
-- Those that wait for what the catalogue says of their service.
CREATE INDEX orders_without_facts ON orders (panel, service) WHERE refill_offered IS NULL AND service IS NOT NULL;
-- Those that have not ended, by service.
CREATE INDEX orders_open_by_service ON orders (panel, service)
  WHERE untracked = 0 AND status NOT IN (4, 5, 6, 7, 8, 11) AND service IS NOT NULL;
-- Those that ended completed or partial and are offered refills.
CREATE INDEX orders_refillable ON orders (panel) WHERE untracked = 0 AND refill_offered = 1 AND status IN (4, 5);
-- What retention has still to thin or to delete: orders that have ended, by when they did, or changed for the last
-- time, or came to us, whichever was last.
CREATE INDEX orders_with_history ON orders (history_kept, max(ended_at, changed_at, tracked_at))
  WHERE status IN (4, 5, 6, 7, 8, 11) AND history_kept < 2;

-- The panel's whole object of an order at its last change, cleaned.
CREATE TABLE order_raw (
  order_row INTEGER PRIMARY KEY REFERENCES orders (row) ON DELETE CASCADE,
  object    TEXT NOT NULL
) STRICT;

-- One point a change, the first sight first.
CREATE TABLE history (
  order_row   INTEGER NOT NULL REFERENCES orders (row) ON DELETE CASCADE,
  revision    INTEGER NOT NULL,
  at          INTEGER NOT NULL,
  status      INTEGER NOT NULL CHECK (status BETWEEN 0 AND 11),
  status_text TEXT    NOT NULL,
  charge      TEXT,
  remains     INTEGER,
  start_count INTEGER,
  PRIMARY KEY (order_row, revision)
) STRICT, WITHOUT ROWID;

-- Written back and forth to learn whether the database takes writes again after it has refused one.
CREATE TABLE write_test (
  row   INTEGER PRIMARY KEY CHECK (row = 1),
  value INTEGER NOT NULL
) STRICT;
INSERT INTO write_test VALUES (1, 0);
