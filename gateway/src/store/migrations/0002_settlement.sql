-- Batches on chains. Roots, hashes and addresses are 0x and hex. What a chain counts (ids, nonces, gas, heights, wei) is
-- decimal text: it may be larger than an integer here.

-- 1: has a row in settlements. In the batch, so that what is left to settle is found without those that are settled.
ALTER TABLE batches ADD COLUMN settling INTEGER NOT NULL DEFAULT 0;
CREATE INDEX batches_unsettled ON batches (id) WHERE phase = 'aggregated' AND tier = 'proven' AND settling = 0;

CREATE TABLE settlements (
    batch_id    TEXT PRIMARY KEY,
    phase       TEXT NOT NULL,                  -- proving, posting, failed
    document    TEXT NOT NULL,                  -- JSON
    proof_blob  TEXT,
    root        TEXT,                           -- of the batch's keccak256 tree, as in postings
    failure     TEXT,                           -- JSON
    created_ms  INTEGER NOT NULL,
    updated_ms  INTEGER NOT NULL
) STRICT;
CREATE INDEX settlements_by_phase ON settlements (phase, batch_id);
CREATE INDEX settlements_by_root ON settlements (root) WHERE root IS NOT NULL;

-- A batch that is to be on a chain: one a root and chain.
CREATE TABLE postings (
    chain         TEXT NOT NULL,                -- its name in the configuration
    root          TEXT NOT NULL,
    phase         TEXT NOT NULL,                -- waiting, sent, included, safe, final, failed
    state         TEXT NOT NULL,                -- JSON: the phase with what belongs to it
    revision      INTEGER NOT NULL,             -- one more with every change
    chain_id      TEXT NOT NULL,
    registry      TEXT NOT NULL,
    size          INTEGER NOT NULL,
    selector      TEXT NOT NULL,
    batch_digest  TEXT NOT NULL,                -- keccak256 of batch
    deadline_ms   INTEGER,
    created_ms    INTEGER NOT NULL,
    batch         BLOB NOT NULL,                -- what the verifier takes; last, for it is long
    PRIMARY KEY (chain, root)
) STRICT;
CREATE INDEX postings_open ON postings (chain, created_ms, root) WHERE phase NOT IN ('final', 'failed');

-- Signed transactions: kept before they are sent, and for ever.
CREATE TABLE posting_attempts (
    n            INTEGER PRIMARY KEY,           -- goes up: the order in which they were signed
    chain        TEXT NOT NULL,
    root         TEXT NOT NULL,
    signer       TEXT NOT NULL,
    nonce        TEXT NOT NULL,
    hash         TEXT NOT NULL,
    gas_limit    TEXT NOT NULL,
    max_fee_wei  TEXT NOT NULL,                 -- per gas
    max_tip_wei  TEXT NOT NULL,                 -- per gas
    signed_ms    INTEGER NOT NULL,
    fate         TEXT NOT NULL,                 -- pending, mined, superseded
    block        TEXT,                          -- this and what follows: if it is mined
    success      INTEGER,                       -- 0: it reverted
    gas_used     TEXT,
    price_wei    TEXT,                          -- per gas
    seen_ms      INTEGER,
    raw          BLOB NOT NULL,
    UNIQUE (chain, hash)
) STRICT;
CREATE INDEX posting_attempts_by_posting ON posting_attempts (chain, root);
CREATE INDEX posting_attempts_pending ON posting_attempts (chain, signer) WHERE fate = 'pending';
CREATE INDEX posting_attempts_mined ON posting_attempts (chain, signer, seen_ms) WHERE fate = 'mined';
