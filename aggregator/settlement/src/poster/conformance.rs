//! What every [`PosterStore`](super::PosterStore) must do.
