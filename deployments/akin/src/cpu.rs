//! The instruction set of the kernels that embed and search.

use clap::Args;
use instruction_set::{InstructionSet, InstructionSetError, VARIABLE};

/// Which instruction set to use. Hidden from the help: only tests and measurements need another one than
/// the fastest.
#[derive(Debug, Args)]
#[group(skip)] // Every set of settings is an `Args`; a group of each would clash.
pub(crate) struct Settings {
    /// The instruction set for embedding and vector search: portable, avx2 or avx512. By default the fastest
    /// that the CPU supports.
    #[arg(long, env = VARIABLE, global = true, hide = true, value_name = "SET", value_parser = supported)]
    cpu: Option<InstructionSet>,
}

impl Settings {
    /// Makes every kernel of this process use the instruction set.
    pub(crate) fn select(&self) -> Result<(), InstructionSetError> {
        self.cpu.map_or(Ok(()), InstructionSet::select)
    }
}

fn supported(name: &str) -> Result<InstructionSet, InstructionSetError> {
    name.parse::<InstructionSet>()?.check()
}
