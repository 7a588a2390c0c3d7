//! Turns literals into values, by the type of the attribute with which they are compared.

use klamm_messages::temporal::enums::v1::IndexedValueType;
use klamm_search_attributes::type_name;

use super::{Column, Field, Value, duration, parser::Expression, status, tokens};
use crate::{Error, Result};

/// A literal before it has a type.
#[derive(Debug, Clone, PartialEq)]
enum Literal {
    Int(i64),
    Real(f64),
    Text(String),
    Bool(bool),
}

impl Literal {
    /// The literal as Temporal's messages print it (Go's %#v).
    fn shown(&self) -> String {
        match self {
            Self::Int(value) => value.to_string(),
            Self::Real(value) => value.to_string(),
            Self::Text(value) => format!("{value:?}"),
            Self::Bool(value) => value.to_string(),
        }
    }

    /// Go's name of the literal's type.
    fn type_name(&self) -> &'static str {
        match self {
            Self::Int(_) => "int64",
            Self::Real(_) => "float64",
            Self::Text(_) => "string",
            Self::Bool(_) => "bool",
        }
    }
}

fn invalid<T>(message: impl std::fmt::Display) -> Result<T> {
    Err(Error::InvalidQuery(format!("invalid expression: {message}")))
}

fn not_supported<T>(message: impl std::fmt::Display) -> Result<T> {
    Err(Error::InvalidQuery(format!("operation is not supported: {message}")))
}

/// The value that `expression` stands for when it is compared with `field`. `name` is the field's name in the query.
pub(super) fn value(expression: &Expression, name: &str, field: &Field, value_type: IndexedValueType) -> Result<Value> {
    let literal = match expression {
        Expression::Text(text) => Literal::Text(text.clone()),
        Expression::Number(number) => parse_number(number)?,
        Expression::Bool(value) => Literal::Bool(*value),
        Expression::Signed(sign, inner) => return signed(*sign, inner, name, field, value_type),
        Expression::Function => return not_supported("nested func"),
        Expression::Column(column) => {
            return not_supported(format!("column name on the right side of comparison expression (did you forget to quote {column:?}?)"));
        }
        other => return invalid(format!("unexpected value type {}", other.kind())),
    };
    match field {
        _ if matches!(literal, Literal::Bool(_)) => typed(literal, name, value_type),
        Field::Column(Column::ExecutionStatus) => execution_status(literal),
        Field::Column(Column::ExecutionDuration) => execution_duration(literal),
        _ => typed(literal, name, value_type),
    }
}

/// The tokens of a literal that is compared with a Text attribute.
pub(super) fn text_tokens(value: Value, name: &str) -> Result<Vec<Value>> {
    let Value::Text(text) = value else { return invalid("unexpected value type") };
    let tokens: Vec<_> = tokens(&text).into_iter().map(Value::Text).collect();
    if tokens.is_empty() {
        return invalid(format!("no tokens found filtering on Text type search attribute {name}"));
    }
    Ok(tokens)
}

fn parse_number(number: &str) -> Result<Literal> {
    if let Ok(value) = number.parse() {
        return Ok(Literal::Int(value));
    }
    match number.parse::<f64>() {
        Ok(value) if value.is_finite() => Ok(Literal::Real(value)),
        _ => invalid(format!("unable to parse value {number:?}")),
    }
}

fn signed(sign: char, inner: &Expression, name: &str, field: &Field, value_type: IndexedValueType) -> Result<Value> {
    match (sign, inner) {
        ('~', _) => not_supported("unary operator \"~\""),
        ('-', Expression::Number(number)) => value(&Expression::Number(format!("-{number}")), name, field, value_type),
        (_, Expression::Number(_)) => value(inner, name, field, value_type),
        (_, Expression::Text(text)) => invalid(format!("unary operator not supported in \"{sign}'{text}'\"")),
        (_, other) => invalid(format!("unexpected value type {}", other.kind())),
    }
}

fn typed(literal: Literal, name: &str, value_type: IndexedValueType) -> Result<Value> {
    let wrong = |literal: &Literal| {
        invalid(format!(
            "invalid value type for search attribute {name} of type {}: {} (type: {})",
            type_name(value_type),
            literal.shown(),
            literal.type_name()
        ))
    };
    match (value_type, literal) {
        (IndexedValueType::Int | IndexedValueType::Double, Literal::Int(value)) => Ok(Value::Int(value)),
        (IndexedValueType::Int | IndexedValueType::Double, Literal::Real(value)) => Ok(Value::Real(value)),
        (IndexedValueType::Bool, Literal::Bool(value)) => Ok(Value::Int(i64::from(value))),
        (IndexedValueType::Datetime, Literal::Int(nanos)) => Ok(Value::Int(nanos.div_euclid(1000))),
        (IndexedValueType::Datetime, Literal::Text(text)) => match chrono::DateTime::parse_from_rfc3339(&text) {
            Ok(time) => Ok(Value::Int(time.timestamp_micros())),
            Err(_) => invalid(format!("unable to parse datetime '{text}'")),
        },
        (IndexedValueType::Keyword | IndexedValueType::KeywordList | IndexedValueType::Text, Literal::Text(text)) => Ok(Value::Text(text)),
        (_, literal) => wrong(&literal),
    }
}

fn execution_status(literal: Literal) -> Result<Value> {
    match literal {
        Literal::Int(number) if status::is_status(number) => Ok(Value::Int(number)),
        Literal::Int(number) => invalid(format!("invalid ExecutionStatus value {number}")),
        Literal::Text(name) => match status::status_named(&name) {
            Some(number) => Ok(Value::Int(i64::from(number))),
            None => invalid(format!("invalid ExecutionStatus value '{name}'")),
        },
        other => invalid(format!("unexpected value type {} for search attribute ExecutionStatus", other.type_name())),
    }
}

fn execution_duration(literal: Literal) -> Result<Value> {
    match literal {
        Literal::Int(nanos) => Ok(Value::Int(nanos)),
        Literal::Text(text) => match duration::parse(&text) {
            Some(nanos) => Ok(Value::Int(nanos)),
            None => invalid(format!("invalid duration value for search attribute ExecutionDuration: {text}")),
        },
        other => invalid(format!("unexpected value type {} for search attribute ExecutionDuration", other.type_name())),
    }
}
