//! The routes: what callers, gateways and buyers reach, and how the application's answers become
//! HTTP. One route is one file: what it takes, what it answers, and its handler. What is decided, and
//! what is stored, is the application's own.

mod accounts;
mod answer;
mod auth;
mod body;
mod docs;
mod exception;
mod feed;
mod gateway;
mod health;
mod instant;
mod linger;
mod listener;
mod openapi;
mod order;
mod outer;
mod path;
mod payment;
mod problem;
mod query;
mod refund;
mod report;
mod shipment;
mod traffic;
mod turn;
mod view;

use std::net::SocketAddr;
use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRef;
use axum::routing::{MethodRouter, get, post, put};
use axum::{Router, middleware};

pub use listener::{HeaderNames, ListenError, ServeError, serve_router};

use crate::app::{App, Scope};
use auth::{Admits, gate};
use feed::ring::Ring;
use traffic::Traffic;

/// What the routes share; one count to clone, for every request clones it.
#[derive(Clone)]
pub(crate) struct Site(Arc<Shared>);

/// See [`Site`].
pub(crate) struct Shared {
    app: Arc<App>,
    ring: Arc<Ring>,
    traffic: Arc<Traffic>,
}

impl Deref for Site {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl FromRef<Site> for Arc<App> {
    fn from_ref(site: &Site) -> Self {
        Arc::clone(&site.app)
    }
}

/// The addresses that a service answers on.
#[derive(Debug, Clone, Copy)]
pub struct Listeners {
    /// Everything.
    pub listen: SocketAddr,
    /// What gateways and buyers need, and nothing else.
    pub public_listen: Option<SocketAddr>,
    /// What is counted, without a key.
    pub metrics_listen: Option<SocketAddr>,
}

/// Answers on the addresses until the program winds down. It listens on all of them when this returns.
///
/// # Errors
///
/// Where one of the ports is taken, or one of the addresses is not this machine's.
pub async fn serve(app: &Arc<App>, listeners: Listeners) -> Result<(), ServeError> {
    let site = site(app);
    let also = [listeners.public_listen, listeners.metrics_listen];
    let addresses = 1 + also.into_iter().flatten().count();
    for (setting, address, router) in [
        (
            "server.listen (demo: --port)",
            Some(listeners.listen),
            main(&site),
        ),
        (
            "server.public_listen",
            listeners.public_listen,
            public(&site),
        ),
        (
            "server.metrics_listen",
            listeners.metrics_listen,
            metrics(&site),
        ),
    ] {
        let Some(address) = address else { continue };
        let names = HeaderNames::Lowercase;
        let listening = serve_router(&app.world.tasks, address, router, names, addresses);
        let listening = listening.await;
        listening.map_err(|source| ServeError { setting, source })?;
    }
    Ok(())
}

/// The router of everything, for those who bring requests themselves.
pub fn router(app: &Arc<App>) -> Router {
    main(&site(app))
}

fn site(app: &Arc<App>) -> Site {
    let ring = Ring::new(*app.store.tip().borrow());
    app.world
        .tasks
        .spawn(Arc::clone(&ring).follow(Arc::clone(app)));
    Site(Arc::new(Shared {
        app: Arc::clone(app),
        ring,
        traffic: Arc::new(Traffic::new()),
    }))
}

fn main(site: &Site) -> Router {
    let routes = reached_by_all()
        .route("/v1/orders/{order_no}", order_routes(site))
        .merge(order_writes(site))
        .merge(lists(site))
        .route("/metrics", keyed(site, Scope::Admin, get(health::metrics)))
        .route("/readyz", get(health::ready))
        .route("/openapi.json", get(openapi::read_openapi))
        .route("/docs", get(docs::to_docs))
        .route("/docs/", get(docs::read_docs))
        .route("/docs/{file}", get(docs::read_docs));
    outer::finish(routes, site)
}

fn public(site: &Site) -> Router {
    let read = gated(site, Admits::TokensAlone, get(order::read::read_order));
    outer::finish(reached_by_all().route("/v1/orders/{order_no}", read), site)
}

fn metrics(site: &Site) -> Router {
    outer::finish(Router::new().route("/metrics", get(health::metrics)), site)
}

fn reached_by_all() -> Router<Site> {
    Router::new()
        .route("/notify/{account}", post(gateway::notify::take_notify))
        .route("/return/{account}", get(gateway::returned::take_return))
        .route("/result/{token}", get(gateway::page::read_result))
        .route("/healthz", get(health::alive))
}

fn order_routes(site: &Site) -> MethodRouter<Site> {
    keyed(site, Scope::OrdersWrite, put(order::place::place_order)).merge(gated(
        site,
        Admits::OrderReaders,
        get(order::read::read_order),
    ))
}

fn order_writes(site: &Site) -> Router<Site> {
    const PAYMENT: &str = "/v1/orders/{order_no}/payments/{account}/{out_trade_no}";
    const SHIPMENT: &str = "/v1/orders/{order_no}/shipment";
    let refund = format!("{PAYMENT}/refunds/{{refund_no}}");
    let orders = |routes| keyed(site, Scope::OrdersWrite, routes);
    let refunds = |routes| keyed(site, Scope::RefundsWrite, routes);
    let shipments = |routes| keyed(site, Scope::ShipmentsWrite, routes);
    Router::new()
        .route(
            "/v1/orders/{order_no}/cancel",
            orders(post(order::cancel::cancel_order)),
        )
        .route(PAYMENT, orders(put(payment::start::start_payment)))
        .route(&refund, refunds(put(refund::request::request_refund)))
        .route(
            &format!("{refund}/retry"),
            refunds(post(refund::retry::retry_refund)),
        )
        .route(
            SHIPMENT,
            shipments(put(shipment::dispatch::dispatch_shipment)),
        )
        .route(
            &format!("{SHIPMENT}/delivered"),
            shipments(post(shipment::steps::deliver_shipment)),
        )
        .route(
            &format!("{SHIPMENT}/hold"),
            shipments(post(shipment::steps::hold_shipment)),
        )
        .route(
            &format!("{SHIPMENT}/release"),
            shipments(post(shipment::steps::release_shipment)),
        )
}

fn lists(site: &Site) -> Router<Site> {
    let reads = |routes| keyed(site, Scope::OrdersRead, routes);
    let resolve = post(exception::resolve::resolve_exception);
    Router::new()
        .route("/v1/orders", reads(get(order::list::list_orders)))
        .route(
            "/v1/orders/{order_no}/events",
            reads(get(order::events::list_order_events)),
        )
        .route("/v1/shipments", reads(get(shipment::list::list_shipments)))
        .route("/v1/reports/daily", reads(get(report::read_report)))
        .route(
            "/v1/exceptions",
            reads(get(exception::list::list_exceptions)),
        )
        .route(
            "/v1/exceptions/{id}/resolve",
            keyed(site, Scope::ExceptionsResolve, resolve),
        )
        .route(
            "/v1/events",
            keyed(site, Scope::EventsRead, get(feed::page::read_feed)),
        )
        .route("/v1/accounts", reads(get(accounts::list_accounts)))
}

/// Routes for keys of that scope.
fn keyed(site: &Site, scope: Scope, routes: MethodRouter<Site>) -> MethodRouter<Site> {
    gated(site, Admits::Scope(scope), routes)
}

fn gated(site: &Site, admits: Admits, routes: MethodRouter<Site>) -> MethodRouter<Site> {
    let gate = middleware::from_fn_with_state((Arc::clone(&site.app), admits), gate);
    routes.route_layer(gate)
}

#[cfg(test)]
mod tests;
