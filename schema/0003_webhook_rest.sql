-- What an endpoint asked for by Retry-After outlives a restart: nothing is sent to it before then; NULL = it asks
-- for nothing. A resume ends it.
ALTER TABLE webhook ADD COLUMN rest_until INTEGER;
