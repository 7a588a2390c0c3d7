//! A naive model of the filter language. It has random documents and random conditions. Each condition gives its text, and evaluates
//! itself.

use super::*;

/// A document of one of twelve runs.
pub(super) fn any_document() -> impl Strategy<Value = VisibilityDocument> {
    let optional = |text: &'static str| prop::option::of(text);
    let attributes = (
        optional("[ab]{1,2}"),
        prop::option::of(-3i64..4),
        prop::option::of((-6i64..7).prop_map(|halves| halves as f64 / 2.0)),
        prop::option::of(any::<bool>()),
        prop::option::of(0i64..30),
        prop::option::of(prop::collection::vec("[ab]", 1..3)),
        optional("[abA. -]{0,6}"),
    );
    (0u32..12, 0i64..20, prop::option::of(20i64..30), attributes, 0usize..3, prop::bool::weighted(0.1)).prop_map(
        |(n, start, close, (customer, pieces, amount, paid, due, tags, note), kind, division)| {
            let mut document = run(n, start, close);
            document.workflow_type = ["Order", "Refund", "Other"][kind].to_owned();
            if kind == 2 {
                document.parent_workflow_id = "w0".to_owned();
                document.status = if close.is_some() { 3 } else { 1 };
            }
            let mut put = |name: &str, value_type: &str, json: Option<serde_json::Value>| {
                if let Some(json) = json {
                    set(&mut document, name, value_type, &json.to_string());
                }
            };
            put("Customer", "Keyword", customer.map(Into::into));
            put("Pieces", "Int", pieces.map(Into::into));
            put("Amount", "Double", amount.map(Into::into));
            put("Paid", "Bool", paid.map(Into::into));
            put("Due", "Datetime", due.map(|seconds| at(seconds).into()));
            put("Tags", "KeywordList", tags.map(Into::into));
            put("Note", "Text", note.map(Into::into));
            put("TemporalNamespaceDivision", "Keyword", division.then(|| "X".into()));
            document
        },
    )
}

fn at(seconds: i64) -> String {
    format!("2024-01-01T00:00:{seconds:02}Z")
}

/// A condition of a query.
#[derive(Debug, Clone)]
pub(super) enum Condition {
    And(Box<Condition>, Box<Condition>),
    Or(Box<Condition>, Box<Condition>),
    Not(Box<Condition>),
    /// Name, operator, literals.
    Leaf(&'static str, &'static str, Vec<Literal>),
}

/// A literal, comparable with others of its kind.
#[derive(Debug, Clone, PartialEq, PartialOrd)]
pub(super) enum Literal {
    Number(f64),
    Text(String),
    Bool(bool),
}

impl Literal {
    fn text(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => format!("'{text}'"),
            Self::Bool(value) => value.to_string(),
        }
    }
}

const SCALAR: &[&str] = &["=", "!=", "<", "<=", ">", ">=", "IN", "NOT IN", "BETWEEN", "NOT BETWEEN", "IS NULL", "IS NOT NULL"];
const KEYWORD: &[&str] = &[
    "=",
    "!=",
    "<",
    "<=",
    ">",
    ">=",
    "IN",
    "NOT IN",
    "BETWEEN",
    "NOT BETWEEN",
    "IS NULL",
    "IS NOT NULL",
    "STARTS_WITH",
    "NOT STARTS_WITH",
];
const EQUALITY: &[&str] = &["=", "!=", "IN", "NOT IN", "IS NULL", "IS NOT NULL"];
const TEXT: &[&str] = &["=", "!=", "IS NULL", "IS NOT NULL"];

