//! Finds what would make a start fail, without starting: it makes no topic and writes no record.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rdkafka::{
    ClientConfig, ClientContext, Message, Statistics, TopicPartitionList,
    admin::{NewTopic, TopicReplication},
    consumer::{BaseConsumer, Consumer},
    error::{KafkaError, RDKafkaErrorCode},
    producer::{BaseRecord, DeliveryResult, ProducerContext},
    topic_partition_list::Offset as Place,
};

use super::{
    clients::{Clients, made},
    context::Context,
    core::Core,
    ensure::{absent, compare, topic_configs},
    errors::{Doing, code_of, is_denial},
    settings::{Settings, TopicsMode},
};
use klamm_supervise::Supervisor;

use crate::{Error, ShareGroup, TopicSpec, parking::block_on};

/// The record that tries the permission to write is larger by so much than what the topic takes.
const BEYOND_BYTES: usize = 1024;
/// A topic that takes larger records than this is not tried.
const TRIED_BYTES_MAX: usize = 32 << 20;
/// Transactional id with which the permission for transactions is tried. Nobody else holds it.
const TRANSACTIONAL_ID: &str = "check";
/// So long one question for a group's position takes at most. Then the consumer is asked what is wrong.
const GROUP_ASKED_FOR: Duration = Duration::from_secs(1);
/// Consumer groups that klamm uses, without prefix.
const GROUPS: [&str; 2] = ["readers", "processor"];

/// Everything in the settings that a start would refuse. Connects to nothing.
pub fn check_settings(settings: &Settings) -> Vec<Error> {
    let mut wrong = settings.check_all();
    for (name, value) in &settings.properties {
        if let Err(error) = made(ClientConfig::new().set(name, value).create_native_config()) {
            wrong.push(error);
        }
    }
    if wrong.is_empty() {
        // Making the clients finds missing files, and properties that do not go together. Without a broker's address they do not connect.
        let clients = Clients { settings: Settings { bootstrap_servers: String::new(), ..settings.clone() }, problems: Arc::default() };
        let context = || Answers { context: clients.context() };
        let tried = [
            clients.admin().map(drop),
            clients.querying().map(drop),
            clients.reading().map(drop),
            clients.appending(context(), 1).map(drop),
            clients.transacting(TRANSACTIONAL_ID, context()).map(drop),
        ];
        for error in tried.into_iter().filter_map(Result::err) {
            if !wrong.contains(&error) {
                wrong.push(error);
            }
        }
    }
    wrong
}

/// Everything about the broker, the permissions and the topics that would make a start fail, and what is wrong with share groups. Blocks the thread, for some request timeouts
/// at most.
pub fn check_broker(settings: &Settings, specs: &[TopicSpec], share_groups: &[ShareGroup]) -> Vec<Error> {
    let core = match Core::new(settings.clone(), Supervisor::default()) {
        Ok(core) => Arc::new(core),
        Err(error) => return vec![error],
    };
    if let Err(error) = core.metadata(Some("klamm.check")) {
        // Any answer will do here: the topic may be missing, or be forbidden to klamm.
        if !matches!(code_of(&error), Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::TopicAuthorizationFailed)) {
            return vec![core.errors().failed(Doing::Describe(&settings.topic_prefix), &error)];
        }
    }
    let mut checking = Checking { core: &core, wrong: Vec::new() };
    let present = checking.topics(specs);
    checking.reads(&present);
    checking.writes(&present);
    checking.groups(&present);
    for group in share_groups {
        if let Err(error) = core.set_share_group(group, true) {
            checking.add(error);
        }
    }
    if let Err(error) = core.hold(&format!("{}{TRANSACTIONAL_ID}", settings.topic_prefix)) {
        checking.add(error);
    }
    checking.wrong
}

struct Checking<'a> {
    core: &'a Arc<Core>,
    wrong: Vec<Error>,
}

/// A topic that exists. `max_message_bytes`: the largest record that it takes, if that could be found out.
struct Present<'a> {
    spec: &'a TopicSpec,
    max_message_bytes: Option<usize>,
}

