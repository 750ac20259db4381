//! Which house may lean on which. The arrows are read from the manifests by `cargo metadata`, so
//! there is no list of crates to keep beside them; what is written here is what must be absent.

use std::collections::{BTreeMap, BTreeSet};

use cargo_metadata::{DependencyKind, MetadataCommand, Package};

use crate::root::root;

/// Each package of the workspace, and which others of it its code may name.
const ARROWS: [(&str, &[&str]); 8] = [
    ("payfold-domain", &[]),
    ("payfold-store", &["payfold-domain"]),
    ("payfold-sqlite", &["payfold-domain", "payfold-store"]),
    ("payfold-alipay", &["payfold-domain"]),
    ("payfold-wechatpay", &["payfold-domain"]),
    ("payfold-sandbox", &[]),
    ("payfold-projections", &["payfold-domain", "payfold-store"]),
    (
        "payfold",
        &[
            "payfold-domain",
            "payfold-store",
            "payfold-sqlite",
            "payfold-alipay",
            "payfold-wechatpay",
            "payfold-sandbox",
            "payfold-projections",
        ],
    ),
];

/// What tests and benches may name beyond that: a store is tested by the port's own suite, and the
/// views over a real store.
const TEST_ARROWS: [(&str, &[&str]); 2] = [
    ("payfold-store", &["payfold-store"]),
    ("payfold-projections", &["payfold-sqlite"]),
];

/// All that the domain may name: no IO, clock, randomness, serialisation, logging or async.
const DOMAIN_MAY_NAME: [&str; 2] = ["thiserror", "uuid"];

#[test]
fn every_arrow_between_the_houses_points_the_way_it_was_drawn() {
    let allowed: BTreeMap<_, _> = ARROWS.into_iter().collect();
    let also_in_tests: BTreeMap<_, _> = TEST_ARROWS.into_iter().collect();
    for package in packages() {
        let name = package.name.as_str();
        let Some(allowed) = allowed.get(name) else {
            panic!(
                "{name} is in the workspace but not in ARROWS: draw which houses it may lean on"
            );
        };
        let in_tests = also_in_tests.get(name).copied().unwrap_or_default();
        for (kind, other) in arrows_to_ours(&package) {
            let fits = allowed.contains(&other.as_str())
                || kind == DependencyKind::Development && in_tests.contains(&other.as_str());
            assert!(
                fits,
                "{name} leans on {other} ({kind} dependency), against the drawing. Move what it needs \
                 down into a house that both may lean on, or hand it in from payfold (api), where \
                 the houses meet"
            );
        }
    }
}

#[test]
fn every_house_that_is_drawn_stands() {
    let standing: BTreeSet<String> = packages().map(|package| package.name.to_string()).collect();
    for (name, _) in ARROWS {
        assert!(
            standing.contains(name),
            "{name} is drawn in ARROWS but gone: take it out there"
        );
    }
}

#[test]
fn the_domain_knows_no_io_clock_randomness_serialisation_logging_or_async() {
    let domain = package("payfold-domain");
    for dependency in domain
        .dependencies
        .iter()
        .filter(|it| it.kind == DependencyKind::Normal)
    {
        assert!(
            DOMAIN_MAY_NAME.contains(&dependency.name.as_str()),
            "the domain names {}. It is pure: what time, bytes and numbers it needs come in with the \
             command, and are turned into them by adapters/store or api",
            dependency.name
        );
    }
}

#[test]
fn the_sandbox_shares_no_verifier_with_the_gateway_adapters() {
    let sandbox = package("payfold-sandbox");
    let verifier = sandbox
        .dependencies
        .iter()
        .find(|it| it.kind == DependencyKind::Normal && it.name == "aws-lc-rs");
    assert!(
        verifier.is_none(),
        "the sandbox signs with rsa where the adapters verify with aws-lc-rs, so that every flow \
         holds one implementation against another; a faster signer is handed in as a value"
    );
}

#[test]
fn every_package_takes_versions_and_lints_from_the_workspace() {
    for package in packages() {
        let path = package.manifest_path.as_std_path();
        let manifest: toml::Table = std::fs::read_to_string(path).unwrap().parse().unwrap();
        let lints = manifest
            .get("lints")
            .and_then(|lints| lints.get("workspace"));
        assert_eq!(
            lints.and_then(toml::Value::as_bool),
            Some(true),
            "{} lacks `[lints] workspace = true`",
            package.name
        );
        for table in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let table = manifest.get(table).and_then(toml::Value::as_table);
            for (name, value) in table.into_iter().flatten() {
                let shared = value.get("workspace").and_then(toml::Value::as_bool) == Some(true);
                assert!(
                    shared,
                    "{} names a version of {name} of its own; put it into [workspace.dependencies]",
                    package.name
                );
            }
        }
    }
}

fn packages() -> impl Iterator<Item = Package> {
    let metadata = MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .other_options(["--offline".to_owned()])
        .exec()
        .unwrap();
    metadata.packages.into_iter()
}

fn package(name: &str) -> Package {
    packages()
        .find(|package| package.name.as_str() == name)
        .unwrap()
}

fn arrows_to_ours(package: &Package) -> Vec<(DependencyKind, String)> {
    let ours = package.dependencies.iter().filter(|it| it.path.is_some());
    ours.map(|it| (it.kind, it.name.clone())).collect()
}
