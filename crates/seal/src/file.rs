//! Files, sealed as they stream, so that neither side ever holds a whole one.
//!
//! A sealed file is a header (a version byte, then 16 random bytes of prefix) and chunks. A chunk is its text's length,
//! the text and zeros up to a size step, as in a field, under XChaCha20-Poly1305. A chunk takes at most 65,552 bytes
//! sealed; all but the last are full, so a reader cuts the stream at multiples of [`SEALED_FILE_CHUNK_LEN`]. The nonce
//! is prefix ‖ number of the chunk (7 bytes) ‖ whether it is the last; the associated data is the file's address. So a
//! chunk that is altered, left out, repeated, moved, or taken from another file does not open, and neither does a file
//! that was cut short or grew.

use flare_kernel::{CaseId, FileId, random};
use zeroize::Zeroizing;

use crate::{
    Compartment, CompartmentKey, SealError, Sensitive,
    aead::{NONCE_LEN, TAG_LEN, open, seal},
    derive::derive,
    encoding::encode,
    padding::{PREFIX_LEN, pad, unpad},
};

/// Bytes of a file in each chunk but the last: 64 KiB less the four bytes of length.
pub const FILE_CHUNK_LEN: usize = 65_536 - PREFIX_LEN;
/// Bytes of each sealed chunk but the last, which is never longer.
pub const SEALED_FILE_CHUNK_LEN: usize = 65_536 + TAG_LEN;
/// Bytes of the header.
pub const FILE_HEADER_LEN: usize = 1 + FILE_PREFIX_LEN;

const FILE_PREFIX_LEN: usize = 16;
const VERSION: u8 = 1;
/// The number of a chunk fits 7 bytes.
const MAX_CHUNKS: u64 = 1 << 56;

/// Where a file belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileAddress {
    /// The case.
    pub case: CaseId,
    /// The compartment whose key seals it.
    pub compartment: Compartment,
    /// That key's epoch.
    pub epoch: u32,
    /// The file.
    pub file: FileId,
}

/// What sealer and opener share: the key and the place in the file.
struct Chunks {
    key: Zeroizing<[u8; 32]>,
    address: Vec<u8>,
    prefix: [u8; FILE_PREFIX_LEN],
    next: u64,
    ended: bool,
}

impl Chunks {
    fn new(key: &CompartmentKey, address: &FileAddress, prefix: [u8; FILE_PREFIX_LEN]) -> Self {
        let address = encode(
            "flare/v1/file",
            &[
                address.case.as_bytes(),
                address.compartment.as_str().as_bytes(),
                &address.epoch.to_be_bytes(),
                address.file.as_bytes(),
            ],
        );
        Self { key: derive(key.expose(), "flare/v1/file/seal"), address, prefix, next: 0, ended: false }
    }

    fn nonce(&self, last: bool) -> Result<[u8; NONCE_LEN], SealError> {
        if self.ended {
            return Err(SealError::FileEnded);
        }
        if self.next >= MAX_CHUNKS {
            return Err(SealError::TooLong);
        }
        let mut nonce = [0; NONCE_LEN];
        nonce[..FILE_PREFIX_LEN].copy_from_slice(&self.prefix);
        // The number takes the upper 7 of these 8 bytes, the flag the lowest.
        nonce[FILE_PREFIX_LEN..].copy_from_slice(&((self.next << 8) | u64::from(last)).to_be_bytes());
        Ok(nonce)
    }

    fn advance(&mut self, last: bool) {
        self.next += 1;
        self.ended = last;
    }

    fn finish(&self) -> Result<(), SealError> {
        if self.ended { Ok(()) } else { Err(SealError::FileTruncated) }
    }
}

/// Seals one file, chunk after chunk.
pub struct FileSealer(Chunks);

impl FileSealer {
    /// Begins a file; the bytes are its header.
    pub fn new(key: &CompartmentKey, address: &FileAddress) -> Result<(Self, Vec<u8>), SealError> {
        Ok(Self::with_prefix(key, address, random()?))
    }

    fn with_prefix(
        key: &CompartmentKey,
        address: &FileAddress,
        prefix: [u8; FILE_PREFIX_LEN],
    ) -> (Self, Vec<u8>) {
        let header = [&[VERSION][..], &prefix].concat();
        (Self(Chunks::new(key, address, prefix)), header)
    }

    /// Seals the next chunk: [`FILE_CHUNK_LEN`] bytes, or any number up to that for the last.
    pub fn seal_chunk(&mut self, chunk: &[u8], last: bool) -> Result<Vec<u8>, SealError> {
        let nonce = self.0.nonce(last)?;
        check_length(chunk.len(), FILE_CHUNK_LEN, last)?;
        let sealed = seal(&self.0.key, nonce, &self.0.address, &pad(&[chunk])?)?;
        self.0.advance(last);
        Ok(sealed)
    }

