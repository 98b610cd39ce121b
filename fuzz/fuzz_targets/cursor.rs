//! The query of a list: its limit, and a cursor as each list makes it.
#![no_main]

use std::fmt::Debug;

use api::fuzzing::{read_page, write_cursor};
use chrono::{DateTime, Utc};
use domain::catalog::FactPosition;
use libfuzzer_sys::fuzz_target;
use platform::ids::Uuid;
use serde::Serialize;
use serde::de::DeserializeOwned;

fuzz_target!(|text: &str| {
    read_back::<Uuid>(text);
    read_back::<u64>(text);
    read_back::<i64>(text);
    read_back::<String>(text);
    read_back::<(DateTime<Utc>, Uuid)>(text);
    read_back::<(Option<i32>, Uuid)>(text);
    read_back::<FactPosition>(text);
});

/// A key that a cursor holds is the one that its list would write.
fn read_back<K: Serialize + DeserializeOwned + PartialEq + Debug>(text: &str) {
    // A bare key is easier to come by than a cursor.
    let bare = serde_json::from_str::<K>(text).ok();
    let asked = read_page::<K>(text);
    if let Some((limit, _)) = &asked {
        assert!((2..=501).contains(limit), "{limit} rows");
    }
    let Some(key) = asked.and_then(|(_, key)| key).or(bare) else {
        return;
    };
    let cursor = write_cursor(&key).expect("a cursor");
    let (_, again) = read_page::<K>(&format!("cursor={cursor}")).expect("a page");
    assert_eq!(again.as_ref(), Some(&key));
}
