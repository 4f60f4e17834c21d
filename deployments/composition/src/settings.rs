//! Parses the command line and the environment, and reports all their problems at once.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, ArgAction, ArgMatches, Command, CommandFactory, FromArgMatches};
use std::collections::HashSet;
use std::error::Error;
use std::ffi::OsString;
use std::time::Duration;
use std::{env, fmt};

/// Settings that cannot be used, one problem a line. Nothing was started.
#[derive(Debug)]
pub struct BadSettings(pub Vec<String>);

impl BadSettings {
    /// Returns an error if there are `problems`.
    pub fn refuse(problems: Vec<String>) -> Result<(), Self> {
        if problems.is_empty() { Ok(()) } else { Err(Self(problems)) }
    }
}

/// Why a command line was not accepted.
#[derive(Debug)]
pub enum Refusal {
    /// Help was requested, or the words form no command.
    Usage(clap::Error),
    /// Values are invalid or missing.
    Bad(BadSettings),
}

/// An invalid value.
struct BadValue {
    argument: String,
    value: String,
    reason: String,
}

/// Parses `line`, then the environment for settings that it lacks. An empty variable counts as unset.
pub fn parse<T: CommandFactory + FromArgMatches>(line: &[OsString]) -> Result<T, Refusal> {
    parse_by(T::command(), line)
}

/// Does the same by `command`, that of `T` with another help.
pub fn parse_by<T: FromArgMatches>(command: Command, line: &[OsString]) -> Result<T, Refusal> {
    match read(command, line, tolerant)? {
        (Some(matches), problems) if problems.is_empty() => converted(&matches),
        (_, problems) => Err(Refusal::Bad(BadSettings(problems))),
    }
}

/// Parses as [`parse`] does, but replaces invalid values of the environment by the defaults, and returns
/// their problems. So the caller can report what is missing beside what is invalid.
pub fn parse_environment<T: CommandFactory + FromArgMatches>(
    line: &[OsString],
) -> Result<(T, Vec<String>), Refusal> {
    match read(T::command(), line, without_variable)? {
        (Some(matches), problems) => Ok((converted(&matches)?, problems)),
        (None, problems) => Err(Refusal::Bad(BadSettings(problems))),
    }
}

fn converted<T: FromArgMatches>(matches: &ArgMatches) -> Result<T, Refusal> {
    T::from_arg_matches(matches).map_err(Refusal::Usage)
}

