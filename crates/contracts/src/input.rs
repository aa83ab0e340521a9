//! Input is parsed into types or refused, field by field, in one way everywhere.

use flare_kernel::{Codename, Currency, Date, DateError, Id, IdKind, Lane, Money, StaffId, Timestamp};
use flare_seal::{Compartment, WRAPPED_LEN, max_plaintext};
use flare_typed::text::{at_most, clean_line, clean_value};

use crate::{
    Cause, InputRule, Refusal,
    common::v1::{self, EpochAuthor, KeyEpoch, SealedField},
    fields::Field,
};

/// The most rows a page may have.
pub const MAX_PAGE: i32 = 200;
/// The rows of a page whose size was left open.
pub const DEFAULT_PAGE: i32 = 50;
/// The most epochs that a compartment may have: all its keys are told in one answer, which has a limit.
pub const MAX_EPOCHS: u32 = 200;
/// The reader that a receipt is.
pub const RECEIPT: &str = "receipt";

/// An id of one kind.
pub fn id<K: IdKind>(field: &str, text: &str) -> Result<Id<K>, Refusal> {
    text.parse().map_err(|_| Refusal::invalid(field, InputRule::NotAnId { prefix: K::PREFIX.to_owned() }))
}

/// A case's codename, in the form that it is told in.
pub fn codename(field: &str, text: &str) -> Result<Codename, Refusal> {
    text.parse().map_err(|_| Refusal::invalid(field, InputRule::NotACodename))
}

/// Ids of one kind, at most `most`, none twice.
pub fn ids<K: IdKind>(field: &str, texts: &[String], most: usize) -> Result<Vec<Id<K>>, Refusal> {
    if texts.len() > most {
        return Err(Refusal::invalid(field, InputRule::TooMany { limit: most }));
    }
    let mut ids = Vec::with_capacity(texts.len());
    for text in texts {
        let id = id(field, text)?;
        if ids.contains(&id) {
            return Err(Refusal::invalid(field, InputRule::Twice));
        }
        ids.push(id);
    }
    Ok(ids)
}

/// A message that must be there.
pub fn required<T>(field: &str, value: Option<T>) -> Result<T, Refusal> {
    value.ok_or_else(|| Refusal::invalid(field, InputRule::Required))
}

/// A value of a protobuf enum, other than its zero.
pub fn choice<T>(field: &str, number: i32) -> Result<T, Refusal>
where
    T: TryFrom<i32>,
{
    if number == 0 {
        return Err(Refusal::invalid(field, InputRule::Required));
    }
    T::try_from(number).map_err(|_| Refusal::invalid(field, InputRule::NotListed))
}

