//! A disk that fills up while the store serves, and has room again.

use std::fs;
use std::path::Path;
use std::process::Command;

use payfold_store::{Store, StoreError};

use crate::given::{append, open, order, resting_on};

/// A small disk in memory, unmounted at the end.
struct SmallDisk<'a>(&'a Path);

impl<'a> SmallDisk<'a> {
    fn mount(at: &'a Path) -> Self {
        let mut mount = Command::new("mount");
        mount
            .args(["-t", "tmpfs", "-o", "size=4m", "tmpfs"])
            .arg(at);
        assert!(mount.status().unwrap().success());
        Self(at)
    }
}

impl Drop for SmallDisk<'_> {
    fn drop(&mut self) {
        Command::new("umount")
            .arg("-l")
            .arg(self.0)
            .status()
            .unwrap();
    }
}

#[tokio::test]
#[ignore = "needs root, to mount a small disk"]
async fn a_full_disk_stops_writes_alone_and_loses_nothing_and_room_brings_them_back() {
    let mount = tempfile::tempdir().unwrap();
    let disk = SmallDisk::mount(mount.path());
    let folder = disk.0.join("store");
    let ballast = disk.0.join("ballast");
    fs::write(&ballast, vec![0; 2 << 20]).unwrap();
    let store = open(&folder).unwrap();
    let message: &[u8] = Box::leak(vec![b'x'; 20_000].into_boxed_slice());
    let mut acknowledged = 0;
    let problem = loop {
        let next = resting_on(append(&order(acknowledged), 0, 1, 1), message);
        match store.append(next).await {
            Ok(_) => acknowledged += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(problem, StoreError::Unavailable(_)), "{problem}");
    assert!(acknowledged > 10);
    for number in 0..acknowledged {
        assert_eq!(store.load(&order(number), 0).await.unwrap().len(), 1);
    }
    let again = resting_on(append(&order(acknowledged), 0, 1, 1), message);
    let still = store.append(again.clone()).await;
    assert!(
        matches!(still, Err(StoreError::Unavailable(_))),
        "{still:?}"
    );
    fs::remove_file(&ballast).unwrap();
    store.append(again).await.unwrap();
    store.probe().await.unwrap();
    drop(store);
    let store = open(&folder).unwrap();
    for number in 0..=acknowledged {
        assert_eq!(store.load(&order(number), 0).await.unwrap().len(), 1);
    }
}
