//! Makes a release build follow the panel that it embeds.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // A debug build reads the panel's files when they are asked for. In a release build a folder that is
    // not there counts as changed each time, so that it is found once it is.
    if std::env::var_os("PROFILE").is_some_and(|profile| profile == "release") {
        println!("cargo::rerun-if-changed=../dashboard/dist");
    }
}
