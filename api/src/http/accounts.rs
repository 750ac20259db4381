//! `GET /v1/accounts`: the accounts, and what each can do.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use http::StatusCode;
use payfold_domain::Method;
use payfold_domain::policy::Capability;
use serde::Serialize;

use super::answer::{Items, json};
use super::problem::{Kind, Problem};
use super::query::Query;
use crate::app::{Account, App};

/// An account, with no secret.
#[derive(Serialize)]
struct AccountAnswer {
    name: String,
    gateway: &'static str,
    app_id: String,
    merchant_id: String,
    /// `full`, `retired` or `receives_only`.
    capability: &'static str,
    methods: Vec<&'static str>,
    notify_url: String,
    return_url: String,
}

/// Lists the accounts.
pub(crate) async fn list_accounts(
    State(app): State<Arc<App>>,
    mut query: Query,
) -> Result<Response, Problem> {
    let limit = query.limit();
    let after = query.take("after", |text| Ok(text.to_owned()));
    let (limit, after) = query.finish((limit, after))?;
    let accounts = app.accounts.all();
    let mut accounts: Vec<&Account> = accounts.values().map(Arc::as_ref).collect();
    if let Some(after) = after {
        let last = accounts
            .iter()
            .position(|known| known.name.as_str() == after);
        let last = last.ok_or_else(|| {
            Problem::new(Kind::CursorUnknown, "no account of that name begins a page")
        })?;
        accounts.drain(..=last);
    }
    let page = accounts.iter().take(limit);
    let items: Vec<AccountAnswer> = page.map(|account| answer(&app, account)).collect();
    let is_more = accounts.len() > limit;
    let next = items
        .last()
        .filter(|_| is_more)
        .map(|last| last.name.clone());
    Ok(json(StatusCode::OK, &Items { items, next }))
}

fn answer(app: &App, account: &Account) -> AccountAnswer {
    let (capability, startable) = match account.capability {
        Capability::Full => ("full", account.methods()),
        Capability::Retired => ("retired", EXTERNAL),
        Capability::ReceivesOnly => ("receives_only", EXTERNAL),
    };
    AccountAnswer {
        name: account.name.to_string(),
        gateway: account.gateway().as_str(),
        app_id: account.app_id.clone(),
        merchant_id: account.merchant_id.clone(),
        capability,
        methods: startable.iter().map(|method| method.as_str()).collect(),
        notify_url: app.settings.notify_url(&account.name),
        return_url: app.settings.return_url(&account.name),
    }
}

/// What an account takes that starts nothing itself.
const EXTERNAL: &[Method] = &[Method::External];
