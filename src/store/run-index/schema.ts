/** Tables of an index over runs. Pure. */

/** Of another one the file is made anew. */
export const schemaVersion = 2;

/** Numbers of a rollout by which may be sorted, each with an index of its own. */
const sorted = ['score', 'kl', 'advantage', 'value', 'entropy', 'tokens', 'logprob'] as const;

/** Of one connection: what a search has found. */
export const hitsTable = 'CREATE TEMP TABLE hits (key INTEGER PRIMARY KEY)';

/** Statements that make an empty index, where there is none. */
export const schema: readonly string[] = [
  `CREATE TABLE IF NOT EXISTS runs (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE,
    size INTEGER, mtime REAL, bytes INTEGER, lineBytes INTEGER, hash TEXT,
    time TEXT, summary TEXT, details TEXT,
    wentBack INTEGER NOT NULL DEFAULT 0, wentBackBefore INTEGER NOT NULL DEFAULT 0, folderTime REAL, queryBytes INTEGER NOT NULL DEFAULT 0,
    compared TEXT)`,
  `CREATE TABLE IF NOT EXISTS files (
    run INTEGER NOT NULL, step INTEGER NOT NULL, size INTEGER NOT NULL, mtime REAL NOT NULL,
    PRIMARY KEY (run, step)) WITHOUT ROWID`,
  `CREATE TABLE IF NOT EXISTS rollouts (
    key INTEGER PRIMARY KEY, run INTEGER NOT NULL, step INTEGER NOT NULL, row INTEGER NOT NULL,
    id TEXT NOT NULL, query TEXT NOT NULL, tokens INTEGER NOT NULL, truncated INTEGER NOT NULL,
    score REAL, kl REAL, logprob REAL, refLogprob REAL, advantage REAL,
    value REAL, returned REAL, entropy REAL, parts TEXT)`,
  'CREATE UNIQUE INDEX IF NOT EXISTS rolloutsByPlace ON rollouts (run, step, row)',
  'CREATE INDEX IF NOT EXISTS rolloutsByQuery ON rollouts (run, query, step, row)',
  'CREATE INDEX IF NOT EXISTS rolloutsById ON rollouts (id)',
  ...sorted.map(
    (name) => `CREATE INDEX IF NOT EXISTS "by ${name}" ON rollouts (run, ${name}, step, row)`,
  ),
  'CREATE TABLE IF NOT EXISTS texts (key INTEGER PRIMARY KEY, response TEXT NOT NULL)',
  `CREATE VIRTUAL TABLE IF NOT EXISTS matches USING
    fts5 (response, content = '', contentless_delete = 1, tokenize = 'trigram')`,
  'CREATE TABLE IF NOT EXISTS queries (hash TEXT PRIMARY KEY, text TEXT NOT NULL) WITHOUT ROWID',
  `CREATE TABLE IF NOT EXISTS pairs (
    key INTEGER PRIMARY KEY, run INTEGER NOT NULL, row INTEGER NOT NULL, id TEXT NOT NULL,
    grouping TEXT, toxicity REAL, reward REAL, rouge1 REAL, tokens REAL,
    toxicityChange REAL, rewardChange REAL, rouge1Change REAL, tokensChange REAL,
    found TEXT NOT NULL, before TEXT NOT NULL, after TEXT NOT NULL)`,
  'CREATE INDEX IF NOT EXISTS pairsByRun ON pairs (run, row)',
];
