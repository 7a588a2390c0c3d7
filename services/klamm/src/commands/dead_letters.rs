//! `klamm dlq`: dead letters of triggers of a running server.

use std::{collections::BTreeMap, process::ExitCode};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use klamm_api::klamm::v1::{
    DeadLetterInfo, DeadLetterSelection, DescribeTopicRequest, ListTopicsRequest, ReadDeadLettersRequest, ReplayDeadLettersRequest,
    ReplayedDeadLetter, TopicHeader, TopicPartition,
};
use klamm_engine::Topics;
use serde_json::{Value, json};
use tonic::Status;

use crate::{
    cli::{DeadLettersCommand, Filters, ListDeadLettersOptions, ReplayOptions, ShowDeadLetterOptions, connect, print},
    setup_error::{Exit, SetupError},
    shown::rfc3339,
};

/// What stands for a dead letter that was replayed and is still wrong.
const WRONG: &str = "wrong";

/// Runs `klamm dlq …`.
///
/// # Errors
/// No server answers, or it refuses.
pub async fn run(command: DeadLettersCommand) -> Result<ExitCode, SetupError> {
    match command {
        DeadLettersCommand::List(options) => match options.trigger.clone() {
            None => topics(options).await,
            Some(trigger) => list(options, trigger).await,
        },
        DeadLettersCommand::Show(options) => show(options).await,
        DeadLettersCommand::Replay(options) => replay(options).await,
    }
}

fn selection(trigger: String, filters: Filters) -> DeadLetterSelection {
    let Filters { class, rule, since, open } = filters;
    let since =
        since.map(|since| prost_types::Timestamp { seconds: since.timestamp(), nanos: since.timestamp_subsec_nanos().cast_signed() });
    DeadLetterSelection { trigger, class: class.unwrap_or_default(), rule: rule.unwrap_or_default(), since, open, ..Default::default() }
}

/// The topics, and how many records they have at most: some of the offsets are those of marks.
async fn topics(options: ListDeadLettersOptions) -> Result<ExitCode, SetupError> {
    let mut client = connect::connect(&options.server).await?;
    let topics = client.list_topics(ListTopicsRequest {}).await.map_err(refused)?.into_inner().topics;
    if !options.json {
        print(&format!("{:<24} {:>10}  {}", "trigger", "records", "topic"));
    }
    for topic in topics.into_iter().filter(|topic| Topics::is_of_dead_letters(&topic.short_name)) {
        let asked = DescribeTopicRequest { topic: topic.name.clone() };
        let partitions = client.describe_topic(asked).await.map_err(refused)?.into_inner().partitions;
        let count = |partition: &TopicPartition| partition.next_offset.saturating_sub(partition.first_offset);
        let records: i64 = partitions.iter().map(count).sum();
        let trigger = topic.short_name.split_once('.').map_or("", |(_, trigger)| trigger);
        print(&match options.json {
            true => json!({ "trigger": trigger, "topic": topic.name, "records": records }).to_string(),
            false => format!("{trigger:<24} {records:>10}  {}", topic.name),
        });
    }
    Ok(Exit::Fine.into())
}

async fn list(options: ListDeadLettersOptions, trigger: String) -> Result<ExitCode, SetupError> {
    let mut client = connect::connect(&options.server).await?;
    // One more tells whether there are more.
    let selection = DeadLetterSelection { limit: options.limit.saturating_add(1), ..selection(trigger, options.filters) };
    let request = ReadDeadLettersRequest { selection: Some(selection), whole: false };
    let mut letters = client.read_dead_letters(request).await.map_err(refused)?.into_inner();
    let mut left = options.limit;
    while let Some(letter) = letters.message().await.map_err(refused)? {
        if left == 0 {
            if !options.json {
                print("… and more: --limit, --since, --class and --rule say which");
            }
            break;
        }
        left -= 1;
        print(&if options.json { as_json(&letter, false).to_string() } else { line(&letter) });
    }
    Ok(Exit::Fine.into())
}

async fn show(options: ShowDeadLetterOptions) -> Result<ExitCode, SetupError> {
    let ShowDeadLetterOptions { trigger, partition, offset, json, server } = options;
    let mut client = connect::connect(&server).await?;
    let none = format!("There is no dead letter at {partition}/{offset} of the trigger {trigger}.");
    let selection = DeadLetterSelection { trigger, partition: Some(partition), offset: Some(offset), ..Default::default() };
    let request = ReadDeadLettersRequest { selection: Some(selection), whole: true };
    let found = client.read_dead_letters(request).await.map_err(refused)?.into_inner().message().await.map_err(refused)?;
    let letter = found.ok_or_else(|| refused(Status::not_found(none)))?;
    if json {
        print(&as_json(&letter, true).to_string());
    } else {
        whole(&letter).iter().for_each(|line| print(line));
    }
    Ok(Exit::Fine.into())
}

