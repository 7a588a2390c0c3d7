//! Search attributes: the one table of the names and types that the system defines, and the rules for those that clients set ([`check`]).
//!
//! *System* ones are set by the server alone; *predefined* ones are set by SDKs and server features (patches, build ids,
//! schedules) and travel in `SearchAttributes` maps like custom ones. Custom ones belong to a namespace; the cluster machine keeps them.
//! Source: Temporal's common/searchattribute/sadefs. Requests, machines and the visibility index all use these rules, so that they agree.

mod check;

use klamm_messages::temporal::{
    common::v1::Payload,
    enums::v1::IndexedValueType::{self, Bool, Datetime, Int, Keyword, KeywordList},
};

pub use check::{check, check_names, check_sizes, registered, set_type};

/// Every name that begins with this is the system's.
pub const RESERVED_PREFIX: &str = "Temporal";

/// Hides runs that are not ordinary workflows: a query that does not mention it sees only runs without it.
pub const NAMESPACE_DIVISION: &str = "TemporalNamespaceDivision";

/// The value of [`NAMESPACE_DIVISION`] in the documents of schedules.
pub const SCHEDULES_DIVISION: &str = "TemporalScheduler";

/// Tells whether a schedule is paused.
pub const SCHEDULE_PAUSED: &str = "TemporalSchedulePaused";

/// Prefix of the workflow ids of schedules' documents. The schedule's id follows it, and filters name that by `ScheduleId`. (Temporal:
/// WorkflowIDPrefix.)
pub const SCHEDULE_WORKFLOW_ID_PREFIX: &str = "temporal-sys-scheduler:";

/// Attributes that the server sets from the run itself. No client can set them.
pub const SYSTEM: &[(&str, IndexedValueType)] = &[
    ("CloseTime", Datetime),
    ("ExecutionDuration", Int),
    ("ExecutionStatus", Keyword),
    ("ExecutionTime", Datetime),
    ("HistoryLength", Int),
    ("HistorySizeBytes", Int),
    ("ParentRunId", Keyword),
    ("ParentWorkflowId", Keyword),
    ("RootRunId", Keyword),
    ("RootWorkflowId", Keyword),
    ("RunId", Keyword),
    ("StartTime", Datetime),
    ("StateTransitionCount", Int),
    ("TaskQueue", Keyword),
    ("WorkflowId", Keyword),
    ("WorkflowType", Keyword),
];

/// Attributes that SDKs and server features set.
pub const PREDEFINED: &[(&str, IndexedValueType)] = &[
    ("BatcherNamespace", Keyword),
    ("BatcherUser", Keyword),
    ("BinaryChecksums", KeywordList),
    ("BuildIds", KeywordList),
    ("TemporalChangeVersion", KeywordList),
    ("TemporalExternalPayloadCount", Int),
    ("TemporalExternalPayloadSizeBytes", Int),
    (NAMESPACE_DIVISION, Keyword),
    ("TemporalPauseInfo", KeywordList),
    ("TemporalReportedProblems", KeywordList),
    ("TemporalScheduledById", Keyword),
    (SCHEDULE_PAUSED, Bool),
    ("TemporalScheduledStartTime", Datetime),
    ("TemporalUsedWorkerDeploymentVersions", KeywordList),
    ("TemporalWorkerDeployment", Keyword),
    ("TemporalWorkerDeploymentVersion", Keyword),
    ("TemporalWorkflowVersioningBehavior", Keyword),
];

/// Type of a system search attribute.
pub fn system(name: &str) -> Option<IndexedValueType> {
    find(SYSTEM, name)
}

/// Type of a predefined search attribute.
pub fn predefined(name: &str) -> Option<IndexedValueType> {
    find(PREDEFINED, name)
}

/// Type of a search attribute that the system defines, be it system or predefined.
pub fn defined(name: &str) -> Option<IndexedValueType> {
    system(name).or_else(|| predefined(name))
}

/// True for names that no custom search attribute may have.
pub fn is_reserved(name: &str) -> bool {
    name.starts_with(RESERVED_PREFIX) || defined(name).is_some()
}

/// Type of a search attribute that a client may set on a run: custom (`types`, those of the namespace) or predefined.
pub fn settable(name: &str, types: &std::collections::BTreeMap<String, IndexedValueType>) -> Option<IndexedValueType> {
    types.get(name).copied().or_else(|| predefined(name))
}

/// The type's name as payload metadata `type` and error texts spell it ("KeywordList"); "Unspecified" for no type.
pub fn type_name(value_type: IndexedValueType) -> &'static str {
    match value_type {
        IndexedValueType::Unspecified => "Unspecified",
        IndexedValueType::Text => "Text",
        IndexedValueType::Keyword => "Keyword",
        IndexedValueType::Int => "Int",
        IndexedValueType::Double => "Double",
        IndexedValueType::Bool => "Bool",
        IndexedValueType::Datetime => "Datetime",
        IndexedValueType::KeywordList => "KeywordList",
    }
}

/// The type of this name, as [`type_name`] or the enum itself spells it ("INDEXED_VALUE_TYPE_KEYWORD_LIST").
pub fn type_named(name: &str) -> Option<IndexedValueType> {
    const TYPES: [IndexedValueType; 7] = [
        IndexedValueType::Text,
        IndexedValueType::Keyword,
        IndexedValueType::Int,
        IndexedValueType::Double,
        IndexedValueType::Bool,
        IndexedValueType::Datetime,
        IndexedValueType::KeywordList,
    ];
    TYPES.into_iter().find(|&value_type| type_name(value_type) == name || value_type.as_str_name() == name)
}

/// A value's payload, as Temporal's default data converter makes it; `json` is the value in JSON.
pub fn payload(json: impl Into<Vec<u8>>, value_type: IndexedValueType) -> Payload {
    let metadata = [("encoding", "json/plain"), ("type", type_name(value_type))];
    Payload { metadata: metadata.map(|(key, value)| (key.to_owned(), value.into())).into(), data: json.into().into(), ..Payload::default() }
}

/// A text in JSON, for [`payload`].
pub fn json_text(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for char in text.chars() {
        match char {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            control if control < ' ' => json.push_str(&format!("\\u{:04x}", u32::from(control))),
            other => json.push(other),
        }
    }
    json.push('"');
    json
}

fn find(table: &[(&str, IndexedValueType)], name: &str) -> Option<IndexedValueType> {
    table.iter().find(|(known, _)| *known == name).map(|&(_, value_type)| value_type)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_name_stands_twice() {
        let mut names: Vec<_> = SYSTEM.iter().chain(PREDEFINED).map(|(name, _)| *name).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn type_names_round_trip() {
        for &(_, value_type) in SYSTEM.iter().chain(PREDEFINED) {
            assert_eq!(type_named(type_name(value_type)), Some(value_type));
            assert_eq!(type_named(value_type.as_str_name()), Some(value_type));
        }
        assert_eq!(type_named("keyword"), None);
    }

    #[test]
    fn a_payload_tells_its_type_and_its_text_is_escaped() {
        let payload = payload(json_text("a\"b\\c\nü"), Keyword);
        assert_eq!(String::from_utf8_lossy(&payload.data), r#""a\"b\\c\u000aü""#);
        assert_eq!((&payload.metadata["encoding"][..], &payload.metadata["type"][..]), (&b"json/plain"[..], &b"Keyword"[..]));
    }
}
