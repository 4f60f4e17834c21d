use crate::output;

/// The files that a server needs besides its connections: its catalogue, connections to databases, those
/// that are turned away, and pictures.
const OTHER_FILES: usize = 192;

/// Returns how many of the `wanted` connections the limit of open files allows, and says so if these are
/// fewer.
pub(crate) fn allowed_connections(wanted: usize) -> usize {
    // Only Linux has this file.
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let Some(limit) = limit(&limits) else { return wanted };
    let allowed = limit.saturating_sub(OTHER_FILES).max(1);
    if wanted <= allowed {
        return wanted;
    }
    output::note(&format!(
        "the limit of open files (RLIMIT_NOFILE, `ulimit -n`) is {limit}, too few for --max-connections \
         (AKIN_MAX_CONNECTIONS) {wanted}: at most {allowed} are open at a time; {} files would do",
        wanted + OTHER_FILES
    ));
    allowed
}

/// Returns the limit in the text of `/proc/self/limits`; `None` if there is none.
fn limit(limits: &str) -> Option<usize> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_is_read() {
        let text = |soft: &str| {
            format!(
                "Limit                     Soft Limit           Hard Limit           Units\n\
                 Max processes             7                    8                    processes\n\
                 Max open files            {soft}                 4096                 files\n"
            )
        };
        assert_eq!(limit(&text("1024")), Some(1024));
        assert_eq!(limit(&text("unlimited")), None);
        assert_eq!(limit(""), None);
    }
}