async fn replay(options: ReplayOptions) -> Result<ExitCode, SetupError> {
    let ReplayOptions { trigger, partition, offset, filters, limit, dry_run, json, server } = options;
    let mut client = connect::connect(&server).await?;
    let selection = DeadLetterSelection { partition, offset, limit: limit.unwrap_or_default(), ..selection(trigger, filters) };
    let request = ReplayDeadLettersRequest { selection: Some(selection), dry_run };
    let mut replayed = client.replay_dead_letters(request).await.map_err(refused)?.into_inner();
    let mut counts = BTreeMap::<String, u64>::new();
    let ended = loop {
        let ReplayedDeadLetter { partition, offset, came, rule, workflow_id, detail, class } = match replayed.message().await {
            Ok(Some(replayed)) => replayed,
            Ok(None) => break Ok(()),
            Err(status) => break Err(refused(status)),
        };
        print(&match json {
            true => json!({
                "partition": partition, "offset": offset, "came": came, "rule": rule, "workflow_id": workflow_id, "class": class, "detail": detail,
            })
            .to_string(),
            false => {
                let said = if came == WRONG { format!("still {WRONG}") } else { came.clone() };
                let about = [rule_text(rule), workflow_id, class, detail].into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join("  ");
                format!("{:<14} {said:<18} {about}", format!("{partition}/{offset}")).trim_end().to_owned()
            }
        });
        *counts.entry(came).or_default() += 1;
    };
    // What was done before the server broke off is done.
    print(&if json { json!({ "summary": counts }).to_string() } else { summary(&counts, dry_run) });
    ended?;
    Ok(if counts.contains_key(WRONG) { Exit::Amiss } else { Exit::Fine }.into())
}

fn summary(counts: &BTreeMap<String, u64>, dry_run: bool) -> String {
    let said = |(came, count): (&String, &u64)| if came == WRONG { format!("{count} still {WRONG}") } else { format!("{count} {came}") };
    let said = counts.iter().map(said).collect::<Vec<_>>().join(", ");
    let said = if said.is_empty() { "no dead letters".to_owned() } else { said };
    if dry_run { format!("{said}; nothing was changed") } else { said }
}

fn rule_text(rule: u32) -> String {
    if rule == 0 { String::new() } else { format!("rule {rule}") }
}

fn time(letter: &DeadLetterInfo) -> String {
    rfc3339(letter.timestamp.as_ref()).unwrap_or_else(|| "-".to_owned())
}

/// Where the record stands on its own topic.
fn source(letter: &DeadLetterInfo) -> String {
    let number = |number: Option<i64>| number.map_or_else(|| "?".to_owned(), |number| number.to_string());
    format!("{}/{}/{}", letter.source_topic, number(letter.source_partition.map(i64::from)), number(letter.source_offset))
}

/// One dead letter on one line.
fn line(letter: &DeadLetterInfo) -> String {
    let key = letter.key.as_deref().map_or_else(|| "-".to_owned(), short);
    let replayed = if letter.replayed.is_empty() { String::new() } else { format!(" ({})", letter.replayed) };
    format!(
        "{:<12} {} {:<10} {:<8} {} {key}{replayed} {}",
        format!("{}/{}", letter.partition, letter.offset),
        time(letter),
        letter.class,
        if letter.rule == 0 { "-".to_owned() } else { rule_text(letter.rule) },
        source(letter),
        letter.message.lines().collect::<Vec<_>>().join(" "),
    )
    .trim_end()
    .to_owned()
}

/// Bytes as a text of one line.
fn short(bytes: &[u8]) -> String {
    match std::str::from_utf8(bytes) {
        Ok(text) if !text.is_empty() && !text.chars().any(char::is_control) => text.to_owned(),
        _ => Shown::of(bytes).1.to_string(),
    }
}

/// All of a dead letter.
fn whole(letter: &DeadLetterInfo) -> Vec<String> {
    // Those of what workflows publish have no trigger.
    let of = if letter.trigger.is_empty() { String::new() } else { format!(" of {}", letter.trigger) };
    let mut lines = vec![
        format!("dead letter {}/{}{of}, {}", letter.partition, letter.offset, time(letter)),
        format!("record:   {}", source(letter)),
        format!(
            "class:    {} ({}{})",
            letter.class,
            letter.stage,
            if letter.rule == 0 { String::new() } else { format!(", {}", rule_text(letter.rule)) }
        ),
        format!("message:  {}", letter.message),
        format!("replayed: {}", if letter.replayed.is_empty() { "no" } else { &letter.replayed }),
        format!("key:      {}", letter.key.as_deref().map_or_else(|| "none".to_owned(), short)),
    ];
    lines.extend(letter.headers.iter().map(|TopicHeader { name, value }| format!("header:   {name}: {}", short(value))));
    match letter.value.as_deref() {
        None if letter.value_bytes > 0 => {
            lines.push(format!("value:    {} bytes, which stand on the record's topic only", letter.value_bytes))
        }
        None => lines.push("value:    none".to_owned()),
        Some(value) => {
            let (shown, json) = Shown::of(value);
            lines.push(format!("value:    {} bytes, {}", value.len(), shown.name()));
            lines.push(json.as_str().map_or_else(|| format!("{json:#}"), str::to_owned));
        }
    }
    lines
}