/// A random condition of some depth.
pub(super) fn any_condition() -> impl Strategy<Value = Condition> {
    fn leaf(
        names: &'static [&'static str],
        operators: &'static [&'static str],
        literal: impl Strategy<Value = Literal> + 'static,
    ) -> BoxedStrategy<Condition> {
        (prop::sample::select(names), prop::sample::select(operators), prop::collection::vec(literal, 2))
            .prop_map(|(name, operator, literals)| Condition::Leaf(name, operator, literals))
            .boxed()
    }
    let leaves = prop_oneof![
        leaf(&["Customer"], KEYWORD, "[ab]{0,2}".prop_map(Literal::Text)),
        leaf(&["WorkflowType"], KEYWORD, prop::sample::select(vec!["Order", "Ref", "Other", "P"]).prop_map(|t| Literal::Text(t.into()))),
        leaf(&["WorkflowId", "ParentWorkflowId", "RootWorkflowId"], KEYWORD, (0u32..12).prop_map(|n| Literal::Text(format!("w{n}")))),
        leaf(&["RunId"], EQUALITY, (0u32..12).prop_map(|n| Literal::Text(format!("r{n}")))),
        leaf(
            &["ExecutionStatus"],
            EQUALITY,
            prop::sample::select(vec!["Running", "Completed", "Failed"]).prop_map(|t| Literal::Text(t.into()))
        ),
        leaf(&["Pieces"], SCALAR, (-3i64..4).prop_map(|n| Literal::Number(n as f64))),
        leaf(&["Amount"], SCALAR, (-6i64..7).prop_map(|n| Literal::Number(n as f64 / 2.0))),
        leaf(&["Due", "StartTime", "CloseTime"], SCALAR, (0i64..30).prop_map(|seconds| Literal::Text(at(seconds)))),
        leaf(&["Paid"], EQUALITY, any::<bool>().prop_map(Literal::Bool)),
        leaf(&["Tags"], EQUALITY, "[abc]".prop_map(Literal::Text)),
        leaf(&["Note"], TEXT, "[abB]{1,2}( [ab])?".prop_map(Literal::Text)),
        leaf(&["TemporalNamespaceDivision"], TEXT, Just(Literal::Text("X".to_owned()))),
    ];
    leaves.prop_recursive(3, 12, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Condition::And(Box::new(a), Box::new(b))),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| Condition::Or(Box::new(a), Box::new(b))),
            inner.prop_map(|a| Condition::Not(Box::new(a))),
        ]
    })
}

/// A document's place in the order of results.
pub(super) fn place(document: &VisibilityDocument) -> impl Ord + use<> {
    let seconds = |time: &Option<Timestamp>| time.as_ref().map_or(i64::MAX, |time| time.seconds);
    (std::cmp::Reverse((seconds(&document.close_time), seconds(&document.start_time))), document.run_id.clone())
}

impl Condition {
    /// The condition as the text of a query.
    pub(super) fn text(&self) -> String {
        match self {
            Self::And(a, b) => format!("({} AND {})", a.text(), b.text()),
            Self::Or(a, b) => format!("({} OR {})", a.text(), b.text()),
            Self::Not(a) => format!("NOT ({})", a.text()),
            Self::Leaf(name, operator, literals) => {
                let (a, b) = (literals[0].text(), literals[1].text());
                match *operator {
                    "IS NULL" | "IS NOT NULL" => format!("{name} {operator}"),
                    "BETWEEN" | "NOT BETWEEN" => format!("{name} {operator} {a} AND {b}"),
                    "IN" | "NOT IN" => format!("{name} {operator} ({a}, {b})"),
                    _ => format!("{name} {operator} {a}"),
                }
            }
        }
    }

    /// Whether the document matches, the default clause included.
    pub(super) fn holds(&self, document: &VisibilityDocument) -> Option<bool> {
        if !self.mentions_division() && !values(document, "TemporalNamespaceDivision").is_empty() {
            return Some(false);
        }
        self.eval(document)
    }

    fn mentions_division(&self) -> bool {
        match self {
            Self::And(a, b) | Self::Or(a, b) => a.mentions_division() || b.mentions_division(),
            Self::Not(a) => a.mentions_division(),
            Self::Leaf(name, ..) => *name == "TemporalNamespaceDivision",
        }
    }

