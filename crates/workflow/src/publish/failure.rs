//! Why nothing is published. The types stand in docs/kafka.md.

use klamm_messages::{
    klamm::v1::Destination,
    temporal::failure::v1::{ApplicationFailureInfo, Failure, failure::FailureInfo},
};

/// The activity asks for something that can never be done.
pub(super) fn invalid(message: String) -> Box<Failure> {
    application("InvalidInput", message, true)
}

/// The namespace has no destination of this name.
pub(super) fn unknown(name: &str, destinations: &[Destination]) -> Box<Failure> {
    let known: Vec<_> = destinations.iter().map(|destination| destination.name.as_str()).collect();
    let message = match known.join(", ") {
        known if known.is_empty() => {
            format!("no destination {name:?}: the namespace has none; they are declared in [namespaces.NAME.publish]")
        }
        known => format!("no destination {name:?}; the namespace has {known}"),
    };
    application("UnknownDestination", message, true)
}

/// Its topic was not there when the command was made. It may come: the activity's retry policy decides.
pub(super) fn missing(destination: &Destination) -> Box<Failure> {
    let Destination { name, topic, .. } = destination;
    application("DestinationMissing", format!("destination {name:?}: there is no topic {topic}, or klamm may not see it"), false)
}

/// The topic does not take such a record. `None`: nobody knows how large it would be.
pub(super) fn too_large(destination: &Destination, size: Option<usize>) -> Box<Failure> {
    let Destination { topic, record_bytes_max, .. } = destination;
    let record = size.map_or("a record in Avro".to_owned(), |size| format!("a record of {size} bytes"));
    application("RecordTooLarge", format!("{record}: topic {topic} takes records of up to {record_bytes_max} bytes with overhead"), true)
}

/// The destination has no schema.
pub(super) fn no_subject(destination: &Destination) -> Box<Failure> {
    let name = &destination.name;
    invalid(format!("destination {name:?} takes no values in Avro: no subject is declared for it in [namespaces.NAME.publish] avro"))
}

/// Its schema was not known when the command was made, or it is none that can be used. A newer one may come: the activity's retry policy decides.
pub(super) fn no_schema(destination: &Destination, subject: &str, why: &str) -> Box<Failure> {
    let name = &destination.name;
    application("SchemaMissing", format!("destination {name:?}: the schema of subject {subject} cannot be used: {why}"), false)
}

/// The value is none of the schema.
pub(super) fn misfit(subject: &str, why: &str) -> Box<Failure> {
    application("SchemaMismatch", format!("the value does not fit the schema of subject {subject}: {why}"), true)
}

fn application(kind: &str, message: String, non_retryable: bool) -> Box<Failure> {
    let info = ApplicationFailureInfo { r#type: kind.to_owned(), non_retryable, ..ApplicationFailureInfo::default() };
    let failure_info = Some(FailureInfo::ApplicationFailureInfo(info));
    Box::new(Failure { message, source: "klamm".to_owned(), failure_info, ..Failure::default() })
}
