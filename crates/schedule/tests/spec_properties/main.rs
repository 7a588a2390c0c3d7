//! What holds for every schedule spec: next times against a walk over seconds, against the `cron` crate, and in themselves.

mod cron_crate;
mod laws;
mod oracle;
mod specs;
mod walk;
mod zone_data;
