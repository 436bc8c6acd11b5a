CREATE TABLE schema_version (version bigint NOT NULL);

CREATE TABLE devices (
    device            text COLLATE "C" PRIMARY KEY,
    status            text,
    status_since_ms   bigint,
    last_heard_ms     bigint,
    birth             text,
    state             text,
    state_received_ms bigint
);

-- Summaries that are not packed yet.
CREATE TABLE summaries (
    device      text COLLATE "C" NOT NULL,
    boot        text COLLATE "C" NOT NULL,
    sequence    bigint  NOT NULL,
    time_ms     bigint  NOT NULL,
    -- Whether time_ms is the device's own, synchronised time; else the hub worked it out.
    by_device   boolean NOT NULL,
    received_ms bigint  NOT NULL,
    -- JSON.
    body        text    NOT NULL,
    PRIMARY KEY (device, boot, sequence)
);
CREATE INDEX summaries_by_time ON summaries (device, time_ms);

-- Sequences ever committed, as ranges: one row per boot when there is no hole. Outlives the summaries.
CREATE TABLE receipts (
    device text COLLATE "C" NOT NULL,
    boot   text COLLATE "C" NOT NULL,
    first  bigint NOT NULL,
    last   bigint NOT NULL,
    PRIMARY KEY (device, boot, first)
) WITH (fillfactor = 70);

-- What receipts alone cannot tell of a run of an agent.
CREATE TABLE runs (
    device            text COLLATE "C" NOT NULL,
    boot              text COLLATE "C" NOT NULL,
    first_received_ms bigint NOT NULL,
    last_received_ms  bigint NOT NULL,
    late              bigint NOT NULL,
    double            bigint NOT NULL,
    PRIMARY KEY (device, boot)
) WITH (fillfactor = 70);

-- Whose word the times of a run's summaries are, where it is not the device's own.
CREATE TABLE timings (
    device  text COLLATE "C" NOT NULL,
    boot    text COLLATE "C" NOT NULL,
    -- hub: reckoned back from when the hub heard the machine; receipt: when the summary came.
    said_by text   NOT NULL,
    from_ms bigint NOT NULL,
    to_ms   bigint NOT NULL,
    count   bigint NOT NULL,
    PRIMARY KEY (device, boot, said_by)
);

CREATE TABLE series (
    id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    device text COLLATE "C" NOT NULL,
    metric text COLLATE "C" NOT NULL,
    UNIQUE (device, metric)
);

-- The packed history, see the hub's store/chunk.rs.
CREATE TABLE chunks (
    -- 0: summaries as they came, in spans of a day; 1: their hours, in spans of 60 days.
    tier   bigint NOT NULL,
    -- Number of the span since 1970, open at its start, closed at its end.
    span   bigint NOT NULL,
    series bigint NOT NULL,
    points bytea  NOT NULL,
    -- In this order old spans are found without a look at each series.
    PRIMARY KEY (tier, span, series)
);
-- They are compressed already.
ALTER TABLE chunks ALTER COLUMN points SET STORAGE EXTERNAL;

CREATE TABLE facts (
    name  text PRIMARY KEY,
    value bigint NOT NULL
);

CREATE TABLE events (
    id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    time_ms bigint  NOT NULL,
    device  text COLLATE "C" NOT NULL,
    kind    text    NOT NULL,
    subject text,
    detail  text    NOT NULL,
    late    boolean NOT NULL
);
CREATE INDEX events_by_time ON events (time_ms, id);
CREATE INDEX events_by_device ON events (device, time_ms, id);
-- MQTT may deliver the result of a command twice.
CREATE UNIQUE INDEX events_results ON events (device, subject, detail) WHERE kind = 'command';

-- What the log last knew of each device.
CREATE TABLE event_marks (
    device text COLLATE "C" PRIMARY KEY,
    seen   text NOT NULL
);

-- What people say of devices. Tags are a JSON array of texts.
CREATE TABLE labels (
    device     text COLLATE "C" PRIMARY KEY,
    name       text,
    tags       text NOT NULL,
    group_name text
);

-- What was chosen for the hub as a whole: one row, with a JSON object.
CREATE TABLE chosen (
    id       bigint PRIMARY KEY,
    settings text NOT NULL
);
