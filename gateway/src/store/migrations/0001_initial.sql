-- Times are unix milliseconds; ids, digests and phases are text; money is micro US dollars.
-- Later migrations only add: a release must run on the tables of the one before (expand), and columns go away one
-- release after the last code that reads them (contract).

CREATE TABLE api_keys (
    id          TEXT PRIMARY KEY,
    hash        BLOB NOT NULL UNIQUE,           -- SHA-256 of the whole key
    name        TEXT NOT NULL,
    tenant      TEXT NOT NULL,
    scopes      TEXT NOT NULL,                  -- names, comma separated
    created_ms  INTEGER NOT NULL,
    expires_ms  INTEGER,
    revoked_ms  INTEGER
) STRICT;

CREATE TABLE models (
    digest       TEXT NOT NULL,                 -- SHA-256 of the ONNX file
    scale_bits   INTEGER NOT NULL,
    blob         TEXT NOT NULL,                 -- the quantised model
    size         TEXT NOT NULL,                 -- JSON
    description  TEXT NOT NULL,                 -- JSON
    created_ms   INTEGER NOT NULL,
    PRIMARY KEY (digest, scale_bits)
) STRICT;

CREATE TABLE model_owners (
    tenant      TEXT NOT NULL,
    digest      TEXT NOT NULL,
    scale_bits  INTEGER NOT NULL,
    name        TEXT,
    created_ms  INTEGER NOT NULL,
    position    TEXT NOT NULL,                  -- ULID, for pages
    PRIMARY KEY (tenant, digest, scale_bits)
) STRICT;
CREATE INDEX model_owners_pages ON model_owners (tenant, position);

CREATE TABLE programs (
    digest          TEXT NOT NULL,
    scale_bits      INTEGER NOT NULL,
    visibility      TEXT NOT NULL,
    prover          TEXT NOT NULL,
    prover_version  TEXT NOT NULL,
    vk              TEXT,                       -- null: the prover refused, see code and reason
    key_blob        TEXT,
    package_blob    TEXT,
    size            TEXT,
    cpu_ms          INTEGER,
    latency_ms      INTEGER,
    code            TEXT,
    reason          TEXT,
    created_ms      INTEGER NOT NULL,
    PRIMARY KEY (digest, scale_bits, visibility, prover, prover_version)
) STRICT;

