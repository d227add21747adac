//! Where do connections come from?

use std::io;
use std::os::fd::AsFd;
use std::time::Duration;

use rustix::net::sockopt;
use tokio::io::{AsyncRead, AsyncWrite, Interest};
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

/// When somebody who says nothing is asked whether it is still there, how often, and how many times in vain.
const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
const KEEPALIVE_COUNT: u32 = 3;

/// Somewhere to knock at.
pub(crate) trait Door {
    type Line: Line;

    /// The next connection.
    async fn accept(&self) -> io::Result<Self::Line>;
}

impl Door for UnixListener {
    type Line = UnixStream;

    async fn accept(&self) -> io::Result<UnixStream> {
        Ok(Self::accept(self).await?.0)
    }
}

impl Door for TcpListener {
    type Line = TcpStream;

    async fn accept(&self) -> io::Result<TcpStream> {
        let (stream, _) = Self::accept(self).await?;
        // Answers are written whole, and lines should be there when they are told. Without it they only come later.
        let _ = stream.set_nodelay(true);
        let _ = watch(&stream);
        Ok(stream)
    }
}

/// Has the system find out that the other side is gone without a word, be it that nothing is written for hours.
fn watch(stream: &TcpStream) -> rustix::io::Result<()> {
    sockopt::set_tcp_keepidle(stream, KEEPALIVE_IDLE)?;
    sockopt::set_tcp_keepintvl(stream, KEEPALIVE_INTERVAL)?;
    sockopt::set_tcp_keepcnt(stream, KEEPALIVE_COUNT)?;
    sockopt::set_socket_keepalive(stream, true)
}

/// One connection, with what both kinds of socket can do beside reading and writing.
pub(crate) trait Line: AsyncRead + AsyncWrite + AsFd + Send + Sync + Unpin + 'static {
    /// Waits until it may be that something can be read.
    fn readable(&self) -> impl Future<Output = io::Result<()>> + Send;

    /// Does something that does not wait.
    fn try_io<R>(&self, interest: Interest, work: impl FnOnce() -> io::Result<R>) -> io::Result<R>;

    /// Reads what is there already.
    fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize>;

    /// Writes what has room.
    fn try_write(&self, bytes: &[u8]) -> io::Result<usize>;
}

macro_rules! line {
    ($($stream:ty),*) => {$(
        impl Line for $stream {
            fn readable(&self) -> impl Future<Output = io::Result<()>> + Send {
                Self::readable(self)
            }

            fn try_io<R>(&self, interest: Interest, work: impl FnOnce() -> io::Result<R>) -> io::Result<R> {
                Self::try_io(self, interest, work)
            }

            fn try_read(&self, buffer: &mut [u8]) -> io::Result<usize> {
                Self::try_read(self, buffer)
            }

            fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
                Self::try_write(self, bytes)
            }
        }
    )*};
}

line!(UnixStream, TcpStream);
