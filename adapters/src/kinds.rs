//! Which errors of a socket pass by themselves?

use std::io::{self, ErrorKind};

/// Nothing came, nothing more fits, or a signal came in between: no error at all.
pub(crate) fn is_silence(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// Errors that say something about one peer or about the network at present, and nothing about the socket: an earlier
/// datagram reached nobody (`ECONNREFUSED`, `ECONNRESET`, `EHOSTUNREACH`), whoever connected is gone already
/// (`ECONNABORTED`), the interface or the route is down (`ENETUNREACH`, `ENETDOWN`), the address is not there at present
/// (`EADDRNOTAVAIL`), the system is short of buffers or memory (`ENOBUFS`, `ENOMEM`) or of files (`EMFILE`, `ENFILE`, which std
/// gives no kind of their own).
pub(crate) fn is_transient(error: &io::Error) -> bool {
    let by_kind = matches!(
        error.kind(),
        ErrorKind::ConnectionRefused
            | ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::HostUnreachable
            | ErrorKind::NetworkUnreachable
            | ErrorKind::NetworkDown
            | ErrorKind::AddrNotAvailable
            | ErrorKind::OutOfMemory
    );
    by_kind || is_shortage(error)
}

#[cfg(unix)]
fn is_shortage(error: &io::Error) -> bool {
    use rustix::io::Errno;
    let shortages = [Errno::NOBUFS, Errno::NOMEM, Errno::MFILE, Errno::NFILE];
    Errno::from_io_error(error).is_some_and(|errno| shortages.contains(&errno))
}

#[cfg(not(unix))]
fn is_shortage(_: &io::Error) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_itself_is_no_reason_to_stop() {
        for kind in [ErrorKind::ConnectionReset, ErrorKind::NetworkDown, ErrorKind::AddrNotAvailable] {
            assert!(is_transient(&kind.into()), "{kind:?}");
        }
        for kind in [ErrorKind::PermissionDenied, ErrorKind::InvalidInput, ErrorKind::WouldBlock] {
            assert!(!is_transient(&kind.into()), "{kind:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_system_that_is_short_of_something_recovers() {
        for errno in [rustix::io::Errno::NOBUFS, rustix::io::Errno::MFILE] {
            assert!(is_transient(&io::Error::from(errno)), "{errno}");
        }
        assert!(!is_transient(&io::Error::from(rustix::io::Errno::BADF)));
    }
}
