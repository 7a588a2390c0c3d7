//! Search attributes for queries. The index's tests share this file.

use klamm_messages::temporal::enums::v1::IndexedValueType;

use super::Types;

/// Custom search attributes of every test's namespace.
pub(crate) fn types() -> Types {
    [
        ("Customer", IndexedValueType::Keyword),
        ("My-Field", IndexedValueType::Keyword),
        ("Note", IndexedValueType::Text),
        ("Amount", IndexedValueType::Double),
        ("Pieces", IndexedValueType::Int),
        ("Paid", IndexedValueType::Bool),
        ("Due", IndexedValueType::Datetime),
        ("Tags", IndexedValueType::KeywordList),
    ]
    .into_iter()
    .map(|(name, value_type)| (name.to_owned(), value_type))
    .collect()
}
