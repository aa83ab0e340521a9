//! Letters read so that spellings become the same that look or sound alike, and words found among them.

use std::{
    collections::{BTreeSet, HashMap},
    ops::Range,
};

use unicode_security::skeleton;

use super::{
    letters::{Letter, UMLAUT, is_letter_or_digit, is_mark},
    spellings::Stands,
    tables::ZAWGYI,
};

/// How letters are read. A word is searched once in each way: what is alike in one is told apart in another, where being
/// alike would make too many words the same.
#[derive(Clone, Copy)]
pub(super) struct Way {
    umlauts: Umlauts,
    shapes: Shapes,
}

/// How an umlaut is typed by whoever does not have it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Umlauts {
    /// Without its dots: Koln.
    Bare,
    /// With an e in their place: Koeln.
    WrittenOut,
}

/// As which letters those count that look alike, in whichever scripts.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shapes {
    /// As those that look like their small letters.
    Small,
    /// As those that look like their capitals: MOCKBA in Latin letters is Москва only in capitals.
    Capital,
    /// As what is the same in Burmese as Unicode encodes it and as the fonts called Zawgyi do.
    Zawgyi,
}

pub(super) const WAYS: [Way; 5] = [
    Way { umlauts: Umlauts::Bare, shapes: Shapes::Small },
    Way { umlauts: Umlauts::Bare, shapes: Shapes::Capital },
    Way { umlauts: Umlauts::WrittenOut, shapes: Shapes::Small },
    Way { umlauts: Umlauts::WrittenOut, shapes: Shapes::Capital },
    Way { umlauts: Umlauts::Bare, shapes: Shapes::Zawgyi },
];

/// In Zawgyi's way much of a word is left out: one with fewer letters left would be found everywhere.
const FEWEST_OF_ZAWGYI: usize = 4;

/// Between two words of a phrase so many letters may stand, for an ending, an article or a short word.
const MOST_BETWEEN_WORDS: usize = 4;
/// After a word that must stand nearly alone so many letters may.
const LONGEST_ENDING: usize = 3;

/// Typed for each other on the keyboards of neighbours. Side by side they are two letters all the same (Київ).
const I_AND_I: (char, char) = ('и', 'і');
/// A letter of the Caucasus that is a sign behind others: left out, or typed as a 1, an I or an і, which are all one as
/// capitals.
const PALOCHKA: char = 'ӏ';

impl Way {
    /// The letters of a spelling, read in this way.
    pub(super) fn read(self, spelling: &str) -> Vec<char> {
        let letter = |letter| Letter { own: letter, place: 0..0, opens_word: false };
        let letters: Vec<_> = spelling.chars().map(letter).collect();
        Folded::of(&letters, self).shapes.into_iter().map(|shape| shape.letter).collect()
    }

    /// Whether a word that reads so is told from others.
    pub(super) const fn tells(self, read: &[char]) -> bool {
        match self.shapes {
            Shapes::Small | Shapes::Capital => true,
            Shapes::Zawgyi => read.len() >= FEWEST_OF_ZAWGYI,
        }
    }

    fn shapes_of(self, letter: char) -> Vec<char> {
        let mut shapes: Vec<char> = match self.shapes {
            Shapes::Small if letter == PALOCHKA => Vec::new(),
            Shapes::Small => looks_of(&letter.to_string()).into_iter().flat_map(char::to_lowercase).collect(),
            Shapes::Capital => looks_of(&letter.to_uppercase().to_string()),
            Shapes::Zawgyi => match ZAWGYI.iter().find(|(letters, _)| letters.contains(letter)) {
                Some((_, alike)) => alike.chars().collect(),
                None => vec![letter],
            },
        };
        shapes.dedup();
        shapes
    }
}

/// What a letter looks like: of letters that look the same, in whichever scripts, always the same.
fn looks_of(letters: &str) -> Vec<char> {
    let looks: Vec<_> = skeleton(letters).collect();
    let bare: Vec<_> = looks.iter().copied().filter(|c| is_letter_or_digit(*c)).collect();
    // What looks like another letter with a mark is that letter where people leave marks out, which is in Latin. In Arabic,
    // marks tell letters apart.
    let is_apart = looks.iter().any(|c| is_mark(*c)) && !bare.iter().all(char::is_ascii);
    if bare.is_empty() || is_apart { letters.chars().collect() } else { bare }
}

/// The letters of a text, read in one way.
pub(super) struct Folded {
    shapes: Vec<Shape>,
    /// At which of them each letter stands.
    places: HashMap<char, Vec<usize>>,
}

struct Shape {
    letter: char,
    /// Where in the text it comes from; of one that is doubled across a space, the second.
    place: Range<usize>,
    /// Where the first of a doubled letter ends.
    first_end: usize,
    opens_word: bool,
}

