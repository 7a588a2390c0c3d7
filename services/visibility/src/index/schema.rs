//! Tables of the index.
//!
//! `runs` is narrow (documents are in a table of their own), so that scans are short. An index that gives the order of results ends with
//! the columns that filters test most, so that they are tested without fetching the row. Custom and predefined search attributes are stored
//! twice. In `postings`, each (name, value) is a list of runs in the order of results; queries start from these lists. In `attributes`,
//! the values are stored by run; they serve to test a run. `counts` says how many runs of a kind there are.

/// Number of this layout and of this way of reading documents. An index with another number is thrown away and fed anew.
pub(super) const VERSION: i32 = 2;

/// Makes the tables in an empty database.
pub(super) const CREATE: &str = "
CREATE TABLE positions (partition INTEGER PRIMARY KEY, next_offset INTEGER NOT NULL);
CREATE TABLE facts (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE namespaces (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE names (
    id INTEGER PRIMARY KEY, namespace INTEGER NOT NULL, name TEXT NOT NULL, type INTEGER NOT NULL,
    UNIQUE (namespace, name, type)
);
CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    namespace INTEGER NOT NULL,
    workflow_id TEXT NOT NULL,
    run_id TEXT NOT NULL,
    workflow_type TEXT NOT NULL,
    task_queue TEXT NOT NULL,
    status INTEGER NOT NULL,
    start INTEGER NOT NULL,
    execution_time INTEGER,
    close INTEGER NOT NULL,
    execution_duration INTEGER,
    history_length INTEGER,
    history_size_bytes INTEGER,
    state_transition_count INTEGER,
    parent_workflow_id TEXT,
    parent_run_id TEXT,
    root_workflow_id TEXT,
    root_run_id TEXT,
    division TEXT
);
CREATE INDEX runs_in_order ON runs (namespace, division, close DESC, start DESC, status, workflow_type);
CREATE INDEX runs_by_type ON runs (namespace, workflow_type, close DESC, start DESC, status, division, task_queue);
CREATE INDEX runs_by_status ON runs (namespace, status, close DESC, start DESC, workflow_type, division);
CREATE INDEX runs_by_task_queue ON runs (namespace, task_queue, close DESC, start DESC, status, division);
CREATE INDEX runs_by_start ON runs (namespace, start);
CREATE INDEX runs_by_workflow_id ON runs (namespace, workflow_id);
CREATE INDEX runs_by_run_id ON runs (run_id, namespace);
CREATE INDEX runs_by_parent ON runs (namespace, parent_workflow_id) WHERE parent_workflow_id IS NOT NULL;
CREATE INDEX runs_by_root ON runs (namespace, root_workflow_id) WHERE root_workflow_id <> workflow_id;
CREATE TABLE counts (namespace INTEGER NOT NULL, workflow_type TEXT NOT NULL, status INTEGER NOT NULL, division TEXT, runs INTEGER NOT NULL);
CREATE UNIQUE INDEX counts_by_kind ON counts (namespace, workflow_type, status, ifnull(division, char(0)));
CREATE TABLE documents (id INTEGER PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE attributes (run INTEGER NOT NULL, name INTEGER NOT NULL, value NOT NULL, PRIMARY KEY (run, name, value)) WITHOUT ROWID;
CREATE TABLE postings (
    name INTEGER NOT NULL, value NOT NULL, close INTEGER NOT NULL, start INTEGER NOT NULL, run INTEGER NOT NULL,
    PRIMARY KEY (name, value, close DESC, start DESC, run)
) WITHOUT ROWID;
";

/// Empties all tables.
pub(super) const CLEAR: &str = "
DELETE FROM positions; DELETE FROM facts; DELETE FROM namespaces; DELETE FROM names;
DELETE FROM runs; DELETE FROM counts; DELETE FROM documents; DELETE FROM attributes; DELETE FROM postings;
";
