//! Becoming the owner of a partition (design, "Taking a partition over"), as a single owner's restart.

use std::sync::Arc;

use klamm_log::{Appending, Log, ReadLimit, Transactional};
use klamm_machine::Machine;
use klamm_messages::klamm::v1::{Command, PositionRow, TakeOver, command::Body};
use klamm_store::Store;

use crate::{
    Codec, Error, Partition, fold,
    partition::{DECISION_VERSION, Settings, command_record},
    topic,
};

/// An owned partition and the producer of its outputs.
pub struct Owned<M: Machine, C> {
    /// The partition, its uncommitted tail replayed.
    pub partition: Partition<M, C>,
    /// Holder of the partition's transactional id.
    pub producer: Box<dyn Transactional>,
    /// What had to be done.
    pub report: Report,
}

/// What a recovery did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Report {
    /// The store was thrown away: it had seen another log or more of it than is left.
    pub store_cleared: bool,
    /// Commands replayed.
    pub replayed: u64,
}

/// Becomes the owner, in order: take-over record, fencing, fold, replay of the uncommitted tail up to the own record (sends are made
/// again, answers have nobody to go to).
///
/// # Errors
/// The log's and the store's; [`Error::Outputs`] when commands that are still needed have been trimmed, or when the outputs tell of commands
/// that the log never had; [`Error::Version`].
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
    let producer = log.transactional(&settings.topics.transactional_id(number))?;
    let mut report = Report::default();
    let position = folded(&*machine, &*codec, log, &settings, &store, number, &mut report)?;

    let mut partition = Partition::new(number, machine, codec, settings, store, position);
    let start = log.start_offset(&commands, number)?;
    if start > partition.next_offset() {
        let problem = format!("commands from offset {} on are needed and trimmed up to {start}", partition.next_offset());
        return Err(Error::Outputs { partition: number, topic: commands.to_string(), problem });
    }
    if own_record < partition.next_offset() {
        let problem = format!("it ends at offset {own_record}, commands up to {} were decided: it is another log", partition.next_offset());
        return Err(Error::Outputs { partition: number, topic: commands.to_string(), problem });
    }
    // Whatever others have written up to now is read, too.
    log.end_offset(&commands, number)?;
    let mut from = partition.next_offset();
    while from <= own_record {
        let batch = log.read(&commands, number, from, ReadLimit::default())?;
        for stored in batch.records.iter().filter(|stored| stored.offset <= own_record) {
            partition.handle(stored)?;
            report.replayed += 1;
        }
        send_all(&mut partition, log, &commands)?;
        if batch.next_offset == from {
            break;
        }
        from = batch.next_offset;
    }
    Ok(Owned { partition, producer, report })
}

/// Appends what machines have sent, to all target partitions side by side, and waits for it; what fails stays unsent.
///
/// # Errors
/// The log's: try again later; an append in doubt may be made again, since receivers drop repetitions.
pub fn send_all<M: Machine, C: Codec<M::Event>>(partition: &mut Partition<M, C>, log: &dyn Log, commands: &str) -> Result<(), Error> {
    while partition.first_unsent().is_some() {
        let begun: Vec<_> = partition
            .unsent_groups(|_| false)
            .into_iter()
            .map(|(target, records)| (target, records.len(), log.append_group(commands, target, records)))
            .collect();
        // All are waited for: a group that is sent again must not overtake what is still on its way.
        let done: Vec<_> = begun
            .into_iter()
            .map(|(target, count, appending)| (target, count, appending.into_iter().map(Appending::wait).collect::<Vec<_>>()))
            .collect();
        for (target, count, outcomes) in done {
            outcomes.into_iter().collect::<Result<Vec<_>, _>>()?;
            partition.sent_to(target, count);
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
    let known = fold::position(store, number)?.and_then(|position| position.partition);
    let foreign = known.is_some_and(|record| record.commands_topic_id != *settings.commands_topic_id);
    if !foreign {
        match fold::fold(machine, codec, log, &settings.topics, store, number) {
            Err(error) if fold::is_ahead_of_log(&error) => {}
            result => return result,
        }
    }
    tracing::warn!(partition = number, "the store has seen another log: it is thrown away and folded anew");
    report.store_cleared = true;
    store.clear(number as u16)?;
    fold::fold(machine, codec, log, &settings.topics, store, number)
}
