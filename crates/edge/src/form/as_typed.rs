//! How a form's JSON becomes texts as they were typed.

use std::fmt::Display;

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::value::RawValue;

/// A text, or a number taken for the text that it is written as: `1200` for `"1200"`. Nothing at all is an empty text.
struct Typed(String);

impl<'de> Deserialize<'de> for Typed {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(from)?;
        let json = raw.get();
        match json.as_bytes().first() {
            Some(b'"') => serde_json::from_str(json).map(Self).map_err(|_| D::Error::custom("invalid text")),
            Some(b'-' | b'0'..=b'9') => Ok(Self(json.to_owned())),
            Some(b'n') => Ok(Self(String::new())),
            _ => Err(D::Error::custom("a text or a number is expected here")),
        }
    }
}

pub(super) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    Typed::deserialize(from).map(|typed| typed.0)
}

pub(super) fn texts<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<String>, D::Error> {
    let typed = Vec::<Typed>::deserialize(from)?;
    Ok(typed.into_iter().map(|typed| typed.0).collect())
}

pub(super) fn pairs<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<(String, String)>, D::Error> {
    let typed = Vec::<(Typed, Typed)>::deserialize(from)?;
    Ok(typed.into_iter().map(|(first, second)| (first.0, second.0)).collect())
}

/// A whole number, as a number or as a text in digits of any script; 0 when nothing stands there.
pub(super) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<u32, D::Error> {
    let text = text(from)?;
    if !flare_typed::text::has_visible(&text) {
        return Ok(0);
    }
    flare_typed::text::whole_number(&text).map_err(custom)
}

fn custom<E: serde::de::Error>(error: impl Display) -> E {
    E::custom(error)
}