/// How bytes are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Json,
    Text,
    Base64,
}

impl Shown {
    /// Bytes as JSON: what they say, if they are JSON; else a text; else base64.
    fn of(bytes: &[u8]) -> (Self, Value) {
        if let Ok(json) = serde_json::from_slice::<Value>(bytes) {
            return (Self::Json, json);
        }
        match std::str::from_utf8(bytes) {
            Ok(text) => (Self::Text, text.into()),
            Err(_) => (Self::Base64, STANDARD.encode(bytes).into()),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Text => "text",
            Self::Base64 => "base64",
        }
    }
}

fn as_json(letter: &DeadLetterInfo, whole: bool) -> Value {
    // Keys and headers are texts, whatever else they look like.
    let text = |bytes: &[u8]| -> Value {
        match std::str::from_utf8(bytes) {
            Ok(text) => text.into(),
            Err(_) => json!({ "base64": STANDARD.encode(bytes) }),
        }
    };
    let mut object = json!({
        "partition": letter.partition,
        "offset": letter.offset,
        "time": time(letter),
        "trigger": letter.trigger,
        "class": letter.class,
        "rule": letter.rule,
        "stage": letter.stage,
        "message": letter.message,
        "source": {"topic": letter.source_topic, "partition": letter.source_partition, "offset": letter.source_offset},
        "key": letter.key.as_deref().map(text),
        "replayed": (!letter.replayed.is_empty()).then_some(&letter.replayed),
    });
    if whole {
        let header = |header: &TopicHeader| json!([header.name, text(&header.value)]);
        object["headers"] = letter.headers.iter().map(header).collect();
        let value = letter.value.as_deref().map(Shown::of);
        object["value_form"] = value.as_ref().map(|(shown, _)| shown.name()).into();
        object["value"] = value.map(|(_, value)| value).unwrap_or_default();
        object["value_bytes_missing"] = letter.value_bytes.into();
    }
    object
}

fn refused(status: Status) -> SetupError {
    connect::refused_with(status, "`klamm dlq list` names all topics of dead letters, `klamm trigger list` all triggers")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letter() -> DeadLetterInfo {
        DeadLetterInfo {
            partition: 2,
            offset: 5,
            timestamp: Some(prost_types::Timestamp { seconds: 1, nanos: 0 }),
            class: "expression".to_owned(),
            rule: 1,
            stage: "record".to_owned(),
            message: "No such key:\nkind".to_owned(),
            source_topic: "shop.orders".to_owned(),
            source_partition: Some(0),
            source_offset: Some(7),
            trigger: "orders".to_owned(),
            key: Some(b"k1".to_vec()),
            value: Some(br#"{"id": 3}"#.to_vec()),
            headers: vec![TopicHeader { name: "n".to_owned(), value: vec![0xff] }],
            ..DeadLetterInfo::default()
        }
    }

    #[test]
    fn a_letter_stands_on_one_line() {
        let expected = "2/5          1970-01-01T00:00:01.000Z expression rule 1   shop.orders/0/7 k1 No such key: kind";
        assert_eq!(line(&letter()), expected);
        let unknown = DeadLetterInfo { replayed: "started".to_owned(), timestamp: None, key: None, ..DeadLetterInfo::default() };
        assert_eq!(line(&unknown), "0/0          -            -        /?/? - (started)");
    }

    #[test]
    fn a_value_is_shown_as_json_as_a_text_or_in_base64() {
        let shown = |value: &[u8]| {
            let whole = as_json(&DeadLetterInfo { value: Some(value.to_vec()), ..letter() }, true);
            (whole["value_form"].clone(), whole["value"].clone())
        };
        assert_eq!(shown(br#"{"id": 3}"#), ("json".into(), json!({"id": 3})));
        assert_eq!(shown(b"no json"), ("text".into(), "no json".into()));
        assert_eq!(shown(&[0, 0xff]), ("base64".into(), "AP8=".into()));
        let none = as_json(&DeadLetterInfo { value: None, ..letter() }, true);
        assert_eq!(
            (&none["value_form"], &none["value"], &none["headers"]),
            (&Value::Null, &Value::Null, &json!([["n", {"base64": "/w=="}]]))
        );
        let lines = whole(&letter());
        assert!(lines.contains(&"header:   n: \"/w==\"".to_owned()), "{lines:?}");
        assert!(lines.last().is_some_and(|last| last.contains("\"id\": 3")), "{lines:?}");
    }

    #[test]
    fn the_summary_counts_what_came_of_the_letters() {
        let counts = [("started".to_owned(), 2), (WRONG.to_owned(), 1)].into();
        assert_eq!(summary(&counts, false), "2 started, 1 still wrong");
        assert_eq!(summary(&BTreeMap::new(), true), "no dead letters; nothing was changed");
    }
}
