//! `klamm completions` and `klamm man`: describe the commands and options for shells and for man.

use std::{
    io::{self, Write},
    path::Path,
    process::ExitCode,
};

use clap::{Command, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use crate::{
    cli::{Cli, ManOptions},
    setup_error::{Exit, SetupError},
};

/// Prints the script.
///
/// # Errors
/// None. The type is the same for all commands.
pub fn completions(shell: Shell) -> Result<ExitCode, SetupError> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "klamm", &mut script);
    print(&script)
}

/// Prints one page, or writes all of them.
///
/// # Errors
/// There is no such command, or the directory cannot be written.
pub fn pages(options: &ManOptions) -> Result<ExitCode, SetupError> {
    let mut klamm = Cli::command();
    // This gives every command its full name and the options that it inherits.
    klamm.build();
    if let Some(directory) = &options.dir {
        let doing = format!("writing manual pages into {}", directory.display());
        let failed = |error: io::Error| SetupError::new(&doing, error, "name another --dir");
        std::fs::create_dir_all(directory).map_err(failed)?;
        write_all(&klamm, directory).map_err(failed)?;
        return Ok(Exit::Fine.into());
    }
    let mut command = &klamm;
    for name in &options.command {
        command = command.find_subcommand(name).ok_or_else(|| {
            SetupError::new("looking for a manual page", format!("there is no command {name:?}"), "`klamm help` names all commands")
        })?;
    }
    print(&page(command).map_err(|error| SetupError::new("making a manual page", error, "this is a bug in klamm, please report it"))?)
}

fn write_all(command: &Command, directory: &Path) -> io::Result<()> {
    std::fs::write(directory.join(format!("{}.1", page_name(command))), page(command)?)?;
    // Clap itself adds `help` below each command. It has no page.
    command.get_subcommands().filter(|command| command.get_name() != "help").try_for_each(|command| write_all(command, directory))
}

/// A page's name, such as `klamm-topics-cat`.
fn page_name(command: &Command) -> String {
    command.get_display_name().unwrap_or_else(|| command.get_name()).to_owned()
}

fn page(command: &Command) -> io::Result<Vec<u8>> {
    let mut page = Vec::new();
    Man::new(command.clone()).title(page_name(command)).render(&mut page)?;
    Ok(page)
}

/// Prints bytes on standard output. The reader of the pipe may have ended; then they are dropped.
fn print(bytes: &[u8]) -> Result<ExitCode, SetupError> {
    let _ = io::stdout().write_all(bytes);
    Ok(Exit::Fine.into())
}
