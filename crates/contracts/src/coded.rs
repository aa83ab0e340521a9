//! What has a code and parameters, from which its text is made: in English here, in other languages by whoever shows it.

use std::fmt::Display;

/// What a text is made of besides its code, in the order in which the text names it. Never a word that a person wrote.
pub type Params = Vec<(&'static str, String)>;

/// Something that is said by a code and parameters. `Display` makes the English out of them, and nothing else does.
pub trait Coded: Display {
    /// Its stable name, in upper snake case: what a program may branch on, and under which every language has its text.
    fn code(&self) -> &'static str;

    /// What its text is made of.
    fn params(&self) -> Params;
}

/// A closed set of such things, which can be read back from code and parameters.
pub trait ReadBack: Coded + Sized {
    /// What bears this code, with its parameters out of `param`; none when a newer version said something unknown here.
    fn read<'p>(code: &str, param: impl Fn(&str) -> Option<&'p str>) -> Option<Self>;

    /// Each of them once, with parameters that say nothing.
    fn each() -> Vec<Self>;
}

impl<C: Coded> Coded for &C {
    fn code(&self) -> &'static str {
        (**self).code()
    }

    fn params(&self) -> Params {
        (**self).params()
    }
}

impl Coded for flare_typed::Rule {
    fn code(&self) -> &'static str {
        self.code()
    }

    fn params(&self) -> Params {
        self.params()
    }
}

/// Makes a closed set of coded things: of each its name, parameters, code and English, said once.
#[macro_export]
macro_rules! coded {
    (
        $(#[$meta:meta])*
        $visibility:vis enum $name:ident {
            $($variant:ident $({ $($param:ident: $type:ty),+ })? = $code:literal, $english:literal;)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        $visibility enum $name {
            $(
                #[doc = concat!("“", $english, "”.")]
                $variant $({ $(
                    #[doc = concat!("What the text calls `", stringify!($param), "`.")]
                    $param: $type,
                )+ })?,
            )+
        }

        impl ::std::fmt::Display for $name {
            fn fmt(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                match self {
                    $(Self::$variant $({ $($param),+ })? => ::std::write!(f, $english),)+
                }
            }
        }

        impl $crate::Coded for $name {
            fn code(&self) -> &'static str {
                match self {
                    $(Self::$variant { .. } => $code,)+
                }
            }

            fn params(&self) -> $crate::Params {
                match self {
                    $(Self::$variant $({ $($param),+ })? => {
                        ::std::vec![$($((stringify!($param), $param.to_string())),+)?]
                    })+
                }
            }
        }

        impl $crate::ReadBack for $name {
            fn read<'p>(code: &str, param: impl Fn(&str) -> Option<&'p str>) -> Option<Self> {
                let _ = &param;
                match code {
                    $($code => Some(Self::$variant $({ $(
                        $param: param(stringify!($param))?.parse().ok()?,
                    )+ })?),)+
                    _ => None,
                }
            }

            fn each() -> Vec<Self> {
                ::std::vec![$(Self::$variant $({ $($param: <$type>::default()),+ })?),+]
            }
        }
    };
}