    /// Says whether the last chunk was sealed.
    pub fn finish(self) -> Result<(), SealError> {
        self.0.finish()
    }
}

/// Opens one file, chunk after chunk. What it gave is the whole file only when [`finish`](Self::finish) agrees.
pub struct FileOpener(Chunks);

impl FileOpener {
    /// Begins a file from its header.
    pub fn new(key: &CompartmentKey, address: &FileAddress, header: &[u8]) -> Result<Self, SealError> {
        const MALFORMED: SealError = SealError::Malformed { what: "the header of a sealed file" };
        let (&version, prefix) = header.split_first().ok_or(MALFORMED)?;
        let prefix = prefix.try_into().map_err(|_| MALFORMED)?;
        if version != VERSION {
            return Err(MALFORMED);
        }
        Ok(Self(Chunks::new(key, address, prefix)))
    }

    /// Opens the next chunk. `last` says that nothing follows it in the stream: when that is not what the sealer said,
    /// the chunk does not open.
    pub fn open_chunk(&mut self, sealed: &[u8], last: bool) -> Result<Sensitive<Vec<u8>>, SealError> {
        let nonce = self.0.nonce(last)?;
        check_length(sealed.len(), SEALED_FILE_CHUNK_LEN, last)?;
        let padded = open(&self.0.key, nonce, &self.0.address, sealed)?;
        let chunk = unpad(&padded)?;
        check_length(chunk.len(), FILE_CHUNK_LEN, last)?;
        self.0.advance(last);
        Ok(Sensitive::new(chunk.to_vec()))
    }

    /// Says whether the last chunk was opened, and so the file is whole.
    pub fn finish(self) -> Result<(), SealError> {
        self.0.finish()
    }
}

