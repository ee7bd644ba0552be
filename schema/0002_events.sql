-- The event log, the endpoints that want to hear of it, and what became of each delivery.

-- An event. Its number rises by one, is written by the program (last + 1), and is never given twice.
CREATE TABLE event (
  seq       INTEGER PRIMARY KEY,
  id        TEXT    NOT NULL,  -- evt_ + 128 random bits in hex: what webhooks call it
  type      TEXT    NOT NULL,  -- order.status_changed …
  panel     INTEGER REFERENCES panel (row),  -- NULL = of no panel
  order_row INTEGER,           -- outlives the order: it still tells which events belong together
  at        INTEGER NOT NULL,
  body      TEXT    NOT NULL   -- the JSON that is sent: the same bytes for ever
) STRICT;

CREATE INDEX event_by_order ON event (order_row);
CREATE INDEX event_progress ON event (type) WHERE type = 'order.progress';

-- The highest number that may have been given to an event deleted since; the log itself knows the rest.
CREATE TABLE event_floor (
  row INTEGER PRIMARY KEY CHECK (row = 1),
  seq INTEGER NOT NULL
) STRICT;
INSERT INTO event_floor VALUES (1, 0);

CREATE TRIGGER event_number_is_given_once BEFORE DELETE ON event
WHEN old.seq = (SELECT max(seq) FROM event)
BEGIN
  UPDATE event_floor SET seq = old.seq WHERE seq < old.seq;
END;

-- An endpoint as the configuration names it; its row stays when the configuration forgets it.
CREATE TABLE webhook (
  row             INTEGER PRIMARY KEY,
  name            TEXT    NOT NULL UNIQUE,
  paused          INTEGER NOT NULL DEFAULT 0 CHECK (paused IN (0, 1)),    -- collects, is not sent to
  disabled        INTEGER NOT NULL DEFAULT 0 CHECK (disabled IN (0, 1)),  -- it answered 410: collects nothing
  disabled_reason TEXT    NOT NULL DEFAULT '',
  rest_until      INTEGER  -- what it asked for by Retry-After: nothing is sent before; a resume ends it
) STRICT;

-- What one endpoint has to be told of one event.
--
-- The events of one order form a line for each endpoint, by their numbers: who waits behind an older one has no next_try_at and
-- gets one when that one is over, or, from its first failure, the moment it will have been failing for 30
-- minutes. So the deliveries that may go are exactly those whose next_try_at has come, however long the lines
-- are. While an attempt is under way next_try_at is NULL too.
CREATE TABLE delivery (
  id              INTEGER PRIMARY KEY,
  webhook         INTEGER NOT NULL REFERENCES webhook (row),
  event_seq       INTEGER NOT NULL REFERENCES event (seq),
  order_row       INTEGER,  -- as the event's; NULL = an event of no order
  state           INTEGER NOT NULL DEFAULT 0 CHECK (state BETWEEN 0 AND 3),
      -- 0 pending, 1 delivered, 2 dead, 3 canceled
  tries           INTEGER NOT NULL DEFAULT 0,  -- attempts that used up a try
  created_at      INTEGER NOT NULL,
  next_try_at     INTEGER,
  first_failed_at INTEGER,
  ended_at        INTEGER,
  CHECK ((state = 0) = (ended_at IS NULL)),
  CHECK (state = 0 OR next_try_at IS NULL)
) STRICT;

CREATE INDEX delivery_due ON delivery (webhook, next_try_at) WHERE next_try_at IS NOT NULL;
CREATE INDEX delivery_line ON delivery (order_row, webhook, state, event_seq) WHERE order_row IS NOT NULL;
CREATE INDEX delivery_by_event ON delivery (event_seq);
CREATE INDEX delivery_undelivered ON delivery (state, webhook) WHERE state <> 1;
CREATE INDEX delivery_delivered ON delivery (webhook, ended_at) WHERE state = 1;

-- One send: written before it, completed after it. At most one of a delivery is open.
CREATE TABLE attempt (
  id          INTEGER PRIMARY KEY,
  delivery    INTEGER NOT NULL REFERENCES delivery (id) ON DELETE CASCADE,
  started_at  INTEGER NOT NULL,
  ended_at    INTEGER,
  outcome     TEXT    NOT NULL DEFAULT '',  -- delivered, refused, failed, interrupted
  http_status INTEGER NOT NULL DEFAULT 0,
  error       TEXT    NOT NULL DEFAULT '',
  response    TEXT    NOT NULL DEFAULT ''
) STRICT;

CREATE INDEX attempt_by_delivery ON attempt (delivery);
CREATE UNIQUE INDEX attempt_open ON attempt (delivery) WHERE ended_at IS NULL;
