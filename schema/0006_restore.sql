-- When this database was last put in place from a copy (smm-trackerd --restore), if ever: what was asked of panels
-- after the copy was made is not in it, so automatic refills wait for one gap from here.

CREATE TABLE restored (
  row INTEGER PRIMARY KEY CHECK (row = 1),
  at  INTEGER NOT NULL
) STRICT;