    /// SQL's logic of three values.
    fn eval(&self, document: &VisibilityDocument) -> Option<bool> {
        match self {
            Self::And(a, b) => match (a.eval(document), b.eval(document)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Self::Or(a, b) => match (a.eval(document), b.eval(document)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
            Self::Not(a) => a.eval(document).map(|value| !value),
            Self::Leaf(name, operator, literals) => {
                let mut values = values(document, name);
                match *operator {
                    "IS NULL" => return Some(values.is_empty()),
                    "IS NOT NULL" => return Some(!values.is_empty()),
                    _ => {}
                }
                if *name == "CloseTime" && values.is_empty() {
                    values.push(Literal::Text("9999".to_owned()));
                }
                let (a, b) = (&literals[0], &literals[1]);
                let wanted: Vec<_> = if *name == "Note" {
                    let Literal::Text(text) = a else { panic!("a text") };
                    text.split(' ').map(|word| Literal::Text(word.to_lowercase())).collect()
                } else {
                    vec![a.clone(), b.clone()]
                };
                if matches!(*name, "Tags" | "Note") {
                    let wanted = if *name == "Tags" && matches!(*operator, "=" | "!=") { &wanted[..1] } else { &wanted[..] };
                    let has = values.iter().any(|value| wanted.contains(value));
                    return Some(has == matches!(*operator, "=" | "IN"));
                }
                let value = values.first()?;
                let starts = |prefix: &Literal| match (value, prefix) {
                    (Literal::Text(value), Literal::Text(prefix)) => value.starts_with(prefix.as_str()),
                    _ => panic!("texts"),
                };
                Some(match *operator {
                    "=" => value == a,
                    "!=" => value != a,
                    "<" => value < a,
                    "<=" => value <= a,
                    ">" => value > a,
                    ">=" => value >= a,
                    "IN" => wanted.contains(value),
                    "NOT IN" => !wanted.contains(value),
                    "BETWEEN" => a <= value && value <= b,
                    "NOT BETWEEN" => !(a <= value && value <= b),
                    "STARTS_WITH" => starts(a),
                    "NOT STARTS_WITH" => !starts(a),
                    other => panic!("{other}"),
                })
            }
        }
    }
}

/// Values that a document has for a name. A Text that is set has at least the empty token.
fn values(document: &VisibilityDocument, name: &str) -> Vec<Literal> {
    let text = |text: &str| if text.is_empty() { vec![] } else { vec![Literal::Text(text.to_owned())] };
    let time = |time: &Option<Timestamp>| time.iter().map(|time| Literal::Text(at(time.seconds - 1_704_067_200))).collect();
    match name {
        "WorkflowId" => text(&document.workflow_id),
        "RunId" => text(&document.run_id),
        "WorkflowType" => text(&document.workflow_type),
        "ParentWorkflowId" => text(&document.parent_workflow_id),
        "RootWorkflowId" => text(&document.root_workflow_id),
        "ExecutionStatus" => text(["", "Running", "Completed", "Failed"][document.status as usize]),
        "StartTime" => time(&document.start_time),
        "CloseTime" => time(&document.close_time),
        attribute => {
            let Some(payload) = document.search_attributes.as_ref().and_then(|map| map.indexed_fields.get(attribute)) else {
                return Vec::new();
            };
            let json: serde_json::Value = serde_json::from_slice(&payload.data).expect("JSON");
            let one = |json: &serde_json::Value| match json {
                serde_json::Value::Bool(value) => Literal::Bool(*value),
                serde_json::Value::Number(number) => Literal::Number(number.as_f64().expect("a number")),
                serde_json::Value::String(text) => Literal::Text(text.clone()),
                other => panic!("{other}"),
            };
            match (&json, attribute) {
                (serde_json::Value::Array(elements), _) => elements.iter().map(one).collect(),
                (serde_json::Value::String(text), "Note") => {
                    let words = text.split(['.', ' ', '-']).map(|word| Literal::Text(word.to_lowercase()));
                    std::iter::once(Literal::Text(String::new())).chain(words).collect()
                }
                (single, _) => vec![one(single)],
            }
        }
    }
}
