//! `payfold check`: reads the configuration, the keys and the store, and says what is wrong; starts
//! nothing.

use std::path::PathBuf;

use clap::Args;
use payfold_domain::Timestamp;
use payfold_domain::policy::Capability;
use payfold_sqlite::{OpenError, SqliteStore};

use super::exit::{Failure, say};
use super::serve::{read_config, runtime};
use super::service::accounts_wrong;
use super::system;
use crate::app::{Account, GatewayAccount, compare_identities};

/// What `check` takes.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The configuration
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

pub(super) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let world = system::world().map_err(Failure::job)?;
    let config = read_config(&arguments.config, &world)?;
    for account in &config.accounts {
        say(line(account, world.now()));
    }
    match SqliteStore::open_read_only(&config.store_folder) {
        Ok(store) => {
            compare(&store, &config.accounts, world.now())?;
            say(format!(
                "store {}: can be read",
                config.store_folder.display()
            ));
        }
        Err(OpenError::Missing { .. }) => {
            say(format!(
                "store {}: not there yet; the service makes it",
                config.store_folder.display()
            ));
        }
        Err(error) => return Err(Failure::job(error)),
    }
    say("nothing is wrong");
    Ok(())
}

/// The store knows who each account is at its gateway.
fn compare(store: &SqliteStore, accounts: &[Account], now: Timestamp) -> Result<(), Failure> {
    let problems = runtime()?.block_on(compare_identities(store, accounts, now));
    if problems.is_empty() {
        Ok(())
    } else {
        Err(accounts_wrong(&problems))
    }
}

fn line(account: &Account, now: Timestamp) -> String {
    let can = match account.capability {
        Capability::Full => "starts payments, receives, refunds",
        Capability::Retired => "retired: receives and refunds, starts nothing",
        Capability::ReceivesOnly => {
            "receives only: it has no private key, so its payments are external and it is never asked, closed or refunded"
        }
    };
    let name = format!("account {} ({})", account.name, account.gateway().as_str());
    match &account.gateway {
        GatewayAccount::Alipay(alipay) => match alipay.certificates_expire_at() {
            Some(end) => {
                let days = (end.as_secs() - now.as_secs()) / 86_400;
                format!("{name}: {can}; its certificates end in {days} days")
            }
            None => format!("{name}: {can}"),
        },
        GatewayAccount::WechatPay(_) => format!("{name}: {can}"),
    }
}
