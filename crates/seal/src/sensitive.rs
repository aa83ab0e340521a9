//! Values that no log line, error or serializer can show.

use zeroize::Zeroize;

/// A value that is wiped when dropped and that cannot be printed, compared or serialized by accident: it implements
/// none of `Debug`, `Display`, `Serialize` or `PartialEq`. Reading it takes a visible [`expose`](Self::expose).
#[derive(Clone)]
pub struct Sensitive<T: Zeroize>(T);

impl<T: Zeroize> Sensitive<T> {
    /// Takes a value into protection.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value itself; whoever calls this answers for where it goes.
    pub const fn expose(&self) -> &T {
        &self.0
    }

    /// The value out of protection; whoever calls this answers for wiping it.
    pub fn into_inner(mut self) -> T
    where
        T: Default,
    {
        std::mem::take(&mut self.0)
    }
}

impl<T: Zeroize> From<T> for Sensitive<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl<T: Zeroize> Drop for Sensitive<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl<T: Zeroize> zeroize::ZeroizeOnDrop for Sensitive<T> {}

/// Defines a secret of 32 bytes: drawn, restored from bytes, read only by a visible `expose`, wiped when dropped.
macro_rules! secret_bytes {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Draws a fresh one.
            pub fn generate() -> Result<Self, $crate::SealError> {
                Ok(Self(flare_kernel::random()?))
            }

            /// The one made of these bytes.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The secret bytes; whoever calls this answers for where they go.
            pub const fn expose(&self) -> &[u8; 32] {
                &self.0
            }
        }
    };
}

pub(crate) use secret_bytes;

#[cfg(test)]
mod tests {
    use std::{cell::RefCell, rc::Rc};

    use super::*;

    struct Witness(Rc<RefCell<u32>>);

    impl Zeroize for Witness {
        fn zeroize(&mut self) {
            *self.0.borrow_mut() += 1;
        }
    }

    #[test]
    fn dropping_wipes_and_taking_out_hands_over() {
        let wiped = Rc::new(RefCell::new(0));
        drop(Sensitive::new(Witness(Rc::clone(&wiped))));
        assert_eq!(*wiped.borrow(), 1);
        assert_eq!(Sensitive::new("safe house".to_owned()).into_inner(), "safe house");
    }
}
