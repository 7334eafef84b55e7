//! Work that blocks a thread, a limited amount at once.
//!
//! A proof that has begun cannot be interrupted. Its place therefore belongs to the thread that computes and not to the
//! future that waits: when a caller gives up, the place stays taken until the proof is done.

use std::num::NonZeroUsize;
use std::sync::Arc;

use sheaf_adapter::AdapterError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::task::AbortOnDropHandle;

use crate::error::LocalError;

/// The places of one prover.
#[derive(Debug)]
pub(crate) struct Runner {
    proofs: Arc<Semaphore>,
    compiling: Arc<Semaphore>,
}

impl Runner {
    /// Places for so many proofs at once, and one for compiling.
    pub(crate) fn new(parallel: NonZeroUsize) -> Self {
        let proofs = Semaphore::new(parallel.get().min(Semaphore::MAX_PERMITS));
        Self { proofs: Arc::new(proofs), compiling: Arc::new(Semaphore::new(1)) }
    }

    /// Runs a proof if there is a place for it now; nothing waits here. Dropping the future before a thread has begun
    /// cancels it.
    pub(crate) async fn prove<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, AdapterError> + Send + 'static,
    ) -> Result<T, AdapterError> {
        let place = Arc::clone(&self.proofs).try_acquire_owned().map_err(|_| LocalError::Busy)?;
        run(place, work).await
    }

    /// Compiles, one model after the other: circuits take memory while they are built. Whoever compiles does so once a
    /// model and can wait.
    pub(crate) async fn compile<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, AdapterError> + Send + 'static,
    ) -> Result<T, AdapterError> {
        let place = Arc::clone(&self.compiling).acquire_owned().await.map_err(|_| LocalError::Stopped)?;
        run(place, work).await
    }
}

async fn run<T: Send + 'static>(
    place: OwnedSemaphorePermit,
    work: impl FnOnce() -> Result<T, AdapterError> + Send + 'static,
) -> Result<T, AdapterError> {
    let task = tokio::task::spawn_blocking(move || {
        let _place = place;
        work()
    });
    match AbortOnDropHandle::new(task).await {
        Ok(answer) => answer,
        Err(error) if error.is_panic() => {
            tracing::error!(code = "SH-LOC-002", "a prover in this process panicked");
            Err(LocalError::Panicked.into())
        }
        Err(_) => Err(LocalError::Stopped.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use sheaf_adapter::ErrorKind;

    use super::*;

    const ONE: NonZeroUsize = NonZeroUsize::MIN;

    #[tokio::test]
    async fn a_panic_is_an_error_and_frees_the_place() {
        let runner = Runner::new(ONE);
        for _ in 0..2 {
            let error = runner.prove::<()>(|| panic!("an input value")).await.unwrap_err();
            assert_eq!((error.kind, error.code.as_str()), (ErrorKind::Transient, "SH-LOC-002"));
            assert!(!error.message.contains("value"), "{error}");
        }
        assert_eq!(runner.prove(|| Ok(1)).await, Ok(1));
        assert_eq!(runner.compile::<()>(|| panic!("x")).await.unwrap_err().code, "SH-LOC-002");
        assert_eq!(runner.compile(|| Ok(1)).await, Ok(1));
    }

    /// A gateway that gives up on slow proofs and begins new ones must not end up with more proofs than it allowed.
    #[tokio::test]
    async fn a_proof_that_was_given_up_keeps_its_place_until_it_ends() {
        let runner = Runner::new(ONE);
        let (begun, has_begun) = mpsc::channel();
        let (end, may_end) = mpsc::channel::<()>();
        let given_up = runner.prove(move || {
            begun.send(()).unwrap();
            may_end.recv().unwrap();
            Ok(())
        });
        let mut given_up = Box::pin(given_up);
        // Polled once, so that it begins; then dropped, as a timeout does.
        assert!(tokio::time::timeout(std::time::Duration::from_millis(1), &mut given_up).await.is_err());
        has_begun.recv().unwrap();
        drop(given_up);
        let refused = runner.prove(|| Ok(())).await.unwrap_err();
        assert_eq!((refused.kind, refused.code.as_str()), (ErrorKind::Overloaded, "SH-LOC-001"));
        // Compiling has a place of its own.
        assert_eq!(runner.compile(|| Ok(1)).await, Ok(1));
        end.send(()).unwrap();
        while runner.proofs.available_permits() == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(runner.prove(|| Ok(2)).await, Ok(2));
    }

    #[tokio::test]
    async fn compiling_waits_for_its_turn() {
        let runner = Arc::new(Runner::new(ONE));
        let (end, may_end) = mpsc::channel::<()>();
        let first = {
            let runner = Arc::clone(&runner);
            tokio::spawn(async move {
                runner
                    .compile(move || {
                        may_end.recv().unwrap();
                        Ok(1)
                    })
                    .await
            })
        };
        while runner.compiling.available_permits() == 1 {
            tokio::task::yield_now().await;
        }
        let mut second = Box::pin(runner.compile(|| Ok(2)));
        let early = tokio::time::timeout(std::time::Duration::from_millis(20), &mut second).await;
        assert!(early.is_err());
        end.send(()).unwrap();
        assert_eq!(second.await, Ok(2));
        assert_eq!(first.await.unwrap(), Ok(1));
    }
}
