use std::env;
use std::ffi::OsString;
use std::path::PathBuf;

/// The settings of the embedded store.
#[derive(Clone, Debug, Default, clap::Args)]
#[group(skip)] // Every adapter has its settings; without this clap panics on the second.
pub struct Settings {
    /// The folder of the embedded store [default: `akin` in `$XDG_DATA_HOME` or `~/.local/share`].
    #[arg(long, env = "AKIN_DATA", value_name = "DIR")]
    pub data: Option<PathBuf>,
}

impl Settings {
    /// Returns the folder of the embedded store, or `None` if nothing says where it is.
    pub fn folder(&self) -> Option<PathBuf> {
        self.data.clone().or_else(|| default_folder(&|name| env::var_os(name)))
    }

    /// Returns everything that is missing, by the names of the settings.
    pub fn problems(&self) -> Vec<String> {
        let problem = "no data folder: set --data or AKIN_DATA, for HOME is not set either";
        if self.folder().is_some() { Vec::new() } else { vec![problem.to_owned()] }
    }
}

fn default_folder(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let folder = |name| variable(name).filter(|path| !path.is_empty()).map(PathBuf::from);
    let data = folder("XDG_DATA_HOME").or_else(|| Some(folder("HOME")?.join(".local/share")))?;
    Some(data.join("akin"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_store_is_in_the_users_data_folder_unless_another_is_given() {
        let folder = |home: Option<&str>, data: Option<&str>| {
            default_folder(&|name| match name {
                "HOME" => home.map(OsString::from),
                "XDG_DATA_HOME" => data.map(OsString::from),
                _ => None,
            })
        };
        assert_eq!(folder(Some("/h"), None), Some("/h/.local/share/akin".into()));
        assert_eq!(folder(Some("/h"), Some("/d")), Some("/d/akin".into()));
        assert_eq!(folder(Some("/h"), Some("")), Some("/h/.local/share/akin".into()));
        assert_eq!(folder(None, None), None);
        let given = Settings { data: Some("/x".into()) };
        assert_eq!((given.folder(), given.problems()), (Some("/x".into()), Vec::new()));
    }
}
