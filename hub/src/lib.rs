//! The hub: ingest -> state, history -> stream, API.
//!
//! [`ingest`] takes every message through [`state`], [`store`] and [`stream`], in this order; [`api`] and
//! [`panel`] only read what these hold.

pub mod clock;
pub mod complaints;
pub mod ingest;
pub mod mqtt;
pub mod receipts;
pub mod state;
pub mod store;
pub mod stream;
pub mod view;
