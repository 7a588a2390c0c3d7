//! Compiled specs that are kept, because every command about a schedule needs its spec.

use std::{
    num::NonZeroUsize,
    sync::{Mutex, PoisonError},
};

use klamm_messages::temporal::schedule::v1::ScheduleSpec;
use lru::LruCache;
use prost::Message;

use crate::spec::{InvalidSpec, Spec};

/// Most specs that are kept.
const SPECS_MAX: NonZeroUsize = NonZeroUsize::new(4096).unwrap();
/// Most memory of the kept specs together, about.
const BYTES_MAX: usize = 16 << 20;

/// What a calendar or an interval takes at most beside its ranges: in the message, and compiled.
const ENTRY_BYTES: usize = 400;
/// How much more memory a spec takes than its encoded bytes, its entries apart. A range of four bytes takes twelve.
const GROWTH: usize = 8;

/// Compiled specs, each under all the bytes that it was compiled from. So none is taken for another, and none is ever out of date. What is
/// kept makes no difference to any decision, because compiling is a pure function. Schedules with the same spec share it.
#[derive(Debug)]
pub(crate) struct CompiledSpecs(Mutex<Kept>);

#[derive(Debug)]
struct Kept {
    specs: LruCache<Vec<u8>, Spec>,
    /// Memory that they take, about.
    bytes: usize,
}

impl Default for CompiledSpecs {
    fn default() -> Self {
        Self(Mutex::new(Kept { specs: LruCache::new(SPECS_MAX), bytes: 0 }))
    }
}

impl CompiledSpecs {
    /// [`Spec::compile`], or what that gave for an equal spec before.
    pub(crate) fn compile(&self, spec: &ScheduleSpec) -> Result<Spec, InvalidSpec> {
        let encoded = spec.encode_to_vec();
        if let Some(kept) = self.with(|kept| kept.specs.get(&encoded).cloned()) {
            return Ok(kept);
        }
        // A large spec takes long to compile. Other partitions do not wait for it.
        let compiled = Spec::compile(spec)?;
        self.with(|kept| kept.keep(encoded, compiled.clone()));
        Ok(compiled)
    }

    fn with<R>(&self, work: impl FnOnce(&mut Kept) -> R) -> R {
        // A panic elsewhere leaves nothing half done here.
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Kept {
    /// Keeps a spec. Where that is too much, those go that were not used for the longest time.
    fn keep(&mut self, encoded: Vec<u8>, spec: Spec) {
        let bytes = memory(encoded.len(), &spec);
        // A spec that is larger than all of them may be together would drive the others out.
        if bytes > BYTES_MAX {
            return;
        }
        self.bytes += bytes;
        let replaced = self.specs.push(encoded, spec);
        self.forget(replaced);
        while self.bytes > BYTES_MAX {
            let oldest = self.specs.pop_lru();
            self.forget(oldest);
        }
    }

    fn forget(&mut self, dropped: Option<(Vec<u8>, Spec)>) {
        self.bytes -= dropped.map_or(0, |(encoded, spec)| memory(encoded.len(), &spec));
    }
}

/// Memory that a spec of so many encoded bytes takes at most, about.
fn memory(encoded_len: usize, spec: &Spec) -> usize {
    let canonical = spec.canonical();
    let entries = canonical.structured_calendar.len() + canonical.exclude_structured_calendar.len() + canonical.interval.len();
    GROWTH * (encoded_len + canonical.encoded_len()) + ENTRY_BYTES * (1 + entries)
}

#[cfg(test)]
mod tests {
    use klamm_messages::temporal::schedule::v1::IntervalSpec;

    use super::*;

    fn every(seconds: i64) -> ScheduleSpec {
        let interval = Some(prost_types::Duration { seconds, nanos: 0 });
        ScheduleSpec { interval: vec![IntervalSpec { interval, phase: None }], ..ScheduleSpec::default() }
    }

    /// How many specs are kept.
    fn count(specs: &CompiledSpecs) -> usize {
        specs.with(|kept| {
            let bytes: usize = kept.specs.iter().map(|(encoded, spec)| memory(encoded.len(), spec)).sum();
            assert_eq!(kept.bytes, bytes);
            assert!(bytes <= BYTES_MAX, "{bytes}");
            kept.specs.len()
        })
    }

    /// Whether the spec is compiled only once.
    fn is_kept(specs: &CompiledSpecs, spec: &ScheduleSpec) -> bool {
        let compile = || specs.compile(spec).unwrap();
        std::ptr::eq(compile().canonical(), compile().canonical())
    }

    #[test]
    fn equal_specs_are_compiled_once_and_others_apart() {
        let specs = CompiledSpecs::default();
        assert!(is_kept(&specs, &every(60)));
        assert_eq!(specs.compile(&every(61)).unwrap().canonical(), &every(61));
        assert_eq!(count(&specs), 2);
        assert_eq!(specs.compile(&every(-1)).unwrap_err(), Spec::compile(&every(-1)).unwrap_err());
        assert_eq!(count(&specs), 2, "what does not compile is not kept");
    }

    #[test]
    fn only_so_many_are_kept() {
        let specs = CompiledSpecs::default();
        for seconds in 1..=SPECS_MAX.get() as i64 + 10 {
            specs.compile(&every(seconds)).unwrap();
        }
        assert_eq!(count(&specs), SPECS_MAX.get());
    }

    #[test]
    fn only_so_many_bytes_are_kept() {
        let specs = CompiledSpecs::default();
        let large = |seconds, times| ScheduleSpec { interval: vec![every(seconds).interval[0]; times], ..ScheduleSpec::default() };
        for seconds in 1..10 {
            specs.compile(&large(seconds, 10_000)).unwrap();
        }
        let many = count(&specs);
        assert!((2..9).contains(&many), "{many}");
        assert!(is_kept(&specs, &large(9, 10_000)), "the newest stays");
        let many = count(&specs);
        specs.compile(&large(9, 100_000)).unwrap();
        assert_eq!(count(&specs), many, "one that is too large drives no other out");
    }
}