/// Reads all values, and returns them with the problems of all that are invalid. `pass` changes an argument
/// with an invalid value such that it is accepted. Without values if that was not possible.
fn read(
    command: Command,
    line: &[OsString],
    pass: fn(Arg) -> Arg,
) -> Result<(Option<ArgMatches>, Vec<String>), Refusal> {
    let mut command = map_arguments(command, &prepared);
    let (mut problems, mut passed) = (Vec::new(), HashSet::new());
    loop {
        let error = match command.clone().try_get_matches_from(line) {
            Ok(matches) => return Ok((Some(matches), problems)),
            Err(error) => error,
        };
        let bad = BadValue::of(&error);
        match bad.and_then(|bad| Some((argument(&command, &bad.argument)?, bad))) {
            Some((at, _)) if !passed.insert(at.get_id().clone()) => return Ok((None, problems)),
            Some((at, bad)) => {
                problems.push(bad.described(&at));
                command = map_arguments(command, &|argument| {
                    if argument.get_id() == at.get_id() { pass(argument) } else { argument }
                });
            }
            None if problems.is_empty() => return Err(Refusal::Usage(error)),
            None => {
                problems.push(headline(&error));
                return Ok((None, problems));
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
        // Without a source and choices the value is missing, which no parser can accept.
        let reason = match (error.source(), error.get(ContextKind::ValidValue)) {
            (Some(source), _) => source.to_string(),
            (None, Some(ContextValue::Strings(choices))) if !choices.is_empty() => {
                format!("choose {}", choices.join(", "))
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

/// The headings of settings that only servers need.
const SERVERS: [&str; 5] = ["AWS", "Postgres", "OpenSearch", "Embedding API", "SageMaker"];

/// Adapts an argument to the rules that all commands share.
fn prepared(argument: Arg) -> Arg {
    let argument = argument.hide_env_values(true);
    // Short help shows what one machine needs.
    let is_server = argument.get_help_heading().is_some_and(|is| SERVERS.contains(&is));
    let argument = if is_server { argument.hide_short_help(true) } else { argument };
    let variable = argument.get_env().and_then(env::var_os);
    let argument = match variable {
        Some(value) if value.is_empty() => argument.env(None::<&str>),
        _ => argument,
    };
    // In the environment `1`, `yes` and `on` also turn a switch on.
    if matches!(argument.get_action(), ArgAction::SetTrue) {
        return argument.value_parser(switch);
    }
    argument
}

/// Parses the value of a switch in the environment.
fn switch(text: &str) -> Result<bool, &'static str> {
    match &*text.to_ascii_lowercase() {
        "true" | "t" | "yes" | "y" | "on" | "1" => Ok(true),
        "false" | "f" | "no" | "n" | "off" | "0" => Ok(false),
        _ => Err("expected true or false"),
    }
}

/// Lets an argument accept any text.
fn tolerant(argument: Arg) -> Arg {
    argument.value_parser(clap::value_parser!(OsString))
}

/// Lets an argument ignore its variable.
fn without_variable(argument: Arg) -> Arg {
    argument.env(None::<&str>)
}

/// Finds the argument that clap's messages call `name`.
fn argument(command: &Command, name: &str) -> Option<Arg> {
    fn find(command: &Command, name: &str) -> Option<Arg> {
        let here = command.get_arguments().find(|argument| argument.to_string() == name);
        here.cloned().or_else(|| command.get_subcommands().find_map(|sub| find(sub, name)))
    }
    // Arguments have names only once the command is built.
    let mut built = command.clone();
    built.build();
    find(&built, name)
}

/// Returns clap's message without the usage that follows.
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

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(error) => error.fmt(f),
            Self::Bad(bad) => bad.fmt(f),
        }
    }
}

impl Error for Refusal {}

/// Parses a number of seconds, at least a millisecond and at most a day.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let bare = text.strip_suffix('s').unwrap_or(text);
    let seconds: f64 = bare.parse().map_err(|error| format!("{error}"))?;
    match Duration::try_from_secs_f64(seconds) {
        Ok(time) if time >= Duration::from_millis(1) && time <= Duration::from_hours(24) => {
            Ok(time)
        }
        _ => Err("expected a number of seconds from 0.001 to 86400".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Debug, Parser)]
    #[command(name = "shop")]
    struct Shop {
        /// The number.
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
            Err(Refusal::Bad(bad)) => bad.to_string(),
            Err(Refusal::Usage(error)) => format!("{:?}", error.kind()),
        }
    }

    #[test]
    fn all_bad_settings_are_reported_at_once() {
        assert_eq!(
            refused(&["shop", "--many", "999", "sell", "--price", "x", "shoes"]),
            "2 settings cannot be used:\n  --price <PRICE> (SHOP_TEST_PRICE) cannot be \"x\": \
             invalid float literal\n  --many <N> cannot be \"999\": 999 is not in 0..=255"
        );
    }

    #[test]
    fn missing_settings_are_reported_beside_bad_ones() {
        let message = refused(&["shop", "sell", "--price", "x"]);
        assert!(message.contains("--price <PRICE>") && message.contains("<WHAT>"), "{message}");
    }

    #[test]
    fn a_single_problem_is_one_line() {
        let message = refused(&["shop", "sell", "--price", "x", "shoes"]);
        assert!(message.starts_with("--price <PRICE>") && !message.contains('\n'), "{message}");
    }

    /// A deployment without a command line.
    #[derive(Debug, Parser)]
    struct Deployment {
        #[arg(long, env = "PATH")]
        number: Option<u8>,
        #[arg(long, env = "AKIN_TEST_UNSET", default_value = "7")]
        other: u8,
    }

    #[test]
    fn an_invalid_variable_leaves_the_default_and_is_reported() {
        let (parsed, problems) =
            parse_environment::<Deployment>(&["shop".into()]).expect("settings");
        assert_eq!((parsed.number, parsed.other), (None, 7));
        assert!(matches!(&*problems, [one] if one.contains("(PATH)")), "{problems:?}");
        let line = ["shop", "--other", "x"].map(OsString::from);
        let refused = parse_environment::<Deployment>(&line).expect_err("no other value");
        assert!(refused.to_string().contains("--other <OTHER>"), "{refused}");
    }

    #[test]
    fn words_that_form_no_command_are_a_usage_error() {
        assert_eq!(refused(&["shop", "give"]), "InvalidSubcommand");
        assert_eq!(refused(&["shop", "--help"]), "DisplayHelp");
        assert_eq!(refused(&["shop", "sell", "shoes", "--price"]), "InvalidValue");
    }

    #[test]
    fn seconds_are_a_millisecond_to_a_day() {
        assert_eq!(seconds("1.5"), Ok(Duration::from_millis(1_500)));
        assert_eq!(seconds("60s"), Ok(Duration::from_mins(1)));
        for text in ["", "s", "0", "-1", "NaN", "inf", "1e9", "1m"] {
            assert!(seconds(text).is_err(), "{text:?}");
        }
    }
}
