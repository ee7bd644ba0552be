-- What panels offer, what changed in it, and what is left on the accounts.

-- A row of a panel's list of services. One that is no longer in the list stays, for the orders that name it.
CREATE TABLE service (
  panel          INTEGER NOT NULL REFERENCES panel (row),
  id             TEXT    NOT NULL,
  position       INTEGER NOT NULL,  -- in the list; where it last was, for one no longer in it
  name           TEXT    NOT NULL,
  type           TEXT    NOT NULL,
  category       TEXT    NOT NULL,
  rate           TEXT,              -- per 1000, or per order for packages
  min            INTEGER,
  max            INTEGER,
  refill         INTEGER CHECK (refill IN (0, 1)),    -- as the panel says; NULL = it does not
  cancel         INTEGER CHECK (cancel IN (0, 1)),
  dripfeed       INTEGER CHECK (dripfeed IN (0, 1)),
  refill_offered INTEGER CHECK (refill_offered IN (0, 1)),  -- as judged: what orders are given, see there
  refill_window  INTEGER,
  cancel_offered INTEGER CHECK (cancel_offered IN (0, 1)),
  first_seen_at  INTEGER NOT NULL,
  changed_at     INTEGER NOT NULL,
  removed_at     INTEGER,           -- no longer in the list since then
  PRIMARY KEY (panel, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX service_by_position ON service (panel, removed_at IS NOT NULL, position);

-- One thing that changed in a list.
CREATE TABLE service_change (
  id          INTEGER PRIMARY KEY,
  panel       INTEGER NOT NULL REFERENCES panel (row),
  service     TEXT    NOT NULL,
  kind        INTEGER NOT NULL CHECK (kind BETWEEN 0 AND 3),  -- 0 added, 1 removed, 2 returned, 3 changed
  field       TEXT    NOT NULL,                               -- of a changed one: name, rate …
  before      TEXT,
  after       TEXT,
  open_orders INTEGER NOT NULL,  -- tracked orders of that service which had not ended
  at          INTEGER NOT NULL
) STRICT;

CREATE INDEX service_change_by_panel ON service_change (panel);

-- One point of a balance's history: since when it stood so.
CREATE TABLE balance (
  id       INTEGER PRIMARY KEY,
  panel    INTEGER NOT NULL REFERENCES panel (row),
  at       INTEGER NOT NULL,
  amount   TEXT    NOT NULL,
  currency TEXT    NOT NULL  -- empty = the panel does not say
) STRICT;

CREATE INDEX balance_by_panel ON balance (panel);
