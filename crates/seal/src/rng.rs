//! [`flare_kernel::random`] in the shape that libraries ask for.

use std::convert::Infallible;

use flare_kernel::{RandomError, random};
use hpke::rand_core::{TryCryptoRng, TryRng};
use zeroize::Zeroizing;

/// Runs `draw` with a generator; fails if the operating system gave no randomness at any point.
///
/// Libraries take generators that cannot fail. A failure is kept aside, zeros are handed out in its place, and
/// whatever was made from them is thrown away here.
pub(crate) fn with_randomness<T>(draw: impl FnOnce(&mut SystemRandom) -> T) -> Result<T, RandomError> {
    let mut source = SystemRandom { failure: None };
    let drawn = draw(&mut source);
    match source.failure {
        Some(failure) => Err(failure),
        None => Ok(drawn),
    }
}

/// The generator that [`with_randomness`] lends.
pub(crate) struct SystemRandom {
    failure: Option<RandomError>,
}

impl SystemRandom {
    fn bytes<const N: usize>(&mut self) -> Zeroizing<[u8; N]> {
        match random() {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(failure) => {
                self.failure = Some(failure);
                Zeroizing::new([0; N])
            }
        }
    }
}

impl TryRng for SystemRandom {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(*self.bytes()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(*self.bytes()))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        for part in out.chunks_mut(64) {
            part.copy_from_slice(&self.bytes::<64>()[..part.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for SystemRandom {}

#[cfg(test)]
mod tests {
    use hpke::rand_core::Rng;

    use super::*;

    #[test]
    fn fills_every_part_and_never_repeats() {
        let mut buffer = [0; 4096];
        with_randomness(|rng| rng.fill_bytes(&mut buffer)).unwrap();
        assert!(buffer.chunks(16).all(|part| part.iter().any(|byte| *byte != 0)));
        assert_ne!(with_randomness(Rng::next_u64).unwrap(), with_randomness(Rng::next_u64).unwrap());
    }
}
