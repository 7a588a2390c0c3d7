//! Writes batches of documents and deletions, each in one transaction.

use std::collections::{BTreeMap, BTreeSet};

use klamm_messages::{klamm::v1::VisibilityDocument, temporal::enums::v1::IndexedValueType};
use prost::Message;
use rusqlite::{Connection, OptionalExtension, ToSql, Transaction, types::Value as Sqlite};

use super::{
    Change, ChangeBody,
    counts::{self, Deltas, Kind},
    schema,
    sql::sqlite,
};
use crate::{
    Result,
    document::{Attribute, Row},
};

/// The writing connection, and copies of what it has to know for each write.
pub(super) struct Writer {
    connection: Connection,
    known: Known,
}

/// Copies of small tables.
#[derive(Default)]
struct Known {
    next_offsets: BTreeMap<u32, i64>,
    namespaces: BTreeMap<String, i64>,
    /// Numbers of names, by namespace and type, then by name.
    names: BTreeMap<(i64, i32), BTreeMap<String, i64>>,
}

impl Writer {
    /// A writer on an index with all its tables.
    pub(super) fn new(connection: Connection) -> Result<Self> {
        let known = Known::load(&connection)?;
        Ok(Self { connection, known })
    }

    /// The connection, for reads in memory.
    pub(super) fn connection(&self) -> &Connection {
        &self.connection
    }

    /// Partition → offset to read next.
    pub(super) fn next_offsets(&self) -> &BTreeMap<u32, i64> {
        &self.known.next_offsets
    }

    /// See [`super::Index::apply_until`].
    pub(super) fn apply(&mut self, changes: &[Change], next_offsets: &BTreeMap<u32, i64>) -> Result<usize> {
        let result = self.transact(|batch| batch.apply(changes, next_offsets));
        if result.is_err() {
            // The transaction was rolled back, so the copies may hold rows that do not exist. They are loaded anew.
            self.known = Known::load(&self.connection)?;
        }
        result
    }

    /// See [`super::Index::bind`].
    pub(super) fn bind(&mut self, topic_id: &str) -> Result<bool> {
        let bound: Option<String> = self.fact("topic_id")?;
        if bound.as_deref() == Some(topic_id) {
            return Ok(false);
        }
        let had_content = !self.known.next_offsets.is_empty();
        if had_content {
            self.reset()?;
        }
        self.set_fact("topic_id", topic_id)?;
        Ok(had_content)
    }

    /// See [`super::Index::reset`].
    pub(super) fn reset(&mut self) -> Result<()> {
        let topic_id: Option<String> = self.fact("topic_id")?;
        let transaction = self.connection.transaction()?;
        transaction.execute_batch(schema::CLEAR)?;
        if let Some(topic_id) = topic_id {
            transaction.execute("INSERT INTO facts (name, value) VALUES ('topic_id', ?)", (topic_id,))?;
        }
        transaction.commit()?;
        self.known = Known::default();
        Ok(())
    }

    /// A fact that is stored beside the documents.
    pub(super) fn fact<T: rusqlite::types::FromSql>(&self, name: &str) -> Result<Option<T>> {
        let mut statement = self.connection.prepare_cached("SELECT value FROM facts WHERE name = ?")?;
        Ok(statement.query_row((name,), |row| row.get(0)).optional()?)
    }

    /// Sets a fact.
    pub(super) fn set_fact(&self, name: &str, value: impl ToSql) -> Result<()> {
        self.connection.prepare_cached("INSERT OR REPLACE INTO facts (name, value) VALUES (?, ?)")?.execute((name, value))?;
        Ok(())
    }

