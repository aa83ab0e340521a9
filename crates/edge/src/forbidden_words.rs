//! Words that must not be said, found in every script and however they are typed.
//!
//! What is found is only asked about, so a word too many costs a look, and a word too few can cost a life. Both the phrase
//! and the text become the letters by which words are told apart, and the one is searched anywhere in the other: prefixes,
//! endings, scripts without spaces and words that a line end broke need nothing of their own. What an ending changes, or
//! takes away, is searched besides: then so little may be left that it must stand as a word, or it would be found everywhere.
//!
//! A text goes through three steps. Its characters become letters of its own script (`letters`); the letters become what
//! they look and sound like, in a few ways (`folded`); and in each way every spelling of a phrase is searched (`spellings`).
//! What is known of languages stands in `tables`.

mod folded;
mod letters;
mod spellings;
mod tables;
#[cfg(test)]
mod tests;

use std::{cmp::Reverse, ops::Range};

use self::{
    folded::{Folded, WAYS, Way},
    letters::letters,
    spellings::spellings,
};

/// A text that was made ready for searching, once for all phrases.
pub(crate) struct SearchedText(Vec<(Way, Folded)>);

impl SearchedText {
    pub(crate) fn of(text: &str) -> Self {
        let letters = letters(text);
        Self(WAYS.into_iter().map(|way| (way, Folded::of(&letters, way))).collect())
    }

    /// The parts of the text, in bytes, that say a phrase, in order. None lies within another; they may overlap.
    pub(crate) fn places_of(&self, phrase: &str) -> Vec<Range<usize>> {
        let spellings = spellings(phrase);
        let mut places = Vec::new();
        for (way, folded) in &self.0 {
            let read = |word: &Vec<String>| word.iter().map(|letters| way.read(letters)).collect::<Vec<_>>();
            for spelling in &spellings {
                let words: Vec<_> = spelling.words.iter().map(read).collect();
                if words.iter().flatten().all(|word| way.tells(word)) {
                    places.extend(folded.places_of(&words, spelling.stands));
                }
            }
        }
        without_inner(places)
    }
}

/// Leaves out what lies within another part.
fn without_inner(mut places: Vec<Range<usize>>) -> Vec<Range<usize>> {
    places.sort_by_key(|place| (place.start, Reverse(place.end)));
    let mut reached = 0;
    places.retain(|place| {
        let goes_on = place.end > reached;
        reached = reached.max(place.end);
        goes_on
    });
    places
}

/// Whether a phrase could be found in any text: whether it has a letter or a digit.
pub(crate) fn can_be_found(phrase: &str) -> bool {
    !letters(phrase).is_empty()
}
