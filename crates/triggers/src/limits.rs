//! Bounds of declarations, and of what a record may cost.

use std::time::Duration;

/// Largest declaration, bytes.
pub const TEXT_BYTES_MAX: usize = 64 << 10;
/// Longest name of a trigger. It is part of a topic's name.
pub const NAME_BYTES_MAX: usize = 100;
/// Most rules of a trigger.
pub const RULES_MAX: usize = 100;
/// Most arguments of an effect, and most search attributes.
pub const ARGS_MAX: usize = 50;
/// Longest expression, bytes.
pub const EXPRESSION_BYTES_MAX: usize = 2_000;
/// Most nodes of an expression, after its macros were expanded.
pub const EXPRESSION_NODES_MAX: usize = 200;
/// Most `+` in an expression: each may make a text as long as the record.
pub const ADDITIONS_MAX: usize = 16;
/// Longest template, bytes.
pub const TEMPLATE_BYTES_MAX: usize = 2_000;
/// Longest text that a template may give, bytes.
pub const TEXT_MADE_BYTES_MAX: usize = 4_000;
/// Largest value of a record that is read, bytes. A larger one is a dead letter.
pub const VALUE_BYTES_MAX: usize = 4 << 20;
/// Most values in a record's JSON.
pub const VALUES_MAX: usize = 200_000;
/// An expression that goes through lists may look at all of the record for each value in it. So many bytes may be looked at.
pub const STEPS_MAX: usize = 200_000_000;
/// Longest reason of a dead letter, bytes.
pub const REASON_BYTES_MAX: usize = 1_000;
/// Most records of a batch.
pub const BATCH_RECORDS_MAX: u32 = 1_000;
/// Longest time that a record waits for others.
pub const BATCH_WAIT_MAX: Duration = Duration::from_secs(24 * 3600);
/// Longest key of a batch, bytes.
pub const BATCH_KEY_BYTES_MAX: usize = 1_000;
/// Longest time that a signal waits for a run.
pub const WAIT_MAX: Duration = Duration::from_secs(30 * 24 * 3600);
