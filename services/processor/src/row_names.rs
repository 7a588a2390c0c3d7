//! Names rows for people, from the bytes of their keys.

use klamm_machine::{Kind, Time};
use prost_types::Timestamp;

/// Names a row, such as `event 7 of default/hello/26acbde5-…`. A key of an unknown form is shown as hexadecimal numbers.
pub fn name(key: &[u8]) -> String {
    match key.split_first() {
        Some((&kind, rest)) => known(kind, Fields(rest)).unwrap_or_else(|| hex(key)),
        None => hex(key),
    }
}

/// The name, if the key has all its fields and nothing more.
fn known(kind: u8, mut fields: Fields<'_>) -> Option<String> {
    let name = match kind {
        kind if kind == Kind::Workflow as u8 => format!("workflow {}", fields.entity(2)?),
        kind if kind == Kind::Run as u8 => format!("run {}", fields.entity(3)?),
        kind if kind == Kind::History as u8 => {
            let run = fields.entity(3)?;
            format!("event {} of {run}", fields.i64()?)
        }
        kind if kind == Kind::Wake as u8 => {
            let (due, _hash, machine) = (fields.time()?, fields.u32()?, fields.text()?);
            format!("wake row of {machine} {} due {due}", fields.texts(3)?)
        }
        kind if kind == Kind::Task as u8 => {
            let queue = fields.texts(2)?;
            let (_kind, _priority, scheduled, run) = (fields.u8()?, fields.u8()?, fields.time()?, fields.entity(2)?);
            let (event_id, _stamp) = (fields.i64()?, fields.i64()?);
            format!("task of {run}, event {event_id}, on queue {queue}, scheduled {scheduled}")
        }
        kind if kind == Kind::Update as u8 => {
            let run = fields.entity(3)?;
            format!("update in slot {} of {run}", fields.i64()?)
        }
        kind if kind == Kind::CompletedUpdate as u8 => {
            let run = fields.entity(3)?;
            format!("completed update {} of {run}", fields.text()?)
        }
        kind if kind == Kind::Namespace as u8 => format!("namespace {}", fields.entity(1)?),
        kind if kind == Kind::Schedule as u8 => format!("schedule {}", fields.entity(2)?),
        kind if kind == Kind::ScheduleProgress as u8 => format!("progress of schedule {}", fields.entity(2)?),
        kind if kind == Kind::ScheduleOutcome as u8 => format!("outcome of schedule {}", fields.entity(2)?),
        kind if kind == Kind::ScheduleAudit as u8 => {
            let schedule = fields.entity(2)?;
            format!("decision {} of schedule {schedule}", fields.i64()?)
        }
        kind if kind == Kind::ScheduleRemains as u8 => format!("remains of schedule {}", fields.entity(2)?),
        kind if kind == Kind::TaskQueueConfig as u8 => {
            let (_hash, name) = (fields.u32()?, fields.texts(2)?);
            let _type = fields.u8()?;
            format!("configuration of task queue {name}")
        }
        kind if kind == Kind::DeclaredTopics as u8 => format!("declared topics of {}", fields.entity(1)?),
        kind if kind == Kind::Trigger as u8 => format!("trigger {}", fields.entity(1)?),
        kind if kind == Kind::Held as u8 => {
            let (id, _kind) = (fields.entity(2)?, fields.u8()?);
            format!("record {} that waits for {id}", fields.i64()?)
        }
        kind if kind == Kind::HeldQueue as u8 => {
            let (id, _kind) = (fields.entity(2)?, fields.u8()?);
            format!("records that wait for {id}")
        }
        kind if kind == Kind::Callback as u8 => {
            let (destination, run) = (fields.text()?, fields.entity(3)?);
            let (number, _attempt) = (fields.i64()?, fields.i64()?);
            format!("call of callback {number} of {run} to {destination}")
        }
        _ => return None,
    };
    fields.0.is_empty().then_some(name)
}

fn hex(key: &[u8]) -> String {
    let digits: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("row 0x{digits}")
}

