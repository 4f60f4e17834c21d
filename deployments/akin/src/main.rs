//! The `akin` command: one binary, a subcommand per role.

mod commands;
mod embedding;
mod exit;
mod feed_settings;
mod help;
mod open_files;
mod output;
mod process;
mod progress;
mod signals;
mod sink;
mod version;

use akin_composition::{CpuSettings, LogSettings, Refusal};
use anyhow::Context;
use clap::{Arg, CommandFactory, Parser, Subcommand, ValueHint};
use commands::{
    backup, copy, doctor, evaluate, export, health, indexes, ingest, migrate, model, quarantine,
    queue, relevance, restore, search, serve, serve_embeddings, similar, status, suggest, worker,
};
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// Semantic product search: ingest a product feed, then search it in your own words.
#[derive(Debug, Parser)]
#[command(
    name = "akin",
    version,
    long_version = version::long(),
    after_help = "Examples:\n  akin ingest catalogue.csv\n  akin search something to keep my phone steady while filming\n  akin serve\n\n`-h` shows the settings that one machine needs, `--help` all of them, and `akin migrate --help` those of servers. Every flag can also be set in the environment; a flag wins, and an empty variable counts as unset. Exit codes: 0 done, 1 failed, 2 bad usage or settings, 3 done except for some products, 4 done but below a demanded quality, 130 interrupted."
)]
struct Akin {
    #[command(flatten)]
    logging: LogSettings,

    #[command(flatten)]
    cpu: CpuSettings,

    #[command(subcommand)]
    command: Command,
}

/// The command line as shells complete it: without `--cpu`, which help hides and clap would offer.
#[derive(Debug, Parser)]
#[command(name = "akin", version)]
struct Completed {
    #[command(flatten)]
    logging: LogSettings,

    #[command(subcommand)]
    command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
enum Command {
    Ingest(ingest::IngestArguments),
    Search(search::SearchArguments),
    Similar(similar::SimilarArguments),
    Suggest(suggest::SuggestArguments),
    Serve(serve::ServeArguments),
    ServeEmbeddings(serve_embeddings::ServeEmbeddingsArguments),
    Worker(worker::WorkerArguments),
    Queue(queue::QueueArguments),
    Status(status::StatusArguments),
    Quarantine(quarantine::QuarantineArguments),
    Model(model::ModelArguments),
    Evaluate(evaluate::EvaluateArguments),
    Relevance(relevance::RelevanceArguments),
    Export(export::ExportArguments),
    Copy(copy::CopyArguments),
    Backup(backup::BackupArguments),
    Restore(restore::RestoreArguments),
    Indexes(indexes::IndexesArguments),
    Migrate(migrate::MigrateArguments),
    Health(health::HealthArguments),
    Doctor(doctor::DoctorArguments),
    /// Print a completion script for a shell.
    #[command(
        after_help = "Examples:\n  akin completions bash > ~/.local/share/bash-completion/completions/akin\n  akin completions zsh > ~/.zfunc/_akin\n  akin completions fish > ~/.config/fish/completions/akin.fish"
    )]
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Write the manual pages of all commands.
    #[command(after_help = "Example:\n  akin manual ~/.local/share/man/man1 && man akin-ingest")]
    Manual {
        /// The folder, which is created if it is missing.
        #[arg(value_name = "DIR")]
        folder: PathBuf,
    },
}

fn main() -> ExitCode {
    let line: Vec<OsString> = std::env::args_os().collect();
    let command = help::shortened(Akin::command());
    let akin: Akin = match akin_composition::parse_by(command, &line) {
        Ok(akin) => akin,
        // Covers help and the version, which are not failures.
        Err(Refusal::Usage(error)) => error.exit(),
        Err(Refusal::Bad(bad)) => {
            output::failure(&bad.into());
            return exit::misconfigured();
        }
    };
    akin.logging.start();
    let selected = akin.cpu.select().map_err(anyhow::Error::from);
    match selected.and_then(|()| run(akin.command)) {
        Ok(code) => code,
        Err(error) => {
            output::failure(&error);
            exit::of(&error)
        }
    }
}

fn run(command: Command) -> anyhow::Result<ExitCode> {
    if let Command::Completions { shell } = command {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut completable(Completed::command()), "akin", &mut script);
        output::raw(&script);
        return Ok(exit::DONE);
    }
    if let Command::Manual { folder } = command {
        let written = std::fs::create_dir_all(&folder)
            .and_then(|()| clap_mangen::generate_to(Akin::command(), &folder));
        written.with_context(|| format!("cannot write to {}", folder.display()))?;
        return Ok(exit::DONE);
    }
    // These handle signals themselves: a server finishes open requests, a worker its batch, and an
    // ingestion logs the interruption.
    let ends_at_once = !matches!(
        command,
        Command::Serve(_) | Command::ServeEmbeddings(_) | Command::Worker(_) | Command::Ingest(_)
    );
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    let ended = runtime.block_on(async {
        let asked_to_end = signals::asked_to_end()?;
        tokio::select! {
            code = dispatch(command) => code.map(Ended::ByItself),
            signal = asked_to_end, if ends_at_once => Ok(Ended::By(signal)),
        }
    });
    // Wait for a transaction that is being written, and for nothing else. Committed work stays, and
    // the next run continues from there.
    runtime.shutdown_timeout(Duration::from_secs(5));
    Ok(match ended? {
        Ended::ByItself(code) => code,
        Ended::By(signal) => exit::cut_short(signal),
    })
}