    fn transact<R>(&mut self, work: impl FnOnce(&mut Batch<'_>) -> Result<R>) -> Result<R> {
        let mut batch = Batch { transaction: self.connection.transaction()?, known: &mut self.known, counts: Deltas::new() };
        let result = work(&mut batch)?;
        counts::write(&batch.transaction, std::mem::take(&mut batch.counts))?;
        batch.transaction.commit()?;
        Ok(result)
    }
}

impl Known {
    fn load(connection: &Connection) -> Result<Self> {
        let mut known = Self::default();
        let mut positions = connection.prepare("SELECT partition, next_offset FROM positions")?;
        for row in positions.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))? {
            let (partition, next_offset) = row?;
            known.next_offsets.insert(partition, next_offset);
        }
        let mut namespaces = connection.prepare("SELECT name, id FROM namespaces")?;
        for row in namespaces.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))? {
            let (name, id) = row?;
            known.namespaces.insert(name, id);
        }
        let mut names = connection.prepare("SELECT namespace, type, name, id FROM names")?;
        for row in names.query_map((), |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?, row.get(3)?)))? {
            let (key, name, id): ((i64, i32), String, i64) = row?;
            known.names.entry(key).or_default().insert(name, id);
        }
        Ok(known)
    }
}

/// A batch while its transaction is open.
struct Batch<'w> {
    transaction: Transaction<'w>,
    known: &'w mut Known,
    counts: Deltas,
}

