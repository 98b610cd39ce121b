//! What an upload requires as it grows, what it holds of the disk, and what it leaves.

use std::future::ready;
use std::path::PathBuf;
use std::sync::Mutex;

use bytes::Bytes;

use std::sync::atomic::Ordering::Relaxed;

use super::*;

const PART: u64 = 1 << 20;

fn open(reserve: u64) -> (Blobs, PathBuf) {
    let folder = std::env::temp_dir().join(format!("vigie-test-{}", uuid::Uuid::new_v4()));
    let blobs = Blobs::open_folder(folder.clone()).unwrap();
    (blobs.with_reserve(reserve), folder)
}

fn parts(count: usize) -> impl futures::Stream<Item = io::Result<Bytes>> {
    let part = Bytes::from(vec![0; usize::try_from(PART).unwrap()]);
    futures::stream::iter(std::iter::repeat_n(part, count).map(Ok))
}

#[tokio::test]
async fn an_upload_asks_at_every_step_and_before_it_grows_beyond_what_it_was_granted() {
    let (blobs, folder) = open(0);
    let space = blobs.hold_space(3 * PART).await.unwrap();
    let asked = Mutex::new(Vec::new());
    let grow = |len| {
        asked.lock().unwrap().push(len / PART);
        assert_eq!(blobs.held.load(Relaxed), 0);
        ready(Ok::<_, BlobError>(len + STEP_BYTES))
    };
    let stored = blobs.store_stream("upload", parts(40), u64::MAX, &space, grow);
    assert_eq!(stored.await.unwrap().len, 40 * PART);
    assert_eq!(*asked.lock().unwrap(), [4, 21, 38]);
    assert_eq!(blobs.held.load(Relaxed), 0);
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn an_upload_that_may_not_grow_leaves_nothing() {
    let (blobs, folder) = open(0);
    let space = blobs.hold_space(STEP_BYTES).await.unwrap();
    let grow = |len| {
        ready(match len {
            ..=FULL_AT => Ok(len + PART),
            limit => Err(BlobError::TooLarge { limit }),
        })
    };
    let refused = blobs.store_stream("upload", parts(40), u64::MAX, &space, grow);
    assert!(matches!(
        refused.await,
        Err(BlobError::TooLarge { limit }) if limit > FULL_AT
    ));
    drop(space);
    assert_eq!(blobs.held.load(Relaxed), 0);
    assert_eq!(list_all(&blobs).await, Vec::<String>::new());
    std::fs::remove_dir_all(folder).unwrap();
}

const FULL_AT: u64 = 20 << 20;

#[tokio::test]
async fn an_upload_that_cannot_be_renamed_is_no_file() {
    let (blobs, folder) = open(0);
    std::fs::create_dir_all(folder.join("upload")).unwrap();
    let failed = blobs.store_bytes("upload", "a few".into()).await;
    assert!(matches!(failed, Err(BlobError::Store(_))), "{failed:?}");
    assert!(blobs.open_file("upload").await.is_err());
    std::fs::remove_dir_all(folder).unwrap();
}

async fn list_all(blobs: &Blobs) -> Vec<String> {
    blobs
        .list_older_files(DateTime::<Utc>::MAX_UTC)
        .await
        .unwrap()
}

#[tokio::test]
async fn what_one_upload_holds_no_other_takes() {
    let (blobs, folder) = open(0);
    let half = (1..63).map(|shift| u64::MAX >> shift);
    let mut held = Vec::new();
    for bytes in half {
        held.extend(blobs.hold_space(bytes).await.ok());
    }
    let all = held.iter().map(HeldSpace::count_bytes).sum::<u64>();
    assert!(all > 0 && blobs.held.load(Relaxed) == all);
    let refused = blobs.hold_space(all).await;
    assert!(refused.is_err_and(|error| error.is_full_disk()));
    held.clear();
    assert_eq!(blobs.held.load(Relaxed), 0);
    blobs.hold_space(1).await.unwrap();
    std::fs::remove_dir_all(folder).unwrap();
}

#[tokio::test]
async fn an_upload_leaves_the_reserve() {
    let (blobs, folder) = open(u64::MAX);
    let refused = blobs.hold_space(0).await;
    assert!(refused.is_err_and(|error| error.is_full_disk()));
    let space = blobs.hold_nothing();
    let grow = |len| ready(Ok::<_, BlobError>(len));
    let refused = blobs.store_stream("upload", parts(1), PART, &space, grow);
    assert!(refused.await.is_err_and(|error| error.is_full_disk()));
    assert!(blobs.open_file("upload").await.is_err());
    blobs.store_bytes("probe", "a few".into()).await.unwrap();
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_full_disk_is_named_whatever_wraps_it() {
    let full = || io::Error::from(io::ErrorKind::StorageFull);
    let wrapped = object_store::Error::Generic {
        store: "local",
        source: Box::new(full()),
    };
    for error in [BlobError::Io(full()), BlobError::Store(wrapped)] {
        assert!(error.is_full_disk(), "{error}");
    }
    assert!(!BlobError::Io(io::ErrorKind::NotFound.into()).is_full_disk());
}
