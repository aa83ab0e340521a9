//! The wire codec: prost's, except that bytes which are no such message are the caller's mistake.
//!
//! tonic reports an undecodable message as an internal error. To a caller that is a fault of ours and worth a retry;
//! here it is `INVALID_ARGUMENT` and names the field that could not be read, such as a text that is not UTF-8.

use std::marker::PhantomData;

use prost::Message;
use tonic::{
    Status,
    codec::{BufferSettings, Codec as TonicCodec, DecodeBuf, Decoder},
};
use tonic_prost::{ProstCodec, ProstEncoder};

use crate::{Cause, InputRule, Refusal};

/// See the module.
#[derive(Debug)]
pub(crate) struct Codec<T, U>(PhantomData<(T, U)>);

impl<T, U> Default for Codec<T, U> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<T, U> TonicCodec for Codec<T, U>
where
    T: Message + Send + 'static,
    U: Message + Default + Send + 'static,
{
    type Encode = T;
    type Decode = U;
    type Encoder = ProstEncoder<T>;
    type Decoder = MessageDecoder<U>;

    fn encoder(&mut self) -> Self::Encoder {
        ProstCodec::<T, U>::raw_encoder(BufferSettings::default())
    }

    fn decoder(&mut self) -> Self::Decoder {
        MessageDecoder(PhantomData)
    }
}

/// Reads one message.
#[derive(Debug)]
pub(crate) struct MessageDecoder<U>(PhantomData<U>);

impl<U: Message + Default> Decoder for MessageDecoder<U> {
    type Item = U;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<U>, Status> {
        U::decode(buffer).map(Some).map_err(|error| {
            // prost says "failed to decode Protobuf message: SubmitRequestRequest.language: invalid string value: …".
            let text = error.to_string();
            let detail = text.trim_start_matches("failed to decode Protobuf message: ");
            let field = detail.split_once(": ").map_or("", |(path, _)| path);
            let field = field.split_once('.').map_or(field, |(_, field)| field);
            let rule = if detail.contains("UTF-8") { InputRule::NotUtf8 } else { InputRule::NotWellFormed };
            Refusal::from(Cause::UnreadableMessage).field(field, rule).into()
        })
    }
}
