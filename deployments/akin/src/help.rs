//! Help that is short enough to be read: the settings of servers, which most commands share, are shown in
//! full by one of them.

use clap::{Arg, Command};

/// The command that shows them.
const REFERENCE: &str = "migrate";

/// The headings of these settings.
const HEADINGS: [&str; 2] = ["Postgres", "OpenSearch"];

const POINTER: &str = "The settings of Postgres and OpenSearch are the same for all commands: see `akin migrate --help`.";

/// Hides the settings of servers from the help of all subcommands but one, to which the others point.
pub(crate) fn shortened(command: Command) -> Command {
    command.mut_subcommands(|command| {
        if command.get_name() == REFERENCE { command } else { without_servers(command) }
    })
}

fn without_servers(command: Command) -> Command {
    let command = command.mut_subcommands(without_servers);
    if !command.get_arguments().any(is_of_server) {
        return command;
    }
    let after = command.get_after_help().map(|text| format!("{text}\n\n")).unwrap_or_default();
    let command = command.after_long_help(after + POINTER);
    command.mut_args(|argument| {
        let is_hidden = is_of_server(&argument);
        if is_hidden { argument.hide_long_help(true) } else { argument }
    })
}

fn is_of_server(argument: &Arg) -> bool {
    argument.get_help_heading().is_some_and(|heading| HEADINGS.contains(&heading))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Akin;
    use clap::CommandFactory;

    #[test]
    fn what_the_help_of_a_command_hides_is_in_that_of_the_command_it_points_to() {
        let akin = shortened(Akin::command());
        let reference = akin.find_subcommand(REFERENCE).expect("a command");
        let shown: Vec<_> =
            reference.get_arguments().filter(|is| !is.is_hide_long_help_set()).collect();
        let mut hidden = 0;
        for command in akin.get_subcommands() {
            let help = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
            for argument in command.get_arguments().filter(|is| is.is_hide_long_help_set()) {
                assert!(help.contains(REFERENCE), "{} does not point to it", command.get_name());
                assert!(
                    shown.iter().any(|shown| shown.get_id() == argument.get_id()),
                    "{argument}"
                );
                hidden += 1;
            }
        }
        assert!(hidden > 100, "{hidden}");
    }
}
