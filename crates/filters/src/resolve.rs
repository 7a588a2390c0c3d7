//! Turns a syntax tree into a filter: names become columns and attributes, literals become values of their types, NOT is pushed down to the
//! leaves.

use klamm_messages::temporal::enums::v1::{IndexedValueType, WorkflowExecutionStatus};
use klamm_search_attributes::{
    self as search_attributes, RESERVED_PREFIX, SCHEDULE_PAUSED, SCHEDULE_WORKFLOW_ID_PREFIX, SCHEDULES_DIVISION, type_name,
};

use super::{
    Column, Comparison, Field, Filter, Query, Scope, Test, Types, Value,
    lexer::too_many,
    literal,
    parser::{Expression, Statement},
};
use crate::{Error, Result};

/// Most values of one filter. Each is bound up to three times (to find runs by an index, in either half of a search by root, and to test
/// them), and SQLite allows 32,766 bound values.
const VALUES_MAX: usize = 10_000;

/// A name in a filter.
struct Name<'q> {
    /// The name as written.
    alias: &'q str,
    field: Field,
    value_type: IndexedValueType,
    /// The prefix that has to be added to string literals compared with it.
    prefix: &'static str,
}

/// Resolves a whole statement.
pub(super) fn resolve(statement: &Statement, types: &Types, scope: Scope) -> Result<Query> {
    if statement.order_by {
        return not_supported("'ORDER BY' clause");
    }
    if statement.limit {
        return not_supported("'LIMIT' clause");
    }
    let mut resolver = Resolver { types, mentions_division: false, system_name: None, values: 0 };
    let mut parts = Vec::new();
    if let Some(filter) = &statement.filter {
        parts.push(resolver.filter(filter, false)?);
    }
    if statement.group_by.len() > 1 {
        return not_supported("'GROUP BY' clause supports only a single field");
    }
    for expression in &statement.group_by {
        let name = resolver.name(expression)?;
        if name.field != Field::Column(Column::ExecutionStatus) {
            return not_supported(format!("'GROUP BY' clause is not supported for search attribute {}", name.alias));
        }
    }
    match scope {
        Scope::Workflows if resolver.mentions_division => {}
        Scope::Workflows => parts.push(Filter::Test(Field::Column(Column::NamespaceDivision), Test::IsNull { negated: false })),
        Scope::Schedules => {
            if let Some(name) = resolver.system_name {
                return Err(Error::NotForSchedules(name));
            }
            parts.push(is(Column::NamespaceDivision, Value::Text(SCHEDULES_DIVISION.to_owned())));
            parts.push(is(Column::ExecutionStatus, Value::Int(WorkflowExecutionStatus::Running as i64)));
        }
    }
    Ok(Query { filter: Filter::And(parts), group_by_status: !statement.group_by.is_empty() })
}

/// The column has this value.
fn is(column: Column, value: Value) -> Filter {
    Filter::Test(Field::Column(column), Test::Compare(Comparison::Equal, value))
}

struct Resolver<'t> {
    types: &'t Types,
    mentions_division: bool,
    /// The first of the system's own names in the filter, if any. Filters of schedules may not have one.
    system_name: Option<String>,
    /// Number of values so far.
    values: usize,
}

