//! The rules that no large code base keeps by will alone. Each failure says the way out.

use std::path::{Path, PathBuf};

use syn::spanned::Spanned;
use syn::visit::{self, Visit};

use crate::root::{files, root, shown, top_level};

const LINES_A_FILE: usize = 500;
const LINES_A_FUNCTION: usize = 70;

/// Rooms where everything lands.
const BANNED_NAMES: [&str; 9] = [
    "utils", "util", "helpers", "helper", "common", "manager", "base", "types", "misc",
];

/// What lies in the top folder, and nothing else.
const TOP_LEVEL: [&str; 16] = [
    ".cargo",
    ".ci",
    ".gitignore",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "adapters",
    "api",
    "clippy.toml",
    "deny.toml",
    "domain",
    "projections",
    "rustfmt.toml",
    "tests",
];

/// The folders whose code takes in money and gives it back.
const PATHS_OF_MONEY: [&str; 6] = [
    "domain/src",
    "api/src/app",
    "adapters/store/src",
    "adapters/sqlite/src",
    "adapters/alipay/src",
    "adapters/wechatpay/src",
];

#[test]
fn a_file_has_at_most_500_lines() {
    let long = sources().into_iter().filter_map(|source| {
        let lines = source.text.lines().count();
        (lines > LINES_A_FILE).then(|| format!("{} has {lines} lines", shown(&source.path)))
    });
    none(
        long,
        "Past 500 lines a file is two: give each subject in it a file with its name",
    );
}

#[test]
fn a_function_has_at_most_70_lines() {
    let long = sources().into_iter().flat_map(|source| {
        let mut functions = Functions {
            path: &source.path,
            long: Vec::new(),
        };
        functions.visit_file(&source.parse());
        functions.long
    });
    none(
        long,
        "Past 70 lines a function is two: what is done at another height gets its own name",
    );
}

#[test]
fn every_file_opens_with_what_it_is_for() {
    let silent = sources().into_iter().filter_map(|source| {
        let first = source
            .text
            .lines()
            .find(|line| !line.trim().is_empty())
            .unwrap_or_default();
        let words = first.strip_prefix("//! ").unwrap_or_default();
        (words.len() < 10).then(|| shown(&source.path))
    });
    none(
        silent,
        "Open the file with a `//!` sentence on what it is for and what it leaves to others",
    );
}

#[test]
fn no_file_or_folder_is_a_room_where_everything_lands() {
    let rooms = sources().into_iter().filter_map(|source| {
        let path = shown(&source.path);
        let names = path.trim_end_matches(".rs").split('/');
        let banned = names.into_iter().any(|name| BANNED_NAMES.contains(&name));
        banned.then_some(path)
    });
    none(
        rooms,
        "Name the file after the thing that it holds, in the field's own word for it",
    );
}

#[test]
fn nothing_is_left_to_be_done_later() {
    // Written in halves, so that this file is not found.
    let words = [
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("HA", "CK"),
    ];
    let left = texts().into_iter().flat_map(|(path, text)| {
        let lines = text.lines().enumerate();
        let hits = lines.filter(|(_, line)| words.iter().any(|word| has_word(line, word)));
        hits.map(|(at, _)| format!("{}:{}", shown(&path), at + 1))
            .collect::<Vec<_>>()
    });
    none(
        left,
        "Do it now, or open an issue and leave the code whole without it",
    );
}

#[test]
fn nothing_is_swallowed_where_money_passes() {
    let money = sources().into_iter().filter(|source| {
        let path = shown(&source.path);
        PATHS_OF_MONEY.iter().any(|folder| path.starts_with(folder)) && !path.ends_with("tests.rs")
    });
    let swallowed = money.flat_map(|source| {
        let mut swallowed = Swallowed {
            path: &source.path,
            found: Vec::new(),
        };
        swallowed.visit_file(&source.parse());
        swallowed.found
    });
    none(
        swallowed,
        "Return the error, or handle it where it is logged, once. Where it carries nothing, name \
         what is dropped: `map_err(|_not_utf8| ..)`",
    );
}

