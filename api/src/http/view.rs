//! Reading a view: waiting until it has come as far as the caller asks, then asking it off the async
//! threads. Which rows are wanted, and what they become, is each list's own.

use std::sync::Arc;

use http::{HeaderMap, HeaderName};
use payfold_projections::{View, ViewError};

use super::answer::position_of;
use super::problem::Problem;
use crate::app::App;

/// How far a view must have come before it answers.
const MIN_AS_OF: HeaderName = HeaderName::from_static("payfold-min-as-of");

/// Waits until the view has come as far as `Payfold-Min-As-Of` asks.
pub(crate) async fn caught_up(app: &App, view: View, headers: &HeaderMap) -> Result<(), Problem> {
    let Some(asked) = headers.get(MIN_AS_OF) else {
        return Ok(());
    };
    let asked = position_of(app, asked.to_str().unwrap_or_default()).await?;
    Ok(app.view_reached(view, asked).await?)
}

/// Asks a view.
pub(crate) async fn ask<T: Send + 'static>(
    app: &Arc<App>,
    query: impl FnOnce(&App) -> Result<T, ViewError> + Send + 'static,
) -> Result<T, Problem> {
    let asked = Arc::clone(app);
    Ok(app.world.tasks.blocking(move || query(&asked)).await??)
}
