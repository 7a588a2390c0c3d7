//! Zones from TZif data that comes with a spec.

use tz::timezone::{TimeZone, TransitionRule};

use super::{rule::Rule, span::Span, table::Table};
use crate::spec::InvalidSpec;

/// A zone read from data: its changes, and the rule that holds after the last of them.
#[derive(Debug)]
pub(in crate::spec) struct Data {
    table: Table,
    rule: Option<Rule>,
}

impl Data {
    /// Reads TZif data of version 1, 2 or 3. Leap seconds are ignored, as in Go.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, InvalidSpec> {
        let malformed = || InvalidSpec("malformed time zone information".to_owned());
        let zone = TimeZone::from_tz_data(bytes).map_err(|_| malformed())?;
        let zone = zone.as_ref();
        let kinds = zone.local_time_types();
        let kind = |index: usize| kinds.get(index).ok_or_else(malformed);
        let mut changes = Vec::with_capacity(zone.transitions().len());
        for transition in zone.transitions() {
            changes.push((transition.unix_leap_time(), i64::from(kind(transition.local_time_type_index())?.ut_offset())));
        }
        let used: Vec<usize> = zone.transitions().iter().map(|transition| transition.local_time_type_index()).collect();
        let first = kind(first_kind(&used, |index| kinds.get(index).is_some_and(|kind| kind.is_dst()), kinds.len()))?;
        let rule = zone.extra_rule().as_ref().map(|rule| match rule {
            TransitionRule::Fixed(kind) => Rule::Fixed(kind.ut_offset().into()),
            TransitionRule::Alternate(alternate) => Rule::Alternate(*alternate),
        });
        Ok(Self { table: Table::new(first.ut_offset().into(), changes), rule })
    }

    /// The span that contains `time`.
    pub(super) fn span(&self, time: i64) -> Span {
        match &self.rule {
            Some(rule) if self.table.last_change().is_none_or(|last| time >= last) => rule.span(time),
            _ => self.table.span(time),
        }
    }

    /// Least and greatest offset.
    pub(super) fn offsets(&self) -> (i64, i64) {
        let (min, max) = self.table.offsets();
        self.rule.as_ref().map_or((min, max), |rule| {
            let (rule_min, rule_max) = rule.offsets();
            (min.min(rule_min), max.max(rule_max))
        })
    }
}

/// The local time type before the first change, by the rule of the tz database's own reader. It is the first type, if no change leads to
/// it. Else, if the first change leads to a summer time, it is the last standard type before that one. Else it is the first standard type.
/// Else it is the first type.
fn first_kind(used: &[usize], is_dst: impl Fn(usize) -> bool, count: usize) -> usize {
    if !used.contains(&0) {
        return 0;
    }
    let before_summer = used.first().filter(|first| is_dst(**first)).and_then(|first| (0..*first).rev().find(|kind| !is_dst(*kind)));
    before_summer.or_else(|| (0..count).find(|kind| !is_dst(*kind))).unwrap_or(0)
}
