//! The command line and the environment: all that is wrong with them is said at once.

use clap::builder::BoolishValueParser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, Command, CommandFactory, FromArgMatches, Id};
use std::error::Error;
use std::ffi::OsString;
use std::time::Duration;
use std::{env, fmt};

/// Settings that cannot be used: nothing has been started.
#[derive(Debug)]
pub(crate) struct BadSettings(pub(crate) Vec<String>);

impl BadSettings {
    /// Refuses to go on if there are `problems`.
    pub(crate) fn refuse(problems: Vec<String>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self(problems)) }
    }
}

/// Why the settings do not say what to do.
#[derive(Debug)]
pub(crate) enum Refused {
    /// Somebody asked for help, or the words make no command.
    Usage(clap::Error),
    /// Values that cannot be, or are missing.
    Bad(BadSettings),
}

/// A value that cannot be.
struct BadValue {
    argument: String,
    value: String,
    reason: String,
}

/// Reads `line`, and the environment for what it leaves open. An empty variable counts as unset.
pub(crate) fn parse<T: CommandFactory + FromArgMatches>(line: &[OsString]) -> Result<T, Refused> {
    let mut command = map_arguments(T::command(), &prepared);
    let mut problems = Vec::new();
    loop {
        let error = match command.clone().try_get_matches_from(line) {
            Ok(_) if !problems.is_empty() => return Err(Refused::Bad(BadSettings(problems))),
            Ok(matches) => return T::from_arg_matches(&matches).map_err(Refused::Usage),
            Err(error) => error,
        };
        let bad = BadValue::of(&error);
        match bad.and_then(|bad| Some((argument(&command, &bad.argument)?, bad))) {
            Some((at, bad)) => {
                problems.push(bad.described(&at));
                // Passed over from here on, so that the next one is found.
                command = map_arguments(command, &|argument| tolerant(argument, at.get_id()));
            }
            None if problems.is_empty() => return Err(Refused::Usage(error)),
            None => {
                problems.push(headline(&error));
                return Err(Refused::Bad(BadSettings(problems)));
            }
        }
    }
}

impl BadValue {
    fn of(error: &clap::Error) -> Option<Self> {
        if !matches!(error.kind(), ErrorKind::ValueValidation | ErrorKind::InvalidValue) {
            return None;
        }
        let text = |kind| match error.get(kind) {
            Some(ContextValue::String(text)) => Some(text.clone()),
            _ => None,
        };
        // Without a source and without choices it is no value at all, and nothing can pass it over.
        let reason = match (error.source(), error.get(ContextKind::ValidValue)) {
            (Some(source), _) => source.to_string(),
            (None, Some(ContextValue::Strings(choices))) if !choices.is_empty() => {
                format!("it is one of {}", choices.join(", "))
            }
            _ => return None,
        };
        let (argument, value) = (text(ContextKind::InvalidArg)?, text(ContextKind::InvalidValue)?);
        Some(Self { argument, value, reason })
    }

    fn described(&self, at: &Arg) -> String {
        let Self { argument, value, reason } = self;
        let variable = at.get_env().map(|name| format!(" ({})", name.display()));
        let variable = variable.unwrap_or_default();
        format!("{argument}{variable} cannot be {value:?}: {reason}")
    }
}

fn map_arguments(command: Command, map: &dyn Fn(Arg) -> Arg) -> Command {
    command.mut_args(map).mut_subcommands(|command| map_arguments(command, map))
}

/// An argument as every command of akin takes it.
fn prepared(argument: Arg) -> Arg {
    let argument = argument.hide_env_values(true);
    let variable = argument.get_env().and_then(env::var_os);
    let argument = match variable {
        Some(value) if value.is_empty() => argument.env(None::<&str>),
        _ => argument,
    };
    // A switch is also on by `1`, `yes` and `on` in the environment.
    if matches!(argument.get_action(), ArgAction::SetTrue) {
        return argument.value_parser(BoolishValueParser::new());
    }
    argument
}

fn tolerant(argument: Arg, id: &Id) -> Arg {
    let is_meant = argument.get_id() == id;
    if is_meant { argument.value_parser(clap::value_parser!(OsString)) } else { argument }
}

