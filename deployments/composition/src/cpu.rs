//! The instruction set of the kernels that embed and search.

use clap::Args;
use instruction_set::{InstructionSet, InstructionSetError, VARIABLE};

/// The instruction set to use. Hidden from the help: only tests and measurements need another one than
/// the fastest.
#[derive(Clone, Debug, Args)]
#[group(skip)] // Every set of settings is an `Args`; a group of each would clash.
pub struct CpuSettings {
    /// The instruction set for embedding and vector search: portable, avx2 or avx512. By default the fastest
    /// that the CPU supports.
    #[arg(long, env = VARIABLE, global = true, hide = true, value_name = "SET", value_parser = supported)]
    pub cpu: Option<InstructionSet>,
}

impl CpuSettings {
    /// Makes every kernel of this process use the instruction set.
    pub fn select(&self) -> Result<(), InstructionSetError> {
        self.cpu.map_or(Ok(()), InstructionSet::select)
    }
}

/// Parses the name of an instruction set that this CPU supports.
fn supported(name: &str) -> Result<InstructionSet, InstructionSetError> {
    name.parse::<InstructionSet>()?.check()
}
