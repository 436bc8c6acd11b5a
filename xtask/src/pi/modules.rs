//! Which kernel modules the emulated Pi loads, and in which order.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};

/// The sets that the guest's init loads, with what each is for.
pub(super) const SETS: [(&str, &[&str]); 3] = [
    // Devices in user space, the SoC's sensor, power off, a watchdog, random numbers.
    ("early", &["cuse", "bcm2835_thermal", "softdog", "bcm2835_wdt", "bcm2835-rng"]),
    // QEMU's network card, on the Pi's USB.
    ("net", &["phy-generic", "dwc2", "cdc_ether", "rndis_host"]),
    // An SD card with a file system.
    ("disk", &["bcm2835", "crc32c_generic", "ext4"]),
];

/// The modules below `dir` with all that they depend on: each in the first set that wants it, after those that
/// it needs itself.
pub(super) fn ordered(dir: &Path) -> anyhow::Result<Vec<(&'static str, PathBuf)>> {
    let mut index = HashMap::new();
    find(dir, &mut index)?;
    let (mut seen, mut order) = (HashSet::new(), Vec::new());
    for (set, names) in SETS {
        for name in names {
            add(name, set, &index, &mut seen, &mut order)
                .with_context(|| format!("in the kernel's modules, {}", dir.display()))?;
        }
    }
    Ok(order)
}

type Index = HashMap<String, PathBuf>;

/// Files and the kernel disagree about `-` and `_`.
fn normal(name: &str) -> String {
    name.replace('-', "_")
}

fn find(dir: &Path, index: &mut Index) -> anyhow::Result<()> {
    for entry in fs::read_dir(dir).with_context(|| format!("cannot list {}", dir.display()))? {
        let path = entry?.path();
        if path.is_dir() && !path.is_symlink() {
            find(&path, index)?;
        } else if let Some(name) = path.file_name().and_then(|name| name.to_str()?.strip_suffix(".ko")) {
            index.insert(normal(name), path);
        }
    }
    Ok(())
}

fn add(
    name: &str,
    set: &'static str,
    index: &Index,
    seen: &mut HashSet<String>,
    order: &mut Vec<(&'static str, PathBuf)>,
) -> anyhow::Result<()> {
    let name = normal(name);
    if !seen.insert(name.clone()) {
        return Ok(());
    }
    let path = index.get(&name);
    ensure!(path.is_some(), "there is no {name}.ko: this is not the kernel of Debian 12");
    let path = path.cloned().unwrap_or_default();
    let module = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    for needed in dependencies(&module) {
        add(&needed, set, index, seen, order)?;
    }
    order.push((set, path));
    Ok(())
}

/// A module names those it needs in its information section, as `depends=one,other` between zero bytes.
fn dependencies(module: &[u8]) -> Vec<String> {
    const KEY: &[u8] = b"depends=";
    let lines = module.split(|byte| *byte == 0);
    let names = lines.filter_map(|line| line.strip_prefix(KEY)).next().unwrap_or_default();
    let names = String::from_utf8_lossy(names).into_owned();
    names.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_module_comes_after_what_it_needs_and_once() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("drivers")).unwrap();
        for (_, names) in SETS {
            for name in names {
                fs::write(dir.path().join(format!("drivers/{name}.ko")), b"\x7fELF\0depends=\0").unwrap();
            }
        }
        fs::write(dir.path().join("fuse.ko"), b"\x7fELF\0depends=crc32c-generic\0").unwrap();
        fs::write(dir.path().join("drivers/cuse.ko"), b"\x7fELF\0name=cuse\0depends=fuse\0").unwrap();
        let order = ordered(dir.path()).unwrap();
        let names: Vec<_> =
            order.iter().map(|(set, path)| (*set, path.file_stem().unwrap().to_str().unwrap())).collect();
        assert_eq!(names[..3], [("early", "crc32c_generic"), ("early", "fuse"), ("early", "cuse")]);
        assert_eq!(names.iter().filter(|(_, name)| *name == "crc32c_generic").count(), 1);
    }

    #[test]
    fn an_absent_module_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let error = ordered(dir.path()).unwrap_err();
        assert!(format!("{error:#}").contains("no cuse.ko"), "{error:#}");
    }
}
