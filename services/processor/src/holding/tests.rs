//! What becomes of records that wait, as histories of the machines together.

use klamm_machine::{Context, Machine, Memory, Publication, Time, time::to_proto, tx::Effects, wakes};
use klamm_messages::{
    klamm::v1::{Batch, Reservation, SignalWorkflow, StartWorkflow, TerminateWorkflow},
    temporal::{
        common::v1::{WorkflowExecution, WorkflowType},
        enums::v1::TaskQueueType,
        history::v1::history_event::Attributes,
        taskqueue::v1::TaskQueue,
        workflowservice::v1::{SignalWorkflowExecutionRequest, StartWorkflowExecutionRequest, TerminateWorkflowExecutionRequest},
    },
};

use super::*;

/// A partition, as far as its machines see it.
#[derive(Default)]
struct Lab {
    machines: Machines,
    memory: Memory,
    now: i64,
    offset: i64,
    /// What has happened: public events, dead letters, and what was counted.
    told: Vec<String>,
    /// Commands on their way to other partitions.
    sent: Vec<Command>,
}

impl Lab {
    fn decide(&mut self, command: &Command) -> &mut Self {
        let mut context = Context::new(Time::from_millis(self.now), 1, "t", 0, self.offset);
        self.offset += 1;
        let mut tx = Tx::new(&self.machines, &mut self.memory, &mut context);
        let decided = self.machines.decide(&mut tx, command);
        let Effects { events, commands, publications, .. } = tx.finish();
        self.sent.extend(commands);
        self.told.extend(events.iter().filter_map(event));
        for publication in publications {
            if let Publication::DeadLetter(letter) = publication {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                let why = letter.headers.iter().find(|(name, _)| name == "__dlq.errors.message").map(|(_, why)| text(why));
                self.told.push(format!("letter {}: {}", text(letter.value.as_deref().unwrap_or_default()), why.unwrap_or_default()));
            }
        }
        match decided {
            Ok(Outcome::Answer(Answered { reply, waited, .. })) => {
                let own = if let Reply::Trigger(triggered) = reply { Some(triggered) } else { None };
                self.told.extend(own.iter().map(|own| format!("= {:?} {}", own.came, own.records)));
                self.told.extend(waited.iter().map(|it| format!("waited: {:?}", it.came)));
            }
            other => self.told.push(format!("{other:?}")),
        }
        self
    }

    /// All wake-ups that are due, once.
    fn wake(&mut self, now: i64) -> &mut Self {
        self.now = now;
        let (from, to) = wakes::due_range(Time::from_millis(now));
        let mut context = Context::new(Time::from_millis(now), 1, "t", 0, self.offset);
        let rows = Tx::new(&self.machines, &mut self.memory, &mut context).range::<wakes::Wakes>(&from, &to, 100);
        for (_, row) in rows.into_iter().filter(|(_, row)| row.machine == klamm_held::MACHINE) {
            let (namespace, id, run_id) = (row.namespace.clone(), row.id.clone(), row.run_id.clone());
            let body = WakeUp { machine: row.machine.clone(), namespace: namespace.clone(), id: id.clone(), run_id, due: row.due };
            self.decide(&command(&id, Body::WakeUp(body)));
        }
        self
    }

    fn told(&mut self) -> Vec<String> {
        std::mem::take(&mut self.told)
    }
}

fn event(event: &Event) -> Option<String> {
    let Event::Workflow(klamm_workflow::Event::Record(record)) = event else { return None };
    let Some(Record::Event(event)) = &record.record else { return None };
    Some(match event.attributes.as_ref()? {
        Attributes::WorkflowExecutionSignaledEventAttributes(signal) => format!("{} signaled {}", event.event_id, signal.signal_name),
        _ => format!("{} {}", event.event_id, event.event_type().as_str_name().trim_start_matches("EVENT_TYPE_").to_lowercase()),
    })
}

fn command(workflow_id: &str, body: Body) -> Command {
    Command { version: 1, namespace: "n".to_owned(), workflow_id: workflow_id.to_owned(), body: Some(body), ..Command::default() }
}

fn start(workflow_id: &str, run_id: &str) -> Command {
    let request = StartWorkflowExecutionRequest {
        namespace: "n".to_owned(),
        workflow_id: workflow_id.to_owned(),
        workflow_type: Some(WorkflowType { name: "W".to_owned() }),
        task_queue: Some(TaskQueue { name: "q".to_owned(), ..TaskQueue::default() }),
        request_id: format!("start {run_id}"),
        ..StartWorkflowExecutionRequest::default()
    };
    let start = StartWorkflow { request: Some(request), run_id: run_id.to_owned(), ..StartWorkflow::default() };
    command(workflow_id, Body::StartWorkflow(Box::new(start)))
}

fn from(value: &str) -> FromTrigger {
    FromTrigger { trigger: "t".to_owned(), value: Some(value.to_owned().into()), ..FromTrigger::default() }
}

fn signal(name: &str, wait_ms: u64) -> Command {
    let request = SignalWorkflowExecutionRequest {
        namespace: "n".to_owned(),
        workflow_execution: Some(WorkflowExecution { workflow_id: "w".to_owned(), run_id: String::new() }),
        signal_name: name.to_owned(),
        request_id: format!("signal {name}"),
        ..SignalWorkflowExecutionRequest::default()
    };
    let wait = (wait_ms > 0).then(|| to_proto(std::time::Duration::from_millis(wait_ms)));
    Command {
        from_trigger: Some(FromTrigger { wait, ..from(name) }),
        ..command("w", Body::SignalWorkflow(SignalWorkflow { request: Some(request) }))
    }
}

