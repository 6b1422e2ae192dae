//! The verbs: each spelling, each way to name somebody, each end.

use crate::support::World;

#[test]
fn verify_prints_one_whole_line() {
    let world = World::new();
    world.once("bob", &["whoami"]).expect_ok();
    let shown = world.once("ann", &["verify", "bob"]);
    let line = shown.expect_ok();
    assert!(line.ends_with(")\n") && line.matches('\n').count() == 1, "{line:?}");
    assert!(!line.contains('\u{FFFD}'), "{line:?}");
}