impl Shape {
    /// It stands here once more.
    fn again_at(&mut self, place: &Range<usize>) {
        if self.first_end == place.start {
            self.first_end = place.end;
        }
        let start = if self.place.end == place.start { self.place.start } else { place.start };
        self.place = start..place.end;
    }
}

impl Folded {
    pub(super) fn of(letters: &[Letter], way: Way) -> Self {
        let mut folded = Self { shapes: Vec::new(), places: HashMap::new() };
        if way.shapes == Shapes::Zawgyi && !letters.iter().any(|letter| is_burmese(letter.own)) {
            return folded;
        }
        let mut known: HashMap<char, Vec<char>> = HashMap::new();
        let mut before = (' ', Vec::new());
        for letter in letters {
            let own = match (letter.own, way.umlauts) {
                (UMLAUT, Umlauts::Bare) => continue,
                (UMLAUT, Umlauts::WrittenOut) => 'e',
                (own, _) => own,
            };
            let shapes = known.entry(own).or_insert_with(|| way.shapes_of(own)).clone();
            if shapes.is_empty() {
                continue;
            }
            // Names from other scripts are written with a letter doubled or not. Numbers are not.
            if before.1 == shapes && !own.is_ascii_digit() && !before.0.is_ascii_digit() {
                folded.double(shapes.len(), letter);
                continue;
            }
            let read = if own == I_AND_I.0 { way.shapes_of(I_AND_I.1) } else { shapes.clone() };
            folded.push(&read, letter);
            before = (own, shapes);
        }
        folded
    }

    fn push(&mut self, shapes: &[char], letter: &Letter) {
        for (index, shape) in shapes.iter().enumerate() {
            self.places.entry(*shape).or_default().push(self.shapes.len());
            self.shapes.push(Shape {
                letter: *shape,
                place: letter.place.clone(),
                first_end: letter.place.end,
                opens_word: letter.opens_word && index == 0,
            });
        }
    }

    /// Lets the last letter, which takes so many shapes, stand once more.
    fn double(&mut self, shapes: usize, letter: &Letter) {
        let first = self.shapes.len() - shapes;
        for (index, shape) in self.shapes[first..].iter_mut().enumerate() {
            shape.again_at(&letter.place);
            shape.opens_word |= letter.opens_word && index == 0;
        }
    }

    /// Where words stand one after the other, each in one of its spellings.
    pub(super) fn places_of(&self, words: &[Vec<Vec<char>>], stands: Stands) -> Vec<Range<usize>> {
        let Some((first, others)) = words.split_first() else { return Vec::new() };
        let mut places = Vec::new();
        for spelling in first {
            let starts = spelling.first().and_then(|letter| self.places.get(letter));
            for start in starts.into_iter().flatten().copied().filter(|start| self.says(spelling, *start)) {
                let mut ends = BTreeSet::from([start + spelling.len()]);
                for word in others {
                    ends = ends.into_iter().flat_map(|end| self.ends_of(word, end)).collect();
                }
                if let Some(end) = ends.first()
                    && self.counts(start, *end, stands)
                {
                    places.push(self.place(start, *end));
                }
            }
        }
        places
    }

    /// Where this word ends if it is the next after what ended here.
    fn ends_of(&self, word: &[Vec<char>], after: usize) -> Vec<usize> {
        let starts = after..=after + MOST_BETWEEN_WORDS;
        let here = starts.flat_map(|start| word.iter().map(move |spelling| (start, spelling)));
        here.filter(|(start, spelling)| self.says(spelling, *start))
            .map(|(start, spelling)| start + spelling.len())
            .collect()
    }

    fn says(&self, spelling: &[char], start: usize) -> bool {
        let there = self.shapes.get(start..start + spelling.len());
        there.is_some_and(|shapes| shapes.iter().map(|shape| &shape.letter).eq(spelling))
    }

    fn counts(&self, start: usize, end: usize, stands: Stands) -> bool {
        let begins = self.shapes[start].opens_word;
        match stands {
            Stands::Anywhere => true,
            Stands::FromABeginning => begins,
            Stands::NearlyAlone => {
                let ending = self.shapes[end..].iter().take_while(|shape| !shape.opens_word);
                begins && ending.take(LONGEST_ENDING + 1).count() <= LONGEST_ENDING
            }
        }
    }

    /// The part of the text that letters come from. One that is doubled across a space belongs to both its words: a part
    /// that begins with it begins at the second, and one that ends with it ends with the first.
    fn place(&self, start: usize, end: usize) -> Range<usize> {
        let (first, last) = (&self.shapes[start], &self.shapes[end - 1]);
        // It alone is found at its second place.
        if first.place.start < last.first_end {
            first.place.start..last.first_end
        } else {
            last.place.clone()
        }
    }
}

const fn is_burmese(letter: char) -> bool {
    matches!(letter, '\u{1000}'..='\u{109f}')
}
