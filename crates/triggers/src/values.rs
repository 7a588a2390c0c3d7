//! JSON values and values of expressions.

use std::{collections::HashMap, sync::Arc};

use cel::{
    Value as Cel,
    objects::{Key, Map},
};
use serde_json::Value as Json;

use crate::limits::VALUES_MAX;

/// Whole numbers up to this have an exact form as a double.
const EXACT_MAX: f64 = 9_007_199_254_740_992.0;

/// The value of a JSON value, and how many values are in it.
///
/// # Errors
/// There are too many.
pub(crate) fn of_json(json: Json, count: &mut usize) -> Result<Cel, String> {
    *count += 1;
    if *count > VALUES_MAX {
        return Err(format!("The value holds more than {VALUES_MAX} values."));
    }
    Ok(match json {
        Json::Null => Cel::Null,
        Json::Bool(value) => Cel::Bool(value),
        Json::Number(number) => match (number.as_i64(), number.as_u64()) {
            (Some(value), _) => Cel::Int(value),
            (None, Some(value)) => Cel::UInt(value),
            (None, None) => Cel::Float(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Cel::String(Arc::new(text)),
        Json::Array(values) => {
            let values = values.into_iter().map(|value| of_json(value, count)).collect::<Result<Vec<_>, _>>()?;
            Cel::List(Arc::new(values))
        }
        Json::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| Ok((Key::String(Arc::new(name)), of_json(value, count)?)));
            Cel::Map(Map { map: Arc::new(fields.collect::<Result<HashMap<_, _>, String>>()?) })
        }
    })
}

/// The text of a value that stands in an id.
///
/// # Errors
/// It has no text that is beyond doubt.
pub(crate) fn text(value: &Cel) -> Result<String, String> {
    Ok(match value {
        Cel::String(text) => text.as_str().to_owned(),
        Cel::Int(value) => value.to_string(),
        Cel::UInt(value) => value.to_string(),
        Cel::Bool(value) => value.to_string(),
        Cel::Float(value) if value.is_finite() && value.abs() <= EXACT_MAX => value.to_string(),
        Cel::Float(_) => return Err("is a number whose digits are not all known; make it a text in the record".to_owned()),
        Cel::Timestamp(time) => time.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true),
        Cel::Null => return Err("is null".to_owned()),
        other => return Err(format!("is a {}, and not a text, a number or a truth value", other.type_of())),
    })
}

/// The value of a search attribute. `None`: there is none.
///
/// # Errors
/// It has no form in JSON that a search attribute may have.
pub(crate) fn attribute(value: &Cel) -> Result<Option<Json>, String> {
    Ok(match value {
        Cel::Null => None,
        Cel::Int(value) => Some((*value).into()),
        Cel::UInt(value) => Some((*value).into()),
        Cel::Bool(value) => Some((*value).into()),
        Cel::Float(value) => Some(serde_json::Number::from_f64(*value).map(Json::Number).ok_or("is not a number")?),
        Cel::List(values) => {
            let texts = values.iter().map(|value| if let Cel::String(text) = value { Some(text.as_str().into()) } else { None });
            Some(Json::Array(texts.collect::<Option<_>>().ok_or("is a list that holds more than texts")?))
        }
        other => Some(text(other)?.into()),
    })
}
