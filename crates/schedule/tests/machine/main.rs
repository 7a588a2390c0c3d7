//! The schedule machine from outside: commands in, what it does and says out as text, in virtual time.

mod audit;
mod backfill;
mod catch_up;
mod commands;
mod costly;
mod deleted;
mod env;
mod idle;
mod kept;
mod overlap;
mod results;
mod start;
mod text;
mod view;
