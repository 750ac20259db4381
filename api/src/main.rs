//! The `payfold` command.

fn main() -> std::process::ExitCode {
    payfold::cli::main()
}