impl Checking<'_> {
    fn add(&mut self, error: Error) {
        if !self.wrong.contains(&error) {
            self.wrong.push(error);
        }
    }

    fn denied_only(&mut self, doing: Doing<'_>, error: &KafkaError) {
        if let error @ (Error::Denied { .. } | Error::Unavailable { .. }) = self.core.errors().failed(doing, error) {
            self.add(error);
        }
    }

    /// Notes topics that are missing or not as they should be. Gives the topics that exist.
    fn topics<'a>(&mut self, specs: &'a [TopicSpec]) -> Vec<Present<'a>> {
        let settings = self.core.settings();
        let (mut present, mut missing) = (Vec::new(), Vec::new());
        for spec in specs {
            match self.core.partitions(&spec.name) {
                Ok(None) => missing.push(spec),
                Ok(Some(_)) if settings.topics == TopicsMode::LeaveAlone => present.push(Present { spec, max_message_bytes: None }),
                Ok(Some(_)) => {
                    let mut max_message_bytes = None;
                    match self.core.describe(&[&spec.name]) {
                        Ok(described) => {
                            for described in described {
                                max_message_bytes = described.config("max.message.bytes").parse().ok();
                                compare(settings, spec, &described).into_iter().for_each(|error| self.add(error));
                            }
                        }
                        Err(error) => self.add(error),
                    }
                    present.push(Present { spec, max_message_bytes });
                }
                Err(error) => self.add(error),
            }
        }
        if settings.topics == TopicsMode::Create {
            self.creation(&missing);
        } else {
            let replicas = self.core.replicas_advised();
            missing.iter().for_each(|spec| self.add(absent(settings, spec, replicas)));
        }
        present
    }

    /// Notes which of the missing topics the broker would refuse to make.
    fn creation(&mut self, missing: &[&TopicSpec]) {
        for spec in missing {
            let replicas = self.core.settings().replication_factor.map_or(-1, i32::from);
            let configs = topic_configs(spec);
            let topic = NewTopic::new(&spec.name, spec.partitions as i32, TopicReplication::Fixed(replicas));
            let topic = configs.iter().fold(topic, |topic, (name, value)| topic.set(name, value));
            let tried = self.core.admin().and_then(|admin| {
                let tried = block_on(admin.create_topics([&topic], &self.core.admin_options().validate_only(true)));
                tried.map_err(|error| self.core.errors().failed(Doing::Create(&spec.name), &error))
            });
            match tried {
                Ok(results) => {
                    results.into_iter().filter_map(Result::err).for_each(|(name, code)| self.add(self.core.not_made(&name, code)))
                }
                Err(error) => self.add(error),
            }
        }
    }

    /// Reads at the end of each topic, so that the broker says where klamm may not read.
    fn reads(&mut self, present: &[Present<'_>]) {
        let reader = match self.core.clients.reading() {
            Ok(reader) => reader,
            Err(error) => return self.add(error),
        };
        for Present { spec, .. } in present {
            if let Err(error) = self.read_end(&reader, &spec.name) {
                self.denied_only(Doing::Read(&spec.name), &error);
            }
        }
    }

    fn read_end(&self, reader: &BaseConsumer<Context>, topic: &str) -> Result<(), KafkaError> {
        let mut place = TopicPartitionList::with_capacity(1);
        place.add_partition_offset(topic, 0, Place::End)?;
        reader.assign(&place)?;
        let deadline = Instant::now() + self.core.settings().request_timeout;
        while Instant::now() < deadline {
            match reader.poll(Duration::from_millis(100)) {
                Some(Ok(_) | Err(KafkaError::PartitionEOF(_))) => return Ok(()),
                Some(Err(error)) => return Err(error),
                None => {}
            }
        }
        Err(KafkaError::MessageConsumption(RDKafkaErrorCode::OperationTimedOut))
    }

    /// Sends each topic a record that is too large for it. A broker first checks whether the writer may write, and then the size. So it
    /// takes none of these records.
    fn writes(&mut self, present: &[Present<'_>]) {
        let producer = match self.core.clients.trying(Answers { context: self.core.clients.context() }) {
            Ok(producer) => producer,
            Err(error) => return self.add(error),
        };
        for Present { spec, max_message_bytes } in present {
            let Some(bytes) = max_message_bytes.filter(|bytes| *bytes <= TRIED_BYTES_MAX) else { continue };
            let payload = vec![0; bytes + BEYOND_BYTES];
            let outcome = Arc::new(parking_lot::Mutex::new(None));
            let record = BaseRecord::with_opaque_to(&spec.name, Box::new(outcome.clone())).partition(0).key("check").payload(&payload);
            if let Err((error, _)) = producer.send(record) {
                self.denied_only(Doing::Append(&spec.name), &error);
                continue;
            }
            let deadline = Instant::now() + self.core.settings().request_timeout;
            while outcome.lock().is_none() && Instant::now() < deadline {
                producer.poll(Duration::from_millis(50));
            }
            let answered = outcome.lock().take();
            match answered {
                Some(RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::InvalidMessageSize | RDKafkaErrorCode::NoError) => {}
                Some(code) => self.denied_only(Doing::Append(&spec.name), &KafkaError::MessageProduction(code)),
                None => self.add(self.core.errors().unavailable(Doing::Append(&spec.name), "no answer")),
            }
        }
    }

    /// Asks for the positions of klamm's consumer groups, so that the broker says which of them klamm may not use.
    fn groups(&mut self, present: &[Present<'_>]) {
        let [first, ..] = present else { return };
        for group in GROUPS {
            let group = format!("{}{group}", self.core.settings().topic_prefix);
            match self.core.clients.committing(&group).map(|consumer| self.ask_group(&consumer, &first.spec.name)) {
                Ok(Ok(())) => {}
                Ok(Err(error)) => self.denied_only(Doing::Group(&group), &error),
                Err(error) => self.add(error),
            }
        }
    }

    /// Asks for a position of the consumer's group. Where the broker forbids the group, librdkafka goes on asking for its coordinator, and the
    /// call only times out; the reason comes as an error of the consumer.
    fn ask_group(&self, consumer: &BaseConsumer<Context>, topic: &str) -> Result<(), KafkaError> {
        let deadline = Instant::now() + self.core.settings().request_timeout;
        loop {
            let mut places = TopicPartitionList::with_capacity(1);
            places.add_partition(topic, 0);
            let left = deadline.saturating_duration_since(Instant::now());
            let error = match consumer.committed_offsets(places, left.min(GROUP_ASKED_FOR)) {
                Ok(_) => return Ok(()),
                Err(error) => error,
            };
            if code_of(&error).is_some_and(is_denial) {
                return Err(error);
            }
            match consumer.poll(Duration::from_millis(100)) {
                Some(Err(told)) if code_of(&told).is_some_and(is_denial) => return Err(told),
                _ if Instant::now() >= deadline => return Err(error),
                _ => {}
            }
        }
    }
}

/// Takes the broker's answer to a record.
struct Answers {
    context: Context,
}

impl ClientContext for Answers {
    fn log(&self, level: rdkafka::config::RDKafkaLogLevel, facility: &str, line: &str) {
        self.context.log(level, facility, line);
    }

    fn stats(&self, statistics: Statistics) {
        self.context.stats(statistics);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.context.error(error, reason);
    }
}

impl ProducerContext for Answers {
    type DeliveryOpaque = Box<Arc<parking_lot::Mutex<Option<RDKafkaErrorCode>>>>;

    fn delivery(&self, result: &DeliveryResult<'_>, outcome: Self::DeliveryOpaque) {
        let code = match result {
            Ok(message) => {
                tracing::warn!(topic = message.topic(), offset = message.offset(), "the broker took a record that its topic does not take");
                RDKafkaErrorCode::NoError
            }
            Err((error, _)) => error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Fail),
        };
        *outcome.lock() = Some(code);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn wrong(properties: &[(&str, &str)]) -> Vec<String> {
        let properties: BTreeMap<_, _> = properties.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        check_settings(&Settings { properties, ..Settings::default() }).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn settings_are_checked_as_a_start_takes_them_and_all_that_is_wrong_is_told() {
        assert_eq!(wrong(&[]), Vec::<String>::new());
        assert_eq!(wrong(&[("linger.ms", "5"), ("security.protocol", "SSL")]), Vec::<String>::new());
        let all = wrong(&[("acks", "1"), ("foo.bar", "2"), ("linger.ms", "soon")]);
        assert_eq!(all.len(), 3, "{all:?}");
        for (told, says) in all.iter().zip(["acks is klamm's own", "foo.bar", "linger.ms = soon"]) {
            assert!(told.contains(says), "{told}");
        }
    }

    #[test]
    fn files_and_properties_that_do_not_go_together_are_found() {
        let all = wrong(&[("security.protocol", "SSL"), ("ssl.ca.location", "/no/such/file.pem")]);
        assert!(all.len() == 1 && all[0].contains("ssl.ca.location"), "{all:?}");
        let all = wrong(&[("max.in.flight.requests.per.connection", "100")]);
        assert!(all.len() == 1 && all[0].contains("max.in.flight"), "{all:?}");
    }

    #[test]
    fn secrets_are_not_told() {
        let all = wrong(&[("security.protocol", "SSL"), ("ssl.key.pem", "hidden-1"), ("ssl.certificate.pem", "hidden-2")]);
        assert!(!all.is_empty() && !all.concat().contains("hidden"), "{all:?}");
    }
}
