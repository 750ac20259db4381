//! Processes that are killed in the middle of their work: what was acknowledged is there.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use payfold_store::{Outcome, Position, Scope, Store};

use crate::given::{append, claim, claiming, open, order, resting_on};

const FOLDER: &str = "PAYFOLD_TEST_CRASH_FOLDER";
const STREAMS: u64 = 16;
const ROUNDS: usize = 8;

#[test]
#[ignore = "needs a parent that kills it: it is the process of the test below"]
fn a_process_that_appends_until_it_is_killed() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let store = Arc::new(open(Path::new(&folder)).unwrap());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .build()
        .unwrap();
    runtime.block_on(async {
        let mut writers = tokio::task::JoinSet::new();
        for stream in 0..STREAMS {
            let store = Arc::clone(&store);
            writers.spawn(async move {
                let name = order(stream);
                let mut version = store.head(&name).await.unwrap().version;
                loop {
                    let next = claiming(append(&name, version, 2, version), claim(stream));
                    let outcome = store.append(resting_on(next, b"raw")).await.unwrap();
                    let Outcome::Appended { head, .. } = outcome else {
                        panic!("{outcome:?}");
                    };
                    version = head.version;
                    // One write a line, so that a kill leaves whole lines and at most one half.
                    let line = format!("ack {stream} {version}\n");
                    std::io::stdout().lock().write_all(line.as_bytes()).unwrap();
                }
            });
        }
        writers.join_next().await.unwrap().unwrap();
    });
}

/// Lets the process run until it has acknowledged that many appends, kills it, and says the last
/// acknowledged version of each stream.
fn acknowledged(folder: &Path, appends: usize) -> BTreeMap<u64, u64> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["crash::a_process_that_appends_until_it_is_killed"])
        .args(["--exact", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut acknowledged = BTreeMap::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let mut seen = 0;
    let mut line = String::new();
    while lines.read_line(&mut line).unwrap() > 0 {
        if let Some((stream, version)) = parse(&line) {
            acknowledged.insert(stream, version);
            seen += 1;
            if seen == appends {
                child.kill().unwrap();
            }
        }
        line.clear();
    }
    child.wait().unwrap();
    assert!(seen >= appends, "it ended by itself after {seen}");
    acknowledged
}

fn parse(line: &str) -> Option<(u64, u64)> {
    let (stream, version) = line
        .strip_suffix('\n')?
        .strip_prefix("ack ")?
        .split_once(' ')?;
    Some((stream.parse().ok()?, version.parse().ok()?))
}

#[tokio::test]
async fn every_acknowledged_append_survives_kills_in_the_middle_of_the_load() {
    let folder = tempfile::tempdir().unwrap();
    for round in 0..ROUNDS {
        let acknowledged = acknowledged(folder.path(), 100 + 173 * round);
        let store = open(folder.path()).unwrap();
        for (stream, version) in acknowledged {
            let events = store.load(&order(stream), 0).await.unwrap();
            let head = store.head(&order(stream)).await.unwrap();
            assert!(head.version >= version, "stream {stream} lost its end");
            assert_eq!(events.last().unwrap().hash, head.hash);
            let versions: Vec<u64> = events.iter().map(|event| event.version).collect();
            assert_eq!(versions, (1..=head.version).collect::<Vec<_>>());
            assert_eq!(head.version % 2, 0, "half an append");
            let owner = store.owner(&claim(stream)).await.unwrap();
            assert_eq!(owner, Some(order(stream)));
        }
        let tip = *store.tip().borrow();
        let page = store
            .read(Position(tip.0 - 1), 10, Scope::Everything)
            .await
            .unwrap();
        assert_eq!(page.read_to, tip);
        let kept = store.read_evidence(Position(0), 100_000).await.unwrap();
        assert_eq!(u64::try_from(kept.len()).unwrap() * 2, tip.0);
    }
}