#[test]
fn the_top_folder_holds_what_the_drawing_shows() {
    let strangers = top_level()
        .into_iter()
        .filter(|name| !TOP_LEVEL.contains(&name.as_str()));
    none(strangers, "Put it into the house that it belongs to");
    for needed in [
        "README.md",
        "LICENSE-APACHE",
        "LICENSE-MIT",
        "deny.toml",
        ".ci/run",
    ] {
        assert!(root().join(needed).exists(), "{needed} is missing");
    }
}

/// A Rust file.
struct Source {
    path: PathBuf,
    text: String,
}

impl Source {
    fn parse(&self) -> syn::File {
        syn::parse_file(&self.text)
            .unwrap_or_else(|error| panic!("{} cannot be parsed: {error}", shown(&self.path)))
    }
}

fn sources() -> Vec<Source> {
    let read = |path: PathBuf| Source {
        text: std::fs::read_to_string(&path).unwrap(),
        path,
    };
    files(&["rs"]).into_iter().map(read).collect()
}

fn texts() -> Vec<(PathBuf, String)> {
    let read = |path: PathBuf| {
        let text = std::fs::read_to_string(&path).unwrap();
        (path, text)
    };
    let mut texts: Vec<_> = files(&["rs", "toml", "md", "html", "css", "js", "sql"])
        .into_iter()
        .map(read)
        .collect();
    texts.push(read(root().join(".ci/run")));
    texts
}

fn none(found: impl IntoIterator<Item = String>, way_out: &str) {
    let found: Vec<String> = found.into_iter().collect();
    assert!(found.is_empty(), "{}\n\n{way_out}.", found.join("\n"));
}

fn has_word(line: &str, word: &str) -> bool {
    line.split(|letter: char| !letter.is_ascii_alphanumeric())
        .any(|it| it == word)
}

/// Finds functions that are too long.
struct Functions<'a> {
    path: &'a Path,
    long: Vec<String>,
}

impl Functions<'_> {
    fn measure(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let first = signature.fn_token.span().start().line;
        let lines = block.brace_token.span.close().end().line - first + 1;
        if lines > LINES_A_FUNCTION {
            self.long.push(format!(
                "{}:{first} {} has {lines} lines",
                shown(self.path),
                signature.ident
            ));
        }
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.measure(&function.sig, &function.block);
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.measure(&function.sig, &function.block);
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(block) = &function.default {
            self.measure(&function.sig, block);
        }
        visit::visit_trait_item_fn(self, function);
    }
}

/// Finds errors that nobody hears of: `let _ = ..`, `.ok();`, `map_err(|_| ..)`.
struct Swallowed<'a> {
    path: &'a Path,
    found: Vec<String>,
}

impl Swallowed<'_> {
    fn note(&mut self, what: &str, span: impl Spanned) {
        let line = span.span().start().line;
        self.found
            .push(format!("{}:{line} {what}", shown(self.path)));
    }
}

impl<'ast> Visit<'ast> for Swallowed<'_> {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        let in_tests = module
            .attrs
            .iter()
            .any(|attribute| attribute.path().is_ident("cfg"));
        if !in_tests {
            visit::visit_item_mod(self, module);
        }
    }

    fn visit_local(&mut self, local: &'ast syn::Local) {
        if let (syn::Pat::Wild(_), Some(_)) = (&local.pat, &local.init) {
            self.note("`let _ = ..`", local);
        }
        visit::visit_local(self, local);
    }

    fn visit_stmt(&mut self, statement: &'ast syn::Stmt) {
        if let syn::Stmt::Expr(syn::Expr::MethodCall(call), Some(_)) = statement
            && call.method == "ok"
        {
            self.note("`.ok();`", call);
        }
        visit::visit_stmt(self, statement);
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        if let (true, Some(syn::Expr::Closure(closure))) =
            (call.method == "map_err", call.args.first())
            && matches!(closure.inputs.first(), Some(syn::Pat::Wild(_)))
        {
            self.note("`map_err(|_| ..)`", call);
        }
        visit::visit_expr_method_call(self, call);
    }
}
