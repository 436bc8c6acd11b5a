-- Summaries in a compact form, in the order in which they are looked for: by device, and within it by run.
ALTER TABLE summaries RENAME TO summaries_3;

CREATE TABLE summaries (
    device      TEXT    NOT NULL,
    boot        TEXT    NOT NULL,
    sequence    INTEGER NOT NULL,
    time_ms     INTEGER NOT NULL,
    -- 1: time_ms is the device's own, synchronised time; 0: the hub worked it out.
    by_device   INTEGER NOT NULL,
    received_ms INTEGER NOT NULL,
    -- Number of the device's shape; none for what an older hub wrote.
    shape       INTEGER,
    -- The figures, or the JSON text that an older hub wrote.
    body        ANY     NOT NULL,
    PRIMARY KEY (device, boot, sequence)
) STRICT, WITHOUT ROWID;
INSERT INTO summaries SELECT device, boot, sequence, time_ms, by_device, received_ms, NULL, body FROM summaries_3;
DROP TABLE summaries_3;

-- The names of the metrics of summaries, with blanks between them, each for as long as a summary needs it.
CREATE TABLE shapes (
    device TEXT    NOT NULL,
    number INTEGER NOT NULL,
    names  TEXT    NOT NULL,
    PRIMARY KEY (device, number)
) STRICT, WITHOUT ROWID;
