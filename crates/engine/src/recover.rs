//! Becoming the owner of a partition: what a process does at its start.

use std::sync::Arc;

use klamm_log::{Appending, Error as LogError, Log, ReadLimit, Transactional};
use klamm_machine::Machine;
use klamm_messages::klamm::v1::{Command, PositionRow, TakeOver, command::Body};
use klamm_store::Store;

use crate::{
    Codec, Error, Partition,
    dead_letters::Condemned,
    first_use,
    fold::{self, Folding},
    partition::{DECISION_VERSION, Plan, Settings, command_record},
    topic,
};

/// An owned partition and the producer of its outputs.
pub struct Owned<M: Machine, C> {
    /// The partition. Its uncommitted commands have been replayed.
    pub partition: Partition<M, C>,
    /// Holder of the partition's transactional id.
    pub producer: Box<dyn Transactional>,
    /// What the recovery did.
    pub report: Report,
}

/// What a recovery did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// True when the store was thrown away, because it had seen another log, or more of this log than is left.
    pub store_cleared: bool,
    /// Records of the output topics folded into the store.
    pub folded: u64,
    /// Commands replayed.
    pub replayed: u64,
}

/// Becomes the owner in these steps: append a take-over record, fence earlier owners, fold the topics, replay the uncommitted commands up
/// to this take-over record. The replay sends the commands of machines again. Its answers are dropped, because nobody waits for them.
///
/// # Errors
/// The log's and the store's. [`Error::Outputs`] when commands that are still needed have been trimmed, or when the outputs tell of
/// commands that the log never had. [`Error::Version`].
pub fn recover<M: Machine, C: Codec<M::Event>>(
    number: u32,
    machine: Arc<M>,
    codec: Arc<C>,
    settings: Settings,
    log: &dyn Log,
    store: Arc<Store>,
) -> Result<Owned<M, C>, Error> {
    let commands = settings.topics.full(topic::COMMANDS);
    let take_over = Command {
        version: 1,
        body: Some(Body::TakeOver(TakeOver { member: settings.member.clone(), decision_version: DECISION_VERSION })),
        ..Command::default()
    };
    let own_record = log.append(&commands, number, vec![command_record(&*codec, &take_over)])?.first_offset;
    let plan = Plan { number, machine, codec, settings, condemned: Condemned::default(), handled_to: own_record + 1 };
    let owned = rebuild(plan, log, store)?;
    if owned.report.replayed == 0 {
        // The store claims to have handled even the take-over record that was appended just now.
        let problem =
            format!("it ends at offset {own_record}, commands up to {} were decided: it is another log", owned.partition.next_offset());
        return Err(Error::Outputs { partition: number, topic: commands.to_string(), problem });
    }
    Ok(owned)
}

/// Builds a partition anew from its topics that this process already owns, after its store was thrown away or one of its commands was
/// condemned. As [`recover`], but without a take-over record.
///
/// When the log refuses a command's sends during the replay, that command is condemned, as in normal operation. Then the replay begins
/// anew, and the condemned command sends nothing. Each round condemns one more command, so this ends.
///
/// # Errors
/// As [`recover`].
pub fn rebuild<M: Machine, C: Codec<M::Event>>(mut plan: Plan<M, C>, log: &dyn Log, store: Arc<Store>) -> Result<Owned<M, C>, Error> {
    loop {
        let known = plan.condemned.len();
        match replay(&mut plan, log, &store) {
            Err(Error::Log(LogError::TooLarge { .. })) if plan.condemned.len() > known => {}
            outcome => return outcome,
        }
    }
}