fn check_length(len: usize, full: usize, last: bool) -> Result<(), SealError> {
    if len == full || (last && len < full) { Ok(()) } else { Err(SealError::ChunkLength) }
}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;
    use proptest::prelude::*;
    use sha2::{Digest, Sha256};

    use super::*;
    use crate::padding::padded_len;

    const ADDRESS: FileAddress = FileAddress {
        case: CaseId::from_bytes([0x11; 16]),
        compartment: Compartment::Thread,
        epoch: 1,
        file: FileId::from_bytes([0x22; 16]),
    };

    fn key() -> CompartmentKey {
        CompartmentKey::from_bytes([0x42; 32])
    }

    fn sealed_with(prefix: [u8; 16], file: &[u8]) -> Vec<u8> {
        let (mut sealer, mut out) = FileSealer::with_prefix(&key(), &ADDRESS, prefix);
        let mut chunks = file.chunks(FILE_CHUNK_LEN).peekable();
        if chunks.peek().is_none() {
            out.extend(sealer.seal_chunk(&[], true).unwrap());
        }
        while let Some(chunk) = chunks.next() {
            out.extend(sealer.seal_chunk(chunk, chunks.peek().is_none()).unwrap());
        }
        sealer.finish().unwrap();
        out
    }

    /// Opens a stream of bytes as any reader would: header, then full chunks, and what remains is the last.
    fn opened(address: &FileAddress, stream: &[u8]) -> Result<Vec<u8>, SealError> {
        let header = stream.get(..FILE_HEADER_LEN).ok_or(SealError::FileTruncated)?;
        let mut opener = FileOpener::new(&key(), address, header)?;
        let mut out = Vec::new();
        let mut chunks = stream[FILE_HEADER_LEN..].chunks(SEALED_FILE_CHUNK_LEN).peekable();
        while let Some(chunk) = chunks.next() {
            out.extend_from_slice(opener.open_chunk(chunk, chunks.peek().is_none())?.expose());
        }
        opener.finish().map(|()| out)
    }

    /// The length of a sealed file, header included, for a file of `len` bytes.
    fn sealed_len(len: usize) -> usize {
        let full = len.saturating_sub(1) / FILE_CHUNK_LEN;
        let last = len - full * FILE_CHUNK_LEN;
        FILE_HEADER_LEN + full * SEALED_FILE_CHUNK_LEN + padded_len(last) + TAG_LEN
    }

    fn three_chunks() -> Vec<u8> {
        (0..FILE_CHUNK_LEN * 2 + 1000).map(|i| u8::try_from(i % 251).unwrap()).collect()
    }

    #[test]
    fn the_format_is_fixed() {
        let stream = sealed_with([0x09; 16], b"a photograph");
        assert_eq!(
            HEXLOWER.encode(&stream),
            "0109090909090909090909090909090909f8d2ec19211335c83e5fc22a1f38a743edca6a8be7130f49614f5df566cfb29891e3a4f8697b6facd71fb11722d340c0cc9beba45b3cd8217eb15a303f76124527ae146888a93808260c2f3959e73fd3"
        );
        let stream = sealed_with([0x09; 16], &three_chunks());
        assert_eq!(
            HEXLOWER.encode(&Sha256::digest(stream)),
            "c0311d12a293f7faad0aa83d48fcb215ae4a3b27dab2db8d42946edd1a73b5aa"
        );
    }

    #[test]
    fn whole_files_of_every_awkward_length_open() {
        let edges =
            [0, 1, 60, 61, FILE_CHUNK_LEN - 1, FILE_CHUNK_LEN, FILE_CHUNK_LEN + 1, FILE_CHUNK_LEN * 2];
        for len in edges {
            let file = vec![0x5a; len];
            let stream = sealed_with(random().unwrap(), &file);
            assert_eq!(stream.len(), sealed_len(len), "for {len} bytes");
            assert_eq!(opened(&ADDRESS, &stream).unwrap(), file, "for {len} bytes");
        }
    }

    #[test]
    fn a_file_opens_only_where_it_belongs() {
        let stream = sealed_with([0x09; 16], b"a photograph");
        for address in [
            FileAddress { case: CaseId::from_bytes([0x12; 16]), ..ADDRESS },
            FileAddress { compartment: Compartment::Request, ..ADDRESS },
            FileAddress { epoch: 2, ..ADDRESS },
            FileAddress { file: FileId::from_bytes([0x23; 16]), ..ADDRESS },
        ] {
            assert!(matches!(opened(&address, &stream), Err(SealError::Refused)));
        }
    }

    #[test]
    fn cut_short_reordered_repeated_mixed_or_grown_files_are_refused() {
        let stream = sealed_with([0x09; 16], &three_chunks());
        let (header, body) = stream.split_at(FILE_HEADER_LEN);
        let parts: Vec<&[u8]> = body.chunks(SEALED_FILE_CHUNK_LEN).collect();
        let other = sealed_with([0x0a; 16], &three_chunks());
        let foreign = &other[FILE_HEADER_LEN..][..SEALED_FILE_CHUNK_LEN];
        let short: Vec<u8> = sealed_with([0x09; 16], b"end")[FILE_HEADER_LEN..].to_vec();
        let forgeries: [Vec<&[u8]>; 9] = [
            vec![header],
            vec![header, parts[0]],
            vec![header, parts[0], parts[1]],
            vec![header, parts[0], parts[1], &parts[2][..parts[2].len() - 1]],
            vec![header, parts[1], parts[0], parts[2]],
            vec![header, parts[0], parts[0], parts[1], parts[2]],
            vec![header, parts[0], parts[2]],
            vec![header, foreign, parts[1], parts[2]],
            vec![header, parts[0], parts[1], parts[2], &short],
        ];
        assert!(opened(&ADDRESS, &[header, parts[0], parts[1], parts[2]].concat()).is_ok());
        for (which, forgery) in forgeries.iter().enumerate() {
            assert!(opened(&ADDRESS, &forgery.concat()).is_err(), "forgery {which} opened");
        }
    }

    #[test]
    fn nothing_follows_the_last_chunk_and_only_it_may_be_short() {
        let (mut sealer, header) = FileSealer::new(&key(), &ADDRESS).unwrap();
        assert!(matches!(sealer.seal_chunk(b"short", false), Err(SealError::ChunkLength)));
        assert!(matches!(sealer.seal_chunk(&vec![0; FILE_CHUNK_LEN + 1], true), Err(SealError::ChunkLength)));
        let end = sealer.seal_chunk(b"end", true).unwrap();
        assert!(matches!(sealer.seal_chunk(b"more", true), Err(SealError::FileEnded)));

        let mut opener = FileOpener::new(&key(), &ADDRESS, &header).unwrap();
        opener.open_chunk(&end, true).unwrap();
        assert!(matches!(opener.open_chunk(&end, true), Err(SealError::FileEnded)));

        let (sealer, header) = FileSealer::new(&key(), &ADDRESS).unwrap();
        assert!(matches!(sealer.finish(), Err(SealError::FileTruncated)));
        for bad in [&header[..16], &[header.as_slice(), &[0]].concat(), &[], &[&[2], &header[1..]].concat()] {
            assert!(matches!(FileOpener::new(&key(), &ADDRESS, bad), Err(SealError::Malformed { .. })));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn no_altered_byte_opens(at in 1_usize..140_000, flip in 1_u8..) {
            let mut stream = sealed_with([0x09; 16], &three_chunks());
            let at = at % stream.len();
            stream[at] ^= flip;
            prop_assert!(opened(&ADDRESS, &stream).is_err());
        }
    }
}
