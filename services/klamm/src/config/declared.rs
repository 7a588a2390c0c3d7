//! Topics of namespaces that are declared while klamm runs: the form of a declaration, and the configuration with declarations in it.

use std::collections::BTreeMap;

use klamm_triggers::{Wrong, yaml};
use serde::{Deserialize, Deserializer};

use super::{
    Config, Namespace,
    check::topics_of_namespaces,
    namespace::{Openlineage, Outcomes, Publish, Requests, Tasks},
};
use crate::setup_error::SetupError;

/// Declarations by namespace, as they were written.
pub type Declared = BTreeMap<String, String>;

/// The field by which a declaration of topics is told from one of a trigger.
const NAMESPACE: &str = "topics_of";
const HINT: &str = "a declaration has topics_of: NAMESPACE, and outcomes, requests, openlineage, tasks or publish; see docs/kafka.md";

/// A declaration, in YAML. The sections have the fields of `[namespaces.NAME.SECTION]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    topics_of: String,
    #[serde(default, deserialize_with = "section")]
    outcomes: Option<Outcomes>,
    #[serde(default, deserialize_with = "section")]
    requests: Option<Requests>,
    #[serde(default, deserialize_with = "section")]
    openlineage: Option<Openlineage>,
    #[serde(default, deserialize_with = "section")]
    tasks: Option<Tasks>,
    #[serde(default, deserialize_with = "section")]
    publish: Option<Publish>,
}

/// A section that is there and says nothing has its defaults.
fn section<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(deserializer: D) -> Result<Option<T>, D::Error> {
    Option::<T>::deserialize(deserializer).map(|section| Some(section.unwrap_or_default()))
}

/// Whether the text is a declaration of topics, right or wrong.
pub fn is_of_topics(text: &str) -> bool {
    text.lines().any(|line| line.strip_prefix(NAMESPACE).is_some_and(|rest| rest.trim_start().starts_with(':')))
}

/// Reads a declaration: the namespace, and what it has. (Its limits are of no meaning.)
///
/// # Errors
/// The text is no declaration.
pub fn read(text: &str) -> Result<(String, Namespace), Wrong> {
    let Form { topics_of, outcomes, requests, openlineage, tasks, publish } = yaml(text, HINT)?;
    if topics_of.is_empty() {
        let problem = "it is empty".to_owned();
        return Err(Wrong { line: None, field: NAMESPACE.to_owned(), problem, hint: "name a namespace".to_owned() });
    }
    Ok((topics_of, Namespace { outcomes, requests, openlineage, tasks, publish, ..Namespace::default() }))
}

/// Whether the declaration says nothing: what was declared before is taken back.
pub fn is_empty(namespace: &Namespace) -> bool {
    let Namespace { limits: _, outcomes, requests, openlineage, tasks, publish } = namespace;
    outcomes.is_none() && requests.is_none() && openlineage.is_none() && tasks.is_none() && publish.is_none()
}

impl Config {
    /// This configuration with another declaration.
    ///
    /// # Errors
    /// The configuration has such a section already, or something does not fit the rest.
    pub fn and_declared(&self, name: &str, declared: Namespace) -> Result<Self, SetupError> {
        let Namespace { limits: _, outcomes, requests, openlineage, tasks, publish } = declared;
        let mut config = self.clone();
        let limits = config.limits.clone();
        let namespace = config.namespaces.entry(name.to_owned()).or_insert_with(|| Namespace { limits, ..Namespace::default() });
        let twice = |section: &str| {
            let problem = format!("the configuration has namespaces.{name}.{section} already");
            Err(SetupError::new("reading the declaration", problem, "take the section out of the declaration, or out of the configuration"))
        };
        match () {
            () if outcomes.is_some() && namespace.outcomes.is_some() => return twice("outcomes"),
            () if requests.is_some() && namespace.requests.is_some() => return twice("requests"),
            () if openlineage.is_some() && namespace.openlineage.is_some() => return twice("openlineage"),
            () if tasks.is_some() && namespace.tasks.is_some() => return twice("tasks"),
            () if publish.is_some() && namespace.publish.is_some() => return twice("publish"),
            () => {}
        }
        namespace.outcomes = outcomes.or(namespace.outcomes.take());
        namespace.requests = requests.or(namespace.requests.take());
        namespace.openlineage = openlineage.or(namespace.openlineage.take());
        namespace.tasks = tasks.or(namespace.tasks.take());
        namespace.publish = publish.or(namespace.publish.take());
        topics_of_namespaces(&config)?;
        Ok(config)
    }

