//! `klamm apply` and `klamm trigger`: triggers of a running server.

use std::{
    io::Read,
    path::{Path, PathBuf},
    process::ExitCode,
};

use klamm_api::klamm::v1::{
    ApplyRequest, Change, DeleteTriggerRequest, ListTriggersRequest, PauseTriggerRequest, ReplayTriggerRequest, TestTriggerRequest,
    TriggerInfo, TriggerTest,
};
use klamm_triggers::{Trigger, limits::TEXT_BYTES_MAX};
use serde_json::{Value, json};
use tonic::Status;

use crate::{
    cli::{ApplyOptions, ListOptions, TestOptions, TriggerCommand, TriggerOptions, connect, print},
    config::{is_of_topics, read_declared},
    setup_error::{Exit, SetupError},
};

/// Declares triggers, and topics of namespaces.
///
/// # Errors
/// A declaration is wrong, no server answers, or it refuses.
pub async fn apply(options: ApplyOptions) -> Result<ExitCode, SetupError> {
    let texts = options.files.iter().map(|file| declaration(file)).collect::<Result<Vec<_>, _>>()?;
    let mut client = connect::connect(&options.server).await?;
    let request = ApplyRequest { texts, dry_run: options.dry_run, prune: options.prune };
    let changes = client.apply(request).await.map_err(refused)?.into_inner().changes;
    for Change { kind, name, change, before, after } in changes {
        let would = if options.dry_run && change != "unchanged" { "would be " } else { "" };
        let what = if kind == "topics" { "topics of".to_owned() } else { kind };
        print(&format!("{what} {name} {would}{change}"));
        if change == "changed" {
            difference(&before, &after).iter().for_each(|line| print(line));
        }
    }
    Ok(Exit::Fine.into())
}

/// Runs `klamm trigger …`.
///
/// # Errors
/// No server answers, or it refuses.
pub async fn run(command: TriggerCommand) -> Result<ExitCode, SetupError> {
    match command {
        TriggerCommand::List(options) => list(options).await?,
        TriggerCommand::Describe(options) => describe(options).await?,
        TriggerCommand::Pause(options) => {
            let request = PauseTriggerRequest { trigger: options.trigger, paused: true, reason: options.reason.unwrap_or_default() };
            connect::connect(&options.server).await?.pause_trigger(request).await.map_err(refused)?;
        }
        TriggerCommand::Resume(options) => {
            let request = PauseTriggerRequest { trigger: options.trigger, paused: false, reason: String::new() };
            connect::connect(&options.server).await?.pause_trigger(request).await.map_err(refused)?;
        }
        TriggerCommand::Replay(options) => {
            let request = ReplayTriggerRequest { trigger: options.trigger, start_at: options.from };
            connect::connect(&options.server).await?.replay_trigger(request).await.map_err(refused)?;
        }
        TriggerCommand::Test(options) => test(options).await?,
        TriggerCommand::Delete(options) => {
            let request = DeleteTriggerRequest { trigger: options.trigger };
            connect::connect(&options.server).await?.delete_trigger(request).await.map_err(refused)?;
        }
    }
    Ok(Exit::Fine.into())
}

/// The text of a file, which has been checked as far as that needs no server.
fn declaration(file: &Path) -> Result<String, SetupError> {
    let doing = || format!("reading {}", file.display());
    let text = if file == Path::new("-") {
        let mut text = String::new();
        // One byte more than a declaration may have, so that too much of it is seen.
        std::io::stdin().take(TEXT_BYTES_MAX as u64 + 1).read_to_string(&mut text).map(|_| text)
    } else {
        std::fs::read_to_string(file)
    };
    let text = text.map_err(|error| SetupError::new(doing(), error, "name a file with a declaration, in YAML"))?;
    let read = if is_of_topics(&text) { read_declared(&text).map(drop) } else { Trigger::read(&text).map(drop) };
    match read {
        Ok(()) => Ok(text),
        Err(wrong) => {
            let place = wrong.line.map_or_else(doing, |line| format!("{}, line {line}", doing()));
            let field = if wrong.field.is_empty() { String::new() } else { format!("{}: ", wrong.field) };
            Err(SetupError::new(place, format!("{field}{}", wrong.problem), wrong.hint))
        }
    }
}

/// The lines that go and come.
fn difference(before: &str, after: &str) -> Vec<String> {
    let (before, after): (Vec<_>, Vec<_>) = (before.lines().collect(), after.lines().collect());
    let same = before.iter().zip(&after).take_while(|(one, other)| one == other).count();
    let (before, after) = (&before[same..], &after[same..]);
    let end = before.iter().rev().zip(after.iter().rev()).take_while(|(one, other)| one == other).count();
    let (gone, come) = (&before[..before.len() - end], &after[..after.len() - end]);
    gone.iter().map(|line| format!("- {line}")).chain(come.iter().map(|line| format!("+ {line}"))).collect()
}

