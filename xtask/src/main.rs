//! The project's own commands: `cargo xtask <command>`.

mod apt;
mod bench;
mod broker;
mod cross;
mod demo;
mod echo;
mod failure;
#[cfg(target_os = "linux")]
mod faults;
mod http;
mod images;
mod inputs;
mod panel;
mod pi;
mod ports;
mod process;
mod project;
mod ready;
mod run;
mod signals;
mod test;
mod tied;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own commands")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build everything, then run a hub and an agent that measures this machine, until Ctrl-C
    Demo(demo::Options),
    /// Install what the tests need, run all of them and say what passed
    Test(test::Options),
    /// Build static binaries for another architecture
    Cross(cross::Options),
    /// Break everything at random under load, then prove that nothing was lost and nothing is there twice
    #[cfg(target_os = "linux")]
    Faults(faults::Options),
    /// Build container images for arm64 and amd64
    Images(images::Options),
    /// Run the agent on an emulated Raspberry Pi with a BME280, until Ctrl-C
    Pi(Box<pi::Options>),
    /// Measure a program beside its reference
    #[command(subcommand)]
    Bench(bench::Bench),
    /// Run a program that ends when its starter does (used by the other commands)
    #[command(hide = true)]
    Tied(tied::Options),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Demo(options) => demo::run(&options),
        Command::Test(options) => test::run(&options),
        Command::Cross(options) => cross::run(&options),
        #[cfg(target_os = "linux")]
        Command::Faults(options) => faults::run(&options),
        Command::Images(options) => images::run(&options),
        Command::Pi(options) => pi::run(&options),
        Command::Bench(bench) => bench::run(&bench),
        Command::Tied(options) => tied::run(&options),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(failure::exit_code(&error))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_contradicts_itself_nowhere() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }
}
