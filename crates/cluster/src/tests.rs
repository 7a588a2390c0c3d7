//! Namespaces and search attributes from commands to tables, told as text.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use klamm_machine::{Context, Machine, Outcome, Rejection, Row, Tables, TablesExt, Time, Tx, table::DecodeRow};
use klamm_messages::{
    klamm::v1::{
        AddSearchAttributes, ApplyTrigger, ClusterCommand, Command, DeclareTopics, DeleteNamespace, DeleteTrigger, DeprecateNamespace,
        NamespaceState, PauseTrigger, ReclaimNamespace, RegisterNamespace, RemoveSearchAttributes, RewindTrigger, TopicSeen,
        UpdateNamespace, UpdateTaskQueueConfig, cluster_command::Command as Body_, cluster_record::Record, command::Body,
    },
    temporal::{
        enums::v1::{IndexedValueType, NamespaceState as Lifecycle},
        taskqueue::v1::{ConfigMetadata, RateLimit, RateLimitConfig, TaskQueueConfig},
    },
};
use proptest::prelude::*;

use crate::{Answer, Cluster, DeclaredTopics, Event, Namespaces, QueueKey, TaskQueueConfigs, Triggers, namespaces, tombstone, topic_key};

/// Tables in a map of encoded rows: what comes back has gone through the bytes.
#[derive(Default, Clone, PartialEq, Debug)]
struct Rows(BTreeMap<Vec<u8>, Vec<u8>>);

impl Tables for Rows {
    fn load(&self, key: &[u8], decode: DecodeRow) -> Option<Arc<dyn Row>> {
        self.0.get(key).map(|bytes| decode(bytes).expect("a row"))
    }

    fn save(&mut self, key: Vec<u8>, row: Option<Arc<dyn Row>>) {
        match row {
            Some(row) => self.0.insert(key, row.encode_row()),
            None => self.0.remove(&key),
        };
    }

    fn take(&mut self, key: &[u8], decode: DecodeRow) -> Option<Arc<dyn Row>> {
        self.load(key, decode)
    }

    fn scan(&self, from: &[u8], to: &[u8], limit: usize, decode: DecodeRow) -> Vec<(Vec<u8>, Arc<dyn Row>)> {
        let rows = self.0.range(from.to_vec()..to.to_vec()).take(limit);
        rows.map(|(key, bytes)| (key.clone(), decode(bytes).expect("a row"))).collect()
    }
}

/// A cluster under test: its tables and every event so far.
#[derive(Default)]
struct Env {
    rows: Rows,
    events: Vec<Event>,
    offset: i64,
}

impl Env {
    fn decide(&mut self, command: Body_) -> Result<Answer, Rejection> {
        let command = Command { body: Some(Body::Cluster(ClusterCommand { command: Some(command) })), ..Command::default() };
        self.offset += 1;
        let mut context = Context::new(Time::from_millis(1_700_000_000_000 + self.offset), 1, "topic", 0, self.offset);
        let mut scratch = self.rows.clone();
        let mut tx = Tx::new(&Cluster, &mut scratch, &mut context);
        let outcome = Cluster.decide(&mut tx, &command)?;
        let effects = tx.finish();
        assert!(effects.commands.is_empty() && effects.publications.is_empty());
        self.events.extend(effects.events);
        self.rows = scratch;
        match outcome {
            Outcome::Answer(answer) => Ok(answer),
            Outcome::Refused(rejection) => panic!("refused: {rejection}"),
        }
    }

    fn refused(&mut self, command: Body_) -> Rejection {
        let (rows, events) = (self.rows.clone(), self.events.len());
        let rejection = self.decide(command).expect_err("a rejection");
        assert_eq!((&self.rows, self.events.len()), (&rows, events), "a rejection changes nothing");
        rejection
    }

    fn namespace(&self, name: &str) -> Arc<NamespaceState> {
        self.rows.get::<Namespaces>(name).expect("the namespace")
    }
}

fn register(name: &str, hours: i64) -> Body_ {
    Body_::RegisterNamespace(RegisterNamespace {
        name: name.to_owned(),
        id: format!("id-of-{name}"),
        retention: Some(prost_types::Duration { seconds: hours * 3600, nanos: 0 }),
        ..RegisterNamespace::default()
    })
}

