//! `payfold key new`: makes an API key, and the configuration lines that hold its hash.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use clap::{Args, Subcommand};
use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use super::exit::{Failure, say};
use super::system::SystemEntropy;
use crate::app::Scope;
use crate::world::Entropy;

/// What may be done with keys.
#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Makes an API key, and prints it once with the configuration lines that hold its hash
    New(Arguments),
}

/// What `key new` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The key's name, of a-z0-9_
    #[arg(long)]
    name: String,
    /// What the key may do; may be given several times
    #[arg(long = "scope", required = true, num_args = 1.., value_delimiter = ',')]
    scopes: Vec<String>,
}

pub(super) fn run(command: &Command) -> Result<(), Failure> {
    let Command::New(arguments) = command;
    let name = &arguments.name;
    let grammar = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if name.is_empty() || !name.bytes().all(grammar) {
        return Err(Failure::usage(format!(
            "--name: found {name:?}, expected a name of a-z0-9_"
        )));
    }
    if let Some(unknown) = arguments
        .scopes
        .iter()
        .find(|scope| Scope::from_name(scope).is_none())
    {
        let known = Scope::ALL.map(Scope::as_str).join(", ");
        return Err(Failure::usage(format!(
            "--scope: found {unknown:?}, expected some of {known}"
        )));
    }
    let mut secret = Zeroizing::new([0; 32]);
    SystemEntropy.fill(&mut *secret);
    let key = Zeroizing::new(format!("pfk_{}", URL_SAFE_NO_PAD.encode(*secret)));
    let sha256: String = Sha256::digest(key.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    say(format!("api-key: {}", *key));
    say("");
    say("[[api_keys]]");
    say(format!("name = \"{name}\""));
    say(format!("sha256 = \"{sha256}\""));
    say(format!("scopes = {:?}", arguments.scopes));
    Ok(())
}
