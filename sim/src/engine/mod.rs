//! What happens next: virtual time, the event queue and keyed random draws. Knows nothing of gossip.
