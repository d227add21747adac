//! What happens next: virtual time, the event queue and keyed random draws. Knows nothing of gossip.
//!
//! * [`wheel`] — which event is the next one.
//! * [`draws`] — what chance says.
//! * [`delay`] — how long a packet takes.

pub mod delay;
pub mod draws;
pub mod wheel;
