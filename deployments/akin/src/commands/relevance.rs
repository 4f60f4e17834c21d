use crate::{exit, output};
use akin_composition::RelevanceFile;
use akin_entities::Language;
use akin_usecases::RelevanceReport;
use std::path::PathBuf;
use std::process::ExitCode;

/// Check a file of synonyms, curation and boosts.
#[derive(Debug, clap::Args)]
pub(crate) struct RelevanceArguments {
    #[command(subcommand)]
    command: RelevanceCommand,
}

#[derive(Debug, clap::Subcommand)]
enum RelevanceCommand {
    /// Check a file completely, and name everything that is wrong with it.
    #[command(after_help = "Example:\n  akin relevance check relevance.json")]
    Check {
        /// The JSON file, as `--relevance` takes it.
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

pub(crate) fn run(arguments: &RelevanceArguments) -> anyhow::Result<ExitCode> {
    let RelevanceCommand::Check { file } = &arguments.command;
    let loaded = RelevanceFile::load(file, Language::default())?;
    let RelevanceReport { synonyms, rules, .. } = loaded.current().report().unwrap_or_default();
    output::note(&format!("the file is valid: {synonyms} synonym rules, {rules} curation rules"));
    Ok(exit::DONE)
}
