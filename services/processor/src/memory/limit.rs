//! How much memory this process may use, and how much it does use, as Linux tells it.

use std::{fs, path::Path};

/// Bytes of memory that this process may use: the limit of its control groups (version 1 or 2), or what the machine has. `None` where the
/// system does not tell.
pub fn memory_limit() -> Option<u64> {
    limit_in(Path::new("/"))
}

/// Bytes that this process holds in memory now.
pub(super) fn resident_bytes() -> Option<u64> {
    let pages: u64 = fs::read_to_string("/proc/self/statm").ok()?.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

/// The smallest limit of the process's control groups and of the machine. All files are read below `root`.
fn limit_in(root: &Path) -> Option<u64> {
    let groups = fs::read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    let mounted = root.join("sys/fs/cgroup");
    let of_groups = groups.lines().filter_map(|line| {
        // `0::/path` (version 2), `5:memory:/path` (version 1).
        let mut parts = line.splitn(3, ':');
        let (number, controllers, path) = (parts.next()?, parts.next()?, parts.next()?);
        match controllers {
            "" if number == "0" => limit_along(&mounted, path, "memory.max"),
            _ if controllers.split(',').any(|name| name == "memory") => limit_along(&mounted.join("memory"), path, "memory.limit_in_bytes"),
            _ => None,
        }
    });
    of_groups.chain(machine(root)).min()
}

/// The smallest limit of a group and of the groups that contain it. In a container the path may be a path of the host, and only its end, or
/// nothing of it, may be mounted.
fn limit_along(mounted: &Path, path: &str, file: &str) -> Option<u64> {
    let group = mounted.join(path.trim_start_matches('/'));
    let groups = group.ancestors().take_while(|group| group.starts_with(mounted));
    groups.filter_map(|group| fs::read_to_string(group.join(file)).ok()?.trim().parse().ok()).min()
}

fn machine(root: &Path) -> Option<u64> {
    let text = fs::read_to_string(root.join("proc/meminfo")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kib: u64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a directory");
        for (path, text) in files {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().expect("a parent")).expect("directories");
            fs::write(path, text).expect("a file");
        }
        root
    }

    #[test]
    fn the_smallest_limit_of_all_groups_counts() {
        let meminfo = ("proc/meminfo", "MemTotal:       16384 kB\nMemFree: 1 kB\n");
        let version_2 = root(&[
            meminfo,
            ("proc/self/cgroup", "0::/pods/klamm\n"),
            ("sys/fs/cgroup/pods/klamm/memory.max", "max\n"),
            ("sys/fs/cgroup/pods/memory.max", "4194304\n"),
        ]);
        assert_eq!(limit_in(version_2.path()), Some(4 << 20));
        let in_container = root(&[meminfo, ("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "8388608\n")]);
        assert_eq!(limit_in(in_container.path()), Some(8 << 20));
        let version_1 = root(&[
            meminfo,
            ("proc/self/cgroup", "3:cpu,memory:/docker/abc\n0::/\n"),
            // The path is a path of the host. The container sees its own group at the mount.
            ("sys/fs/cgroup/memory/memory.limit_in_bytes", "2097152\n"),
        ]);
        assert_eq!(limit_in(version_1.path()), Some(2 << 20));
        let unlimited = root(&[meminfo, ("proc/self/cgroup", "0::/\n"), ("sys/fs/cgroup/memory.max", "max\n")]);
        assert_eq!(limit_in(unlimited.path()), Some(16 << 20));
        assert_eq!(limit_in(root(&[]).path()), None);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_takes_some_and_may_use_more() {
        let (resident, limit) = (resident_bytes().expect("told"), memory_limit().expect("told"));
        assert!(0 < resident && resident < limit, "{resident} of {limit}");
    }
}
