//! Closed enums whose values have one stable word each.

/// A text that is none of an enum's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("is none of the known words")]
pub struct UnknownCode;

/// Makes a closed enum whose values have one stable word each, said once: in tables, in events, on the wire. It has all of
/// them as `ALL`, writes one with `as_str` and reads it with `FromStr`.
#[macro_export]
macro_rules! codes {
    (
        $(#[$meta:meta])*
        $visibility:vis enum $name:ident { $($(#[$about:meta])* $variant:ident = $word:literal,)+ }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        $visibility enum $name {
            $($(#[$about])* $variant,)+
        }

        impl $name {
            /// Every one of them.
            $visibility const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Its word.
            $visibility const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl ::std::str::FromStr for $name {
            type Err = $crate::UnknownCode;

            fn from_str(text: &str) -> ::std::result::Result<Self, Self::Err> {
                Self::ALL.iter().copied().find(|code| code.as_str() == text).ok_or($crate::UnknownCode)
            }
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    codes! {
        /// How a lamp is.
        #[derive(PartialOrd, Ord)]
        enum Lamp {
            /// It gives no light.
            Off = "off",
            /// It gives light.
            On = "on",
        }
    }

    #[test]
    fn every_word_is_read_back_and_no_other() {
        for lamp in Lamp::ALL {
            assert_eq!(lamp.as_str().parse(), Ok(*lamp));
        }
        assert_eq!((Lamp::ALL, Lamp::On.as_str()), ([Lamp::Off, Lamp::On].as_slice(), "on"));
        assert!(Lamp::Off < Lamp::On);
        for other in ["", "On", "on ", "dim"] {
            assert_eq!(other.parse::<Lamp>(), Err(UnknownCode));
        }
    }
}
