//! What reads of messages have in common, whoever reads the rest of them.

use prost_reflect::{DynamicMessage, FieldDescriptor, MessageDescriptor, Value};

use crate::json::{Cursor, Invalid, Kind, Token};

/// Reads messages from JSON. It is a trait so that the files for messages with JSON of their own do not need the file that reads all others.
pub trait Reading<'a> {
    /// Where the reading stands.
    fn cursor(&mut self) -> &mut Cursor<'a>;

    /// Reads a message. `is_in_any`: the object also has the member `@type`, which is none of its fields.
    fn message(&mut self, descriptor: &MessageDescriptor, is_in_any: bool) -> Result<DynamicMessage, Invalid>;

    /// Reads the value of a field.
    fn value(&mut self, field: &FieldDescriptor) -> Result<Value, Invalid>;

    /// Goes into an object.
    fn object(&mut self) -> Result<(), Invalid> {
        let open = self.cursor().next();
        match open.kind {
            Kind::Object => Ok(()),
            _ => Err(self.cursor().unexpected(open)),
        }
    }

    /// The next key of an object: its token, and what it says. `None`: the object has ended.
    fn key(&mut self) -> Result<Option<(Token<'a>, String)>, Invalid> {
        let token = self.cursor().next();
        match token.kind {
            Kind::Close => Ok(None),
            _ => Ok(Some((token, self.cursor().string(token)?))),
        }
    }
}