    /// This configuration with all declarations that can be used, and of the others what is wrong.
    pub fn with_declared(&self, declared: &Declared) -> (Self, Vec<(String, String)>) {
        let (mut config, mut wrong) = (self.clone(), Vec::new());
        for (name, text) in declared {
            let read = read(text).map_err(|wrong| wrong.to_string());
            match read.and_then(|(_, namespace)| config.and_declared(name, namespace).map_err(|error| error.to_string())) {
                Ok(with) => config = with,
                Err(why) => wrong.push((name.clone(), why)),
            }
        }
        (config, wrong)
    }
}

#[cfg(test)]
mod tests {
    use klamm_engine::Purpose;

    use super::*;

    fn base() -> Config {
        let mut config = Config::default();
        config.namespaces.entry("shop".to_owned()).or_default().outcomes = Some(Outcomes::default());
        config
    }

    fn names(config: &Config) -> Vec<String> {
        let mut names: Vec<_> = config.topics().of_namespaces().map(|topic| topic.name.clone()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_declaration_adds_topics_to_those_of_the_configuration() {
        let text = "topics_of: shop\nrequests:\ntasks: {queues: [ship, \"typed-*=avro\"], partitions: 3}\npublish: {topics: [invoices=shop.invoices]}\n";
        assert!(is_of_topics(text) && !is_of_topics("trigger: topics_of\nnamespace: shop"));
        let declared: Declared =
            [("shop".to_owned(), text.to_owned()), ("other".to_owned(), "topics_of: other\noutcomes: {types: [\"A*\"]}".to_owned())].into();
        let (config, wrong) = base().with_declared(&declared);
        assert!(wrong.is_empty(), "{wrong:?}");
        assert_eq!(names(&config), ["outcomes.other", "outcomes.shop", "requests.shop", "tasks.shop.ship"]);
        assert!(config.topics().publishes() && config.namespaces["other"].outcomes.as_ref().unwrap().types == ["A*"]);
        let topics = config.topics();
        assert_eq!(topics.of_namespaces().find(|topic| topic.purpose == Purpose::Tasks).unwrap().partitions, Some(3));
    }

    #[test]
    fn what_cannot_be_used_is_told_and_the_rest_counts() {
        let wrong = |text: &str| {
            let declared = [("shop".to_owned(), text.to_owned()), ("ok".to_owned(), "topics_of: ok\noutcomes: {}".to_owned())].into();
            let (config, wrong) = base().with_declared(&declared);
            assert_eq!(names(&config), ["outcomes.ok", "outcomes.shop"]);
            let [(name, why)] = <[_; 1]>::try_from(wrong).unwrap();
            assert_eq!(name, "shop");
            why
        };
        for (text, says) in [
            ("topics_of: shop\noutcomes: {}", "namespaces.shop.outcomes already"),
            ("topics_of: shop\nrequest: {}", "line 2"),
            ("topics_of: shop\nrequests: {retention: soon}", "line 2"),
            ("topics_of: shop\nrequests: {partitions: 999999}", "999999 partitions"),
            ("topics_of: shop\ntasks: {}", "no task queue is named"),
            ("topics_of: shop\npublish: {topics: [klamm.history]}", "of klamm's own"),
            ("topics_of: [", "line 1"),
            ("topics_of: \"\"", "it is empty"),
        ] {
            let told = wrong(text);
            assert!(told.contains(says), "{text}: {told}");
        }
    }

    #[test]
    fn a_declaration_without_sections_is_empty() {
        let is_empty = |text: &str| is_empty(&read(text).unwrap().1);
        assert!(is_empty("topics_of: shop") && !is_empty("topics_of: shop\nrequests:"));
    }
}