async fn list(options: ListOptions) -> Result<(), SetupError> {
    let mut client = connect::connect(&options.server).await?;
    let triggers = client.list_triggers(ListTriggersRequest::default()).await.map_err(refused)?.into_inner().triggers;
    if !options.json {
        print(&format!(
            "{:<24} {:<14} {:<28} {:>8} {:>8} {:>9} {:>9} {:>10} {:>6} {:>7}  {}",
            "trigger", "namespace", "topic", "lag", "started", "signalled", "filtered", "suppressed", "held", "dead", "state"
        ));
    }
    for trigger in &triggers {
        if options.json {
            print(&as_json(trigger).to_string());
            continue;
        }
        let counts = trigger.counts.unwrap_or_default();
        print(&format!(
            "{:<24} {:<14} {:<28} {:>8} {:>8} {:>9} {:>9} {:>10} {:>6} {:>7}  {}",
            trigger.name,
            trigger.namespace,
            trigger.topic,
            lag(trigger),
            counts.started,
            counts.signalled,
            counts.filtered,
            counts.suppressed,
            counts.held,
            counts.dead_lettered,
            state(trigger)
        ));
    }
    Ok(())
}

async fn describe(options: TriggerOptions) -> Result<(), SetupError> {
    let mut client = connect::connect(&options.server).await?;
    let request = ListTriggersRequest { trigger: options.trigger };
    let found = client.list_triggers(request).await.map_err(refused)?.into_inner().triggers;
    let trigger = found.into_iter().next().unwrap_or_default();
    if options.json {
        print(&as_json(&trigger).to_string());
        return Ok(());
    }
    let counts = trigger.counts.unwrap_or_default();
    print(&format!("trigger {}: {}", trigger.name, state(&trigger)));
    print(&format!("namespace: {}  topic: {}  dead letters: {}", trigger.namespace, trigger.topic, trigger.dead_letter_topic));
    let time = |time: Option<prost_types::Timestamp>| time.map_or_else(|| "-".to_owned(), |time| time.to_string());
    let (declared, effect, oldest) = (trigger.update_time, trigger.last_effect_time, trigger.oldest_record_time);
    print(&format!("declared: {}  last effect: {}  oldest record that waits: {}", time(declared), time(effect), time(oldest)));
    print(&format!(
        "since this process owns the partitions: {} started, {} signalled, {} filtered, {} suppressed, {} held, {} dead letters",
        counts.started, counts.signalled, counts.filtered, counts.suppressed, counts.held, counts.dead_lettered
    ));
    print(&format!("{:>9} {:>12} {:>12} {:>12}", "partition", "next", "end", "lag"));
    for it in &trigger.partitions {
        print(&format!("{:>9} {:>12} {:>12} {:>12}", it.partition, it.next_offset, it.end_offset, it.end_offset - it.next_offset));
    }
    print("");
    print(trigger.text.trim_end());
    Ok(())
}

async fn test(options: TestOptions) -> Result<(), SetupError> {
    let text = options.file.as_ref().map(|file: &PathBuf| declaration(file)).transpose()?.unwrap_or_default();
    let mut client = connect::connect(&options.server).await?;
    let request = TestTriggerRequest {
        trigger: options.trigger.unwrap_or_default(),
        text,
        partition: options.partition,
        from_offset: options.from,
        limit: options.limit,
    };
    let mut records = client.test_trigger(request).await.map_err(refused)?.into_inner();
    while let Some(TriggerTest { partition, offset, effect, rule, workflow_id, detail }) = records.message().await.map_err(refused)? {
        print(&match options.json {
            true => json!({
                "partition": partition, "offset": offset, "effect": effect, "rule": rule, "workflow_id": workflow_id, "detail": detail,
            })
            .to_string(),
            false => {
                let rule = if rule == 0 { String::new() } else { format!("rule {rule}") };
                format!("{:<14} {effect:<18} {rule:<9} {workflow_id} {detail}", format!("{partition}/{offset}")).trim_end().to_owned()
            }
        });
    }
    Ok(())
}

fn lag(trigger: &TriggerInfo) -> i64 {
    trigger.partitions.iter().map(|it| it.end_offset - it.next_offset).sum()
}

fn state(trigger: &TriggerInfo) -> String {
    match (trigger.paused, trigger.problem.as_str()) {
        (true, _) if trigger.pause_reason.is_empty() => "paused".to_owned(),
        (true, _) => format!("paused: {}", trigger.pause_reason),
        (false, "") => "running".to_owned(),
        (false, problem) => format!("waits: {problem}"),
    }
}

fn as_json(trigger: &TriggerInfo) -> Value {
    let counts = trigger.counts.unwrap_or_default();
    let time = |time: Option<prost_types::Timestamp>| time.map(|time| time.to_string());
    let partition =
        |it: &klamm_api::klamm::v1::TriggerPartition| json!({ "partition": it.partition, "next": it.next_offset, "end": it.end_offset });
    json!({
        "name": trigger.name,
        "namespace": trigger.namespace,
        "topic": trigger.topic,
        "dead_letter_topic": trigger.dead_letter_topic,
        "generation": trigger.generation,
        "create_time": time(trigger.create_time),
        "update_time": time(trigger.update_time),
        "last_effect_time": time(trigger.last_effect_time),
        "oldest_record_time": time(trigger.oldest_record_time),
        "start_at": trigger.start_at,
        "paused": trigger.paused,
        "pause_reason": trigger.pause_reason,
        "problem": trigger.problem,
        "lag": lag(trigger),
        "started": counts.started,
        "signalled": counts.signalled,
        "filtered": counts.filtered,
        "suppressed": counts.suppressed,
        "held": counts.held,
        "dead_lettered": counts.dead_lettered,
        "partitions": trigger.partitions.iter().map(partition).collect::<Value>(),
        "text": trigger.text,
    })
}

fn refused(status: Status) -> SetupError {
    connect::refused_with(status, "`klamm trigger list` names all triggers")
}
