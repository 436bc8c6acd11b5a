-- The packed history. What is packed is no longer in `summaries`.
CREATE TABLE series (
    id     INTEGER PRIMARY KEY,
    device TEXT NOT NULL,
    metric TEXT NOT NULL,
    UNIQUE (device, metric)
) STRICT;

CREATE TABLE chunks (
    id     INTEGER PRIMARY KEY,
    -- 0: summaries as they came, in spans of a day; 1: their hours, in spans of 60 days.
    tier   INTEGER NOT NULL,
    -- Number of the span since 1970, open at its start, closed at its end.
    span   INTEGER NOT NULL,
    series INTEGER NOT NULL,
    points BLOB    NOT NULL,
    -- In this order old spans are found without a look at each series.
    UNIQUE (tier, span, series)
) STRICT;

CREATE TABLE facts (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