impl Batch<'_> {
    fn apply(&mut self, changes: &[Change], next_offsets: &BTreeMap<u32, i64>) -> Result<usize> {
        let mut next = self.known.next_offsets.clone();
        let mut new = Vec::with_capacity(changes.len());
        for change in changes {
            let next = next.entry(change.partition).or_insert(0);
            if change.offset >= *next {
                *next = change.offset + 1;
                new.push(change);
            }
        }
        for (&partition, &offset) in next_offsets {
            let next = next.entry(partition).or_insert(0);
            *next = offset.max(*next);
        }
        // If a batch has several documents of one run, only the last one counts. (All documents of a run are on one partition.)
        let mut seen = BTreeSet::new();
        let mut last = vec![false; new.len()];
        for (i, change) in new.iter().enumerate().rev() {
            last[i] = seen.insert(change.body.run());
        }
        for (change, _) in new.iter().zip(last).filter(|(_, last)| *last) {
            match &change.body {
                ChangeBody::Document(document) => self.upsert(document)?,
                ChangeBody::Deletion { namespace, workflow_id, run_id } => self.delete(namespace, workflow_id, run_id)?,
            }
        }
        for (partition, next_offset) in &next {
            if self.known.next_offsets.get(partition) != Some(next_offset) {
                self.execute("INSERT OR REPLACE INTO positions (partition, next_offset) VALUES (?, ?)", (partition, next_offset))?;
            }
        }
        self.known.next_offsets = next;
        Ok(new.len())
    }

    fn execute(&self, sql: &str, parameters: impl rusqlite::Params) -> rusqlite::Result<usize> {
        self.transaction.prepare_cached(sql)?.execute(parameters)
    }

    fn upsert(&mut self, document: &VisibilityDocument) -> Result<()> {
        let namespace = self.namespace(&document.namespace)?;
        let row = Row::of(document);
        let Some((id, old)) = self.find(namespace, &document.workflow_id, &document.run_id)? else {
            return self.insert(namespace, document, &row);
        };
        let old = VisibilityDocument::decode(old.as_slice()).map(|old| Row::of(&old));
        match old {
            Ok(old) if old.fixed == row.fixed => {
                if old.changing != row.changing {
                    let changing = &row.changing;
                    self.execute(
                        "UPDATE runs SET status = ?, close = ?, execution_time = ?, execution_duration = ?, history_length = ?,
                         history_size_bytes = ?, state_transition_count = ? WHERE id = ?",
                        (
                            changing.status,
                            changing.close,
                            changing.execution_time,
                            changing.execution_duration,
                            changing.history_length,
                            changing.history_size_bytes,
                            changing.state_transition_count,
                            id,
                        ),
                    )?;
                    if old.changing.status != row.changing.status {
                        self.count(Kind::of(namespace, &old), -1);
                        self.count(Kind::of(namespace, &row), 1);
                    }
                }
                let (start, from, to) = (row.fixed.start, old.changing.close, row.changing.close);
                if old.attributes != row.attributes {
                    let values = self.values(namespace, &old)?;
                    self.remove_postings(id, from, start, &values)?;
                    self.execute("DELETE FROM attributes WHERE run = ?", (id,))?;
                    let values = self.values(namespace, &row)?;
                    self.insert_attributes(id, &values)?;
                    self.insert_postings(id, to, start, &values)?;
                } else if from != to {
                    let values = self.values(namespace, &row)?;
                    self.move_postings(id, from, to, start, &values)?;
                }
                self.execute("UPDATE documents SET body = ? WHERE id = ?", (document.encode_to_vec(), id))?;
                Ok(())
            }
            _ => {
                self.remove(id)?;
                self.insert(namespace, document, &row)
            }
        }
    }

    fn delete(&mut self, namespace: &str, workflow_id: &str, run_id: &str) -> Result<()> {
        let Some(&namespace) = self.known.namespaces.get(namespace) else { return Ok(()) };
        match self.find(namespace, workflow_id, run_id)? {
            Some((id, _)) => self.remove(id),
            None => Ok(()),
        }
    }

    /// Number and document of a run.
    fn find(&self, namespace: i64, workflow_id: &str, run_id: &str) -> Result<Option<(i64, Vec<u8>)>> {
        let mut statement = self.transaction.prepare_cached(
            "SELECT r.id, d.body FROM runs r INDEXED BY runs_by_run_id JOIN documents d ON d.id = r.id
             WHERE r.run_id = ? AND r.namespace = ? AND r.workflow_id = ?",
        )?;
        Ok(statement.query_row((run_id, namespace, workflow_id), |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
    }

    fn insert(&mut self, namespace: i64, document: &VisibilityDocument, row: &Row) -> Result<()> {
        let (fixed, changing) = (&row.fixed, &row.changing);
        self.execute(
            "INSERT INTO runs (namespace, workflow_id, run_id, workflow_type, task_queue, status, start, execution_time, close,
             execution_duration, history_length, history_size_bytes, state_transition_count, parent_workflow_id, parent_run_id,
             root_workflow_id, root_run_id, division) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            rusqlite::params![
                namespace,
                document.workflow_id,
                document.run_id,
                fixed.workflow_type,
                fixed.task_queue,
                changing.status,
                fixed.start,
                changing.execution_time,
                changing.close,
                changing.execution_duration,
                changing.history_length,
                changing.history_size_bytes,
                changing.state_transition_count,
                fixed.parent_workflow_id,
                fixed.parent_run_id,
                fixed.root_workflow_id,
                fixed.root_run_id,
                fixed.division,
            ],
        )?;
        let id = self.transaction.last_insert_rowid();
        self.count(Kind::of(namespace, row), 1);
        self.execute("INSERT INTO documents (id, body) VALUES (?, ?)", (id, document.encode_to_vec()))?;
        let values = self.values(namespace, row)?;
        self.insert_attributes(id, &values)?;
        self.insert_postings(id, changing.close, fixed.start, &values)
    }

    fn insert_attributes(&mut self, id: i64, values: &[(i64, Sqlite)]) -> Result<()> {
        let mut statement = self.transaction.prepare_cached("INSERT INTO attributes (run, name, value) VALUES (?, ?, ?)")?;
        for (name, value) in values {
            statement.execute((id, name, value))?;
        }
        Ok(())
    }

    fn insert_postings(&mut self, id: i64, close: i64, start: i64, values: &[(i64, Sqlite)]) -> Result<()> {
        let sql = "INSERT INTO postings (name, value, close, start, run) VALUES (?, ?, ?, ?, ?)";
        let mut statement = self.transaction.prepare_cached(sql)?;
        for (name, value) in values {
            statement.execute((name, value, close, start, id))?;
        }
        Ok(())
    }

    fn remove_postings(&mut self, id: i64, close: i64, start: i64, values: &[(i64, Sqlite)]) -> Result<()> {
        let sql = "DELETE FROM postings WHERE name = ? AND value = ? AND close = ? AND start = ? AND run = ?";
        let mut statement = self.transaction.prepare_cached(sql)?;
        for (name, value) in values {
            statement.execute((name, value, close, start, id))?;
        }
        Ok(())
    }

    /// Moves the run's postings, because its close time has changed.
    fn move_postings(&mut self, id: i64, from: i64, to: i64, start: i64, values: &[(i64, Sqlite)]) -> Result<()> {
        let sql = "UPDATE postings SET close = ? WHERE name = ? AND value = ? AND close = ? AND start = ? AND run = ?";
        let mut statement = self.transaction.prepare_cached(sql)?;
        for (name, value) in values {
            statement.execute((to, name, value, from, start, id))?;
        }
        Ok(())
    }

    /// Every value of every attribute: number of the name, value.
    fn values(&mut self, namespace: i64, row: &Row) -> Result<Vec<(i64, Sqlite)>> {
        let mut all = Vec::new();
        for Attribute { name, value_type, values } in &row.attributes {
            let name = self.name(namespace, name, *value_type)?;
            all.extend(values.iter().map(|value| (name, sqlite(value))));
        }
        Ok(all)
    }

    /// Removes a run. Its rows are found with the tables alone, without its document.
    fn remove(&mut self, id: i64) -> Result<()> {
        let place = "SELECT close, start, namespace, workflow_type, status, division FROM runs WHERE id = ?";
        let place = self.transaction.prepare_cached(place)?.query_row((id,), |row| {
            let kind = Kind { namespace: row.get(2)?, workflow_type: row.get(3)?, status: row.get(4)?, division: row.get(5)? };
            Ok((row.get(0)?, row.get(1)?, kind))
        });
        let (close, start, kind) = place?;
        self.count(kind, -1);
        let values = {
            let mut statement = self.transaction.prepare_cached("SELECT name, value FROM attributes WHERE run = ?")?;
            let rows = statement.query_map((id,), |row| Ok((row.get(0)?, row.get(1)?)))?;
            rows.collect::<rusqlite::Result<Vec<_>>>()?
        };
        self.remove_postings(id, close, start, &values)?;
        self.execute("DELETE FROM attributes WHERE run = ?", (id,))?;
        self.execute("DELETE FROM documents WHERE id = ?", (id,))?;
        self.execute("DELETE FROM runs WHERE id = ?", (id,))?;
        Ok(())
    }

    /// Notes that there are so many more runs of this kind.
    fn count(&mut self, kind: Kind, more: i64) {
        *self.counts.entry(kind).or_default() += more;
    }

    fn namespace(&mut self, name: &str) -> Result<i64> {
        if let Some(&id) = self.known.namespaces.get(name) {
            return Ok(id);
        }
        self.execute("INSERT INTO namespaces (name) VALUES (?)", (name,))?;
        let id = self.transaction.last_insert_rowid();
        self.known.namespaces.insert(name.to_owned(), id);
        Ok(id)
    }

    fn name(&mut self, namespace: i64, name: &str, value_type: IndexedValueType) -> Result<i64> {
        let key = (namespace, value_type as i32);
        if let Some(&id) = self.known.names.get(&key).and_then(|names| names.get(name)) {
            return Ok(id);
        }
        self.execute("INSERT INTO names (namespace, type, name) VALUES (?, ?, ?)", (key.0, key.1, name))?;
        let id = self.transaction.last_insert_rowid();
        self.known.names.entry(key).or_default().insert(name.to_owned(), id);
        Ok(id)
    }
}

impl ChangeBody {
    /// The run that the change is about.
    fn run(&self) -> (&str, &str, &str) {
        match self {
            Self::Document(document) => (&document.namespace, &document.workflow_id, &document.run_id),
            Self::Deletion { namespace, workflow_id, run_id } => (namespace, workflow_id, run_id),
        }
    }
}