CREATE TABLE jobs (
    id             TEXT PRIMARY KEY,
    tenant         TEXT NOT NULL,
    phase          TEXT NOT NULL,
    created_ms     INTEGER NOT NULL,
    updated_ms     INTEGER NOT NULL,
    due_ms         INTEGER NOT NULL,
    spec           TEXT NOT NULL,               -- JSON: what was asked for, normalised
    input          TEXT,                        -- JSON: fixed-point integers
    digest         TEXT NOT NULL,               -- equal for identical jobs of one tenant
    prover         TEXT,
    price          INTEGER,
    tier           TEXT,
    statement_id   TEXT,
    batch_id       TEXT,
    reused_from    TEXT,
    result         TEXT,
    opening        TEXT,
    failure        TEXT,
    fence          INTEGER NOT NULL DEFAULT 0,
    lease_until_ms INTEGER NOT NULL DEFAULT 0,
    not_before_ms  INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX jobs_pages ON jobs (tenant, id);
CREATE INDEX jobs_by_status ON jobs (tenant, phase, id);
-- What can be claimed, in the order in which it is.
CREATE INDEX jobs_ready ON jobs (not_before_ms, id) WHERE phase = 'accepted' AND lease_until_ms = 0;
CREATE INDEX jobs_under_way ON jobs (not_before_ms, id)
    WHERE phase IN ('routed', 'proving') AND lease_until_ms = 0;
CREATE INDEX jobs_due ON jobs (due_ms) WHERE phase IN ('accepted', 'routed', 'proving');
CREATE INDEX jobs_by_statement ON jobs (statement_id) WHERE statement_id IS NOT NULL;
CREATE INDEX jobs_verified ON jobs (statement_id, due_ms) WHERE phase = 'verified';
CREATE INDEX jobs_batched ON jobs (batch_id) WHERE phase = 'batched';
-- Twins are looked for among jobs that were claimed: accepting a job touches no page of this.
CREATE INDEX jobs_by_digest ON jobs (digest) WHERE fence > 0;

CREATE TABLE job_events (
    job    TEXT NOT NULL,
    seq    INTEGER NOT NULL,
    at_ms  INTEGER NOT NULL,
    phase  TEXT NOT NULL,
    data   TEXT NOT NULL,
    PRIMARY KEY (job, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency (
    tenant       TEXT NOT NULL,
    key          TEXT NOT NULL,
    fingerprint  BLOB NOT NULL,
    job          TEXT NOT NULL,
    created_ms   INTEGER NOT NULL,
    PRIMARY KEY (tenant, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE decisions (
    job    TEXT NOT NULL,
    n      INTEGER NOT NULL,
    bytes  BLOB NOT NULL,
    PRIMARY KEY (job, n)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
    id          TEXT PRIMARY KEY,
    job         TEXT NOT NULL,
    prover      TEXT NOT NULL,
    started_ms  INTEGER NOT NULL,
    ended_ms    INTEGER,
    outcome     TEXT NOT NULL,
    code        TEXT,
    message     TEXT
) STRICT;
CREATE INDEX attempts_by_job ON attempts (job, id);

-- Provers that are out for one job.
CREATE TABLE exclusions (
    job     TEXT NOT NULL,
    prover  TEXT NOT NULL,
    count   INTEGER NOT NULL,
    code    TEXT NOT NULL,
    final   INTEGER NOT NULL,                   -- 1: whatever else there is, never again for this job
    PRIMARY KEY (job, prover)
) STRICT, WITHOUT ROWID;

CREATE TABLE proofs (
    statement_id  TEXT PRIMARY KEY,
    tier          TEXT NOT NULL,
    system        TEXT NOT NULL,
    profile       TEXT,
    statement     TEXT NOT NULL,
    member        TEXT,
    blob          TEXT NOT NULL,
    prover        TEXT,
    verified_ms   INTEGER NOT NULL,
    batch_id      TEXT
) STRICT;
CREATE INDEX proofs_by_batch ON proofs (batch_id) WHERE batch_id IS NOT NULL;
CREATE INDEX proofs_waiting ON proofs (tier, profile, verified_ms) WHERE batch_id IS NULL;

CREATE TABLE batches (
    id                TEXT PRIMARY KEY,
    tier              TEXT NOT NULL,
    profile           TEXT,
    phase             TEXT NOT NULL,            -- proving, aggregated, failed
    reason            TEXT NOT NULL,
    plan              TEXT,
    created_ms        INTEGER NOT NULL,
    aggregated_ms     INTEGER,
    size              INTEGER NOT NULL,
    digest            TEXT,
    aggregate_blob    TEXT,
    aggregate_sha256  TEXT
) STRICT;
CREATE INDEX batches_open ON batches (phase) WHERE phase = 'proving';

CREATE TABLE batch_members (
    batch_id      TEXT NOT NULL,
    position      INTEGER NOT NULL,
    statement_id  TEXT NOT NULL,
    PRIMARY KEY (batch_id, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE tasks (
    id              TEXT PRIMARY KEY,
    batch_id        TEXT NOT NULL,
    position        INTEGER NOT NULL,
    kind            TEXT NOT NULL,
    phase           TEXT NOT NULL,              -- blocked, ready, leased, done
    children        TEXT NOT NULL,              -- JSON: positions
    members         TEXT NOT NULL,              -- JSON: positions
    worker          TEXT,
    token           TEXT,
    lease_until_ms  INTEGER,
    tries           INTEGER NOT NULL DEFAULT 0,
    started_ms      INTEGER,
    ended_ms        INTEGER,
    cpu_ms          INTEGER,
    output_blob     TEXT,
    UNIQUE (batch_id, position)
) STRICT;
CREATE INDEX tasks_open ON tasks (phase, id) WHERE phase IN ('ready', 'leased');

CREATE TABLE receipts (
    statement_id  TEXT PRIMARY KEY,
    batch_id      TEXT NOT NULL,
    document      TEXT NOT NULL
) STRICT;

CREATE TABLE prover_standing (
    prover                TEXT PRIMARY KEY,
    quarantined_until_ms  INTEGER,
    reason                TEXT,
    strikes               INTEGER NOT NULL,
    outcomes              TEXT NOT NULL,        -- the last attempts, newest last: '.' or 'x'
    latencies             TEXT                  -- JSON of a sketch
) STRICT;

CREATE TABLE webhooks (
    id           TEXT PRIMARY KEY,
    tenant       TEXT NOT NULL,
    url          TEXT NOT NULL,
    secret       TEXT NOT NULL,
    created_ms   INTEGER NOT NULL,
    disabled_ms  INTEGER
) STRICT;
CREATE INDEX webhooks_by_tenant ON webhooks (tenant);

CREATE TABLE deliveries (
    id          TEXT PRIMARY KEY,
    webhook     TEXT NOT NULL,
    body        TEXT NOT NULL,
    state       TEXT NOT NULL,                  -- pending, delivered, failed
    tries       INTEGER NOT NULL DEFAULT 0,
    next_ms     INTEGER NOT NULL,
    created_ms  INTEGER NOT NULL,
    last_code   TEXT
) STRICT;
CREATE INDEX deliveries_due ON deliveries (next_ms) WHERE state = 'pending';
CREATE INDEX deliveries_by_webhook ON deliveries (webhook, state);
