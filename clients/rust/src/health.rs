//! Whether the gateway takes work.

use std::time::Duration;

use tokio::time::Instant;

use crate::call::Call;
use crate::{Client, Error};

/// Longest that readiness is waited for.
const LONGEST_WAIT: Duration = Duration::from_secs(24 * 3600);

impl Client {
    /// Whether the gateway takes work now. Asks once, and needs no key.
    ///
    /// # Errors
    /// As the gateway answers, but that it is not ready is no error.
    pub async fn ready(&self) -> Result<bool, Error> {
        match self.send(Call::get(&["readyz"]).once()).await {
            Ok(_) => Ok(true),
            Err(Error::Problem(problem)) if problem.status == 503 => Ok(false),
            Err(Error::Status { status: 503, .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Waits until the gateway takes work: while it starts, migrates or builds circuits.
    ///
    /// # Errors
    /// The last failure, if it is not ready `within` the time; at once for one that does not pass.
    pub async fn wait_ready(&self, within: Duration) -> Result<(), Error> {
        let deadline = Instant::now() + within.min(LONGEST_WAIT);
        self.send(Call::get(&["readyz"]).until(deadline)).await.map(|_| ())
    }
}
