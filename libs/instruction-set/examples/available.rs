//! Prints the instruction sets that the CPU supports, the fastest first, and the selected one last.
#![allow(clippy::print_stdout, reason = "this program prints")]

use instruction_set::{InstructionSet, InstructionSetError};

fn main() -> Result<(), InstructionSetError> {
    InstructionSet::from_environment()?;
    let available: Vec<_> = InstructionSet::available().map(InstructionSet::name).collect();
    println!("available: {}", available.join(" "));
    println!("selected: {}", InstructionSet::selected());
    Ok(())
}