/// The rest of a key that [`klamm_machine::key::KeyBytes`] has written.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*bytes)
    }

    fn u8(&mut self) -> Option<u8> {
        self.take::<1>().map(|[byte]| byte)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take().map(u32::from_be_bytes)
    }

    fn i64(&mut self) -> Option<i64> {
        self.take().map(|bytes| (u64::from_be_bytes(bytes) ^ (1 << 63)) as i64)
    }

    fn time(&mut self) -> Option<Timestamp> {
        self.i64().map(|millis| Time::from_millis(millis).into())
    }

    /// Takes a text, in printable form.
    fn text(&mut self) -> Option<String> {
        let length = usize::from(u16::from_be_bytes(self.take()?));
        let (text, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        std::str::from_utf8(text).ok().map(|text| text.escape_debug().to_string())
    }

    /// Takes texts, and joins them as keys of topics do.
    fn texts(&mut self, count: usize) -> Option<String> {
        let texts: Option<Vec<_>> = (0..count).map(|_| self.text()).collect();
        texts.map(|texts| texts.join("/"))
    }

    /// Takes texts that stand behind their hash.
    fn entity(&mut self, count: usize) -> Option<String> {
        self.u32()?;
        self.texts(count)
    }
}

#[cfg(test)]
mod tests {
    use klamm_cluster::namespaces::Namespaces;
    use klamm_held::{signals, tables as held};
    use klamm_machine::{Table, key::KeyBytes, wakes::Wakes};
    use klamm_messages::klamm::v1::{CallbackRow, TaskRow, WakeRow};
    use klamm_schedule::tables::{Decisions, Definitions, Outcomes, Progresses, Remains, ScheduleKey};
    use klamm_workflow::tables::{Callbacks, CompletedUpdates, History, RunKey, Runs, Tasks, Updates, Workflows};

    use super::*;

    #[test]
    fn rows_of_every_table_have_names_without_raw_bytes() {
        let text = |text: &str| text.to_owned();
        let run = RunKey { namespace: text("default"), workflow_id: text("a\u{1}b"), run_id: text("r") };
        let schedule = ScheduleKey { namespace: text("shop"), schedule_id: text("hourly") };
        let wake = WakeRow {
            due: Some(Time::from_millis(1_000).into()),
            namespace: text("default"),
            id: text("hello"),
            run_id: text("r"),
            machine: text("workflow"),
        };
        let task = TaskRow {
            namespace: text("default"),
            task_queue: text("q"),
            workflow_id: text("hello"),
            run_id: text("r"),
            scheduled_event_id: 5,
            scheduled_time: Some(Time::from_millis(-1).into()),
            ..TaskRow::default()
        };
        let callback = CallbackRow {
            destination: text("http://host:80"),
            namespace: text("default"),
            workflow_id: text("hello"),
            run_id: text("r"),
            callback: 2,
            attempt: 1,
        };
        let queue = signals::queue("default", "hello");
        for (key, expected) in [
            (Workflows::key(&(text("default"), text("hello"))), "workflow default/hello"),
            (Runs::key(&run), "run default/a\\u{1}b/r"),
            (History::key(&(run.clone(), 7)), "event 7 of default/a\\u{1}b/r"),
            (Wakes::key(&wake), "wake row of workflow default/hello/r due 1970-01-01T00:00:01Z"),
            (Tasks::key(&task), "task of hello/r, event 5, on queue default/q, scheduled 1969-12-31T23:59:59.999Z"),
            (Updates::key(&(run.clone(), -3)), "update in slot -3 of default/a\\u{1}b/r"),
            (CompletedUpdates::key(&(run.clone(), text("u"))), "completed update u of default/a\\u{1}b/r"),
            (Namespaces::key("shop"), "namespace shop"),
            (Definitions::key(&schedule), "schedule shop/hourly"),
            (Progresses::key(&schedule), "progress of schedule shop/hourly"),
            (Outcomes::key(&schedule), "outcome of schedule shop/hourly"),
            (Decisions::key(&(schedule.clone(), 3)), "decision 3 of schedule shop/hourly"),
            (Remains::key(&schedule), "remains of schedule shop/hourly"),
            (held::Records::key(&(queue.clone(), 7)), "record 7 that waits for default/hello"),
            (held::Queues::key(&queue), "records that wait for default/hello"),
            (Callbacks::key(&callback), "call of callback 2 of default/hello/r to http://host:80"),
            (KeyBytes::new(Kind::Test).u8(1).finish(), "row 0x6401"),
            (KeyBytes::new(Kind::Run).u8(1).finish(), "row 0x0301"),
            (Vec::new(), "row 0x"),
        ] {
            assert_eq!(name(&key), expected);
        }
        let longer = [Namespaces::key("shop"), vec![0]].concat();
        assert!(name(&longer).starts_with("row 0x"), "nothing is left out");
    }
}
