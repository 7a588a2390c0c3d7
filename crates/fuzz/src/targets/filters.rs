//! Filters of lists: from text to SQLite's answer.

use klamm_filters::{Scope, Types};
use klamm_messages::{
    klamm::v1::VisibilityDocument,
    temporal::{
        common::v1::{Payload, SearchAttributes},
        enums::v1::IndexedValueType,
    },
};
use klamm_visibility::{Change, ChangeBody, Error, Index, Location};
use prost_types::Timestamp;

use crate::{campaign::Target, mutate::mutate_text, random::Random};

const NAMES: &[&str] = &[
    "WorkflowId",
    "RunId",
    "WorkflowType",
    "TaskQueue",
    "ExecutionStatus",
    "StartTime",
    "ExecutionTime",
    "CloseTime",
    "ExecutionDuration",
    "HistoryLength",
    "ParentWorkflowId",
    "RootWorkflowId",
    "RootRunId",
    "TemporalNamespaceDivision",
    "TemporalScheduleId",
    "ScheduleId",
    "TemporalSchedulePaused",
    "BuildIds",
    "Keyword",
    "Text",
    "Int",
    "Double",
    "Bool",
    "Datetime",
    "List",
    "`Keyword`",
    "Nope",
    "customer",
];
const VALUES: &[&str] = &[
    "'w1'",
    "\"w1\"",
    "'Running'",
    "'it''s'",
    "'a\\'b'",
    "''",
    "'2024-01-01T00:00:00Z'",
    "'1h'",
    "'99:59:59'",
    "'-1.5d'",
    "1",
    "-1",
    "0.5",
    "1e308",
    "1e999",
    "9223372036854775807",
    "9223372036854775808",
    "true",
    "FALSE",
    "null",
    "Keyword",
    "f(1)",
    "(1, 2)",
    "- - 1",
    "~2",
    "1 + 1",
    "(select 1)",
    "99999999999999999999999999999",
    "0x1f",
    ".5",
    "5.",
    "'\u{10ffff}'",
    "'\u{d7ff}'",
];
const OPERATORS: &[&str] =
    &["=", "!=", "<>", "<", "<=", ">", ">=", "<=>", "like", "starts_with", "NOT STARTS_WITH", "regexp", "is", "between", "IN"];

/// Filters, on an index of a few runs.
pub struct Filters {
    index: Index,
    types: Types,
    last: String,
}

/// A filter, what it is about, and a page token.
#[derive(Debug)]
pub struct Input {
    filter: String,
    scope: Scope,
    token: Vec<u8>,
}

impl Target for Filters {
    type Input = Input;

    const NAME: &'static str = "filters";

    fn new() -> Self {
        let types = [
            ("Keyword", IndexedValueType::Keyword),
            ("Text", IndexedValueType::Text),
            ("Int", IndexedValueType::Int),
            ("Double", IndexedValueType::Double),
            ("Bool", IndexedValueType::Bool),
            ("Datetime", IndexedValueType::Datetime),
            ("List", IndexedValueType::KeywordList),
        ];
        let index = Index::open(Location::Memory).expect("an index in memory");
        let documents = (1..=5).map(|n| Change { partition: 0, offset: n, body: ChangeBody::Document(Box::new(document(n))) });
        index.apply(&documents.collect::<Vec<_>>()).expect("documents are taken");
        Self { index, types: types.map(|(name, of)| (name.to_owned(), of)).into(), last: String::new() }
    }

    fn input(&mut self, random: &mut Random) -> Input {
        let mut filter = expression(random, 3);
        match random.below(12) {
            0..4 => filter = mutate_text(&filter, &self.last, random),
            4 => {
                // Chains, lists and nesting as long as a request may be.
                let count = 1 << random.below(17);
                filter = match random.below(5) {
                    0 => vec![filter; count.min((4 << 20) / 40)].join(*random.pick(&[" AND ", " OR ", "&&", " "])),
                    1 => format!("{}{filter}{}", "(".repeat(count), ")".repeat(count)),
                    2 => format!("{}{filter}", random.pick(&["NOT ", "! ", "- ", "f("]).repeat(count)),
                    3 => format!("WorkflowId IN ({})", vec!["'w1'"; count].join(",")),
                    _ => format!("Text = '{}'", "ä b ".repeat(count)),
                };
            }
            5 => filter += *random.pick(&[" GROUP BY ExecutionStatus", " order by StartTime", " limit 1, 2", " group by a, b", ";"]),
            _ => {}
        }
        self.last.clone_from(&filter);
        let token = if random.chance(1, 4) { random.bytes(40) } else { Vec::new() };
        Input { filter, scope: if random.chance(1, 4) { Scope::Schedules } else { Scope::Workflows }, token }
    }

    fn try_input(&mut self, Input { filter, scope, token }: &Input) -> Result<(), String> {
        let is_fault_of_caller = |error: &Error| matches!(error, Error::Filter(_) | Error::InvalidPageToken);
        if let Err(error) = self.index.list(*scope, "default", filter, &self.types, 3, token)
            && !is_fault_of_caller(&error)
        {
            return Err(format!("list: {error}"));
        }
        match self.index.count(*scope, "default", filter, &self.types) {
            Ok(count) if !(0..=5).contains(&count.total) => Err(format!("{} of 5 runs", count.total)),
            Err(error) if !is_fault_of_caller(&error) => Err(format!("count: {error}")),
            _ => Ok(()),
        }
    }
}

/// A filter that is right more often than not.
fn expression(random: &mut Random, depth: usize) -> String {
    if depth > 0 && random.chance(1, 2) {
        let (left, right) = (expression(random, depth - 1), expression(random, depth - 1));
        return match random.below(4) {
            0 => format!("{left} AND {right}"),
            1 => format!("{left} or {right}"),
            2 => format!("NOT ({left})"),
            _ => format!("({left})"),
        };
    }
    let (name, operator) = (*random.pick(NAMES), *random.pick(OPERATORS));
    let (value, other) = (*random.pick(VALUES), *random.pick(VALUES));
    match operator {
        "IN" => format!("{name} {}IN ({value}, {other})", if random.chance(1, 2) { "NOT " } else { "" }),
        "is" => format!("{name} IS {}", random.pick(&["NULL", "NOT NULL", "TRUE", "x"])),
        "between" => format!("{name} BETWEEN {value} AND {other}"),
        _ => format!("{name} {operator} {value}"),
    }
}

fn document(n: i64) -> VisibilityDocument {
    let payload = |of: &str, json: &str| Payload {
        metadata: [("type".to_owned(), of.to_owned().into())].into(),
        data: json.as_bytes().to_vec().into(),
        ..Payload::default()
    };
    let values = [("Keyword", "\"w1\""), ("Text", "\"a b\""), ("Int", "1"), ("Double", "0.5"), ("Bool", "true"), ("List", "[\"w1\"]")];
    let fields = values.map(|(name, json)| (name.to_owned(), payload(if name == "List" { "KeywordList" } else { name }, json)));
    VisibilityDocument {
        namespace: "default".to_owned(),
        workflow_id: format!("w{n}"),
        run_id: format!("r{n}"),
        root_workflow_id: "w1".to_owned(),
        status: 1 + (n % 3) as i32,
        start_time: Some(Timestamp { seconds: 1_704_067_200 + n, nanos: 0 }),
        close_time: (n % 3 > 0).then_some(Timestamp { seconds: 1_704_070_000 + n, nanos: 0 }),
        search_attributes: Some(SearchAttributes { indexed_fields: fields.into() }),
        ..VisibilityDocument::default()
    }
}
