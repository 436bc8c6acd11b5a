//! The hub: ingest, state, history, alerts, and what shows them.

pub mod mqtt;