fn terminate() -> Command {
    let request = TerminateWorkflowExecutionRequest {
        workflow_execution: Some(WorkflowExecution { workflow_id: "w".to_owned(), run_id: String::new() }),
        ..TerminateWorkflowExecutionRequest::default()
    };
    command("w", Body::TerminateWorkflow(TerminateWorkflow { request: Some(request) }))
}

#[test]
fn signals_wait_for_the_run_and_come_in_their_order_before_its_first_task_begins() {
    let mut lab = Lab::default();
    lab.decide(&signal("a", 5_000)).decide(&signal("b", 1_000)).decide(&signal("c", 0));
    assert_eq!(lab.told(), ["= Held 1", "= Held 1", "letter c: workflow not found for ID: w", "= DeadLettered 1"]);
    lab.decide(&start("w", "r1"));
    let begun = ["1 workflow_execution_started", "2 workflow_task_scheduled", "3 signaled a", "4 signaled b"];
    assert_eq!(lab.told(), [&begun[..], &["waited: Signalled", "waited: Signalled"]].concat());
    lab.decide(&signal("d", 1_000)).wake(10_000);
    assert_eq!(lab.told(), ["5 signaled d", "= Signalled 1"], "nothing waits any more");
}

/// A poll that waits rides in the start. It gets the task only after what waits was delivered.
#[test]
fn a_poll_that_rides_in_the_start_does_not_come_before_what_waits() {
    let poll = Reservation {
        task_queue_type: TaskQueueType::Workflow as i32,
        task_queue: Some(TaskQueue { name: "q".to_owned(), ..TaskQueue::default() }),
        poll_id: "p".to_owned(),
        ..Reservation::default()
    };
    let mut lab = Lab::default();
    let riding = |id: &str, run: &str| Command { reservations: vec![poll.clone()], ..start(id, run) };
    lab.decide(&riding("other", "r0"));
    assert!(lab.told().iter().any(|it| it == "3 workflow_task_started"), "usually it gets it at once");
    lab.decide(&signal("a", 5_000)).told();
    lab.decide(&riding("w", "r1"));
    assert_eq!(lab.told(), ["1 workflow_execution_started", "2 workflow_task_scheduled", "3 signaled a", "waited: Signalled"]);
}

#[test]
fn a_signal_that_has_waited_in_vain_is_a_dead_letter_and_the_others_wait_on() {
    let mut lab = Lab::default();
    lab.decide(&signal("a", 5_000)).decide(&signal("b", 1_000)).told();
    assert_eq!(lab.wake(1_000).told(), ["letter b: workflow not found for ID: w", "waited: DeadLettered"]);
    assert!(lab.wake(4_999).told().is_empty());
    lab.decide(&start("w", "r1"));
    assert_eq!(lab.told().last().map(String::as_str), Some("waited: Signalled"));
    assert!(lab.wake(5_000).told().is_empty());
}

#[test]
fn a_run_that_has_closed_is_none_and_the_next_one_gets_the_signal() {
    let mut lab = Lab::default();
    lab.decide(&start("w", "r1")).decide(&terminate()).told();
    assert_eq!(lab.decide(&signal("a", 5_000)).told(), ["= Held 1"]);
    lab.decide(&start("w", "r2"));
    assert_eq!(lab.told()[2..], ["3 signaled a", "waited: Signalled"]);
    lab.decide(&terminate()).told();
    assert_eq!(lab.decide(&signal("a", 5_000)).told(), ["= Suppressed 1"], "the newest run knows the request");
}

#[test]
fn a_signal_for_another_workflow_does_not_wait_with_these() {
    let mut lab = Lab::default();
    lab.decide(&signal("a", 5_000)).decide(&start("other", "r1"));
    assert_eq!(lab.told(), ["= Held 1", "1 workflow_execution_started", "2 workflow_task_scheduled"]);
}

#[test]
fn records_of_a_batch_start_one_run_and_if_that_is_refused_all_are_dead_letters() {
    let mut lab = Lab::default();
    let joins = |value: &str| {
        let batch =
            Batch { name: "t/1/".to_owned(), records_max: 2, within: Some(to_proto(std::time::Duration::from_secs(5))), quiet: None };
        Command {
            workflow_id: batch.name.clone(),
            from_trigger: Some(FromTrigger { batch: Some(batch), ..from(value) }),
            ..start("w", "r1")
        }
    };
    lab.decide(&joins("1")).decide(&joins("2")).decide(&joins("3"));
    assert_eq!(lab.told(), ["= Held 1"; 3]);
    let sent = std::mem::take(&mut lab.sent);
    lab.decide(&sent[0]);
    assert_eq!(lab.told(), ["1 workflow_execution_started", "2 workflow_task_scheduled", "= Started 2"]);
    lab.wake(5_000);
    let mut sent = std::mem::take(&mut lab.sent);
    sent[0].from_batch = vec![from("4")];
    if let Some(Body::StartWorkflow(start)) = &mut sent[0].body {
        start.run_id = "r2".to_owned();
        start.request.as_mut().unwrap().request_id = "other".to_owned();
    }
    lab.decide(&sent[0]);
    let told = lab.told();
    assert_eq!(
        told.iter().map(|it| it.split(':').next().unwrap_or_default()).collect::<Vec<_>>(),
        ["letter 3", "letter 4", "= DeadLettered 2"]
    );
}
