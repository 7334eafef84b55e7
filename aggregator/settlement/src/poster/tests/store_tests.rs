//! The store of tests is held to what every store is held to.

use super::super::*;

#[tokio::test]
async fn store_in_memory_conforms() {
    let store = MemoryStore::default();
    conformance::check(&store).await.unwrap();
    conformance::fill(&store).await.unwrap();
    conformance::check_filled(&store).await.unwrap();
}

#[tokio::test]
async fn store_that_lost_everything_does_not_conform() {
    assert!(conformance::check_filled(&MemoryStore::default()).await.is_err());
}
