//! A case's codename, as people say it to each other and type it.

use flare_kernel::{Codename, CodenameError};

use crate::text::clean_value;

/// Reads a codename in capitals or not, with hyphens or spaces between its parts, and figures of any script.
pub fn read(text: &str) -> Result<Codename, CodenameError> {
    let text = clean_value(text).to_lowercase();
    let parts: Vec<_> = text.split([' ', '-']).filter(|part| !part.is_empty()).collect();
    parts.join("-").parse()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_codename_is_read_however_it_was_typed() {
        for typed in [
            "amber-kestrel-27",
            " Amber Kestrel 27\n",
            "AMBER-KESTREL-27",
            "amber\u{2011}kestrel\u{2013}27",
            "amber - kestrel - 27",
            "\u{200f}amber-kestrel-٢٧",
            "amber　kestrel　２７",
        ] {
            let read = read(typed).map(|name| name.to_string());
            assert_eq!(read.as_deref(), Ok("amber-kestrel-27"), "{}", typed.escape_unicode());
        }
        for other in ["", " - ", "amber kestrel", "amberkestrel27", "case_00000000000000000000000000"] {
            assert_eq!(read(other), Err(CodenameError), "{other}");
        }
    }
}