fn add(namespace: &str, attributes: &[(&str, IndexedValueType)]) -> Body_ {
    Body_::AddSearchAttributes(AddSearchAttributes {
        namespace: namespace.to_owned(),
        search_attributes: attributes.iter().map(|&(name, value_type)| (name.to_owned(), value_type as i32)).collect(),
    })
}

fn remove(namespace: &str, attributes: &[&str]) -> Body_ {
    Body_::RemoveSearchAttributes(RemoveSearchAttributes {
        namespace: namespace.to_owned(),
        search_attributes: attributes.iter().map(|&name| name.to_owned()).collect(),
    })
}

/// One line per event: key, lifecycle, retention in seconds, what else is set.
fn story(events: &[Event]) -> String {
    let mut text = String::new();
    for event in events {
        let Event::Record(record) = event else {
            let key = topic_key(event).expect("a key");
            assert_eq!(tombstone(&key).as_ref(), Some(event), "the tombstone says it all");
            writeln!(text, "{key} removed").expect("text");
            continue;
        };
        let Some(Record::Namespace(state)) = &record.record else {
            writeln!(text, "{}", topic_key(event).expect("a key")).expect("text");
            continue;
        };
        let attributes: Vec<_> = state.search_attributes.iter().map(|(name, value_type)| format!("{name}={value_type}")).collect();
        writeln!(
            text,
            "{} {} {} s {:?} {:?} [{}]",
            topic_key(event).expect("a key"),
            Lifecycle::try_from(state.state).expect("a state").as_str_name().trim_start_matches("NAMESPACE_STATE_"),
            state.retention.as_ref().map_or(0, |retention| retention.seconds),
            state.description,
            state.data,
            attributes.join(" "),
        )
        .expect("text");
    }
    text
}

fn weigh(namespace: &str, set: &[(&str, f32)], unset: &[&str]) -> Body_ {
    Body_::UpdateTaskQueueConfig(UpdateTaskQueueConfig {
        namespace: namespace.to_owned(),
        task_queue: "q".to_owned(),
        task_queue_type: 2,
        set_fairness_weight_overrides: set.iter().map(|&(key, weight)| (key.to_owned(), weight)).collect(),
        unset_fairness_weight_overrides: unset.iter().map(|&key| key.to_owned()).collect(),
        ..UpdateTaskQueueConfig::default()
    })
}

