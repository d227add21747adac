//! What lies between a stream of the node and its connection: nothing, or the stream's seal.

#[cfg(feature = "crypto")]
use quidnunc_core::seal::{SealError, StreamSeal};

use crate::transport::Transport;

/// One stream's way to its connection.
#[derive(Debug)]
pub(crate) struct Passage {
    #[cfg(feature = "crypto")]
    seal: Option<StreamSeal>,
}

/// The stream is over: something that came was refused, or nothing may be said on it any more. The seal has counted it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Barred;

impl Passage {
    /// For a stream that this node opens.
    pub(crate) fn opened(transport: &mut Transport) -> Self {
        #[cfg(feature = "crypto")]
        return Self { seal: transport.seal().map(quidnunc_core::seal::Seal::open_stream) };
        #[cfg(not(feature = "crypto"))]
        {
            let _ = transport;
            Self {}
        }
    }

    /// For a stream that somebody else has opened.
    pub(crate) fn accepted(transport: &mut Transport) -> Self {
        #[cfg(feature = "crypto")]
        return Self { seal: transport.seal().map(|seal| seal.accept_stream()) };
        #[cfg(not(feature = "crypto"))]
        {
            let _ = transport;
            Self {}
        }
    }

    /// Whether what the node says can go out.
    pub(crate) fn is_open(&self) -> bool {
        #[cfg(feature = "crypto")]
        return self.seal.as_ref().is_none_or(StreamSeal::is_open);
        #[cfg(not(feature = "crypto"))]
        true
    }

    /// Puts behind `out` what is to be sent before anything else.
    pub(crate) fn greet(&mut self, out: &mut Vec<u8>) {
        #[cfg(feature = "crypto")]
        if let Some(hello) = self.seal.as_mut().and_then(StreamSeal::take_hello) {
            out.extend_from_slice(&hello);
        }
        #[cfg(not(feature = "crypto"))]
        let _ = out;
    }

    /// Hands on what has come, as it came or opened, until `take` wants no more. Returns whether it took everything.
    pub(crate) fn hear(
        &mut self,
        transport: &mut Transport,
        bytes: &[u8],
        mut take: impl FnMut(&[u8]) -> bool,
    ) -> Result<bool, Barred> {
        #[cfg(feature = "crypto")]
        if let (Some(stream), Some(seal)) = (&mut self.seal, transport.seal()) {
            let mut rest = bytes;
            while let Some(plain) = stream.open(seal, &mut rest).map_err(|_| Barred)? {
                if !take(plain) {
                    return Ok(false);
                }
            }
            return Ok(true);
        }
        let _ = transport;
        Ok(take(bytes))
    }

    /// Puts behind `out` what is to be sent for what the node says.
    pub(crate) fn say(&mut self, transport: &mut Transport, plain: &[u8], out: &mut Vec<u8>) -> Result<(), Barred> {
        #[cfg(feature = "crypto")]
        if let (Some(stream), Some(seal)) = (&mut self.seal, transport.seal()) {
            return stream.seal(seal, plain, out).map_err(|_| Barred);
        }
        let _ = transport;
        out.extend_from_slice(plain);
        Ok(())
    }

    /// Puts behind `out` what tells the other side that the node says no more. If it never could, that is not said either.
    pub(crate) fn end(&mut self, transport: &mut Transport, out: &mut Vec<u8>) {
        #[cfg(feature = "crypto")]
        if let (Some(stream), Some(seal)) = (&mut self.seal, transport.seal()) {
            let _: Result<(), SealError> = stream.end(seal, out);
        }
        #[cfg(not(feature = "crypto"))]
        let _ = (transport, out);
    }

    /// The other side's connection has ended: whether that is what the other side wanted, as far as can be seen.
    pub(crate) fn finish(&mut self, transport: &mut Transport) -> Result<(), Barred> {
        #[cfg(feature = "crypto")]
        if let (Some(stream), Some(seal)) = (&mut self.seal, transport.seal()) {
            return stream.finish(seal).map_err(|_| Barred);
        }
        let _ = transport;
        Ok(())
    }
}
