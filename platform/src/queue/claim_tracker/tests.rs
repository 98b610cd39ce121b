//! The transitions of claims.

use chrono::DateTime;

use super::{ClaimSnapshot, ClaimTracker};
use crate::ids::JobId;
use crate::queue::Claim;

fn new_claim() -> Claim {
    Claim {
        id: JobId::new(),
        company: None,
        kind: "test".to_owned(),
        version: 1,
        args: "{}".to_owned(),
        fence: 1,
        attempt: 1,
        max_attempts: 1,
        run_at: DateTime::UNIX_EPOCH,
        started_at: DateTime::UNIX_EPOCH,
        request_id: None,
        traceparent: None,
    }
}

fn count_states(snapshot: &ClaimSnapshot) -> [usize; 4] {
    [
        snapshot.pending.len(),
        snapshot.running.len(),
        snapshot.recording.len(),
        snapshot.leftover.len(),
    ]
}

#[test]
fn a_claim_is_held_until_its_success_is_recorded() {
    let tracker = ClaimTracker::default();
    let claimant = tracker.new_claimant();
    let claim = new_claim();
    let ids = claimant.begin_claims(vec![claim.id.0]);
    assert_eq!(count_states(&tracker.snapshot()), [1, 0, 0, 0]);
    let guards = claimant.settle_claims(&ids, std::slice::from_ref(&claim));
    assert_eq!(count_states(&tracker.snapshot()), [0, 1, 0, 0]);
    tracker.begin_recording(claim.key());
    drop(guards);
    assert_eq!(count_states(&tracker.snapshot()), [0, 0, 1, 0]);
    tracker.end_recording([claim.key()]);
    assert_eq!(count_states(&tracker.snapshot()), [0, 0, 0, 0]);
}

#[test]
fn an_unconfirmed_claim_is_resolved_by_its_own_claimant_only() {
    let tracker = ClaimTracker::default();
    let (first, second) = (tracker.new_claimant(), tracker.new_claimant());
    let id = new_claim().id.0;
    let ids = first.begin_claims(vec![id]);
    first.mark_unconfirmed(&ids);
    assert!(second.begin_claims(vec![id]).is_empty());
    assert!(second.list_unconfirmed(10).is_empty());
    assert_eq!(first.list_unconfirmed(10), [id]);
    first.settle_claims(&ids, &[]);
    assert_eq!(second.begin_claims(vec![id]), [id]);
}

#[test]
fn a_claim_that_no_worker_took_is_left_over() {
    let tracker = ClaimTracker::default();
    let claim = new_claim();
    let guards = tracker
        .new_claimant()
        .settle_claims(&[], std::slice::from_ref(&claim));
    for guard in guards {
        guard.leave_over(claim.clone());
    }
    assert_eq!(count_states(&tracker.snapshot()), [0, 0, 0, 1]);
    let leftovers = tracker.take_leftovers();
    assert_eq!(leftovers.len(), 1);
    assert_eq!(leftovers[0].key(), claim.key());
    assert_eq!(count_states(&tracker.snapshot()), [0, 0, 0, 0]);
}
