//! Countries, and the right not to name one.

use std::{fmt, str::FromStr};

/// A country of ISO 3166-1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Country {
    alpha2: &'static str,
    name: &'static str,
}

/// Not in ISO 3166-1, yet people live, report and are threatened there; the code is the one that the European
/// Union, the IMF and the Unicode CLDR use.
const KOSOVO: Country = Country { alpha2: "XK", name: "Kosovo" };

/// Where something is: a country, or withheld because naming it could harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// In this country.
    Country(Country),
    /// The person chose not to say.
    Withheld,
}

/// Why a text is not a country.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CountryError {
    /// Not two capital letters.
    #[error("must be the two capital letters of a country, such as SD, or \"withheld\"")]
    NotTwoLetters,
    /// Two letters that name no country.
    #[error("must be a country of ISO 3166-1, such as SD")]
    Unknown,
}

impl Country {
    /// Reads the two capital letters of ISO 3166-1.
    pub fn parse(code: &str) -> Result<Self, CountryError> {
        if code.len() != 2 || !code.bytes().all(|letter| letter.is_ascii_uppercase()) {
            return Err(CountryError::NotTwoLetters);
        }
        if code == KOSOVO.alpha2 {
            return Ok(KOSOVO);
        }
        let country = rust_iso3166::from_alpha2(code).ok_or(CountryError::Unknown)?;
        Ok(Self { alpha2: country.alpha2, name: country.name })
    }

    /// The two capital letters.
    pub const fn code(self) -> &'static str {
        self.alpha2
    }

    /// The short name in English.
    pub const fn name(self) -> &'static str {
        self.name
    }
}

impl Place {
    /// Reads a country's two letters, or `withheld`.
    pub fn parse(text: &str) -> Result<Self, CountryError> {
        if text == Self::WITHHELD { Ok(Self::Withheld) } else { Country::parse(text).map(Self::Country) }
    }

    /// The two capital letters, or `withheld`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Country(country) => country.code(),
            Self::Withheld => Self::WITHHELD,
        }
    }

    const WITHHELD: &'static str = "withheld";
}

impl FromStr for Country {
    type Err = CountryError;

    fn from_str(code: &str) -> Result<Self, CountryError> {
        Self::parse(code)
    }
}

impl FromStr for Place {
    type Err = CountryError;

    fn from_str(text: &str) -> Result<Self, CountryError> {
        Self::parse(text)
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn countries_are_read_by_their_two_letters() {
        for code in ["SD", "BF", "YE", "MZ", "SY", "CD", "LB", "PS", "TW", "XK"] {
            assert_eq!(Country::parse(code).map(Country::code), Ok(code));
        }
        assert_eq!(Country::parse("YE").map(Country::name), Ok("Yemen"));
        assert_eq!(Country::parse("XK").map(Country::name), Ok("Kosovo"));
    }

    #[test]
    fn what_names_no_country_is_refused() {
        for code in ["", "S", "sd", " SD", "SDN", "Sudan", "5D", "É", "SÉ", "736"] {
            assert_eq!(Country::parse(code), Err(CountryError::NotTwoLetters), "{code}");
        }
        for code in ["ZZ", "XX", "EU", "UK"] {
            assert_eq!(Country::parse(code), Err(CountryError::Unknown), "{code}");
        }
    }

    #[test]
    fn a_place_may_be_withheld() {
        assert_eq!("withheld".parse(), Ok(Place::Withheld));
        assert_eq!("LB".parse(), Ok(Place::Country(Country::parse("LB").unwrap())));
        for text in ["", "Withheld", "lb"] {
            assert_eq!(text.parse::<Place>(), Err(CountryError::NotTwoLetters));
        }
        for text in ["withheld", "LB"] {
            assert_eq!(text.parse::<Place>().unwrap().to_string(), text);
        }
    }
}
