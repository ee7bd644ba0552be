-- What is asked of a panel once and never twice: refills, cancels, placements. A row is written before the
-- request is sent and says afterwards what became of it.
--
-- Numbers given here are never given again, also when the row is gone: events and users name them.

-- A refill asked for. It goes with its order.
CREATE TABLE refill (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  order_row   INTEGER NOT NULL REFERENCES orders (row) ON DELETE CASCADE,
  panel       INTEGER NOT NULL REFERENCES panel (row),  -- the order's
  state       INTEGER NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 10),
      -- 0 asking, 1 failed, 2 refused, 3 unknown, 4 pending, 5 in_progress, 6 completed, 7 rejected, 8 canceled,
      -- 9 error, 10 expired
  cause       INTEGER NOT NULL CHECK (cause BETWEEN 0 AND 2),  -- 0 auto, 1 manual, 2 compat
  asked_by    INTEGER,                   -- uid of who asked, where a socket told it
  upstream    TEXT,                      -- the panel's id for it
  words       TEXT NOT NULL DEFAULT '',  -- the panel's last about it, cleaned
  refusal     INTEGER CHECK (refusal BETWEEN 0 AND 5),
      -- of a refused one: 0 auth, 1 cooldown, 2 too early, 3 expired, 4 not offered, 5 unknown
  not_before  INTEGER,                   -- the panel said when it may be asked again
  asked_at    INTEGER NOT NULL,
  accepted_at INTEGER,
  changed_at  INTEGER,
  ended_at    INTEGER
) STRICT;

CREATE INDEX refill_by_order ON refill (order_row);
CREATE INDEX refill_by_state ON refill (state);
CREATE INDEX refill_by_upstream ON refill (panel, upstream) WHERE upstream IS NOT NULL;
-- Those whose end is awaited, and those in doubt.
CREATE INDEX refill_open ON refill (panel) WHERE state IN (0, 3, 4, 5);

-- A cancel asked for. It goes with its order.
CREATE TABLE cancel (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  order_row   INTEGER NOT NULL REFERENCES orders (row) ON DELETE CASCADE,
  state       INTEGER NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 6),
      -- 0 asking, 1 failed, 2 refused, 3 unknown, 4 requested, 5 done, 6 in_vain
  cause       INTEGER NOT NULL CHECK (cause BETWEEN 0 AND 2),  -- 0 auto, 1 manual, 2 compat
  asked_by    INTEGER,
  words       TEXT NOT NULL DEFAULT '',
  asked_at    INTEGER NOT NULL,
  answered_at INTEGER,
  ended_at    INTEGER
) STRICT;

CREATE INDEX cancel_by_order ON cancel (order_row);
CREATE INDEX cancel_by_state ON cancel (state);
-- Those that the end of their order decides.
CREATE INDEX cancel_open ON cancel (order_row) WHERE state IN (0, 3, 4);

-- An order placed, or tried to. It stays when the order is erased: it says where money went.
CREATE TABLE placement (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  panel       INTEGER NOT NULL REFERENCES panel (row),
  state       INTEGER NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 5),
      -- 0 asking, 1 failed, 2 refused, 3 unknown, 4 accepted, 5 resolved
  cause       INTEGER NOT NULL CHECK (cause BETWEEN 0 AND 2),  -- 0 auto, 1 manual, 2 compat
  asked_by    INTEGER,
  key         TEXT,                      -- Idempotency-Key
  digest      TEXT NOT NULL,             -- SHA-256 in hex of what the key stands for
  fields      TEXT NOT NULL,             -- a JSON array of [name, value], in the order they were given
  ref         TEXT,
  labels      TEXT,                      -- as those of orders
  rate        TEXT,                      -- of the service at that moment, per 1000
  upstream    TEXT,                      -- the order, as the panel calls it
  words       TEXT NOT NULL DEFAULT '',  -- the panel's, cleaned; or what went wrong on the way
  client_left INTEGER NOT NULL DEFAULT 0 CHECK (client_left IN (0, 1)),  -- before the answer came
  asked_at    INTEGER NOT NULL,
  answered_at INTEGER
) STRICT;

CREATE INDEX placement_by_state ON placement (state);
-- A key is free again once it is resolved that its placement made no order.
CREATE INDEX placement_by_key ON placement (panel, key, asked_at)
  WHERE key IS NOT NULL AND NOT (state = 5 AND upstream IS NULL);
CREATE INDEX placement_by_order ON placement (panel, upstream) WHERE upstream IS NOT NULL;
CREATE INDEX placement_by_digest ON placement (panel, digest, asked_at);

-- The last count of followers, likes … that somebody saw by means of their own.
CREATE TABLE reported_count (
  order_row INTEGER PRIMARY KEY REFERENCES orders (row) ON DELETE CASCADE,
  count     INTEGER NOT NULL,
  at        INTEGER NOT NULL
) STRICT;
