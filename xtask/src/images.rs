//! Container images of both programs, for arm64 and amd64 under one name.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context;
use clap::ValueEnum;

use crate::cross::{self, Arch, Program};
use crate::failure::usage;
use crate::{apt, project, run};

/// Where Debian keeps the certificates of the public authorities.
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

#[derive(clap::Args)]
pub(crate) struct Options {
    /// Tag of the images
    #[arg(long, default_value = "latest", value_parser = tag)]
    tag: String,
}

pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let mut packages = apt::lacking(&[("buildah", "buildah")]);
    if !Path::new(CERTIFICATES).is_file() {
        packages.push("ca-certificates");
    }
    apt::ensure(&packages, &[])?;

    let dir = project::target().join("images");
    let context = dir.join("context");
    if context.exists() {
        fs::remove_dir_all(&context).with_context(|| format!("cannot clear {}", context.display()))?;
    }
    fs::create_dir_all(context.join("empty"))?;
    fs::copy(CERTIFICATES, context.join("ca-certificates.crt"))?;
    for arch in Arch::value_variants() {
        lay_out(*arch, &context)?;
    }

    let buildah = Buildah { dir: &dir };
    let mut summary = String::new();
    for (name, dockerfile) in [("edgewise-agent", "agent.Dockerfile"), ("edgewise-hub", "hub.Dockerfile")] {
        let archive = buildah.build(name, &options.tag, dockerfile, &context)?;
        summary += &format!("{}  {}\n", archive.display(), cross::megabytes(fs::metadata(&archive)?.len()));
    }
    for arch in Arch::value_variants() {
        for program in Program::ALL {
            let size = fs::metadata(context.join(arch.debian()).join(program.package()))?.len();
            summary += &format!("{:<10} {}  {}\n", program.package(), arch.debian(), cross::megabytes(size));
        }
    }
    println!("\n{}", summary.trim_end());
    Ok(())
}

/// Puts the binaries of one architecture where the Dockerfiles look for them.
fn lay_out(arch: Arch, context: &Path) -> anyhow::Result<()> {
    let dir = context.join(arch.debian());
    fs::create_dir_all(&dir)?;
    for (binary, program) in cross::build(arch, &Program::ALL)?.iter().zip(Program::ALL) {
        let copy = dir.join(program.package());
        fs::copy(binary, &copy)?;
        fs::set_permissions(&copy, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// buildah with its storage inside the target directory: the user's own images are left alone.
struct Buildah<'a> {
    dir: &'a Path,
}

impl Buildah<'_> {
    /// Builds for every architecture and writes one OCI archive with all of them.
    fn build(&self, name: &str, tag: &str, dockerfile: &str, context: &Path) -> anyhow::Result<PathBuf> {
        let image = format!("localhost/{name}:{tag}");
        let platforms: Vec<_> =
            Arch::value_variants().iter().map(|arch| format!("linux/{}", arch.debian())).collect();
        // A list left by an earlier run would collect the new images beside the old ones.
        let _ = self.command(&["manifest", "rm", &image]).output();
        let mut build = self.command(&["build", "--platform", &platforms.join(","), "--manifest", &image]);
        build.arg("--timestamp=0").arg("--label").arg(format!("org.opencontainers.image.version={tag}"));
        build.arg("--file").arg(project::root().join("docker").join(dockerfile)).arg(context);
        run::show(&mut build)?;

        let archive = self.dir.join(format!("{name}-{tag}.tar"));
        // An existing archive would be added to.
        if archive.exists() {
            fs::remove_file(&archive)?;
        }
        let target = format!("oci-archive:{}:{tag}", archive.display());
        run::show(&mut self.command(&["manifest", "push", "--all", &image, &target]))?;
        Ok(archive)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = run::command("buildah", ["--storage-driver", "vfs", "--root"]);
        command.arg(self.dir.join("storage")).arg("--runroot").arg(self.dir.join("run"));
        command.args(arguments).env("BUILDAH_ISOLATION", "chroot");
        command
    }
}

/// A tag as registries accept it.
fn tag(text: &str) -> anyhow::Result<String> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let first_is_fine = text.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
    if first_is_fine && text.len() <= 128 && text.chars().all(allowed) {
        Ok(text.to_owned())
    } else {
        Err(usage("a tag has letters, digits, `_`, `.` and `-`, and does not begin with `.` or `-`"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tags_that_a_registry_accepts() {
        for good in ["latest", "v0.1.0-rc.1", "_x"] {
            assert_eq!(tag(good).unwrap(), good);
        }
        for bad in ["", ".hidden", "-x", "a/b", "a b", "ä", &"x".repeat(129)] {
            assert!(tag(bad).is_err(), "{bad:?}");
        }
    }
}