/// Folds and replays once. When a send is refused for its size, its sender is condemned in the plan.
fn replay<M: Machine, C: Codec<M::Event>>(plan: &mut Plan<M, C>, log: &dyn Log, store: &Arc<Store>) -> Result<Owned<M, C>, Error> {
    let Plan { number, machine, codec, settings, condemned, handled_to } = plan;
    let (number, handled_to) = (*number, *handled_to);
    let commands = settings.topics.full(topic::COMMANDS);
    let producer = log.transactional(&settings.topics.transactional_id(number))?;
    let mut report = Report::default();
    let position = folded(&**machine, &**codec, log, settings, store, number, &mut report)?;

    let mut partition = Partition::new(number, machine.clone(), codec.clone(), settings.clone(), store.clone(), position);
    partition.condemned.clone_from(condemned);
    let start = log.start_offset(&commands, number)?;
    if start > partition.next_offset() {
        let problem = format!("commands from offset {} on are needed and trimmed up to {start}", partition.next_offset());
        return Err(Error::Outputs { partition: number, topic: commands.to_string(), problem });
    }
    // After this question about the end, the reads below see everything that others have written up to now.
    log.end_offset(&commands, number)?;
    let mut from = partition.next_offset();
    while from < handled_to {
        let batch = log.read(&commands, number, from, ReadLimit::default())?;
        for stored in batch.records.iter().filter(|stored| stored.offset < handled_to) {
            partition.handle(stored)?;
            report.replayed += 1;
        }
        let sent = send_all(&mut partition, log, &commands);
        condemned.clone_from(&partition.condemned);
        sent?;
        if batch.next_offset == from {
            break;
        }
        from = batch.next_offset;
    }
    Ok(Owned { partition, producer, report })
}

/// Appends the records that machines have sent, to all targets in parallel, and waits for the outcomes. Records that fail stay
/// unsent. If a record is too large for the log, the command that sent it is condemned: the partition has to be [built anew](rebuild).
///
/// # Errors
/// The log's: try again later. An append in doubt may be repeated, since receivers drop repetitions.
pub fn send_all<M: Machine, C: Codec<M::Event>>(partition: &mut Partition<M, C>, log: &dyn Log, commands: &str) -> Result<(), Error> {
    while partition.first_unsent().is_some() {
        let topics = partition.settings.topics.clone();
        let begun: Vec<_> = partition
            .unsent_groups(|_| false)
            .into_iter()
            .map(|(target, records)| {
                let count = records.len();
                let (topic, place) = target.place(commands);
                let appending = match topics.made_on_first_use(topic) {
                    Some(spec) => vec![Appending::done(first_use::append(log, &spec, place, records).map(|_| first_use::NOWHERE))],
                    None => log.append_group(topic, place, records),
                };
                (target, count, appending)
            })
            .collect();
        // Waits for all groups, also after an error: a group that is sent again must not overtake one that is still under way.
        let done: Vec<_> = begun
            .into_iter()
            .map(|(target, count, appending)| (target, count, appending.into_iter().map(Appending::wait).collect::<Vec<_>>()))
            .collect();
        for (target, count, outcomes) in done {
            if let Err(error) = outcomes.into_iter().collect::<Result<Vec<_>, _>>() {
                partition.condemn_sender(&target, &error);
                return Err(error.into());
            }
            partition.sent_to(&target, count);
        }
    }
    Ok(())
}

fn folded<M: Machine, C: Codec<M::Event>>(
    machine: &M,
    codec: &C,
    log: &dyn Log,
    settings: &Settings,
    store: &Arc<Store>,
    number: u32,
    report: &mut Report,
) -> Result<PositionRow, Error> {
    let folding = Folding { machine, codec, log, topics: &settings.topics, pace: &settings.fold_pace };
    let outcome = match folding.fold(store, number) {
        Err(error) if fold::is_ahead_of_log(&error) => {
            tracing::warn!(partition = number, error = %error, "the store has seen more of the log than is left: it is thrown away and folded anew");
            metrics::counter!("klamm_stores_thrown_away_total").increment(1);
            store.clear(number as u16)?;
            fold::Outcome { thrown_away: true, ..folding.fold(store, number)? }
        }
        outcome => outcome?,
    };
    report.store_cleared = outcome.thrown_away;
    report.folded = outcome.records;
    Ok(outcome.position)
}