fn configured(env: &mut Env, command: Body_) -> TaskQueueConfig {
    match env.decide(command) {
        Ok(Answer::TaskQueueConfig(config)) => *config,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_configuration_of_a_task_queue_is_merged() {
    let mut env = Env::default();
    assert_eq!(env.refused(weigh("gone", &[], &[])), Rejection::NamespaceNotFound("gone".to_owned()));
    env.decide(register("default", 72)).expect("registered");
    let config = configured(&mut env, weigh("default", &[("a", 2.0), ("b", 3.0)], &[]));
    assert_eq!(config.fairness_weight_overrides, BTreeMap::from([("a".to_owned(), 2.0), ("b".to_owned(), 3.0)]));
    let config = configured(&mut env, weigh("default", &[("b", 4.0)], &["a", "unknown"]));
    assert_eq!(config.fairness_weight_overrides, BTreeMap::from([("b".to_owned(), 4.0)]));

    let by = ConfigMetadata { reason: "night".to_owned(), update_identity: "me".to_owned(), update_time: None };
    let limit = |rate_limit| {
        Body_::UpdateTaskQueueConfig(UpdateTaskQueueConfig {
            namespace: "default".to_owned(),
            task_queue: "q".to_owned(),
            task_queue_type: 2,
            queue_rate_limit: Some(RateLimitConfig { rate_limit, metadata: Some(by.clone()) }),
            ..UpdateTaskQueueConfig::default()
        })
    };
    let config = configured(&mut env, limit(Some(RateLimit { requests_per_second: 5.0 })));
    let set = config.queue_rate_limit.expect("a limit");
    assert_eq!(set.rate_limit.map(|limit| limit.requests_per_second), Some(5.0));
    let metadata = set.metadata.expect("who");
    assert_eq!((metadata.reason.as_str(), metadata.update_time.is_some()), ("night", true));
    let config = configured(&mut env, limit(None));
    assert_eq!(config.queue_rate_limit.expect("who lifted it").rate_limit, None);
    assert_eq!(config.fairness_weight_overrides.len(), 1, "what is not named stays");

    let many: Vec<_> = (0..1_000).map(|number| format!("k{number}")).collect();
    let many: Vec<_> = many.iter().map(|key| (key.as_str(), 1.0)).collect();
    let refused = env.refused(weigh("default", &many, &[]));
    assert_eq!(refused, Rejection::invalid("fairness weight overrides update rejected: exceeding maximum key size"));
    let keys: Vec<_> = env.events.iter().skip(1).map(|event| topic_key(event).expect("a key")).collect();
    assert_eq!(keys, ["task-queue/default/activity/q"; 4]);
}

#[test]
fn the_life_of_a_namespace() {
    let mut env = Env::default();
    let answer = env.decide(register("default", 72)).expect("registered");
    let Answer::Namespace(state) = answer else { panic!("{answer:?}") };
    assert_eq!((state.id.as_str(), state.create_time.is_some()), ("id-of-default", true));
    env.decide(register("a/b%", 1)).expect("one hour is enough");
    let update = |description: Option<&str>, hours: Option<i64>, data: &[(&str, &str)]| {
        Body_::UpdateNamespace(UpdateNamespace {
            name: "default".to_owned(),
            description: description.map(str::to_owned),
            retention: hours.map(|hours| prost_types::Duration { seconds: hours * 3600, nanos: 0 }),
            data: data.iter().map(|&(key, value)| (key.to_owned(), value.to_owned())).collect(),
            ..UpdateNamespace::default()
        })
    };
    env.decide(update(Some("orders"), None, &[("team", "a"), ("tier", "1")])).expect("updated");
    env.decide(update(None, Some(24), &[("team", "b")])).expect("updated");
    env.decide(update(None, None, &[])).expect("nothing to change");
    env.decide(add("default", &[("Customer", IndexedValueType::Keyword), ("Amount", IndexedValueType::Double)])).expect("added");
    env.decide(add("default", &[("Customer", IndexedValueType::Keyword)])).expect("passed over");
    env.decide(remove("default", &["Amount"])).expect("removed");
    env.decide(Body_::DeprecateNamespace(DeprecateNamespace { name: "default".to_owned() })).expect("deprecated");
    env.decide(Body_::DeprecateNamespace(DeprecateNamespace { name: "default".to_owned() })).expect("again");
    insta::assert_snapshot!(story(&env.events), @r#"
    namespace/default REGISTERED 259200 s "" {} []
    namespace/a%2Fb%25 REGISTERED 3600 s "" {} []
    namespace/default REGISTERED 259200 s "orders" {"team": "a", "tier": "1"} []
    namespace/default REGISTERED 86400 s "orders" {"team": "b", "tier": "1"} []
    namespace/default REGISTERED 86400 s "orders" {"team": "b", "tier": "1"} [Amount=4 Customer=2]
    namespace/default REGISTERED 86400 s "orders" {"team": "b", "tier": "1"} [Customer=2]
    namespace/default DEPRECATED 86400 s "orders" {"team": "b", "tier": "1"} [Customer=2]
    "#);
    let (from, to) = namespaces::all();
    assert_eq!(env.rows.range::<Namespaces>(&from, &to, 10).len(), 2);
}

fn delete(name: &str, id: &str, seconds: i64) -> Body_ {
    let delay = Some(prost_types::Duration { seconds, nanos: 0 });
    Body_::DeleteNamespace(DeleteNamespace { name: name.to_owned(), id: id.to_owned(), delay, only_marks: false })
}

fn reclaim(name: &str) -> Body_ {
    Body_::ReclaimNamespace(ReclaimNamespace { name: name.to_owned() })
}

fn named(answer: Result<Answer, Rejection>) -> String {
    match answer {
        Ok(Answer::Namespace(state)) => state.name,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_deleted_namespace_is_renamed_and_goes_once_nothing_is_left() {
    let mut env = Env::default();
    env.decide(register("shop", 72)).expect("registered");
    env.decide(weigh("shop", &[("a", 2.0)], &[])).expect("configured");
    let not_deleted = Rejection::FailedPrecondition("Namespace shop was not deleted.".to_owned());
    assert_eq!(env.refused(reclaim("shop")), not_deleted);
    assert_eq!(named(env.decide(delete("shop", "id-of-shop", 0))), "shop-deleted-id-of");
    // Whoever has seen it under its old name means the same one.
    assert_eq!(named(env.decide(delete("shop", "id-of-shop", 0))), "shop-deleted-id-of");
    assert_eq!(named(env.decide(delete("shop-deleted-id-of", "", 0))), "shop-deleted-id-of");
    assert_eq!(env.refused(delete("shop", "", 0)), Rejection::NamespaceNotFound("shop".to_owned()));
    let taken = "Namespace \"shop\" is being deleted: its name is free again once nothing is left in it";
    assert_eq!(env.refused(register("shop", 72)), Rejection::NamespaceAlreadyExists(taken.to_owned()));
    env.decide(reclaim("shop-deleted-id-of")).expect("the task queue");
    env.decide(reclaim("shop-deleted-id-of")).expect("nothing is left");
    env.decide(register("shop", 1)).expect("the name is free");
    env.decide(reclaim("shop-deleted-id-of")).expect("the namespace");
    assert_eq!(env.refused(reclaim("shop-deleted-id-of")), Rejection::NamespaceNotFound("shop-deleted-id-of".to_owned()));
    insta::assert_snapshot!(story(&env.events), @r#"
    namespace/shop REGISTERED 259200 s "" {} []
    task-queue/shop/activity/q
    namespace/shop removed
    namespace/shop-deleted-id-of DELETED 259200 s "" {} []
    task-queue/shop/activity/q removed
    namespace/shop-deleted-id-of DELETED 259200 s "" {} []
    namespace/shop REGISTERED 3600 s "" {} []
    namespace/shop-deleted-id-of removed
    "#);
    let queue = QueueKey { namespace: "shop".to_owned(), task_queue: "q".to_owned(), task_queue_type: 2 };
    assert!(env.rows.get::<TaskQueueConfigs>(&queue).is_none());
}

#[test]
fn a_deleted_namespace_stays_for_its_delay() {
    let mut env = Env::default();
    env.decide(register("shop", 72)).expect("registered");
    env.decide(delete("shop", "", 3600)).expect("deleted");
    let name = "shop-deleted-id-of";
    for _ in 0..3 {
        env.decide(reclaim(name)).expect("nothing is left");
    }
    assert!(env.namespace(name).emptied_time.is_some());
    env.decide(register("shop", 72)).expect("its name is free meanwhile");
    // The names of the second one are taken, so its new name is longer.
    assert_eq!(named(env.decide(delete("shop", "", 0))), "shop-deleted-id-of-");
    env.decide(delete(name, "", 0)).expect("the delay is over");
    env.decide(reclaim(name)).expect("gone");
    assert!(env.rows.get::<Namespaces>(name).is_none());
}

#[test]
fn a_namespace_that_is_only_marked_keeps_its_name() {
    let mut env = Env::default();
    env.decide(register("shop", 72)).expect("registered");
    let mark = DeleteNamespace { name: "shop".to_owned(), only_marks: true, ..DeleteNamespace::default() };
    assert_eq!(named(env.decide(Body_::DeleteNamespace(mark))), "shop");
    assert_eq!(env.namespace("shop").state, Lifecycle::Deleted as i32);
    env.refused(reclaim("shop"));
    assert_eq!(named(env.decide(delete("shop", "", 0))), "shop-deleted-id-of");
}

#[test]
fn tombstones_of_unknown_keys_say_nothing() {
    for key in ["", "namespace", "task-queue/a/activity", "task-queue/a/other/q", "else/a"] {
        assert_eq!(tombstone(key), None, "{key}");
    }
}

#[test]
fn refusals_say_what_temporal_says() {
    let mut env = Env::default();
    env.decide(register("default", 72)).expect("registered");
    env.decide(add("default", &[("Customer", IndexedValueType::Keyword)])).expect("added");
    let retention = "A valid retention period is not set on request.";
    let unset = Body_::RegisterNamespace(RegisterNamespace { name: "n".to_owned(), ..RegisterNamespace::default() });
    let global = Body_::RegisterNamespace(RegisterNamespace { name: "n".to_owned(), is_global: true, ..RegisterNamespace::default() });
    let short = Body_::UpdateNamespace(UpdateNamespace {
        name: "default".to_owned(),
        retention: Some(prost_types::Duration { seconds: 3599, nanos: 999_999_999 }),
        ..UpdateNamespace::default()
    });
    let nobody = Body_::UpdateNamespace(UpdateNamespace { name: "nobody".to_owned(), ..UpdateNamespace::default() });
    for (command, expected) in [
        (unset, Rejection::invalid(retention)),
        (register("n", 0), Rejection::invalid(retention)),
        (register("n", -5), Rejection::invalid(retention)),
        (short, Rejection::invalid(retention)),
        (global, Rejection::invalid("Cannot register global namespace when not enabled")),
        (register("", 5), Rejection::invalid("Namespace not set on request.")),
        (register(&"x".repeat(1001), 5), Rejection::invalid("Namespace length exceeds limit.")),
        (register("default", 72), Rejection::NamespaceAlreadyExists("Namespace \"default\" already exists".to_owned())),
        (nobody, Rejection::NamespaceNotFound("nobody".to_owned())),
        (Body_::DeprecateNamespace(DeprecateNamespace { name: "x".to_owned() }), Rejection::NamespaceNotFound("x".to_owned())),
        (add("x", &[("A", IndexedValueType::Int)]), Rejection::NamespaceNotFound("x".to_owned())),
        (add("default", &[]), Rejection::invalid("SearchAttributes are not set on request.")),
        (add("default", &[("RunId", IndexedValueType::Keyword)]), Rejection::invalid("Search attribute RunId is reserved by system.")),
        (add("default", &[("TemporalX", IndexedValueType::Int)]), Rejection::invalid("Search attribute TemporalX is reserved by system.")),
        (add("default", &[("A", IndexedValueType::Unspecified)]), Rejection::invalid("Unknown search attribute type: 0.")),
        (
            add("default", &[("Another", IndexedValueType::Int), ("Customer", IndexedValueType::Int)]),
            Rejection::AlreadyExists("Search attribute Customer already exists.".to_owned()),
        ),
        (remove("default", &["Customer", "Gone"]), Rejection::not_found("Search attribute Gone doesn't exist.")),
        (remove("default", &["BuildIds"]), Rejection::invalid("Unable to remove non-custom search attributes: BuildIds.")),
    ] {
        assert_eq!(env.refused(command.clone()), expected, "{command:?}");
    }
    assert_eq!(env.namespace("default").search_attributes.len(), 1);
}

#[test]
fn a_hundred_custom_search_attributes_are_not_too_many() {
    let mut env = Env::default();
    env.decide(register("default", 72)).expect("registered");
    let names: Vec<_> = (0..100).map(|n| format!("Attribute{n}")).collect();
    for name in &names {
        env.decide(add("default", &[(name, IndexedValueType::Keyword)])).expect("added");
    }
    assert_eq!(env.namespace("default").search_attributes.len(), 100);
}

/// A random command on one of two namespaces, often one that is refused.
fn any_command() -> impl Strategy<Value = Body_> {
    let namespace = prop::sample::select(vec!["a", "b"]);
    let attribute = prop::sample::select(vec!["X", "Y", "RunId"]);
    prop_oneof![
        (namespace.clone(), -1i64..3).prop_map(|(name, hours)| register(name, hours)),
        namespace.clone().prop_map(|name| Body_::DeprecateNamespace(DeprecateNamespace { name: name.to_owned() })),
        (namespace.clone(), attribute.clone(), 0i32..4).prop_map(|(name, attribute, value_type)| {
            add(name, &[(attribute, IndexedValueType::try_from(value_type).expect("a type"))])
        }),
        (namespace.clone(), attribute).prop_map(|(name, attribute)| remove(name, &[attribute])),
        (namespace.clone(), any::<bool>()).prop_map(|(name, by_id)| delete(name, if by_id { "id-of-a" } else { "" }, 0)),
        namespace.clone().prop_map(|name| weigh(name, &[("a", 1.0)], &[])),
        namespace.clone().prop_map(|name| reclaim(&format!("{name}-deleted-id-of"))),
        (namespace, prop::option::of(0i64..3), "[a-c]", "[a-c]").prop_map(|(name, hours, key, value)| {
            Body_::UpdateNamespace(UpdateNamespace {
                name: name.to_owned(),
                retention: hours.map(|hours| prost_types::Duration { seconds: hours * 3600, nanos: 0 }),
                data: [(key, value)].into(),
                ..UpdateNamespace::default()
            })
        }),
    ]
}

proptest! {
    #[test]
    fn folding_any_compaction_of_the_events_gives_the_state(commands in prop::collection::vec(any_command(), 0..40), keep in any::<u64>()) {
        let mut env = Env::default();
        for command in commands {
            let _ = env.decide(command);
        }
        // Any superseded record may be gone from the topic.
        let newest: BTreeMap<_, _> = env.events.iter().enumerate().map(|(i, event)| (topic_key(event), i)).collect();
        let mut rows = Rows::default();
        for (i, event) in env.events.iter().enumerate() {
            if newest[&topic_key(event)] == i || keep >> (i % 64) & 1 == 1 {
                Cluster.apply(&mut rows, event);
            }
        }
        prop_assert_eq!(rows, env.rows);
    }
}

/// Whatever a decision writes fits its topic, also when it has grown bit by bit.
#[test]
fn a_namespace_has_a_limit_to_its_size() {
    let mut env = Env::default();
    let register = |name: &str, bytes: usize| {
        let retention = Some(prost_types::Duration { seconds: 86_400, nanos: 0 });
        let description = "d".repeat(bytes);
        Body_::RegisterNamespace(RegisterNamespace { name: name.to_owned(), description, retention, ..RegisterNamespace::default() })
    };
    let refused = |result: Result<Answer, Rejection>| match result {
        Err(Rejection::InvalidArgument(message)) => message.starts_with("Namespace size exceeds limit ("),
        other => panic!("{other:?}"),
    };
    assert!(refused(env.decide(register("large", 1 << 20))));
    assert!(env.decide(register("small", 1000)).is_ok());
    let update = |n: usize| {
        let data = [(n.to_string(), "v".repeat(100_000))].into();
        Body_::UpdateNamespace(UpdateNamespace { name: "small".to_owned(), data, ..UpdateNamespace::default() })
    };
    assert!(env.decide(update(1)).is_ok());
    assert!(env.decide(update(2)).is_ok());
    assert!(refused(env.decide(update(3))));
    let types = (0..20_000).map(|n| (format!("Attribute{n}"), IndexedValueType::Int as i32)).collect();
    let add = AddSearchAttributes { namespace: "small".to_owned(), search_attributes: types };
    assert!(refused(env.decide(Body_::AddSearchAttributes(add))));
    assert_eq!(env.events.len(), 3);
}

/// A trigger is declared, replaced, paused and deleted; declared anew, it is another one.
#[test]
fn triggers_are_declared_changed_paused_and_deleted() {
    let mut env = Env::default();
    let retention = Some(prost_types::Duration { seconds: 86_400, nanos: 0 });
    let register = RegisterNamespace { name: "shop".to_owned(), retention, ..RegisterNamespace::default() };
    env.decide(Body_::RegisterNamespace(register)).unwrap();
    let seen = |partitions| Some(TopicSeen { id: "t".to_owned(), partitions, ends: Vec::new() });
    let apply_to = |topic: &str, partitions, text: &str, namespace: &str| {
        let (name, topic) = ("orders".to_owned(), topic.to_owned());
        Body_::ApplyTrigger(ApplyTrigger { name, namespace: namespace.to_owned(), text: text.to_owned(), topic, seen: seen(partitions) })
    };
    let apply = |text: &str, namespace: &str| apply_to("shop.orders", 3, text, namespace);
    let pause = |paused: bool| {
        let reason = if paused { "holidays" } else { "" }.to_owned();
        Body_::PauseTrigger(PauseTrigger { name: "orders".to_owned(), paused, reason })
    };
    let delete = || Body_::DeleteTrigger(DeleteTrigger { name: "orders".to_owned() });
    assert!(matches!(env.refused(apply("a", "missing")), Rejection::NamespaceNotFound(_)));
    assert!(matches!(env.refused(pause(true)), Rejection::NotFound(_)));
    assert!(matches!(env.refused(delete()), Rejection::NotFound(_)));
    assert!(matches!(env.refused(apply(&"x".repeat(65 << 10), "shop")), Rejection::InvalidArgument(_)));

    env.decide(apply("a", "shop")).unwrap();
    let first = env.rows.get::<Triggers>("orders").unwrap();
    assert_eq!((first.text.as_str(), first.topic.as_str(), first.paused), ("a", "shop.orders", false));
    let events = env.events.len();
    env.decide(apply_to("shop.orders", 9, "a", "shop")).unwrap();
    assert_eq!(env.events.len(), events, "the same declaration changes nothing");
    env.decide(pause(true)).unwrap();
    env.decide(apply_to("shop.others", 7, "b", "shop")).unwrap();
    assert_eq!(env.rows.get::<Triggers>("orders").unwrap().seen, seen(7), "another topic");
    env.decide(apply_to("shop.others", 8, "b", "shop")).unwrap();
    let changed = env.rows.get::<Triggers>("orders").unwrap();
    assert_eq!((changed.text.as_str(), changed.paused, changed.pause_reason.as_str()), ("b", true, "holidays"));
    assert_eq!(changed.seen, seen(7), "partitions that were added meanwhile are none that it began with");
    assert_eq!((changed.generation, changed.create_time), (first.generation, first.create_time), "its positions stay its own");
    env.decide(pause(false)).unwrap();
    assert_eq!(env.rows.get::<Triggers>("orders").unwrap().pause_reason, "");

    let rewind =
        |start_at: &str| Body_::RewindTrigger(RewindTrigger { name: "orders".to_owned(), start_at: start_at.to_owned(), seen: seen(10) });
    assert!(matches!(env.refused(rewind("")), Rejection::InvalidArgument(_)));
    for _ in 0..2 {
        let before = env.rows.get::<Triggers>("orders").unwrap().generation;
        env.decide(rewind("earliest")).unwrap();
        let rewound = env.rows.get::<Triggers>("orders").unwrap();
        assert!(rewound.generation > before, "another generation, also within a millisecond");
        assert_eq!((rewound.text.as_str(), rewound.start_at.as_str()), ("b", "earliest"));
        assert_eq!(rewound.seen, seen(10));
    }
    env.decide(delete()).unwrap();
    assert!(env.rows.get::<Triggers>("orders").is_none());
    assert!(matches!(env.refused(rewind("earliest")), Rejection::NotFound(_)));
    let removed = env.events.last().unwrap();
    assert_eq!(tombstone(&topic_key(removed).unwrap()).as_ref(), Some(removed));
    env.decide(apply("a", "shop")).unwrap();
    assert!(env.rows.get::<Triggers>("orders").unwrap().generation > first.generation);
    let mut folded = Rows::default();
    env.events.iter().for_each(|event| Cluster.apply(&mut folded, event));
    assert_eq!(folded, env.rows);
}

/// Topics are declared for a namespace, replaced and taken back; they go with it.
#[test]
fn topics_are_declared_changed_and_taken_back() {
    let mut env = Env::default();
    let retention = Some(prost_types::Duration { seconds: 86_400, nanos: 0 });
    let register = RegisterNamespace { name: "shop".to_owned(), id: "an-id-of-it".to_owned(), retention, ..RegisterNamespace::default() };
    env.decide(Body_::RegisterNamespace(register)).unwrap();
    let declare = |text: &str| Body_::DeclareTopics(DeclareTopics { namespace: "shop".to_owned(), text: text.to_owned() });
    let elsewhere = Body_::DeclareTopics(DeclareTopics { namespace: "missing".to_owned(), text: "a".to_owned() });
    assert!(matches!(env.refused(elsewhere), Rejection::NamespaceNotFound(_)));
    assert!(matches!(env.refused(declare(&"x".repeat(65 << 10))), Rejection::InvalidArgument(_)));
    let text = |env: &Env| env.rows.get::<DeclaredTopics>("shop").map(|state| state.text.clone());

    env.decide(declare("a")).unwrap();
    assert_eq!(text(&env).as_deref(), Some("a"));
    let events = env.events.len();
    env.decide(declare("a")).unwrap();
    assert_eq!(env.events.len(), events, "the same declaration changes nothing");
    env.decide(declare("b")).unwrap();
    assert_eq!(text(&env).as_deref(), Some("b"));
    env.decide(declare("")).unwrap();
    let removed = env.events.last().unwrap();
    assert_eq!(tombstone(&topic_key(removed).unwrap()).as_ref(), Some(removed));
    let events = env.events.len();
    env.decide(declare("")).unwrap();
    assert_eq!((text(&env), env.events.len()), (None, events));

    env.decide(declare("c")).unwrap();
    env.decide(Body_::DeleteNamespace(DeleteNamespace { name: "shop".to_owned(), ..DeleteNamespace::default() })).unwrap();
    assert_eq!(text(&env), None, "they go with the namespace");
    let mut folded = Rows::default();
    env.events.iter().for_each(|event| Cluster.apply(&mut folded, event));
    assert_eq!(folded, env.rows);
}
