//! `edge-agent`: measures this machine and its sensors, and tells a broker.

use std::process::ExitCode;

fn main() -> ExitCode {
    edge_agent::cli::main()
}
