//! Random bytes for secrets.

use rand::TryRngCore;
use rand::rngs::OsRng;

/// Bytes from the system's randomness.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    // The system's generator fails only where nothing else works either.
    while OsRng.try_fill_bytes(&mut bytes).is_err() {
        std::thread::yield_now();
    }
    bytes
}