/// The argument that clap's messages call `name`.
fn argument(command: &Command, name: &str) -> Option<Arg> {
    fn find(command: &Command, name: &str) -> Option<Arg> {
        let here = command.get_arguments().find(|argument| argument.to_string() == name);
        here.cloned().or_else(|| command.get_subcommands().find_map(|sub| find(sub, name)))
    }
    // Only what is built has a name.
    let mut built = command.clone();
    built.build();
    find(&built, name)
}

/// What clap says of `error`, without the usage behind it.
fn headline(error: &clap::Error) -> String {
    let text = error.to_string();
    let text = text.split("\n\nUsage:").next().unwrap_or_default();
    text.trim_start_matches("error: ").trim().to_owned()
}

impl fmt::Display for BadSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.0 {
            [one] => f.write_str(one),
            several => {
                write!(f, "{} settings cannot be used:", several.len())?;
                several.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
            }
        }
    }
}

impl Error for BadSettings {}

/// Reads a number of seconds, of which at least a thousandth passes.
pub(crate) fn seconds(text: &str) -> Result<Duration, String> {
    let bare = text.strip_suffix('s').unwrap_or(text);
    let seconds: f64 = bare.parse().map_err(|error| format!("{error}"))?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if time >= Duration::from_millis(1) && time <= Duration::from_hours(24) => {
            Ok(time)
        }
        _ => Err("it is a number of seconds, from 0.001 to a day's".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    #[command(name = "shop")]
    struct Shop {
        /// How many.
        #[arg(long, value_name = "N")]
        many: Option<u8>,
        #[command(subcommand)]
        command: Sub,
    }

    #[derive(Debug, clap::Subcommand)]
    enum Sub {
        Sell {
            #[arg(long, value_name = "PRICE", env = "SHOP_TEST_PRICE")]
            price: Option<f32>,
            #[arg(required = true, value_name = "WHAT")]
            what: Vec<String>,
        },
    }

    fn refused(line: &[&str]) -> String {
        let line: Vec<_> = line.iter().map(OsString::from).collect();
        match parse::<Shop>(&line) {
            Ok(shop) => format!("{shop:?}"),
            Err(Refused::Bad(bad)) => bad.to_string(),
            Err(Refused::Usage(error)) => format!("{:?}", error.kind()),
        }
    }

    #[test]
    fn every_bad_setting_is_named_at_once() {
        assert_eq!(
            refused(&["shop", "--many", "999", "sell", "--price", "x", "shoes"]),
            "2 settings cannot be used:\n  --price <PRICE> (SHOP_TEST_PRICE) cannot be \"x\": \
             invalid float literal\n  --many <N> cannot be \"999\": 999 is not in 0..=255"
        );
    }

    #[test]
    fn what_is_missing_is_named_beside_what_is_bad() {
        let said = refused(&["shop", "sell", "--price", "x"]);
        assert!(said.contains("--price <PRICE>") && said.contains("<WHAT>"), "{said}");
    }

    #[test]
    fn a_single_problem_is_a_single_line() {
        let said = refused(&["shop", "sell", "--price", "x", "shoes"]);
        assert!(said.starts_with("--price <PRICE>") && !said.contains('\n'), "{said}");
    }

    #[test]
    fn words_that_make_no_command_are_a_matter_of_usage() {
        assert_eq!(refused(&["shop", "give"]), "InvalidSubcommand");
        assert_eq!(refused(&["shop", "--help"]), "DisplayHelp");
        assert_eq!(refused(&["shop", "sell", "shoes", "--price"]), "InvalidValue");
    }

    #[test]
    fn a_number_of_seconds_is_more_than_none_and_less_than_a_day() {
        assert_eq!(seconds("1.5"), Ok(Duration::from_millis(1_500)));
        assert_eq!(seconds("60s"), Ok(Duration::from_mins(1)));
        for text in ["", "s", "0", "-1", "NaN", "inf", "1e9", "1m"] {
            assert!(seconds(text).is_err(), "{text:?}");
        }
    }
}