/// The names of the values that are paths.
const PATHS: [&str; 7] = ["DIR", "FEED", "FILE", "MAP", "MODEL", "PATH", "PLACE"];

/// Returns `command` such that shells offer files only where a value is a path.
fn completable(command: clap::Command) -> clap::Command {
    let hinted = |argument: Arg| {
        let is_path = argument
            .get_value_names()
            .is_some_and(|names| names.iter().any(|name| PATHS.contains(&name.as_str())));
        let takes_text = argument.get_action().takes_values() && !is_path;
        if takes_text { argument.value_hint(ValueHint::Other) } else { argument }
    };
    command.mut_args(hinted).mut_subcommands(completable)
}

/// The end of a command.
enum Ended {
    ByItself(ExitCode),
    /// A signal of this number ended it.
    By(u8),
}

async fn dispatch(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Ingest(arguments) => ingest::run(arguments).await,
        Command::Search(arguments) => search::run(arguments).await,
        Command::Similar(arguments) => similar::run(arguments).await,
        Command::Suggest(arguments) => suggest::run(arguments).await,
        Command::Serve(arguments) => serve::run(arguments).await,
        Command::ServeEmbeddings(arguments) => serve_embeddings::run(arguments).await,
        Command::Worker(arguments) => worker::run(arguments).await,
        Command::Queue(arguments) => queue::run(arguments).await,
        Command::Status(arguments) => status::run(arguments).await,
        Command::Quarantine(arguments) => quarantine::run(arguments).await,
        Command::Model(arguments) => model::run(arguments).await,
        Command::Evaluate(arguments) => evaluate::run(arguments).await,
        Command::Relevance(arguments) => relevance::run(&arguments),
        Command::Export(arguments) => export::run(arguments).await,
        Command::Copy(arguments) => copy::run(arguments).await,
        Command::Backup(arguments) => backup::run(arguments).await,
        Command::Restore(arguments) => restore::run(arguments).await,
        Command::Indexes(arguments) => indexes::run(arguments).await,
        Command::Migrate(arguments) => migrate::run(arguments).await,
        Command::Health(arguments) => health::run(arguments).await,
        Command::Doctor(arguments) => doctor::run(arguments).await,
        // They end before the runtime begins.
        Command::Completions { .. } | Command::Manual { .. } => Ok(exit::DONE),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Akin::command().debug_assert();
    }

    /// The flags without variables.
    const SAID_EACH_TIME: [&str; 16] = [
        "filter",
        "help",
        "version",
        "clear",
        "replace",
        "sort",
        "page",
        "main_category",
        "sub_category",
        "brand",
        "price_min",
        "price_max",
        "min_rating",
        "discounted",
        "unfinished",
        "explain",
    ];

    #[test]
    fn every_flag_has_a_variable_and_every_command_an_example() {
        let mut akin = Akin::command();
        akin.build();
        let mut commands = vec![&akin];
        while let Some(command) = commands.pop() {
            commands.extend(command.get_subcommands().filter(|sub| sub.get_name() != "help"));
            let is_group = command.has_subcommands() && command.get_name() != "akin";
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(is_group || help.contains("Example"), "{} has no example", command.get_name());
            for argument in command.get_arguments() {
                // What deletes, and what one search asks for, is said each time, and not once for all by
                // a variable.
                let is_ours = !SAID_EACH_TIME.contains(&argument.get_id().as_str());
                let named = argument.get_long().is_none() || argument.get_env().is_some();
                assert!(named || !is_ours, "{} {argument} has no variable", command.get_name());
            }
        }
    }

    #[test]
    fn help_prints_no_secret_and_no_address() {
        const SUSPECT: [&str; 6] = ["ENDPOINT", "URL", "PASSWORD", "TOKEN", "SECRET", "KEY"];
        let mut found = 0;
        let akin = Akin::command();
        let mut commands = vec![&akin];
        while let Some(command) = commands.pop() {
            commands.extend(command.get_subcommands());
            for argument in command.get_arguments() {
                let variable = argument.get_env().unwrap_or_default().to_string_lossy();
                if variable.split('_').any(|word| SUSPECT.contains(&word)) {
                    assert!(argument.is_hide_env_values_set(), "{argument}: {variable} is printed");
                    found += 1;
                }
            }
        }
        assert!(found > 20, "{found}: the settings were not found");
    }
}