/// One of a few stable codes.
pub fn code(field: &str, text: &str, allowed: &[&'static str]) -> Result<&'static str, Refusal> {
    let found = allowed.iter().find(|code| **code == text);
    found.copied().ok_or_else(|| Refusal::invalid(field, InputRule::OneOf { words: allowed.join(", ") }))
}

/// The version of a thing that the caller saw.
pub fn version(number: i64) -> Result<i64, Refusal> {
    if number < 1 {
        return Err(Refusal::invalid("version", InputRule::NoVersionSeen));
    }
    Ok(number)
}

/// Money: a known currency, never negative.
pub fn money(field: &str, value: Option<&v1::Money>) -> Result<Money, Refusal> {
    let value = required(field, value)?;
    let refuse = |part: &str, rule: InputRule| Refusal::invalid(format!("{field}.{part}"), rule);
    let currency = Currency::parse(&value.currency);
    let currency = currency.map_err(|_| refuse("currency", InputRule::CurrencyUnknown))?;
    Money::new(currency, value.minor_units).map_err(|_| refuse("minor_units", InputRule::AmountNegative))
}

/// A day, `YYYY-MM-DD`, that exists.
pub fn date(field: &str, text: &str) -> Result<Date, Refusal> {
    Date::parse(text).map_err(|error| {
        let rule = match error {
            DateError::NotADate => InputRule::NotADate,
            DateError::NoSuchDay => InputRule::NoSuchDay,
        };
        Refusal::invalid(field, rule)
    })
}

/// A lane.
pub fn lane(field: &str, number: i32) -> Result<Lane, Refusal> {
    match choice::<v1::Lane>(field, number)? {
        v1::Lane::Unspecified => Err(Refusal::invalid(field, InputRule::Required)),
        v1::Lane::Critical => Ok(Lane::Critical),
        v1::Lane::Urgent => Ok(Lane::Urgent),
        v1::Lane::Standard => Ok(Lane::Standard),
    }
}

/// Exactly `N` bytes.
pub fn array<const N: usize>(field: &str, bytes: &[u8]) -> Result<[u8; N], Refusal> {
    bytes.try_into().map_err(|_| Refusal::invalid(field, InputRule::NotTheLength { bytes: N }))
}

/// A text without line breaks or control characters, of 1 to `most` characters, in which something can be seen.
pub fn label(field: &str, text: &str, most: usize) -> Result<String, Refusal> {
    let label = clean_line(text);
    let is_one_line = !text.trim().chars().any(char::is_control);
    if label.is_empty() || at_most(most, &label).is_err() || !is_one_line {
        return Err(Refusal::invalid(field, InputRule::NotOneLine { limit: most }));
    }
    Ok(label)
}

/// A fingerprint as it is shown, however it was typed or pasted: figures of any script, in groups, with one space between
/// them. Empty where nothing was typed.
pub fn fingerprint(typed: &str) -> String {
    let value = clean_value(typed);
    value.split([' ', '-']).filter(|group| !group.is_empty()).collect::<Vec<_>>().join(" ")
}

/// A sealed field that is there, has the name it must have, and whose text can be no longer than it may be.
pub fn sealed(field: &str, value: Option<SealedField>, meant: &Field) -> Result<SealedField, Refusal> {
    let value = required(field, value)?;
    if value.name != meant.name {
        let rule = InputRule::NotNamed { name: meant.name.to_string() };
        return Err(Refusal::invalid(format!("{field}.name"), rule));
    }
    sealed_shape(field, &value, meant.most_bytes())?;
    Ok(value)
}

/// The parts of a sealed field that a service can check without opening it, its text being of at most `most` bytes.
pub fn sealed_shape(field: &str, value: &SealedField, most: usize) -> Result<(), Refusal> {
    let refuse = |part: &str, rule: InputRule| Err(Refusal::invalid(format!("{field}.{part}"), rule));
    if value.epoch == 0 {
        return refuse("epoch", InputRule::TooSmall { least: 1 });
    }
    if value.version == 0 {
        return refuse("version", InputRule::TooSmall { least: 1 });
    }
    if value.tag.len() != 32 {
        return refuse("tag", InputRule::NotTheLength { bytes: 32 });
    }
    if !matches!(value.commitment.len(), 0 | 32) {
        return refuse("commitment", InputRule::NeitherEmptyNorTheLength { bytes: 32 });
    }
    // A sealing is padded, so the longest text is only known to the step; the writer's side checks it to the byte.
    let longest = flare_seal::sealed_committed_len(most);
    if value.ciphertext.len() > longest || max_plaintext(value.ciphertext.len()).is_none() {
        return refuse("ciphertext", InputRule::NotASealing { limit: most });
    }
    Ok(())
}

/// A compartment.
pub fn compartment(field: &str, number: i32) -> Result<Compartment, Refusal> {
    match choice::<v1::Compartment>(field, number)? {
        v1::Compartment::Unspecified => Err(Refusal::invalid(field, InputRule::Required)),
        v1::Compartment::Request => Ok(Compartment::Request),
        v1::Compartment::Thread => Ok(Compartment::Thread),
        v1::Compartment::Notes => Ok(Compartment::Notes),
        v1::Compartment::Proposal => Ok(Compartment::Proposal),
        v1::Compartment::Payment => Ok(Compartment::Payment),
    }
}

/// The key epoch of one of the compartments that the service holds: wrapped to everybody who must be able to open it, to
/// nobody unknown and to nobody twice. A service cannot open a wrap, so this is all it can do against a key for nobody.
pub fn key_epoch(field: &str, value: Option<KeyEpoch>, held: &[Compartment]) -> Result<KeyEpoch, Refusal> {
    let value = required(field, value)?;
    let compartment = compartment(&format!("{field}.compartment"), value.compartment)?;
    if !held.contains(&compartment) {
        let names: Vec<_> = held.iter().map(|compartment| compartment.as_str()).collect();
        return Err(Refusal::invalid(
            format!("{field}.compartment"),
            InputRule::OneOf { words: names.join(", ") },
        ));
    }
    if !(1..=MAX_EPOCHS).contains(&value.epoch) {
        return Err(Refusal::invalid(
            format!("{field}.epoch"),
            InputRule::OutOfRange { least: 1, most: MAX_EPOCHS.into() },
        ));
    }
    let wraps = format!("{field}.wraps");
    for (index, wrap) in value.wraps.iter().enumerate() {
        let refuse =
            |part: &str, rule: InputRule| Err(Refusal::invalid(format!("{wraps}[{index}].{part}"), rule));
        if !may_read(compartment, &wrap.recipient) {
            return refuse("recipient", InputRule::OneOf { words: compartment.readers().join(", ") });
        }
        if value.wraps[..index].iter().any(|earlier| earlier.recipient == wrap.recipient) {
            return refuse("recipient", InputRule::Twice);
        }
        if wrap.wrapped.len() != WRAPPED_LEN {
            return refuse("wrapped", InputRule::NotTheLength { bytes: WRAPPED_LEN });
        }
    }
    if let Some(author) = &value.author {
        epoch_author(&format!("{field}.author"), author)?;
    }
    let absent = |reader: &&&str| !value.wraps.iter().any(|wrap| wrap.recipient == **reader);
    if let Some(reader) = compartment.readers().iter().find(absent) {
        return Err(Refusal::invalid(wraps, InputRule::NoWrapFor { reader: (*reader).to_owned() }));
    }
    Ok(value)
}

fn may_read(compartment: Compartment, recipient: &str) -> bool {
    compartment.readers().contains(&recipient) || (compartment == Compartment::Thread && recipient == RECEIPT)
}

/// Who drew a key epoch: the parts that have a length, for whether they are true only whoever holds the key can tell.
pub fn epoch_author(field: &str, author: &EpochAuthor) -> Result<(), Refusal> {
    let part = |name: &str| format!("{field}.{name}");
    let _: StaffId = id(&part("staff_id"), &author.staff_id)?;
    array::<32>(&part("encryption_key_digest"), &author.encryption_key_digest)?;
    array::<32>(&part("signing_key"), &author.signing_key)?;
    array::<64>(&part("certificate"), &author.certificate)?;
    array::<64>(&part("signature"), &author.signature).map(drop)
}

/// The refusal of a write that is sealed under another epoch than the newest.
pub fn old_epoch(field: &str, newest: u32) -> Refusal {
    let rule = InputRule::NotTheNumber { number: newest.into() };
    Refusal::from(Cause::OldKeyEpoch).field(format!("{field}.epoch"), rule)
}

/// How many rows a page shall have.
pub fn page_size(number: i32) -> Result<i64, Refusal> {
    match number {
        0 => Ok(i64::from(DEFAULT_PAGE)),
        1..=MAX_PAGE => Ok(i64::from(number)),
        _ => {
            let rule = InputRule::NotAPageSize { usual: DEFAULT_PAGE, most: MAX_PAGE };
            Err(Refusal::invalid("page_size", rule))
        }
    }
}

/// The place a page token stands for: the parts of the last row's key. An empty token is the beginning.
pub fn page_token<const N: usize>(token: &str) -> Result<Option<[String; N]>, Refusal> {
    if token.is_empty() {
        return Ok(None);
    }
    let refusal = bad_page_token;
    let bytes = data_encoding::BASE64URL_NOPAD.decode(token.as_bytes()).map_err(|_| refusal())?;
    let text = String::from_utf8(bytes).map_err(|_| refusal())?;
    let parts: Vec<String> = text.split('\u{1f}').map(ToOwned::to_owned).collect();
    parts.try_into().map(Some).map_err(|_| refusal())
}

/// The refusal of a page token that stands for no place.
pub fn bad_page_token() -> Refusal {
    Refusal::invalid("page_token", InputRule::NotAPageToken)
}

/// The token that stands for a place in a list.
pub fn next_page_token<const N: usize>(parts: &[String; N]) -> String {
    data_encoding::BASE64URL_NOPAD.encode(parts.join("\u{1f}").as_bytes())
}

/// A lane on the wire.
pub const fn lane_out(lane: Lane) -> v1::Lane {
    match lane {
        Lane::Critical => v1::Lane::Critical,
        Lane::Urgent => v1::Lane::Urgent,
        Lane::Standard => v1::Lane::Standard,
    }
}

/// A compartment on the wire.
pub const fn compartment_out(compartment: Compartment) -> v1::Compartment {
    match compartment {
        Compartment::Request => v1::Compartment::Request,
        Compartment::Thread => v1::Compartment::Thread,
        Compartment::Notes => v1::Compartment::Notes,
        Compartment::Proposal => v1::Compartment::Proposal,
        Compartment::Payment => v1::Compartment::Payment,
    }
}

/// Money on the wire.
pub fn money_out(money: Money) -> v1::Money {
    v1::Money { currency: money.currency().code().to_owned(), minor_units: money.minor() }
}

/// An instant on the wire.
pub fn timestamp_out(at: Timestamp) -> prost_types::Timestamp {
    let micros = at.as_micros();
    let nanos = i32::try_from(micros.rem_euclid(1_000_000) * 1_000).unwrap_or_default();
    prost_types::Timestamp { seconds: micros.div_euclid(1_000_000), nanos }
}

/// An instant off the wire, to the microsecond.
pub fn timestamp_in(at: &prost_types::Timestamp) -> Timestamp {
    Timestamp::from_micros(at.seconds.saturating_mul(1_000_000).saturating_add(i64::from(at.nanos) / 1_000))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::common::v1::KeyWrap;

    const HELD: &[Compartment] = &Compartment::ALL;

    fn epoch(compartment: Compartment, readers: &[&str]) -> KeyEpoch {
        let wrap = |reader: &&str| KeyWrap {
            recipient: (*reader).to_owned(),
            generation: 1,
            wrapped: vec![5; WRAPPED_LEN],
        };
        KeyEpoch {
            compartment: compartment_out(compartment).into(),
            epoch: 1,
            wraps: readers.iter().map(wrap).collect(),
            author: None,
        }
    }

    #[test]
    fn a_label_is_one_line_in_which_something_can_be_seen() {
        for (typed, read) in [
            ("Fund A", "Fund A"),
            (" صندوق\n", "صندوق"),
            ("\u{feff}Fund A\u{200b}", "Fund A"),
            ("xxxxxxxx", "xxxxxxxx"),
        ] {
            assert_eq!(label("fund", typed, 8).unwrap(), read);
        }
        for refused in ["", " \t", "\u{200b}", "\u{2060}\u{feff}", "\u{3164}", "a\nb", "a\u{7}b", "xxxxxxxxx"]
        {
            let refusal = label("fund", refused, 8).unwrap_err();
            assert_eq!(refusal.violations[0].field, "fund", "{}", refused.escape_unicode());
        }
    }

    #[test]
    fn a_fingerprint_reads_alike_however_it_was_typed() {
        for typed in [
            "01234 56789",
            "01234-56789",
            " 01234\n\t56789 ",
            "٠١٢٣٤ ٥٦٧٨٩",
            "۰۱۲۳۴ ۵۶۷۸۹",
            "０１２３４　５６７８９",
            "\u{200f}01234\u{a0}56789\u{200e}",
            "\u{feff}01234\u{2011}56789\u{2069}",
        ] {
            assert_eq!(fingerprint(typed), "01234 56789", "{}", typed.escape_unicode());
        }
        for nothing in ["", " - ", "\u{200b}"] {
            assert_eq!(fingerprint(nothing), "");
        }
        assert_ne!(fingerprint("0123456789"), "01234 56789", "groups are part of it");
    }

    fn field(epoch: KeyEpoch) -> Option<String> {
        key_epoch("key", Some(epoch), HELD).err().map(|refusal| refusal.violations[0].field.clone())
    }

    #[test]
    fn a_key_is_wrapped_to_everybody_who_must_be_able_to_open_it() {
        for compartment in Compartment::ALL {
            let readers = compartment.readers();
            assert_eq!(field(epoch(compartment, readers)), None, "{compartment}");
            for left_out in readers {
                let others: Vec<_> = readers.iter().copied().filter(|reader| reader != left_out).collect();
                assert_eq!(field(epoch(compartment, &others)).as_deref(), Some("key.wraps"), "{left_out}");
            }
        }
    }

    #[test]
    fn a_key_is_wrapped_to_nobody_else_and_a_receipt_opens_the_thread_alone() {
        for compartment in Compartment::ALL {
            let with = |other| [compartment.readers(), &[other]].concat();
            let place = format!("key.wraps[{}].recipient", compartment.readers().len());
            for other in ["x", "", "team:triage"] {
                assert_eq!(field(epoch(compartment, &with(other))).as_ref(), Some(&place), "{other}");
            }
            let to_receipt = field(epoch(compartment, &with(RECEIPT)));
            assert_eq!(to_receipt.is_none(), compartment == Compartment::Thread, "{compartment}");
        }
        let to_approvers = epoch(Compartment::Payment, &["team:triage", "team:approvers"]);
        assert_eq!(field(to_approvers).as_deref(), Some("key.wraps[1].recipient"));
    }

    #[test]
    fn an_author_has_every_part_in_its_true_length() {
        type Change = fn(&mut EpochAuthor);
        let author = EpochAuthor {
            staff_id: flare_kernel::StaffId::from_bytes([1; 16]).to_string(),
            encryption_key_digest: vec![1; 32],
            signing_key: vec![2; 32],
            certificate: vec![3; 64],
            signature: vec![4; 64],
        };
        let refused = |author: EpochAuthor| {
            let key = epoch(Compartment::Notes, Compartment::Notes.readers());
            field(KeyEpoch { author: Some(author), ..key })
        };
        assert_eq!(refused(author.clone()), None);
        let changes: [(Change, &str); 5] = [
            (|author| author.staff_id.clear(), "staff_id"),
            (|author| author.encryption_key_digest.clear(), "encryption_key_digest"),
            (|author| author.signing_key.push(1), "signing_key"),
            (|author| author.certificate.truncate(63), "certificate"),
            (|author| author.signature.truncate(63), "signature"),
        ];
        for (change, part) in changes {
            let mut author = author.clone();
            change(&mut author);
            assert_eq!(refused(author), Some(format!("key.author.{part}")));
        }
        let kept = crate::epoch_author::to_bytes(Some(&author));
        assert_eq!(crate::epoch_author::from_bytes(kept), Some(author));
        assert_eq!(crate::epoch_author::from_bytes(None), None);
    }

    #[test]
    fn wraps_have_their_true_length_and_epochs_an_end() {
        let good = || epoch(Compartment::Notes, Compartment::Notes.readers());
        for length in [0, WRAPPED_LEN - 1, WRAPPED_LEN + 1] {
            let mut key = good();
            key.wraps[1].wrapped = vec![5; length];
            assert_eq!(field(key).as_deref(), Some("key.wraps[1].wrapped"));
        }
        for (number, refused) in [(0, true), (MAX_EPOCHS, false), (MAX_EPOCHS + 1, true)] {
            assert_eq!(field(KeyEpoch { epoch: number, ..good() }).is_some(), refused, "{number}");
        }
    }
}
