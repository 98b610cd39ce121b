//! How long files are kept, and with them their places in the company's quota.

use std::time::Duration;

use domain::catalog::import::{Kind, State};

use super::shop::Shop;

const SALES: &[u8] = b"sku,quantity,price,date\nA,1,5,2026-01-05\n";
/// Day or month first?
const AMBIGUOUS: &[u8] = b"sku,quantity,price,date\nA,1,5,01/02/2026\nA,1,5,03/04/2026\n";

#[tokio::test]
async fn files_are_deleted_a_month_after_their_import_and_a_day_after_a_broken_upload() {
    let shop = Shop::open().await;
    let done = shop.import(Kind::Sales, "{}", SALES).await.id;
    let waiting = shop.import(Kind::Sales, "{}", AMBIGUOUS).await;
    assert_eq!(waiting.state, State::NeedsInput);
    let key = |id: String| format!("{}/imports/{id}", shop.company);
    let (done, waiting, broken) = (
        key(done.to_string()),
        key(waiting.id.to_string()),
        key("broken".to_owned()),
    );
    shop.services
        .blobs
        .store_bytes(&broken, "half a fi".into())
        .await
        .unwrap();
    for (later, kept) in [
        (1, vec![&done, &waiting, &broken]),
        (24, vec![&done, &waiting]),
        (30 * 24, vec![&waiting]),
    ] {
        shop.db.advance(Duration::from_secs(later * 3_600)).await;
        shop.sweep().await;
        for key in [&done, &waiting, &broken] {
            assert_eq!(
                shop.services.blobs.open_file(key).await.is_ok(),
                kept.contains(&key),
                "{key} after {later} h more"
            );
        }
        let places = sqlx::query_scalar!(r#"select count(*) as "count!" from import_files"#)
            .fetch_one(&mut shop.db.owner().await)
            .await
            .unwrap();
        let of_imports = kept.iter().filter(|key| ***key != broken).count();
        assert_eq!(places, i64::try_from(of_imports).unwrap());
    }
}
