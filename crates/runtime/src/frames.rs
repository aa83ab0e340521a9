//! The size of each message on its way in and out, read from the five bytes in front of it (gRPC over HTTP/2,
//! "Length-Prefixed-Message"), so that no service can forget to set a limit.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use flare_contracts::{Cause, Refusal};
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::{Sleep, sleep};
use tonic::{Status, body::Body};

/// A compression flag and four bytes of length.
const PREFIX: usize = 5;

/// Follows a stream of messages and notices one that is too large before its bytes are kept anywhere.
#[derive(Debug)]
pub(crate) struct Frames {
    limit: u32,
    prefix: [u8; PREFIX],
    prefix_len: usize,
    /// Bytes of the present message still to come.
    rest: usize,
}

impl Frames {
    pub(crate) fn new(limit: u32) -> Self {
        Self { limit, prefix: [0; PREFIX], prefix_len: 0, rest: 0 }
    }

    /// Passes the next bytes, however they are cut; refused when a message begins in them that is too large.
    pub(crate) fn pass(&mut self, mut bytes: &[u8]) -> Result<(), Refusal> {
        while !bytes.is_empty() {
            if self.rest > 0 {
                let taken = self.rest.min(bytes.len());
                self.rest -= taken;
                bytes = &bytes[taken..];
                continue;
            }
            let taken = (PREFIX - self.prefix_len).min(bytes.len());
            self.prefix[self.prefix_len..self.prefix_len + taken].copy_from_slice(&bytes[..taken]);
            self.prefix_len += taken;
            bytes = &bytes[taken..];
            if self.prefix_len == PREFIX {
                let [_, length @ ..] = self.prefix;
                let length = u32::from_be_bytes(length);
                if length > self.limit {
                    return Err(Cause::MessageTooLarge { limit: self.limit, length }.into());
                }
                self.prefix_len = 0;
                self.rest = usize::try_from(length).unwrap_or(usize::MAX);
            }
        }
        Ok(())
    }
}

/// A request that ends with a refusal where a message begins that is too large, or when nothing comes for too long.
pub(crate) struct BoundedRequest {
    body: Body,
    frames: Frames,
    silence: Duration,
    /// While something is awaited.
    overdue: Option<Pin<Box<Sleep>>>,
}

impl BoundedRequest {
    pub(crate) fn wrap(body: Body, limit: u32, silence: Duration) -> Body {
        Body::new(Self { body, frames: Frames::new(limit), silence, overdue: None })
    }

    /// However slow a line is, something comes through it now and then. Whoever sends nothing at all only keeps a slot.
    fn poll_overdue(&mut self, cx: &mut Context<'_>) -> Poll<Refusal> {
        let overdue = self.overdue.get_or_insert_with(|| Box::pin(sleep(self.silence)));
        let seconds = self.silence.as_secs();
        overdue.as_mut().poll(cx).map(|()| Cause::NothingSent { seconds }.into())
    }
}

impl HttpBody for BoundedRequest {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = self.get_mut();
        let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) else {
            return this.poll_overdue(cx).map(|refusal| Some(Err(refusal.into())));
        };
        this.overdue = None;
        Poll::Ready(frame.map(|frame| {
            let frame = frame?;
            this.frames.pass(frame.data_ref().map_or(&[], AsRef::as_ref))?;
            Ok(frame)
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn message(length: usize) -> Vec<u8> {
        let prefix = u32::try_from(length).unwrap().to_be_bytes();
        [&[0][..], &prefix, &vec![7; length]].concat()
    }

    proptest! {
        #[test]
        fn messages_within_the_limit_pass_however_they_are_cut(
            lengths in proptest::collection::vec(0_usize..40, 0..8),
            cuts in proptest::collection::vec(1_usize..9, 1..100),
        ) {
            let bytes = lengths.iter().flat_map(|length| message(*length)).collect::<Vec<_>>();
            let mut frames = Frames::new(39);
            let mut rest = bytes.as_slice();
            for cut in cuts.iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (head, tail) = rest.split_at((*cut).min(rest.len()));
                prop_assert!(frames.pass(head).is_ok());
                rest = tail;
            }
            prop_assert_eq!((frames.prefix_len, frames.rest), (0, 0));
        }

        #[test]
        fn one_byte_more_is_refused_with_its_prefix(before in 0_usize..20, cut in 1_usize..5) {
            let mut frames = Frames::new(20);
            prop_assert!(frames.pass(&message(before)).is_ok());
            let (head, tail) = (&[0, 0, 0, 0, 21][..cut], &[0, 0, 0, 0, 21][cut..]);
            prop_assert!(frames.pass(head).is_ok());
            prop_assert_eq!(frames.pass(tail).unwrap_err().reason, "MESSAGE_TOO_LARGE");
        }
    }
}
