//! The one source of randomness.

/// The operating system could not give random bytes. Nothing that needs them may go on.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes: {0}")]
pub struct RandomError(getrandom::Error);

/// `N` bytes from the operating system's generator.
pub fn random<const N: usize>() -> Result<[u8; N], RandomError> {
    let mut bytes = [0_u8; N];
    #[allow(clippy::disallowed_methods, reason = "this is the place the ban points to")]
    getrandom::fill(&mut bytes).map_err(RandomError)?;
    Ok(bytes)
}
