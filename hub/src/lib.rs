//! The hub: ingest -> state, history -> stream, API.
//!
//! [`ingest`] takes every message through [`state`], [`store`] and [`stream`], in this order; [`api`] and
//! the panel's files only read.

pub mod api;
pub mod asked;
pub mod cli;
pub mod clock;
pub mod complaints;
pub mod config;
pub mod events;
pub mod forget;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
pub mod ingest;
pub mod labels;
pub mod metrics;
pub mod mqtt;
mod panel;
pub mod receipts;
pub mod run;
pub mod settings;
pub mod state;
pub mod store;
pub mod stream;
pub mod view;