impl Resolver<'_> {
    /// The condition, or, if `negated`, its negation.
    fn filter(&mut self, expression: &Expression, negated: bool) -> Result<Filter> {
        Ok(match expression {
            Expression::Paren(inner) => self.filter(inner, negated)?,
            Expression::Not(inner) => self.filter(inner, !negated)?,
            Expression::And(parts) | Expression::Or(parts) => {
                let is_and = matches!(expression, Expression::And(..)) != negated;
                let parts = parts.iter().map(|part| self.filter(part, negated)).collect::<Result<Vec<_>>>()?;
                if is_and { Filter::And(parts) } else { Filter::Or(parts) }
            }
            Expression::Compare(left, operator, right) => leaf(self.compare(left, operator, right)?, negated),
            Expression::Between(what, from, to, not) => leaf(self.between(what, from, to, *not)?, negated),
            Expression::Is(what, state) => {
                let name = self.name(what)?;
                let test = match *state {
                    "null" => Test::IsNull { negated: false },
                    "not null" => Test::IsNull { negated: true },
                    _ => return invalid("'IS' operator can only be used as 'IS NULL' or 'IS NOT NULL'"),
                };
                leaf((name.field, test), negated)
            }
            Expression::Function => return not_supported("function expression"),
            Expression::Column(_) => return invalid("incomplete expression"),
            other => return not_supported(format!("expression of type {}", other.kind())),
        })
    }

    /// Counts values. The error says that there are too many.
    fn count(&mut self, values: usize) -> Result<()> {
        self.values += values;
        if self.values > VALUES_MAX {
            return Err(too_many(VALUES_MAX, "values"));
        }
        Ok(())
    }

    fn compare(&mut self, left: &Expression, operator: &str, right: &Expression) -> Result<(Field, Test)> {
        let name = self.name(left)?;
        let values = match right {
            Expression::Tuple(values) => values.iter().map(|value| name.value(value)).collect::<Result<Vec<_>>>()?,
            single => vec![name.value(single)?],
        };
        let unsupported = || {
            not_supported(format!(
                "operator '{}' not supported for {} type search attribute '{}'",
                operator.to_uppercase(),
                type_name(name.value_type),
                name.alias
            ))
        };
        self.count(values.len())?;
        let is_list = operator.ends_with("in");
        if is_list != matches!(right, Expression::Tuple(_)) {
            return invalid(format!("unexpected value type {}", right.kind()));
        }
        let negated = operator == "!=" || operator.starts_with("not ");
        let test = match name.value_type {
            IndexedValueType::KeywordList => match operator {
                "=" | "!=" | "in" | "not in" => Test::Any { values, negated },
                _ => return unsupported(),
            },
            IndexedValueType::Text => match operator {
                "=" | "!=" => {
                    let tokens = values.into_iter().map(|value| literal::text_tokens(value, name.alias));
                    let tokens = tokens.collect::<Result<Vec<_>>>()?.concat();
                    self.count(tokens.len())?;
                    Test::Any { values: tokens, negated }
                }
                _ => return unsupported(),
            },
            _ if is_list => Test::In { values, negated },
            value_type => {
                let Some(value) = values.into_iter().next() else { return invalid("unexpected value type") };
                match operator {
                    "=" => Test::Compare(Comparison::Equal, value),
                    "!=" => Test::Compare(Comparison::NotEqual, value),
                    "<" => Test::Compare(Comparison::Less, value),
                    "<=" => Test::Compare(Comparison::LessOrEqual, value),
                    ">" => Test::Compare(Comparison::Greater, value),
                    ">=" => Test::Compare(Comparison::GreaterOrEqual, value),
                    "starts_with" | "not starts_with" if value_type == IndexedValueType::Keyword => match value {
                        Value::Text(prefix) => Test::StartsWith { prefix, negated },
                        // A status is compared by its number.
                        Value::Int(_) | Value::Real(_) => {
                            let Expression::Text(text) = right else { return unsupported() };
                            return invalid(format!("right-hand side of \"{operator}\" operator must be a literal string (got: {text})"));
                        }
                    },
                    _ => return unsupported(),
                }
            }
        };
        Ok((name.field, test))
    }

    fn between(&mut self, what: &Expression, from: &Expression, to: &Expression, negated: bool) -> Result<(Field, Test)> {
        let name = self.name(what)?;
        use IndexedValueType::{Datetime, Double, Int, Keyword};
        if !matches!(name.value_type, Datetime | Double | Int | Keyword) {
            return invalid(format!(
                "cannot do range condition on search attribute '{}' of type {}",
                name.alias,
                type_name(name.value_type)
            ));
        }
        self.count(2)?;
        let test = Test::Between { from: name.value(from)?, to: name.value(to)?, negated };
        Ok((name.field, test))
    }

    /// Looks a name up. Custom attributes come first, then the system's, with the prefix "Temporal" added or left out (Temporal:
    /// query/resolve.go).
    fn name<'q>(&mut self, expression: &'q Expression) -> Result<Name<'q>> {
        let alias = match expression {
            Expression::Column(alias) => alias.as_str(),
            other => return invalid(format!("must be a column name but was {}", other.kind())),
        };
        if !search_attributes::is_reserved(alias)
            && let Some(&value_type) = self.types.get(alias)
        {
            return Ok(Name { alias, field: Field::Attribute(alias.to_owned(), value_type), value_type, prefix: "" });
        }
        if matches!(alias, "ScheduleId" | "TemporalScheduleId") {
            if alias != "ScheduleId" {
                self.note_system_name(alias);
            }
            let field = Field::Column(Column::WorkflowId);
            return Ok(Name { alias, field, value_type: IndexedValueType::Keyword, prefix: SCHEDULE_WORKFLOW_ID_PREFIX });
        }
        let spellings =
            [Some(alias.to_owned()), Some(format!("{RESERVED_PREFIX}{alias}")), alias.strip_prefix(RESERVED_PREFIX).map(str::to_owned)];
        for name in spellings.into_iter().flatten() {
            if let Some(value_type) = search_attributes::defined(&name) {
                let field = Column::named(&name).map_or_else(|| Field::Attribute(name, value_type), Field::Column);
                self.mentions_division |= field == Field::Column(Column::NamespaceDivision);
                if !matches!(&field, Field::Attribute(name, _) if name == SCHEDULE_PAUSED) {
                    self.note_system_name(alias);
                }
                return Ok(Name { alias, field, value_type, prefix: "" });
            }
        }
        Err(Error::InvalidQuery(format!("invalid search attribute: {alias}")))
    }

    fn note_system_name(&mut self, alias: &str) {
        self.system_name.get_or_insert_with(|| alias.to_owned());
    }
}

impl Name<'_> {
    fn value(&self, expression: &Expression) -> Result<Value> {
        let value = literal::value(expression, self.alias, &self.field, self.value_type)?;
        Ok(match value {
            Value::Text(text) if !self.prefix.is_empty() => Value::Text(format!("{}{text}", self.prefix)),
            value => value,
        })
    }
}

fn leaf((field, test): (Field, Test), negated: bool) -> Filter {
    Filter::Test(field, if negated { test.negate() } else { test })
}

fn invalid<T>(message: impl std::fmt::Display) -> Result<T> {
    Err(Error::InvalidQuery(format!("invalid expression: {message}")))
}

fn not_supported<T>(message: impl std::fmt::Display) -> Result<T> {
    Err(Error::InvalidQuery(format!("operation is not supported: {message}")))
}
