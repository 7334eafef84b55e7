//! Where a key comes from, and where it may go.

use crate::SetupError;

/// Chains that keys without a ceremony may be used on: `31337` (anvil, hardhat), `1337` (geth and ganache in development
/// mode), and the chain inside a gateway (`SHEAF` in ASCII). A list of what is allowed, because the list of public chains
/// has no end.
pub const LOCAL_CHAIN_IDS: [u64; 3] = [1337, 31337, 0x53_48_45_41_46];

/// Where a key comes from.
///
/// In a key file this is what its author says. Whoever relies on a ceremony verifies its transcript, which must hash to
/// the digest here and end in this key: [`crate::phase2::verify()`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Provenance {
    /// Somebody knows the secrets: a single party made the key, or the powers of tau under it are for tests.
    TestOnly,
    /// In a ceremony that nobody has contributed to yet, so that everybody knows delta; or its transcript has not been
    /// verified.
    Unfinished {
        /// The transcript's last hash.
        transcript: [u8; 32],
    },
    /// The result of a ceremony of several parties.
    Ceremony {
        /// The transcript's last hash.
        transcript: [u8; 32],
    },
}

impl Provenance {
    /// A short name, for file names and messages.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::TestOnly => "test-only",
            Self::Unfinished { .. } => "unfinished",
            Self::Ceremony { .. } => "ceremony",
        }
    }
}

impl std::fmt::Display for Provenance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// Refuses keys that are not from a ceremony on every chain but [`LOCAL_CHAIN_IDS`].
///
/// # Errors
/// [`SetupError::PublicChain`].
pub fn check_chain_id(provenance: &Provenance, chain_id: u64) -> Result<(), SetupError> {
    match provenance {
        Provenance::Ceremony { .. } => Ok(()),
        _ if LOCAL_CHAIN_IDS.contains(&chain_id) => Ok(()),
        _ => Err(SetupError::PublicChain { provenance: provenance.name(), chain_id }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forgeable_key_is_refused_on_public_chains() {
        let ceremony = Provenance::Ceremony { transcript: [0; 32] };
        for provenance in [Provenance::TestOnly, Provenance::Unfinished { transcript: [0; 32] }] {
            for chain_id in LOCAL_CHAIN_IDS {
                check_chain_id(&provenance, chain_id).unwrap();
            }
            // Mainnets, public testnets, no chain at all, and whatever comes next.
            for chain_id in
                [0, 1, 10, 56, 100, 137, 324, 8453, 42161, 59144, 11_155_111, 17000, 560_048, 84532, u64::MAX]
            {
                let error = check_chain_id(&provenance, chain_id).unwrap_err();
                assert_eq!(error.code(), "SH-SET-010", "chain {chain_id}");
                check_chain_id(&ceremony, chain_id).unwrap();
            }
        }
    }
}
